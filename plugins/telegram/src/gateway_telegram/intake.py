"""Takes updates in, however they came: translated, files fetched, committed; in order per chat."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from gateway import (
    BadInput,
    ClientClosed,
    ClientStarted,
    ClientWrote,
    Context,
    Failure,
    Floor,
    HumanWrote,
    Message,
    Unavailable,
    UnknownConversation,
    text_message,
)
from gateway_telegram.contents import RemoteFile
from gateway_telegram.downloads import Downloads, given_up
from gateway_telegram.translation import (
    BlockedBot,
    ButtonPressed,
    Ignored,
    Meaning,
    OwnerWrote,
    StartPressed,
    Wrote,
    meaning_of,
)
from gateway_telegram.updates import Update

if TYPE_CHECKING:
    from gateway import Contact, Location, Media, Pressed, Text
    from gateway_telegram.api import Api
    from gateway_telegram.contents import Said
    from gateway_telegram.keyboards import Keyboards
    from gateway_telegram.options import TelegramOptions
    from gateway_telegram.translation import Client

    Shown = Text | Media | Location | Contact | Pressed

ATTEMPTS = 3
"""How often an update that cannot be taken is tried before it is taken without its files, or not at all."""
REMEMBERED = 1000
"""How many troublesome updates are counted at most."""


class Intake:
    """The one way in for updates of one bot."""

    def __init__(self, context: Context, options: TelegramOptions, *, api: Api, keyboards: Keyboards) -> None:
        """`keyboards`: know what buttons mean."""
        self._context = context
        self._options = options
        self._api = api
        self._keyboards = keyboards
        self._downloads = Downloads(context, api)
        self._turns = Turns()
        self._tries: OrderedDict[int, int] = OrderedDict()

    def chat_of(self, raw: Any) -> str:
        """Return what keeps updates in order: their client; empty for those that are nobody's."""
        try:
            meaning = meaning_of(Update.model_validate(raw))
        except ValidationError:
            return ""
        return "" if isinstance(meaning, Ignored) else meaning.client.address.client_id

    async def take(self, raw: Any) -> None:
        """Take one update as Telegram sent it. When this returns, it may be confirmed: it is committed, or ignored.

        Raises a `Failure` or `Unavailable` if it should be delivered again later.
        """
        try:
            update = Update.model_validate(raw)
        except ValidationError as error:
            self._context.ignored(f"update that cannot be read ({error.errors(include_input=False)[0]['loc']})")
            return
        try:
            await self._take(update)
        except (Failure, Unavailable):
            raise
        except Exception:
            self._context.log.exception("telegram.update_failed", update=update.update_id)
            if self._tried(update.update_id) < ATTEMPTS:
                raise
        self._tries.pop(update.update_id, None)

    async def _take(self, update: Update) -> None:
        meaning = meaning_of(update, edits=self._options.edits)
        if isinstance(meaning, Ignored):
            self._context.ignored(meaning.why)
            return
        if self._options.allowed_chats and meaning.client.address.chat not in self._options.allowed_chats:
            self._context.ignored("chat that is not in `allowed_chats`")
            return
        async with self._turns.of(meaning.client.address.client_id):
            try:
                await self._happen(meaning, update.update_id)
            except UnknownConversation:
                pass  # Blocked the bot without ever having talked to it, or after the end.
            except BadInput as refused:  # An agent blocked the client, for instance.
                self._context.log.info("telegram.refused", client=meaning.client.address.client_id, reason=str(refused))

    # --- what it means ---

    async def _happen(self, meaning: Meaning, update_id: int) -> None:
        key = f"{self._options.bot_id}:{update_id}"
        match meaning:
            case Wrote():
                await self._context.receive(await self._wrote(meaning, update_id), key=key)
            case StartPressed():
                await self._context.receive(await self._started(meaning), key=key)
            case ButtonPressed(client=client, query=query):
                pressed = await self._keyboards.pressed(query)
                message = Message(contents=(pressed,))
                await self._context.receive(_said(client, message), key=key)
                await self._answer(query.id)
            case BlockedBot(client=client):
                closed = ClientClosed(client=client.peer, reason="the client blocked the bot")
                await self._context.receive(closed, key=key)
            case OwnerWrote(client=client, owner=owner):
                contents = await self._fetched(meaning.contents, update_id)
                message = Message(contents=contents, id=meaning.message_id)
                await self._context.receive(HumanWrote(client=client.peer, agent=owner, message=message), key=key)
            case _:
                return

    async def _wrote(self, meaning: Wrote, update_id: int) -> ClientWrote:
        pressed = await self._keyboards.typed(meaning.typed, meaning.client.address.client_id)
        contents = (pressed,) if pressed else await self._fetched(meaning.contents, update_id)
        return _said(meaning.client, Message(contents=contents, id=meaning.message_id))

    async def _started(self, meaning: StartPressed) -> ClientStarted | ClientWrote:
        """Pressed again in the middle of a dialog, with nothing new to say, it is a word like any other."""
        client = meaning.client
        if not meaning.payload and await self._is_running(client):
            return _said(client, text_message("/start", id=meaning.message_id))
        return ClientStarted(
            client=client.peer, payload=meaning.payload, language=client.language, attributes=client.attributes
        )

    async def _is_running(self, client: Client) -> bool:
        conversation = await self._context.conversations.of_client(client.address.client_id)
        return conversation is not None and conversation.floor is not Floor.CLOSED

    async def _fetched(self, contents: Iterable[Said], update_id: int) -> tuple[Shown, ...]:
        return tuple([await self._fetch(each, update_id) for each in contents])

    async def _fetch(self, content: Said, update_id: int) -> Shown:
        if not isinstance(content, RemoteFile):
            return content
        try:
            return await self._downloads.fetch(content)
        except Failure:
            if self._tried(update_id) < ATTEMPTS:
                raise
            return given_up(content)

    async def _answer(self, query_id: str) -> None:
        """Stop the button's little clock; too late is too late."""
        try:
            await self._api.call("answerCallbackQuery", {"callback_query_id": query_id})
        except Failure as failure:
            self._context.log.info("telegram.press_not_answered", reason=failure.reason)

    # --- what is left ---

    def _tried(self, update_id: int) -> int:
        """Count another try of an update and return how many there were."""
        self._tries[update_id] = self._tries.get(update_id, 0) + 1
        while len(self._tries) > REMEMBERED:
            self._tries.popitem(last=False)
        return self._tries[update_id]


class Turns:
    """Lets updates of one chat pass one after another, in the order they came."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, client: str) -> AsyncIterator[None]:
        """Wait for the client's turn and have it."""
        lock, waiting = self._locks.get(client, (asyncio.Lock(), 0))
        self._locks[client] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[client]
            if waiting == 1:
                del self._locks[client]
            else:
                self._locks[client] = (lock, waiting - 1)


def _said(client: Client, message: Message) -> ClientWrote:
    return ClientWrote(client=client.peer, message=message, language=client.language, attributes=client.attributes)
