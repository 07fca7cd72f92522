"""What the tests share: an endpoint that answers by a script, and a gateway whose bot is a model behind it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

from gateway.testing import Harness
from gateway.testing.side import Call, Side

KEY = "sk-a-key-that-nobody-may-see"
USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 40}}


@dataclass(kw_only=True)
class Reply:
    """One answer of the model, as deltas of a stream or as one message."""

    deltas: list[dict[str, Any]] = field(default_factory=list)
    finish: str | None = "stop"
    usage: dict[str, Any] | None = None
    status: int = 200
    body: Any = None
    """Instead of an answer: an error, or bytes as they are."""
    content_type: str = "text/event-stream"
    cut: bool = False
    """The connection is cut after the deltas."""
    hold: int | None = None
    """After so many deltas it waits for `released`."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def whole(self):
        message: dict[str, Any] = {"role": "assistant", "content": "".join(d.get("content") or "" for d in self.deltas)}
        for piece in [call for delta in self.deltas for call in delta.get("tool_calls", ())]:
            calls = message.setdefault("tool_calls", [])
            if "id" in piece:
                calls.append({"id": piece["id"], "type": "function", "function": dict(piece["function"])})
            else:
                calls[-1]["function"]["arguments"] += piece["function"]["arguments"]
        return {"choices": [{"message": message, "finish_reason": self.finish}], "usage": self.usage}


def words(*parts, finish="stop", **more):
    """The model says this, in so many pieces."""
    return Reply(deltas=[{"content": part} for part in parts], finish=finish, **more)


def call(name, arguments="{}", *, index=0, said="", **more):
    """The model asks for a tool; the arguments come in two pieces."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    middle = len(text) // 2
    first = {
        "index": index,
        "id": f"c{index}",
        "type": "function",
        "function": {"name": name, "arguments": text[:middle]},
    }
    deltas = [
        *([{"content": said}] if said else []),
        {"tool_calls": [first]},
        {"tool_calls": [{"index": index, "function": {"arguments": text[middle:]}}]},
    ]
    return Reply(deltas=deltas, finish="tool_calls", **more)


def refused(status, **error):
    return Reply(status=status, body={"error": error})


class Endpoint(Side):
    """Chat completions at `url`/v1, and a tool at `url`/tool. The next answers are `script`; after it, an echo."""

    def __init__(self):
        super().__init__()
        self.script: deque[Reply] = deque()
        self.tool: Any = {"status": "on its way"}
        self.queries: list[dict[str, str]] = []
        """With which the tool was asked."""

    def answers(self, *replies):
        self.script.extend(replies)
        return replies[-1]

    @property
    def asked(self):
        """The bodies of the requests, in order."""
        return [each.body for each in self.calls if each.what == "chat"]

    @property
    def heard(self):
        """What the model was told last, without the first message, as (role, content)."""
        return [(each["role"], each["content"]) for each in self.asked[-1]["messages"][1:]]

    @property
    def told_first(self):
        return self.asked[-1]["messages"][0]["content"]

    def _named(self, request, body):
        return "chat" if request.path == "/v1/chat/completions" else request.path.strip("/")

    def _take(self, request, what, body):
        if what == "tool":
            self.queries.append(dict(request.query))
            return 200, self.tool
        return 404, {"error": {"message": f"nothing at {request.path}"}}

    async def _serve(self, request):
        if self._named(request, None) != "chat" or any(fault.times and fault.what == "chat" for fault in self._faults):
            return await super()._serve(request)
        body = await request.json()
        reply = self.script.popleft() if self.script else words(f"echo {_last(body)}")
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Call(what="chat", body=body, headers=headers, status=reply.status))
        self._changed.set()
        if isinstance(reply.body, bytes):
            return web.Response(body=reply.body, content_type=reply.content_type)
        if reply.body is not None:
            return web.json_response(reply.body, status=reply.status)
        return await self._streamed(request, body, reply) if body.get("stream") else web.json_response(reply.whole())

    async def _streamed(self, request, body, reply):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        await response.write(b": a comment\n\n")
        for number, delta in enumerate(reply.deltas):
            if number == reply.hold:
                reply.held.set()
                await reply.released.wait()
            await response.write(_event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))
        if reply.cut:
            request.transport.abort()
            return response
        if reply.finish:
            await response.write(_event({"choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish}]}))
        if reply.usage and body.get("stream_options", {}).get("include_usage"):
            await response.write(_event({"choices": [], "usage": reply.usage}))
        await response.write(b"data: [DONE]\n\n")
        return response


def _event(data):
    return f"data: {json.dumps(data)}\n\n".encode()


def _last(body):
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def config(url, **options):
    own = {
        "type": "openai",
        "url": f"{url.removesuffix('/v1')}/v1",
        "key": KEY,
        "model": "small",
        "prompt": "You sell pots.",
        **options,
    }
    return {
        "channels": {"web": {"type": "fake"}},
        "bots": {"bot": own},
        "platforms": {"desk": {"type": "fake"}},
        "routes": {"main": {"channels": ["web"], "bot": "bot", "handoff": ["desk"]}},
    }


class Place:
    """A running gateway and the endpoint of its bot."""

    def __init__(self, gateway, model):
        self.gateway = gateway
        self.model = model
        self.channel = gateway.channel()
        self.desk = gateway.platform()

    async def says(self, text):
        """The client says something; return what everybody said since, once all is done."""
        before = len(self.channel.sent)
        await self.channel.writes(text)
        await self.gateway.settled()
        return self.channel.texts()[before:]

    async def metric(self, name, **labels):
        async with ClientSession() as http, http.get(f"{self.gateway.url}/metrics") as answer:
            text = await answer.text()
        wanted = {f'{label}="{value}"' for label, value in {"instance": "bot", **labels}.items()}
        for line in text.splitlines():
            if line.startswith(f"gateway_openai_{name}_total{{") and wanted <= set(
                line[line.index("{") + 1 : line.index("}")].split(",")
            ):
                return float(line.rpartition(" ")[2])
        return None


async def until(condition):
    """Wait for what neither a commit nor a call tells of."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


@asynccontextmanager
async def standing(folder, *, route=None, **options):
    """Run both."""
    async with Endpoint() as model:
        whole = config(**{"url": model.url, **options})
        whole["routes"]["main"].update(route or {})
        async with Harness(whole, folder=folder, memory=True) as gateway:
            yield Place(gateway, model)
