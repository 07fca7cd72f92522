"""The bot engine of one instance: a turn is one or two POSTs; the bot answers in the response, or calls back."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from gateway import (
    BotReply,
    BotSpoke,
    NotHere,
    Permanent,
    Remote,
    Role,
    Typing,
    WebhookResponse,
    WrongMethod,
    check_secret,
    read_json,
)
from gateway_bot_framework.answers import Answers
from gateway_bot_framework.asking import MET, Asking
from gateway_bot_framework.wire import Activity, answered, number_in, replies_of, said_id

if TYPE_CHECKING:
    from gateway import Context, Turn, WebhookRequest
    from gateway_bot_framework.options import BotFrameworkOptions

CURE = "let the bot take anonymous calls, or put the token it wants into the option `token`"
NOT_JSON = "the bot's answer is not JSON; is the option `url` its messages endpoint?"
SECRET_BYTES = 18
CONVERSATION, ACTIVITIES = ("v3", "conversations"), "activities"


class BotFrameworkBot:
    """A bot somewhere else. Nothing is kept here: it remembers its conversations by their ids."""

    def __init__(self, context: Context, options: BotFrameworkOptions) -> None:
        """Does no I/O."""
        self._context = context
        self._options = options
        self._secret = urlsafe_b64encode(context.secret("service")[:SECRET_BYTES]).decode()
        self._answers = Answers(context, group_from=options.group_from)
        token = options.token.get_secret_value().strip() if options.token else ""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._bot = Remote(context, who="the bot", cure=CURE, headers=headers, timeout_seconds=None, where="url")

    async def start(self) -> None:
        """Nothing to connect to: the bot is called when a client writes."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    # --- asked ---

    async def reply(self, turn: Turn) -> BotReply:
        """Send the bot what happened, and take what it answers at once. Raises a `Failure`."""
        said: list[Activity] = []
        try:
            for activity in self._asking().activities(turn):
                said += await self._post(activity)
            answer = await self._answers.read(said)
        except ValidationError as error:  # of an answer, or of a card in it
            raise Permanent(f"the bot's answer cannot be understood: {_where(error)}") from None
        return answer.reply({**turn.state, MET: True})

    def _asking(self) -> Asking:
        """The gateway knows its own address only once it runs."""
        url = self._context.url(f"/hooks/{self._context.name}/{self._secret}/")
        return Asking(self._context, self._options, service_url=url)

    async def _post(self, activity: dict[str, Any]) -> Sequence[Activity]:
        answer = await self._bot.post(self._options.url, activity)
        return replies_of(_decoded(answer.body) if answer.body.strip() else None)

    # --- unasked, or one by one ---

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        """Be the connector a bot calls: take an activity, answered with its id after it is committed."""
        secret, _, path = request.tail.partition("/")
        check_secret(secret, self._secret)
        match path.rstrip("/").split("/"):
            case ["v3", "conversations", conversation, "activities", *rest] if len(rest) < 2:  # noqa: PLR2004 - an id
                if request.method not in ({"POST", "PUT"} if rest else {"POST"}):
                    raise WrongMethod("activities are posted here, and changed by PUT; they cannot be taken back")
                activity = Activity.model_validate(request.json())
                if request.method == "PUT":
                    return await self._said(conversation, activity, edits=number_in(*rest))
                return await self._said(conversation, activity, *rest)
        raise NotHere("this gateway knows conversations/{id}/activities and nothing else")

    async def _said(
        self, conversation: str, activity: Activity, replied_to: str = "", *, edits: int = 0
    ) -> WebhookResponse:
        """Let it happen. `edits`: log number of what it changes."""
        if activity.type == "typing":
            self._context.signal(Typing(conversation=conversation, role=Role.BOT))
            return _answer(200, id="typing")
        answer = await self._answers.read([activity])
        if not answer:
            return _answer(200, id="nothing")
        epoch, number = answered(replied_to or activity.reply_to_id)
        event = BotSpoke(
            conversation=conversation,
            messages=tuple(replace(message, edits=edits) for message in answer.messages),
            transfer=answer.transfer,
            close=answer.close,
            state={MET: True},
            epoch=epoch,
            answers=number,
        )
        key = f"{conversation}/{activity.id}" if activity.id and not edits else ""
        received = await self._context.receive(event, key=key)
        if received.stale:
            return _answer(409, error={"code": "Stale", "message": "somebody else has the floor; it was not said"})
        return _answer(200, id=said_id(conversation, received.number or 0))


def _decoded(body: bytes) -> Any:
    try:
        return read_json(body)
    except ValueError:
        raise Permanent(NOT_JSON) from None


def _where(error: ValidationError) -> str:
    """Say what is wrong without repeating what was sent."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _answer(status: int, **members: object) -> WebhookResponse:
    return WebhookResponse(status=status, body=json.dumps(members).encode())
