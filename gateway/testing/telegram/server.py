"""The server: tokens, methods, `getUpdates`, the webhook, files; and what a test tells it to do wrong."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

import aiohttp
from aiohttp import web

from gateway.testing.telegram.delivery import OK, Delivery
from gateway.testing.telegram.faults import BotApiError, Fault, Faults, bad_request
from gateway.testing.telegram.parameters import Parameters, read
from gateway.testing.telegram.people import BusinessAccount, Person
from gateway.testing.telegram.sending import Sending
from gateway.testing.telegram.state import GIVEN_TO_BOTS_BYTES, State
from gateway.testing.telegram.updates import Updates

TOKEN = "7654321098:AAF-a_token_of_nobody_for_the_tests"  # noqa: S105 - of a fake
WAIT_SECONDS = 10.0
BODY_BYTES = 64 * 1024 * 1024
UNAUTHORIZED, NOT_FOUND, CONFLICT = 401, 404, 409
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of a method, as it was understood."""

    method: str
    """As it was written."""
    params: dict[str, Any]
    status: int
    """What was answered; 0: nothing, the connection was cut."""
    result: Any = None
    """The result, if there was one."""


class FakeTelegram:
    """A Bot API server with one bot. It behaves as https://core.telegram.org/bots/api says, as far as it goes.

    It knows `getMe`, `getUpdates`, the three webhook methods, everything that sends text, files, places and contacts,
    `editMessageText`, `editMessageReplyMarkup`, `deleteMessage`, `sendChatAction`, `answerCallbackQuery`, `getFile`,
    `getChat` and `getBusinessConnection`. `parse_mode` is refused: it reads entities only.
    """

    def __init__(
        self, *, token: str = TOKEN, username: str = "shop_bot", retry_seconds: float = 0.02, first_update: int = 1
    ) -> None:
        """`retry_seconds`: pause before a webhook that failed is called again. `first_update`: its number."""
        self.token = token
        bot_id = int(token.partition(":")[0])
        abilities = {"can_join_groups": False, "can_read_all_group_messages": False, "supports_inline_queries": False}
        self.me = {"id": bot_id, "is_bot": True, "first_name": "Shop", "username": username, **abilities}
        self.state = State({key: self.me[key] for key in ("id", "is_bot", "first_name", "username")})
        self.updates = Updates(self._something_waits, first=first_update)
        self.faults = Faults()
        self.calls: list[Call] = []
        self.held: list[str] = []
        """Methods that were called and had to wait."""
        self.webhook: dict[str, Any] = {}
        """Parameters of the webhook, empty without one."""
        self.webhook_answers: list[int] = []
        """Statuses the webhook answered; 0: it could not be reached."""
        self.url = ""
        self._retry_seconds = retry_seconds
        self._people = count(1001)
        self._connections = count(1)
        self._sending = Sending(self.state)
        self._delivery: Delivery | None = None
        self._question = 0
        self._failed_at = 0
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._traces: tuple[aiohttp.TraceConfig, ...] = ()
        self._closing = False

    async def __aenter__(self) -> Self:
        """Listen on a free port of the loopback."""
        app = web.Application(client_max_size=BODY_BYTES)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        await self.begin(f"http://127.0.0.1:{self._runner.addresses[0][1]}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Go away."""
        await self.end()
        if self._runner:
            await self._runner.cleanup()

    # --- for servers of somebody else's, see gateway.testing.simulate --------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Return what it serves."""
        return [
            web.route("*", "/bot{token}/{method}", self._call),
            web.get("/file/bot{token}/{path:.+}", self._file),
        ]

    async def begin(self, url: str, *, traces: Iterable[aiohttp.TraceConfig] = ()) -> None:
        """Be found at `url` from now on. `traces` see the calls of a webhook."""
        self.url = url
        self._traces = tuple(traces)

    async def end(self) -> None:
        """Answer the question that is held, and call no webhook any more."""
        self._closing = True
        self._changed.set()
        if self._delivery:
            await self._delivery.stop()

    # --- for tests -----------------------------------------------------------------------------------------------

    def person(self, first_name: str = "Ann", **known: Any) -> Person:
        """Return somebody new. `known`: further members of the `User`, such as `username`, `language_code`."""
        user = {"id": next(self._people), "is_bot": False, "first_name": first_name, **known}
        return Person(self, user)

    def business(self, owner: Person) -> BusinessAccount:
        """Let a person connect the bot to their business account."""
        return BusinessAccount(self, owner, f"bc{next(self._connections)}")

    def push(self, kind: str, content: dict[str, Any]) -> int:
        """Let anything happen, in Telegram's own words, unknown kinds too; return the update's number."""
        return self.updates.push(kind, content)

    def refuse(
        self,
        method: str,
        status: int,
        description: str = "",
        *,
        retry_after: int | None = None,
        chat: int | None = None,
        times: int = 1,
    ) -> Fault:
        """Refuse the next calls of a method. 429 has its usual words; `retry_after` in seconds."""
        wait = {} if retry_after is None else {"retry_after": retry_after}
        words = description or (f"Too Many Requests: retry after {retry_after}" if wait else "Internal Server Error")
        return self.faults.add(Fault(method=method, chat=chat, times=times, error=BotApiError(status, words, **wait)))

    def delay(self, method: str, *, times: int = 1) -> asyncio.Event:
        """Hold the next calls of a method until the event that is returned is set."""
        event = asyncio.Event()
        self.faults.add(Fault(method=method, times=times, until=event))
        return event

    def drop(self, method: str, *, after: bool = False, times: int = 1) -> Fault:
        """Cut the connection at the next calls; `after`: once it is done."""
        return self.faults.add(Fault(method=method, times=times, drop="after" if after else "before"))

    def duplicate(self, count_: int = 1) -> None:
        """Let the next updates come twice."""
        self.updates.twice = count_

    def reorder(self, count_: int = 2) -> None:
        """Let the next updates come in the opposite order, once there are as many."""
        self.updates.reorder(count_)

    def called(self, method: str) -> list[Call]:
        """Return the calls of a method."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    async def until(self, condition: Callable[[], bool], *, within_seconds: float = WAIT_SECONDS) -> None:
        """Wait for something that calls or deliveries bring about."""
        async with asyncio.timeout(within_seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    # --- HTTP ----------------------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        try:
            given = await read(request)
            self._check_token(request)
        except BotApiError as error:
            return self._answer(method, Parameters(given={}), error)
        fault = self.faults.take(method, given.number("chat_id") if given.text("chat_id").isdigit() else None)
        if fault.until:
            self.held.append(method)
            self._changed.set()
            await fault.until.wait()
        if fault.drop == "before":
            return self._cut(request, method, given)
        if fault.status:
            self._called(method, given, fault.status)
            return web.Response(status=fault.status, text="<html>a proxy's page</html>", content_type="text/html")
        answer = await self._result(method, given, fault)
        return self._cut(request, method, given) if fault.drop == "after" else self._answer(method, given, answer)

    async def _result(self, method: str, given: Parameters, fault: Fault) -> Any:
        try:
            if fault.error:
                raise fault.error
            return await self._do(method.lower(), given)
        except BotApiError as error:
            return error

    def _answer(self, method: str, given: Parameters, answer: Any) -> web.Response:
        status = answer.status if isinstance(answer, BotApiError) else 200
        self._called(method, given, status, None if isinstance(answer, BotApiError) else answer)
        if not isinstance(answer, BotApiError):
            return web.json_response({"ok": True, "result": answer})
        body: dict[str, Any] = {"ok": False, "error_code": answer.status, "description": answer.description}
        if answer.parameters:
            body["parameters"] = answer.parameters
        return web.json_response(body, status=answer.status)

    def _cut(self, request: web.Request, method: str, given: Parameters) -> web.Response:
        self._called(method, given, 0)
        if request.transport:
            request.transport.abort()
        return web.Response()

    def _called(self, method: str, given: Parameters, status: int, result: Any = None) -> None:
        self.calls.append(Call(method=method, params=given.plain(), status=status, result=result))
        self._changed.set()

    def _check_token(self, request: web.Request) -> None:
        token = request.match_info["token"]
        if not _TOKEN.fullmatch(token):
            raise BotApiError(NOT_FOUND, "Not Found")
        if token != self.token:
            raise BotApiError(UNAUTHORIZED, "Unauthorized")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take("file", None)
        if fault.until:
            await fault.until.wait()
        if fault.drop:
            return self._cut(request, "file", Parameters(given={}))
        file = self.state.by_path(request.match_info["path"])
        if request.match_info["token"] != self.token or file is None or fault.error:
            status = fault.error.status if fault.error else NOT_FOUND
            return web.json_response({"ok": False, "error_code": status, "description": "Not Found"}, status=status)
        return web.Response(body=file.content, content_type="application/octet-stream")

    # --- methods -------------------------------------------------------------------------------------------------

    async def _do(self, method: str, given: Parameters) -> Any:
        if method in self._sending.methods:
            return await self._sending.methods[method](given)
        own = {
            "getme": self._get_me,
            "getupdates": self._get_updates,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
            "answercallbackquery": self._answer_callback_query,
            "getfile": self._get_file,
            "getchat": self._get_chat,
            "getbusinessconnection": self._get_business_connection,
        }
        if method not in own:
            raise BotApiError(NOT_FOUND, "Not Found")
        return await own[method](given)

    async def _get_me(self, _given: Parameters) -> Any:
        return self.me

    async def _get_updates(self, given: Parameters) -> Any:
        """Hold the question while nothing waits. A second question ends the first, as with Telegram."""
        self._check_no_webhook()
        self._question += 1
        mine = self._question
        self._changed.set()
        self._allow(given)
        self.updates.confirm(given.number("offset"))
        limit = max(1, min(given.number("limit", 100), 100))
        deadline = asyncio.get_running_loop().time() + given.number("timeout")
        for _ in self._looks():
            self._check_no_webhook()
            if mine != self._question:
                words = "terminated by other getUpdates request; make sure that only one bot instance is running"
                raise BotApiError(CONFLICT, f"Conflict: {words}")
            seconds = deadline - asyncio.get_running_loop().time()
            found = self.updates.waiting(limit)
            if found or seconds <= 0 or self._closing:
                return found
            await self._next_change(seconds)
        return ()

    def _looks(self) -> Iterator[int]:
        return iter(count())

    async def _next_change(self, seconds: float) -> None:
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _check_no_webhook(self) -> None:
        if self.webhook:
            words = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise BotApiError(CONFLICT, f"Conflict: {words}")

    def _allow(self, given: Parameters) -> None:
        allowed = given.data("allowed_updates")
        if allowed is not None:
            self.updates.allowed = tuple(allowed)

    async def _set_webhook(self, given: Parameters) -> bool:
        url, secret = given.text("url"), given.text("secret_token")
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        if not url:
            return await self._delete_webhook(given)
        if not url.startswith(("http://127.0.0.1", "https://")):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        self._allow(given)
        if given.text("drop_pending_updates").lower() == "true":
            self.updates.clear()
        await self._stop_delivery()
        self.webhook = {"url": url, "secret_token": secret}
        self._delivery = Delivery(
            self.updates,
            url=url,
            secret=secret,
            retry_seconds=self._retry_seconds,
            on_answer=self._on_webhook_answer,
            traces=self._traces,
        )
        self._delivery.start()
        self._changed.set()
        return True

    async def _delete_webhook(self, given: Parameters) -> bool:
        if given.text("drop_pending_updates").lower() == "true":
            self.updates.clear()
        await self._stop_delivery()
        self.webhook = {}
        return True

    async def _stop_delivery(self) -> None:
        if self._delivery:
            await self._delivery.stop()
            self._delivery = None

    async def _get_webhook_info(self, _given: Parameters) -> Any:
        failed = next((status for status in reversed(self.webhook_answers) if status not in OK), None)
        words = {} if failed is None else {"last_error_date": self._failed_at, "last_error_message": f"Wrong: {failed}"}
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates.waiting()),
            "max_connections": 40,
            **({"allowed_updates": list(self.updates.allowed)} if self.updates.allowed else {}),
            **words,
        }

    async def _on_webhook_answer(self, status: int, answer: Any) -> None:
        """An answer may call a method by itself."""
        self.webhook_answers.append(status)
        if status not in OK:
            self._failed_at = max(int(time.time()), self._failed_at + 1)
        if status in OK and isinstance(answer, dict) and isinstance(answer.get("method"), str):
            given = Parameters(given={key: value for key, value in answer.items() if key != "method"})
            self._answer(answer["method"], given, await self._result(answer["method"], given, Fault()))
        self._changed.set()

    async def _answer_callback_query(self, given: Parameters) -> bool:
        press = given.text("callback_query_id")
        if self.state.presses.get(press, True):
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        self.state.presses[press] = True
        self.state.answers.append(given.plain())
        return True

    async def _get_file(self, given: Parameters) -> Any:
        file = self.state.files.get(given.text("file_id"))
        if file is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if file.size > GIVEN_TO_BOTS_BYTES:
            raise bad_request("file is too big")
        return {**file.json, "file_path": file.path}

    async def _get_chat(self, given: Parameters) -> Any:
        chat = self.state.chat(given.number("chat_id"))
        return {**chat.json, "accent_color_id": 0, "max_reaction_count": 11}

    async def _get_business_connection(self, given: Parameters) -> Any:
        found = self.state.connections.get(given.text("business_connection_id"))
        if found is None:
            raise bad_request("business connection not found")
        return found

    def _something_waits(self) -> None:
        self._changed.set()
        if self._delivery:
            self._delivery.wake()
