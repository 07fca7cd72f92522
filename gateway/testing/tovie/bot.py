"""A server of the Chat API (https://help.cloud.tovie.ai/platform/api/chat_api), its script and agents led by a test."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from itertools import count
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from gateway.testing.side import Answer, Side
from gateway.testing.tovie.script import Dialog, Question, Reply, Script, echoing

TOKEN = "AbCd1234:0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - nobody's
"""Eight characters, a colon, 40 hexadecimal digits, as seen in public code."""
MOST_EVENTS = 250

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something `/events` tells of."""

    item: Json
    by_agent: bool
    cid: str = ""


class FakeTovieBot(Side):
    """A bot at `api_url`. Calls are named `sync`, `get`, `async` and `events` (for `refuse`, `delay`, `drop` …).

    Without `webhook` nothing is posted; `/events` has everything in any case.
    """

    def __init__(self, script: Script = echoing, *, first_id: int = 1) -> None:
        """A bot with nobody behind it, and no webhook. `first_id`: what its ids are counted from."""
        super().__init__()
        self.script = script
        self.token = TOKEN
        self.webhook = ""
        """The webhook address in the channel's settings."""
        self.staffed = False
        """There is an agent channel, so the bot hands over by itself."""
        self.online = True
        """Somebody is there."""
        self.shows_switch = True
        """The caller gets the `switch` reply also where Tovie carries it out itself."""
        self.forgets = True
        """`/events` tells everything once; False: the newest ones again and again."""
        self.wraps = ""
        """Name of the member with the list in the answer of `/events`; empty: the list itself."""
        self.questions: list[Question] = []
        """What the script was asked, in order."""
        self.dialogs: dict[str, Dialog] = {}
        """Client -> the dialog an agent has now."""
        self.served: dict[str, Dialog] = {}
        """Client -> the dialog an agent had last."""
        self.left_messages: list[Reply] = []
        """`switch` replies with `oneTimeMessage`: those leave the client with the bot."""
        self.posted: list[tuple[Json, Answer]] = []
        """Items posted to the webhook, and what was answered."""
        self.events: list[Event] = []
        self._ids = count(first_id)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def api_url(self) -> str:
        """What stands before `/chatapi/`."""
        return f"{self.url}/chatadapter"

    @property
    def client(self) -> str:
        """The client who was heard last."""
        return self.questions[-1].client if self.questions else ""

    async def end(self) -> None:
        """Go away, with what was still to be posted."""
        for task in self._tasks:
            task.cancel()
        await super().end()

    # --- for tests: what Tovie tells by itself -------------------------------------------------------------------

    async def agent_says(self, words: str, *, client: str = "", **members: Any) -> Answer:
        """An agent writes. `members`: more of the item, such as `employee`."""
        return await self.tells([{"type": "text", "text": words}], client=client, by_agent=True, **members)

    async def agent_sends(self, url: str, *, client: str = "") -> Answer:
        """An agent sends a picture that lies at `url` (see `keep`)."""
        return await self.tells([{"type": "image", "imageUrl": url}], client=client, by_agent=True)

    async def agent_closes(self, *, client: str = "") -> Answer:
        """An agent ends the dialog: the script has the client again, and speaks."""
        client = client or self.client
        del self.dialogs[client]
        return await self.script_goes_on("livechatFinished", client=client)

    async def script_goes_on(self, event: str, *, client: str = "") -> Answer:
        """The script hears of something by itself (a `timeout` that elapsed, the end of a dialog), and speaks."""
        client = client or self.client
        data = self._heard(Question(client=client, event=event))
        return await self._deliver(self._item(client, self._id(), data), by_agent=False)

    async def campaign(self, words: str, *, client: str = "") -> Answer:
        """A text campaign writes to the client."""
        return await self.tells([{"type": "text", "text": words}], client=client)

    async def tells(self, replies: list[Reply], *, client: str = "", by_agent: bool = False, **members: Any) -> Answer:
        """Say anything to a client that does not come out of the script."""
        data = {"replies": replies, "answer": _words(replies)}
        item = {**self._item(client or self.client, self._id(), data), **members}
        return await self._deliver(item, by_agent=by_agent)

    async def tells_again(self) -> Answer:
        """Post the item that was posted last once more."""
        item, _ = self.posted[-1]
        return await self._post(item)

    async def _deliver(self, item: Json, *, by_agent: bool, cid: str = "") -> Answer:
        self.events.append(Event(item=item, by_agent=by_agent, cid=cid))
        return await self._post(item) if self.webhook else Answer(status=0)

    async def _post(self, item: Json) -> Answer:
        answer = await self.post(self.webhook, [item])
        self.posted.append((item, answer))
        self._changed.set()
        return answer

    # --- for tests: being a caller's server ----------------------------------------------------------------------

    def reads(self, client: str = "") -> list[str]:
        """Return what the agent of a client has read since the transfer."""
        return self.served[client or next(reversed(self.served))].reads if self.served else []

    def asked(self) -> list[str]:
        """Return what the script was asked, events as `<name>`."""
        return [_asked(question) for question in self.questions]

    # --- the methods ---------------------------------------------------------------------------------------------

    def _named(self, request: web.Request, _body: Any) -> str:
        tail = request.path.rpartition("/")[2]
        return tail if tail in {"async", "events"} else "get" if request.method == "GET" else "sync"

    def _take(self, request: web.Request, what: str, body: Any) -> tuple[int, Any]:
        tail = "" if what in {"sync", "get"} else f"/{what}"
        if unquote(request.path) != f"/chatadapter/chatapi/{self.token}{tail}":
            return 404, {"error": "there is no such channel"}
        if request.method != ("GET" if what in {"get", "events"} else "POST"):
            return 405, {"error": "another verb is wanted"}
        if what == "events":
            return 200, self._events(request)
        given = dict(request.query) if what == "get" else body
        question = _question(request, given)
        return (400, {"error": question}) if isinstance(question, str) else self._answer(what, question)

    def _answer(self, what: str, question: Question) -> tuple[int, Any]:
        question_id = self._id()
        item = self._item(question.client, question_id, self._heard(question))
        if what == "async":
            self._later(item, question.cid)
            return 200, {"questionId": question_id}
        del item["token"]
        return 200, item

    def _later(self, item: Json, cid: str) -> None:
        async def deliver() -> None:
            await self._deliver(item, by_agent=False, cid=cid)

        task = asyncio.create_task(deliver())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _events(self, request: web.Request) -> Any:
        everything, cid = request.query.get("all") == "true", request.query.get("cid", "")
        client = request.query.get("clientId", "")
        told = [
            each
            for each in self.events
            if (everything or each.by_agent) and cid in {"", each.cid} and client in {"", each.item["clientId"]}
        ]
        told = told[:MOST_EVENTS] if self.forgets else told[-MOST_EVENTS:]
        if self.forgets:
            self.events = [each for each in self.events if each not in told]
        items = [each.item for each in told]
        return {self.wraps: items} if self.wraps else items

    # --- script and agents ---------------------------------------------------------------------------------------

    def _heard(self, question: Question) -> Json:
        """Return the `data` of the answer: the agent's silence, or what the script says."""
        dialog = self.dialogs.get(question.client)
        if dialog and question.query not in dialog.phrases:
            self.questions.append(question)
            dialog.reads.append(_asked(question))
            return {"replies": [], "answer": ""}
        self.dialogs.pop(question.client, None)
        return _data(self._hand_over(question, self._ask(question)))

    def _ask(self, question: Question) -> list[Reply]:
        self.questions.append(question)
        return self.script(question)

    def _hand_over(self, question: Question, replies: list[Reply]) -> list[Reply]:
        switch = next((each for each in replies if each.get("type") == "switch"), None)
        if switch is None or not self.staffed:
            return replies
        if not self.shows_switch:
            replies = [each for each in replies if each is not switch]
        if switch.get("oneTimeMessage"):
            self.left_messages.append(switch)
        elif self.online or switch.get("ignoreOffline"):
            self.dialogs[question.client] = self.served[question.client] = Dialog(switch=switch)
        else:
            others = [each for each in replies if each is not switch]
            return [*others, *self._ask(replace(question, query="", event="noLivechatOperatorsOnline"))]
        return replies

    def _item(self, client: str, question_id: str, data: Json) -> Json:
        return {
            "token": self.token,
            "clientId": client,
            "questionId": question_id,
            "data": data,
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
        }

    def _id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._ids):012}"


def _question(request: web.Request, given: Any) -> Question | str:
    if not isinstance(given, dict) or not isinstance(given.get("clientId"), str | int) or not given["clientId"]:
        return "clientId is mandatory"
    query, event = given.get("query"), given.get("event")
    if not (isinstance(query, str) and query) and not (isinstance(event, str) and event):
        return "query or event is mandatory"
    return Question(
        client=str(given["clientId"]),
        query=query or "",
        event="" if query else event or "",
        data=given.get("data"),
        cid=request.query.get("cid", ""),
        key=request.headers.get("Idempotency-Key", ""),
    )


def _data(replies: list[Reply]) -> Json:
    state = next((each["state"] for each in replies if each.get("state")), "/")
    return {
        "replies": replies,
        "answer": _words(replies),
        "nlpClass": state,
        "confidence": 1.0,
        "newSessionStarted": False,
        "debugData": [],
        "endSession": False,
    }


def _words(replies: list[Reply]) -> str:
    return "\n\n".join(each["text"] for each in replies if each.get("type") == "text")


def _asked(question: Question) -> str:
    return question.query or f"<{question.event}>"
