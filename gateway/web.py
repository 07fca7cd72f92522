"""The HTTP surface: health, metrics, files, `/hooks/{instance}` and what the plugins serve under `/{instance}/`.

Nothing here knows a rule or a plugin. Every body is bounded, every refusal has a status and a reason, and an
exception nobody expected is answered 500 without details and logged with all of them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import mimetypes
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic import ValidationError

from gateway import log as logs
from gateway.callers import Callers
from gateway.contracts import SupportsRoutes
from gateway.doors import NOBODY, same_secret
from gateway.errors import (
    BadInput,
    NotHere,
    Overloaded,
    Temporary,
    TooMany,
    Unavailable,
    UnknownConversation,
    UserMistake,
)
from gateway.files import INLINE
from gateway.pace import KEEPALIVE_SECONDS, Pace
from gateway.webhook import WebhookRequest, WebhookResponse

if TYPE_CHECKING:
    from gateway.admin import Admin
    from gateway.config import ServerSettings
    from gateway.files import FileStore
    from gateway.metrics import Metrics
    from gateway.store.contract import Store
    from gateway.supervisor import Running

log = logs.get()

DOWNLOAD_HEADERS = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SOCKETS_CLOSE_SECONDS = 1.0
"""How long open connections get to end by themselves."""

BACKLOG = 1024
"""Connections the system holds until they are taken."""
LISTENERS = 16
"""Connections taken in one turn of the loop: else those who come while it is busy would wait for seconds."""
MISTAKES = frozenset({400, 401, 403, 404, 405, 413})
"""What is answered to callers who are wrong, and would be each time."""
SOCKETS_RETRY_SECONDS = 30.0

FILE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}


class Web:
    """Builds the application around the running instances."""

    def __init__(
        self,
        *,
        settings: ServerSettings,
        instances: Mapping[str, Running],
        files: FileStore,
        store: Store,
        metrics: Metrics,
        admin: Callable[[], Admin | None],
        is_open: Callable[[], bool],
    ) -> None:
        """`is_open`: whether the gateway takes events; `admin`: what answers its own command line, once it can."""
        self._settings = settings
        self._instances = instances
        self._files = files
        self._store = store
        self._metrics = metrics
        self._admin = admin
        self._is_open = is_open
        self._callers = Callers(
            mistakes_per_minute=settings.mistakes_per_minute, proxies=tuple(settings.trusted_proxies)
        )
        self._pace = Pace()
        self._open_sockets: Counter[str] = Counter()
        self._runner: web.AppRunner | None = None
        self._listeners: list[asyncio.Server] = []

    async def start(self) -> int:
        """Listen; return the port. Raises `UserMistake` if the address cannot be had."""
        host, port = self._settings.host, self._settings.port
        self._runner = web.AppRunner(
            self.application(),
            access_log=None,
            logger=_server_log(),
            shutdown_timeout=SOCKETS_CLOSE_SECONDS,
            keepalive_timeout=KEEPALIVE_SECONDS,
        )
        await self._runner.setup()
        try:
            await self._listen(host, port, self._runner)
        except OSError as error:
            msg = f"cannot listen on {host}:{port}: {error.strerror}; set server.port to a free port"
            raise UserMistake(msg) from None
        found: int = self._listeners[0].sockets[0].getsockname()[1]
        return found

    async def _listen(self, host: str, port: int, runner: web.AppRunner) -> None:
        """Listen, several times on the same sockets: uvloop takes one connection per turn of the loop and listener."""
        server = runner.server
        assert server is not None  # noqa: S101 - it is set up
        loop = asyncio.get_running_loop()

        def connected() -> web.RequestHandler:
            return self._pace.connected(server)

        first = await loop.create_server(connected, host, port, backlog=BACKLOG, reuse_address=True)
        self._listeners.append(first)
        for each in first.sockets:
            for _ in range(LISTENERS - 1):
                again = socket.socket(fileno=os.dup(each.fileno()))
                self._listeners.append(await loop.create_server(connected, sock=again, backlog=BACKLOG))

    async def stop(self) -> None:
        """Stop listening and close what is open. Safe always."""
        for each in self._listeners:
            each.close()
        if self._runner:
            await self._runner.cleanup()

    def application(self) -> web.Application:
        """Return the application, ready to be served."""
        app = web.Application(middlewares=[self._guard], client_max_size=self._settings.max_body_bytes)
        app.router.add_get("/health/live", self._live)
        app.router.add_get("/health/ready", self._ready)
        app.router.add_get("/metrics", self._show_metrics)
        app.router.add_get("/files/{key}/{name}", self._file)
        app.router.add_post("/admin/{tail:.*}", self._administer)
        app.router.add_route("*", "/hooks/{instance}", self._hook)
        app.router.add_route("*", "/hooks/{instance}/{tail:.*}", self._hook)
        for name, running in self._instances.items():
            if isinstance(running.component, SupportsRoutes):
                self._mount(app, name, running.component)
        return app

    def _mount(self, app: web.Application, name: str, component: SupportsRoutes) -> None:
        part = web.Application(client_max_size=self._settings.max_body_bytes)
        try:
            part.add_routes(component.routes())
        except Exception as error:
            log.exception("plugin.bug", instance=name, call="routes")
            raise UserMistake(f"{name!r} cannot be served: a fault in its plugin: {type(error).__name__}") from error
        app.add_subapp(f"/{name}/", part)
        app.router.add_get(f"/{name}", _with_slash)

    # --- health and metrics --------------------------------------------------------------------------------------

    async def _live(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def _ready(self, _request: web.Request) -> web.Response:
        """503 while anything that should run does not; says which, and why."""
        instances = {
            name: {"state": running.state.value, **({"reason": running.reason} if running.reason else {})}
            for name, running in self._instances.items()
        }
        store = self._store.healthy
        ready = self._is_open() and not store and all(running.healthy for running in self._instances.values())
        status = "ready" if ready else "not ready" if self._is_open() else "starting or stopping"
        body = {"status": status, "store": store or "ok", "instances": instances}
        return web.json_response(body, status=200 if ready else 503)

    async def _show_metrics(self, request: web.Request) -> web.Response:
        token = self._settings.metrics_token
        if token is not None:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not same_secret(given, token.get_secret_value()):
                return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        body, content_type = self._metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    # --- files ---------------------------------------------------------------------------------------------------

    async def _file(self, request: web.Request) -> web.StreamResponse:
        try:
            path = self._files.path(request.path)
        except FileNotFoundError:
            raise web.HTTPNotFound(text="there is no such file") from None
        media_type = mimetypes.guess_type(path.name)[0]
        if media_type in INLINE:
            return web.FileResponse(path, headers={**FILE_HEADERS, "Content-Type": media_type})
        return web.FileResponse(path, headers={**FILE_HEADERS, **DOWNLOAD_HEADERS})

    # --- webhooks ------------------------------------------------------------------------------------------------

    async def _hook(self, request: web.Request) -> web.Response:
        """Hand a webhook to its instance; answered only after what it reports is committed."""
        running = self._instances.get(request.match_info["instance"])
        if running is None or running.webhook is None:
            raise NotHere(NOBODY)
        if not running.ready:
            msg = f"{running.name} is {running.state}"
            raise Unavailable(msg, retry_after_seconds=5)
        with logs.bound(instance=running.name):
            try:
                async with asyncio.timeout(running.timeout_seconds):
                    return self._worded(request, await running.webhook.webhook(await _as_webhook(request)))
            except TimeoutError:
                msg = f"{running.name} took longer than {running.timeout_seconds:g} s"
                raise Unavailable(msg, retry_after_seconds=5) from None

    def _worded(self, request: web.Request, answer: WebhookResponse) -> web.Response:
        """Return a plugin's answer; a refusal in its protocol's own words is counted like any other."""
        if answer.status >= 400:  # noqa: PLR2004 - HTTP
            self._count(request, answer.status)
            self._log_refusal(request, answer.status, "told in its own words")
        return _as_response(answer)

    async def _administer(self, request: web.Request) -> web.Response:
        """Answer the gateway's own command line (see `admin`)."""
        admin = self._admin()
        if admin is None or not self._is_open():
            raise Unavailable("the gateway is starting or stopping")
        return _as_response(await admin.answer(await _as_webhook(request)))

    # --- what went wrong -----------------------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn what handlers raise into answers, in one place for the core and all plugins."""
        self._pace.heard(request)
        stays_at = ""
        try:
            self._callers.expect_patience(request.remote, request.headers)
            stays_at = self._taken_in(request)
            return await handler(request)
        except web.HTTPException as answer:
            if answer.status >= 400:  # noqa: PLR2004 - HTTP
                self._count(request, answer.status)
            raise
        except BadInput as error:
            return self._refused(request, error.status, str(error), _wait(error))
        except ValidationError as error:
            return self._refused(request, 400, _what_is_wrong(error))
        except UnknownConversation as error:
            return self._refused(request, 404, str(error))
        except (Unavailable, Temporary) as error:
            is_told = not isinstance(error, Overloaded)
            return self._refused(request, 503, str(error), _wait(error), is_told=is_told)
        except ConnectionError:
            raise
        except Exception:
            log.exception(
                "request.failed", method=request.method, route=_route(request), instance=self._instance(request)
            )
            return self._refused(request, 500, "a fault in the gateway; its log has the details")
        finally:
            if stays_at:
                self._count_open(stays_at, -1)

    def _taken_in(self, request: web.Request) -> str:
        """Count what stays open: return at which instance. Empty: it will be answered, and is over then."""
        if not _stays_open(request):
            return ""
        name = self._instance(request)
        if self._open_sockets[name] >= self._settings.max_sockets:
            raise Unavailable("too many connections are open here", retry_after_seconds=SOCKETS_RETRY_SECONDS)
        self._count_open(name, +1)
        return name

    def _count_open(self, name: str, change: int) -> None:
        self._open_sockets[name] += change
        self._metrics.sockets(name).set(self._open_sockets[name])

    def _refused(
        self,
        request: web.Request,
        status: int,
        reason: str,
        headers: Mapping[str, str] | None = None,
        *,
        is_told: bool = True,
    ) -> web.Response:
        self._count(request, status)
        if is_told:
            self._log_refusal(request, status, reason)
        body = json.dumps({"error": reason}).encode()  # in ASCII: the reason may name what is no UTF-8
        return web.Response(body=body, status=status, headers=headers, content_type="application/json")

    def _log_refusal(self, request: web.Request, status: int, reason: str) -> None:
        instance, route = self._instance(request), _route(request)
        log.info("request.refused", instance=instance, status=status, reason=reason, route=route)

    def _count(self, request: web.Request, status: int) -> None:
        self._metrics.refused(self._instance(request), str(status)).inc()
        if status in MISTAKES:
            self._callers.mistaken(request.remote, request.headers)

    def _instance(self, request: web.Request) -> str:
        """Name the instance a path belongs to; what belongs to nobody is the gateway's."""
        first = request.path.strip("/").split("/")
        named = first[1] if first[0] == "hooks" and len(first) > 1 else first[0]
        running = self._instances.get(named)
        return running.name if running else "gateway"


def _server_log() -> logging.Logger:
    """Return the log of the HTTP server below, which would give a traceback for each caller's fault."""
    server_log = logging.getLogger("gateway.http")
    server_log.addFilter(_is_ours)
    return server_log


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell our faults from those of callers: what is no HTTP (one line, without its bytes), and going away early."""
    fault = record.exc_info[1] if record.exc_info else None
    if isinstance(fault, HttpProcessingError):
        log.info("request.malformed", reason=type(fault).__name__)
    return not isinstance(fault, HttpProcessingError | ConnectionError)


def _stays_open(request: web.Request) -> bool:
    """Tell whether this becomes a socket or an event stream."""
    upgrade = request.headers.get("Upgrade", "").lower()
    return upgrade == "websocket" or "text/event-stream" in request.headers.get("Accept", "")


def _wait(error: BadInput | Unavailable | Temporary) -> dict[str, str]:
    """Say when to come again, where that makes sense."""
    if isinstance(error, BadInput) and not isinstance(error, TooMany):
        return {}
    return {"Retry-After": str(max(1, round(error.retry_after_seconds or 1.0)))}


def _what_is_wrong(error: ValidationError) -> str:
    """Say where and what, without repeating the input."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where or 'the body'}: {first['msg'].removeprefix('Value error, ')}"


async def _as_webhook(request: web.Request) -> WebhookRequest:
    return WebhookRequest(
        method=request.method,
        tail=_text(request.match_info.get("tail", "")),
        query={_text(name): _text(value) for name, value in request.query.items()},
        headers={name.lower(): _text(value) for name, value in request.headers.items()},
        body=await request.read(),
    )


def _text(given: str) -> str:
    """Return what came as bytes with what is no UTF-8 in it replaced, so that nobody stumbles over it later."""
    return given if given.isascii() else given.encode(errors="replace").decode()


def _as_response(answer: WebhookResponse) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


async def _with_slash(request: web.Request) -> web.Response:
    raise web.HTTPPermanentRedirect(request.rel_url.with_path(f"{request.path}/", keep_query=True))


def _route(request: web.Request) -> str:
    """Name the route without the parts that may be secret."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
