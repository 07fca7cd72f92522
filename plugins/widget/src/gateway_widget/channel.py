"""The channel: one instance of the web chat, its routes and its life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from gateway import BadInput, TooLarge, Unauthorized
from gateway_widget.access import Access
from gateway_widget.assets import ASK_AGAIN, FOR_EVER, Assets, demo_pages
from gateway_widget.beats import Beats
from gateway_widget.crowd import Crowd
from gateway_widget.frames import FRAME_BYTES, read
from gateway_widget.intake import Intake
from gateway_widget.limits import Limits
from gateway_widget.streams import Streams, answered
from gateway_widget.texts import LANGUAGES
from gateway_widget.tokens import Reception, Visitor
from gateway_widget.uploads import Uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gateway import Context
    from gateway_widget.frames import Inbound
    from gateway_widget.options import WidgetOptions

DEMO_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob: https: http://127.0.0.1:*; "
    "media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""As strict as a site can be: the demo shop is also the proof that the chat needs no more.

Pictures may come from this machine too, because simulated bots (`gateway simulate`) have theirs there."""


class WidgetChannel:
    """A web chat. It tails the log itself, so the core has nothing to send."""

    def __init__(self, context: Context, options: WidgetOptions) -> None:
        self._context = context
        self._options = options
        self._crowd = Crowd()
        self._reception = Reception(
            secret=context.secret("visitor"),
            key=options.jwt.get_secret_value() if options.jwt else "",
            now=context.now,
            visitor_days=options.visitor_days,
            identity_hours=options.identity_hours,
        )
        self._beats = Beats(self._crowd, self._reception)
        self._uploads = Uploads(context, limit=options.upload_bytes)
        self._limits = Limits(context.now)
        self._intake = Intake(context, self._uploads, text_length=options.text_length)
        self._access = Access(options.allows, own_url=context.url("/"))
        self._streams = Streams(
            context=context,
            access=self._access,
            crowd=self._crowd,
            reception=self._reception,
            handle=self._handle,
            leave_queue=options.leave_queue,
        )
        self._assets = Assets(self._settings())
        self._demo = demo_pages() if options.demo else {}
        self._stop_watching: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Begin to hear of commits, and to beat."""
        conversations = self._context.conversations
        self._stop_watching = [conversations.watch(self._crowd.notice), conversations.watch_typing(self._crowd.signal)]
        self._beats.start()

    async def stop(self) -> None:
        """Send the browsers away; they come again."""
        self._beats.stop()
        for stop in self._stop_watching:
            stop()
        self._stop_watching = []
        await self._streams.close()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the entry module, its parts, the session, the streams, words and files."""
        guard = self._access.guard
        posts = {"/session": self._session, "/frames": self._frames, "/files": self._files}
        gets = {
            "/widget.js": self._entry,
            "/v/{version}/{name:.+}": self._asset,
            "/events": self._events,
            **({"/": self._shop, "/demo/{name}": self._shop} if self._options.demo else {}),
        }
        return [
            web.get("/socket", self._streams.socket),
            *(web.get(path, guard(handler)) for path, handler in gets.items()),
            *(web.post(path, guard(handler)) for path, handler in posts.items()),
            *(web.options(path, guard(self._access.preflight)) for path in (*posts, "/events")),
        ]

    def pages(self) -> Mapping[str, str]:
        """Return the demo shop, where there is one."""
        return {"demo shop": "/"} if self._options.demo else {}

    # --- the front-end ---

    async def _entry(self, request: web.Request) -> web.StreamResponse:
        return self._assets.entry.respond(request, cache=ASK_AGAIN)

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        # A page that was loaded before an upgrade asks for an old version: it gets the new file, but must not keep it.
        current = request.match_info["version"] == self._assets.version
        return asset.respond(request, cache=FOR_EVER if current else ASK_AGAIN)

    async def _shop(self, request: web.Request) -> web.StreamResponse:
        asset = self._demo.get(request.match_info.get("name", "index.html"))
        if asset is None:
            raise web.HTTPNotFound
        return asset.respond(request, cache=ASK_AGAIN, headers={"Content-Security-Policy": DEMO_POLICY})

    def _settings(self) -> dict[str, Any]:
        """Return what the browser must know before it shows anything."""
        options = self._options
        shown = options.model_dump(
            include={"title", "subtitle", "avatar", "accent", "theme", "position", "language", "sound", "uploads"}
        )
        return {
            **shown,
            "texts": {language: dict(own) for language, own in options.texts.items()},
            "languages": sorted(LANGUAGES),
            "textLength": options.text_length,
            "uploadBytes": self._uploads.max_bytes,
        }

    # --- visitors ---

    async def _session(self, request: web.Request) -> web.StreamResponse:
        """Answer with a token: a new visitor's, a renewed one, or the one a site's proof of identity deserves."""
        asked = await _object(request)
        visitor = self._welcome(asked.get("token", ""), asked.get("identity", ""))
        return web.json_response(
            {
                "token": self._reception.token(visitor),
                "visitor": visitor.id,
                "name": visitor.name,
                "verified": visitor.verified,
                "seconds": self._reception.seconds_left(visitor),
            },
            headers={"Cache-Control": "no-store"},
        )

    def _welcome(self, token: object, identity: object) -> Visitor:
        if not isinstance(token, str) or not isinstance(identity, str):
            raise BadInput("session: `token` and `identity` are strings")
        if identity:
            return self._reception.proven(identity)
        if token:
            return self._reception.renewed(self._reception.visitor(token))
        return self._reception.newcomer()

    def _visitor(self, request: web.Request) -> Visitor:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            raise Unauthorized("the Authorization header is missing")
        return self._reception.visitor(token)

    # --- words and files ---

    async def _events(self, request: web.Request) -> web.StreamResponse:
        return await self._streams.events(request, self._visitor(request), self._access.headers(request))

    async def _frames(self, request: web.Request) -> web.StreamResponse:
        """Take one frame, for browsers without a socket; the answer is the one a socket would give."""
        visitor = self._visitor(request)
        answer = await answered(self._handle, visitor, read(await _body(request)))
        return web.json_response(answer)

    async def _files(self, request: web.Request) -> web.StreamResponse:
        visitor = self._visitor(request)
        if not self._options.uploads:
            raise BadInput("this chat takes no files")
        self._limits.take(visitor.id)
        return web.json_response(await self._uploads.take(visitor, request))

    async def _handle(self, visitor: Visitor, frame: Inbound) -> dict[str, Any] | None:
        self._limits.take(visitor.id)
        return await self._intake.handle(visitor, frame)


async def _body(request: web.Request) -> bytes:
    body = await request.content.read(FRAME_BYTES + 1)
    while len(body) <= FRAME_BYTES and (more := await request.content.read(FRAME_BYTES + 1 - len(body))):
        body += more
    if len(body) > FRAME_BYTES:
        raise TooLarge(f"at most {FRAME_BYTES} bytes")
    return body


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        asked = orjson.loads(await _body(request) or b"{}")
    except ValueError as error:
        raise BadInput(f"the body is not JSON: {error}") from None
    if not isinstance(asked, dict):
        raise BadInput("the body must be a JSON object")
    return asked
