"""What is served over HTTP: the page and its parts, sign-in, uploads, the socket."""

from __future__ import annotations

import asyncio
import html
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from gateway import BadInput, TooLarge, Unauthorized, Unavailable, to_json
from gateway_desk.access import Access
from gateway_desk.acts import NotDone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from aiohttp.web import AbstractRouteDef

    from gateway import Context
    from gateway_desk.options import DeskOptions
    from gateway_desk.workspace import Workspace

STATIC = Path(__file__).parent / "static"
CHUNK_BYTES = 64 * 1024
SIGN_IN_BYTES = 4096
WRONG_TOKEN_SECONDS = 0.3
MOST_WRONG_TOKENS = 50
"""Wrong tokens waiting for their answer; more are turned away at once."""


_Response = TypeVar("_Response", bound=web.StreamResponse)


class SignIn(BaseModel):
    """The body of a sign-in."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: SecretStr = Field(min_length=1, max_length=256)


class Pages:
    """The HTTP side of one desk."""

    def __init__(self, context: Context, options: DeskOptions, workspace: Workspace) -> None:
        self._context = context
        self._options = options
        self._workspace = workspace
        self._access = Access(context, options)
        self._guessing = asyncio.Lock()
        self._wrong_tokens = 0
        self._files = {file.relative_to(STATIC).as_posix(): file for file in STATIC.rglob("*") if file.is_file()}
        self._html = self._filled_in((STATIC / "index.html").read_text(encoding="utf-8"))

    def routes(self) -> Iterable[AbstractRouteDef]:
        """Return all routes, relative to the mount point."""
        return [
            web.get("/", self._page),
            web.get("/static/{name:.+}", self._static),
            web.get("/session", self._session),
            web.post("/session", self._sign_in),
            web.delete("/session", self._sign_out),
            web.post("/files", self._upload),
            web.get("/socket", self._socket),
        ]

    def addresses(self) -> Mapping[str, str]:
        """Return the workspace's address; in a demo one for each agent that signs them in, token and all."""
        if not self._options.demo:
            return {"agent desk": "/"}
        return {
            f"agent desk ({agent.name})": f"/#token={quote(agent.token.get_secret_value(), safe='')}"
            for agent in self._options.agents
        }

    async def _page(self, _request: web.Request) -> web.Response:
        return self._guarded(web.Response(text=self._html, content_type="text/html"))

    def _filled_in(self, page: str) -> str:
        modules = sorted(name for name in self._files if name.endswith(".js") and "/" not in name)
        preloads = "\n    ".join(f'<link rel="modulepreload" href="static/{name}">' for name in modules)
        page = page.replace("{modules}", preloads).replace("{colour}", self._options.colour)
        return page.replace("{title}", html.escape(self._options.title))

    async def _static(self, request: web.Request) -> web.StreamResponse:
        file = self._files.get(request.match_info["name"])
        if file is None or file.suffix == ".html":
            raise web.HTTPNotFound
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return self._guarded(web.FileResponse(file, headers={"Content-Type": media_type}))

    async def _session(self, request: web.Request) -> web.Response:
        """Tell who is signed in, and prolong it: asked by each page as it loads."""
        agent = self._access.agent_of(request)
        response = self._guarded(web.json_response({"agent": agent}))
        if agent:
            self._access.sign_in(response, agent)
        return response

    async def _sign_in(self, request: web.Request) -> web.Response:
        self._access.check_origin(request)
        body = await _bounded(request, SIGN_IN_BYTES)
        try:
            token = SignIn.model_validate_json(body).token.get_secret_value()
        except ValidationError:
            raise BadInput('send {"token": "..."} with your personal token') from None
        try:
            agent = self._access.agent_with(token)
        except Unauthorized:
            await self._slow_down(request)
            raise
        response = self._guarded(web.json_response({"agent": agent}))
        self._access.sign_in(response, agent)
        self._context.log.info("desk.signed_in", agent=agent)
        return response

    async def _slow_down(self, request: web.Request) -> None:
        """Answer wrong tokens one after another: guessing takes for ever, and who has a right one never waits."""
        self._context.log.warning("desk.wrong_token", remote=request.remote)
        if self._wrong_tokens >= MOST_WRONG_TOKENS:
            raise Unavailable("too many wrong tokens at this moment", retry_after_seconds=30)
        self._wrong_tokens += 1
        try:
            async with self._guessing:
                await asyncio.sleep(WRONG_TOKEN_SECONDS)
        finally:
            self._wrong_tokens -= 1

    async def _sign_out(self, request: web.Request) -> web.Response:
        """Forget the session in this browser, and close what is open in its other tabs."""
        self._access.check_origin(request)
        agent = self._access.agent_of(request)
        response = self._guarded(web.json_response({"agent": None}))
        self._access.sign_out(response)
        if agent:
            self._workspace.disconnect(agent)
        return response

    async def _upload(self, request: web.Request) -> web.Response:
        """Keep a file and return how to send it. The body is the file, `?name=` its name."""
        self._access.check_origin(request)
        self._access.require(request)
        limit = min(self._options.upload_bytes, self._context.files.max_bytes)
        if (request.content_length or 0) > limit:
            raise TooLarge(f"files may have at most {limit} bytes")
        name = Path(request.query.get("name", "")).name[:200] or "file"
        chunks = _limited(request, limit)
        attachment = await self._context.files.save(chunks, name=name, media_type=request.content_type)
        return self._guarded(web.json_response(to_json(attachment)))

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self._access.check_origin(request)
        agent = self._access.require(request)
        try:
            return await self._workspace.serve(agent, request)
        except NotDone as error:
            raise BadInput(str(error)) from None

    def _guarded(self, response: _Response) -> _Response:
        response.headers.update(
            {
                "Content-Security-Policy": self._policy(),
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cross-Origin-Opener-Policy": "same-origin",
                "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
                "Cache-Control": "no-cache",
            }
        )
        return response

    def _policy(self) -> str:
        outside = " https:" if self._options.outside_images else ""
        avatars = "".join(f" {origin}" for origin in self._avatar_origins())
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; manifest-src 'self'; "
            f"img-src 'self' data: blob:{avatars}{outside}; media-src 'self' blob:{outside}; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    def _avatar_origins(self) -> list[str]:
        addresses = [urlsplit(agent.avatar) for agent in self._options.agents]
        return sorted({f"{address.scheme}://{address.netloc}" for address in addresses if address.netloc})


async def _bounded(request: web.Request, limit: int) -> bytes:
    return b"".join([chunk async for chunk in _limited(request, limit)])


async def _limited(request: web.Request, limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in request.content.iter_chunked(CHUNK_BYTES):
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"more than {limit} bytes")
        yield chunk
