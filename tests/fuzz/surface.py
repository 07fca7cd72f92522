"""A whole gateway with every plugin of this repository, and everything it says when something goes wrong inside."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import structlog
from aiohttp import web
from structlog.testing import LogCapture

from gateway import Floor
from gateway.testing import Harness, plugin_host
from gateway.testing.side import Side
from tests.fuzz.wire import Answer, Request, exchange

ResultT = TypeVar("ResultT")

ORIGIN = "https://gw.example.com"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"
TELEGRAM_TOKEN = "123456789:" + "A" * 35
KEY, OTHER_KEY, HOOKS_KEY = "a-key-for-the-tests", "another-key-for-the-tests", "a-third-key-for-the-tests"
AGENT_TOKEN = "anna-has-a-long-token"
MOST_BYTES = 65_536
"""Largest body this gateway takes, small so that more than that is cheap to send."""

_FAULT = re.compile(r"(\.|_)(bug|failed)$")


class YesMan(Side):
    """Everything outside at once: whatever is called, it worked."""

    says: dict[str, Any] | None = None
    """Answered to everything instead."""

    async def _serve(self, request: web.Request) -> web.Response:
        return await super()._serve(request) if self.says is None else web.Response(**self.says)

    def _named(self, request: web.Request, body: Any) -> str:
        return request.path.rpartition("/")[2]

    def _take(self, request: web.Request, what: str, body: Any) -> tuple[int, Any]:
        if request.path.startswith("/bot"):
            chat = {"id": 1, "type": "private"}
            message = {"message_id": len(self.calls) + 1, "date": 1, "chat": chat}
            bot = {"id": 123456789, "is_bot": True, "first_name": "Bot", "username": "bot"}
            hook = {"url": f"{ORIGIN}/hooks/tg", "pending_update_count": 0}
            known = {"getMe": bot, "getWebhookInfo": hook, "setWebhook": True}
            return 200, {"ok": True, "result": known.get(what, message)}
        answers = {
            "status": 1,
            "turn": {"text": "hello"},
            "getDestinations": [{"destinationId": "1", "hasOnline": True}],
        }
        return 200, answers.get(what, {"ok": True, "result": "ok"})


def config(outside: str) -> dict[str, Any]:
    """Every kind there is, each where something is to be parsed."""
    return {
        "server": {"port": 0, "shutdown_seconds": 2, "public_url": ORIGIN, "max_body_bytes": MOST_BYTES},
        "files": {"allow_private": True, "max_bytes": 200_000},
        "channels": {
            "web": {"type": "fake"},
            "site": {"type": "widget", "origins": ["https://shop.example.com"], "demo": True, "jwt": "k" * 32},
            "tg": {"type": "telegram", "token": TELEGRAM_TOKEN, "api_url": outside, "mode": "webhook"},
            "jivobot": {"type": "jivo", "provider_id": "p", "token": KEY, "url": outside},
            "tovie": {"type": "operator-api", "key": OTHER_KEY, "webhook": f"{outside}/events"},
            "rest": {"type": "chat-api", "token": KEY, "webhook": f"{outside}/hook"},
            "two": {"type": "fake"},
            "three": {"type": "fake"},
            "four": {"type": "fake"},
            "five": {"type": "fake"},
        },
        "bots": {
            "bot": {"type": "fake"},
            "mine": {"type": "webhook", "url": f"{outside}/turn", "secret": SECRET},
            "framework": {"type": "bot-framework", "url": f"{outside}/activities"},
            "jaicp": {"type": "tovie", "url": outside, "token": KEY, "webhook_key": HOOKS_KEY},
        },
        "platforms": {
            "desk": {"type": "desk", "agents": [{"id": "anna", "name": "Anna", "token": AGENT_TOKEN}]},
            "center": {"type": "operator-api", "url": f"{outside}/api"},
            "jivo": {"type": "jivo-chat", "url": f"{outside}/chat", "key": KEY, "webhooks_key": HOOKS_KEY},
        },
        "routes": {
            "a": {"channels": ["web"], "bot": "bot", "handoff": ["center"]},
            "b": {"channels": ["two"], "bot": "bot", "handoff": ["jivo"]},
            "c": {"channels": ["site", "tg"], "bot": "mine", "handoff": ["desk"], "when_offline": "wait"},
            "d": {"channels": ["jivobot"], "bot": "mine", "handoff": ["jivobot"]},
            "e": {"channels": ["tovie"], "handoff": ["desk"], "when_offline": "wait"},
            "f": {"channels": ["rest"], "bot": "bot", "handoff": ["desk"], "when_offline": "wait"},
            "g": {"channels": ["three"], "bot": "mine", "bot_expire_seconds": 0},
            "h": {"channels": ["four"], "bot": "framework", "bot_expire_seconds": 0},
            "i": {"channels": ["five"], "bot": "jaicp", "bot_expire_seconds": 0},
        },
    }


class Surface:
    """The gateway, run step by step from tests that are not asynchronous (Hypothesis likes them best)."""

    def __init__(self, folder: Path) -> None:
        self.faults: list[str] = []
        """What no input may cause, in the words of the log."""
        self._folder = folder
        self._runner = asyncio.Runner()
        self._stack = contextlib.AsyncExitStack()
        self._log = LogCapture()
        self._handler = _Faults(self.faults)
        self.outside = YesMan()
        self.harness: Harness

    # --- life ---

    def open(self) -> None:
        structlog.configure(processors=[structlog.processors.format_exc_info, self._note, self._log])
        logging.getLogger().addHandler(self._handler)
        self._runner.get_loop().set_exception_handler(lambda _, context: self.faults.append(repr(context)))
        self.run(self._open())

    async def _open(self) -> None:
        await self._stack.enter_async_context(self.outside)
        self.harness = Harness(config(self.outside.url), folder=self._folder, memory=True, host=plugin_host())
        await self._stack.enter_async_context(self.harness)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._runner.close()
        logging.getLogger().removeHandler(self._handler)
        structlog.reset_defaults()

    def _note(self, _logger: Any, _method: str, line: Any) -> Any:
        if "exception" in line or _FAULT.search(line["event"]):
            self.faults.append(str(dict(line)))
        return line

    def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        return self._runner.run(work)

    # --- what is asked of it ---

    @property
    def port(self) -> int:
        return self.harness.gateway.port

    def component(self, name: str) -> Any:
        return self.harness.gateway.instances[name].component

    def send(self, request: Request) -> Answer:
        """Send one request, wait until all that came of it is done, and check what must hold for every input."""
        answer = self.run(exchange(self.port, request))
        self.check(request)
        assert answer.status < 500, f"{answer.status} {answer.body!r} to {bytes(request)[:3000]!r}"
        return answer

    def check(self, sent: object) -> None:
        """Nothing broke inside, and nothing is left to do."""
        self.run(self._settled(sent))
        faults, self.faults[:] = list(self.faults), []
        self._log.entries.clear()
        self.outside.calls.clear()
        assert not faults, f"{faults[0]}\n\ncaused by {str(sent)[:3000]}"

    async def _settled(self, sent: object) -> None:
        try:
            await self.harness.settled()
        except TimeoutError:
            lanes = self.harness.gateway.dispatcher._lanes.values()
            raise AssertionError(f"{[lane.waiting[0] for lane in lanes]} stays, caused by {str(sent)[:3000]}") from None

    # --- conversations for it to be about ---

    def session(self, channel: str) -> str:
        """Return a session of a dialog that agents have or are asked to take; opens one if there is none."""
        return self.run(self._session(channel))

    async def _session(self, channel: str) -> str:
        fake = self.harness.channel(channel)
        known = await self.harness.gateway.engine.of_client(channel, "ann")
        if known is None or known.handoff is None or known.floor is Floor.CLOSED:
            await fake.writes("agent")
            await self.harness.settled()
            known = await self.harness.conversation("ann", channel)
        assert known.handoff is not None
        return known.handoff.session

    def conversation(self, channel: str) -> str:
        """Return an open conversation; opens one if there is none."""
        known = self.run(self.harness.gateway.engine.of_client(channel, "ann"))
        if known is None or known.floor is not Floor.BOT:
            return self.run(self.harness.channel(channel).writes("hello")).conversation
        return known.id

    # --- growth ---

    def size(self) -> int:
        """Count what is alive in this process, once all that can go is gone."""
        self.run(asyncio.sleep(0))
        gc.collect()
        return len(gc.get_objects())

    def open_ends(self) -> dict[str, int]:
        """Count what must be nought when nobody is there."""
        return self.run(self._open_ends())

    async def _open_ends(self) -> dict[str, int]:
        gateway = self.harness.gateway
        boxes = [box for owner in gc.get_objects() if type(owner).__name__ == "Mailboxes" for box in owner._places]
        return {"effects": gateway.dispatcher.pending(), "mailboxes": len(boxes), "steps": gateway.engine.under_way}


class _Faults(logging.Handler):
    """Hears what the libraries below complain about."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self._faults.append(f"{record.name}: {record.getMessage()} {trace}")


Build = Callable[[Surface], Any]
