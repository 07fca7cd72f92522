"""A plugin as somebody outside writes it: one file, `import gateway`, nothing else of ours.

`echo-http` is a channel: clients' words come in by webhook, answers go out by POST. `parrot` is a bot that repeats what
it hears. `tally` is a listener that writes down what happened.
"""

from __future__ import annotations

import hmac
from pathlib import Path

import click
from pydantic import Field, SecretStr

from gateway import (
    AuthenticationFailed,
    BadInput,
    BotEngineKind,
    BotReply,
    Change,
    ChannelKind,
    ClientWrote,
    Commands,
    Context,
    ListenerKind,
    Options,
    Outgoing,
    Peer,
    Permanent,
    Receipt,
    Said,
    Temporary,
    Turn,
    Unauthorized,
    WebhookRequest,
    WebhookResponse,
    hookimpl,
    text_message,
)


class EchoHttpOptions(Options):
    """How to reach the other side, and how it proves itself."""

    deliver_url: str = Field(description="Where answers are posted.")
    token: SecretStr = Field(min_length=8, description="Bearer token the other side sends with each webhook.")


class EchoHttp:
    """The channel."""

    def __init__(self, context: Context, options: EchoHttpOptions) -> None:
        """Called once per instance; no I/O."""
        self._context = context
        self._options = options

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Take a client's word: `{"id": "1", "client": "anna", "text": "hello"}`."""
        expected = f"Bearer {self._options.token.get_secret_value()}"
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
            raise Unauthorized("wrong token")
        match request.json():
            case {"id": str() as key, "client": str() as client, "text": str() as text}:
                event = ClientWrote(client=Peer(id=client), message=text_message(text, id=key))
                await self._context.receive(event, key=key)
                return WebhookResponse(status=202)
            case _:
                raise BadInput("need id, client and text")

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Post an answer."""
        body = {"id": outgoing.id, "client": outgoing.client.id, "text": outgoing.message.text}
        async with self._context.http.post(self._options.deliver_url, json=body) as response:
            if response.status >= 500:
                raise Temporary(f"answered {response.status}")
            if response.status == 401:
                raise AuthenticationFailed("answered 401; correct `token`")
            if response.status >= 400:
                raise Permanent(f"answered {response.status}")
        return Receipt()


class ParrotOptions(Options):
    """What the parrot adds."""

    before: str = Field("You said: ", description="Put before each answer.")


class Parrot:
    """The bot."""

    def __init__(self, _context: Context, options: ParrotOptions) -> None:
        """Called once per instance; no I/O."""
        self._options = options

    async def start(self) -> None:
        """Nothing to load."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def reply(self, turn: Turn) -> BotReply:
        """Repeat."""
        if not isinstance(turn.cause.body, Said):
            return BotReply()
        return BotReply(messages=(text_message(self._options.before + turn.cause.body.message.text),))


class TallyOptions(Options):
    """Where to count."""

    file: str = Field(description="File that gets a line per committed change, relative to the config file.")


class Tally:
    """The listener."""

    def __init__(self, context: Context, options: TallyOptions) -> None:
        """Called once per instance; no I/O."""
        self._file = Path(context.config_dir) / options.file

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def notice(self, change: Change) -> None:
        """Write down what was said."""
        said = [entry.body.message.text for entry in change.entries if isinstance(entry.body, Said)]
        with self._file.open("a", encoding="utf-8") as file:
            file.writelines(f"{change.conversation.floor} {text}\n" for text in said)


CHANNEL = ChannelKind(
    name="echo-http", summary="Words in by webhook, out by POST.", options=EchoHttpOptions, build=EchoHttp
)
BOT = BotEngineKind(name="parrot", summary="Repeats what it hears.", options=ParrotOptions, build=Parrot)
LISTENER = ListenerKind(name="tally", summary="Writes down what was said.", options=TallyOptions, build=Tally)


@hookimpl
def register_channels() -> list[ChannelKind[EchoHttpOptions]]:
    """Offer the channel."""
    return [CHANNEL]


@hookimpl
def register_bot_engines() -> list[BotEngineKind[ParrotOptions]]:
    """Offer the bot."""
    return [BOT]


@hookimpl
def register_listeners() -> list[ListenerKind[TallyOptions]]:
    """Offer the listener."""
    return [LISTENER]


@hookimpl
def register_commands() -> list[Commands]:
    """Offer a command."""
    return [add_commands]


def add_commands(group: click.Group) -> None:
    """Add `gateway outside-greeting`."""

    @group.command("outside-greeting")
    def greeting() -> None:
        """Say hello from outside."""
        click.echo("greetings from outside")
