"""Telegram's client: a person who writes to the bot of a fake Telegram."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from gateway.testing.telegram import FakeTelegram

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from gateway.testing.telegram import Person

WAIT_SECONDS = 20.0
TOKENS = (f"{7654321098 + number}:AAF-a_token_of_nobody_for_the_tests" for number in range(100))


class Chatter:
    """Somebody with Telegram. What they write stays with Telegram until the gateway has read it."""

    def __init__(self, telegram: FakeTelegram, person: Person, channel: str) -> None:
        self.channel = channel
        self._telegram = telegram
        self._person = person
        self.ids = (str(person.id),)

    async def opens(self) -> None:
        self._person.starts()

    async def writes(self, text: str) -> None:
        self._person.writes(text)

    async def sends(self, name: str, content: bytes) -> None:
        self._person.sends_file("document", content, name=name)

    async def closes(self) -> None:
        """Telegram's clients have no button for it: they block the bot."""
        self._person.blocks()

    def lines(self) -> Sequence[str]:
        return [line for message in self._person.shown for line in _shown(message)]

    async def until(self, condition: Callable[[], bool]) -> None:
        await self._telegram.until(condition, within_seconds=WAIT_SECONDS)

    async def content(self, name: str) -> bytes:
        files = [message["document"]["file_id"] for message in self._person.shown if f"<{name}>" in _shown(message)]
        [file] = set(files)
        return self._telegram.state.files[file].content


def _shown(message: dict[str, Any]) -> Sequence[str]:
    file = [f"<{message['document']['file_name']}>"] if "document" in message else []
    words = message.get("text") or message.get("caption")
    return [*file, words] if words else file


class Messenger:
    """One fake Telegram per channel: a bot of its own."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._telegrams: dict[str, FakeTelegram] = {}

    async def prepare(self, names: Sequence[str]) -> None:
        for name in names:
            telegram = FakeTelegram(token=next(TOKENS))
            self._telegrams[name] = await self._stack.enter_async_context(telegram)

    def channel(self, name: str) -> dict[str, Any]:
        """Return the options of a channel."""
        telegram = self._telegrams[name]
        return {"type": "telegram", "token": telegram.token, "api_url": telegram.url, "poll_seconds": 5}

    async def client(self, route: str, _url: str) -> Chatter:
        telegram = self._telegrams[route]
        return Chatter(telegram, telegram.person("Ann"), route)


@asynccontextmanager
async def messenger(names: Sequence[str]) -> AsyncIterator[Messenger]:
    async with AsyncExitStack() as stack:
        found = Messenger(stack)
        await found.prepare(names)
        yield found
