"""The front-end, read and compressed once at start. Its address carries a hash, so browsers may keep it for ever."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from gateway_widget.bundle import bundle, lean_style
from gateway_widget.texts import STATIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable
    from typing import Any

TYPES = {
    "js": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "html": "text/html",
    "svg": "image/svg+xml",
}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file as it is served."""

    body: bytes
    packed: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, name: str, body: bytes) -> Asset:
        """Compress a file; its type follows from its name."""
        return cls(
            body=body,
            packed=gzip.compress(body, mtime=0),
            media_type=TYPES[name.rpartition(".")[2]],
            etag=hashlib.sha256(body).hexdigest()[:16],
        )

    def respond(self, request: web.Request, *, cache: str, headers: Mapping[str, str] | None = None) -> web.Response:
        """Answer with the file, compressed where the browser can, or 304 where it has it."""
        response = web.Response(
            headers={"Cache-Control": cache, "X-Content-Type-Options": "nosniff", **(headers or {})}
        )
        response.etag = self.etag
        if any(tag.value == self.etag for tag in request.if_none_match or ()):
            response.set_status(304)
            return response
        response.content_type, response.charset = self.media_type, "utf-8"
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.headers["Content-Encoding"] = "gzip"
            response.body = self.packed
        else:
            response.body = self.body
        return response


class Assets:
    """The widget as browsers load it: an entry module, the chat in one file, its style and its texts."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._files = {name: Asset.of(name, body) for name, body in _front_end()}
        self.version = hashlib.sha256("".join(file.etag for file in self._files.values()).encode()).hexdigest()[:12]
        self.entry = Asset.of("widget.js", self._entry(config).encode())

    def get(self, name: str) -> Asset | None:
        """Return a file by its path below the version."""
        return self._files.get(name)

    @property
    def names(self) -> list[str]:
        """All paths below the version."""
        return sorted(self._files)

    def _entry(self, config: Mapping[str, Any]) -> str:
        """Return the module a page embeds: it carries the instance's settings, so that nothing need be asked first."""
        settings = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
        return f'import {{ mount }} from "./v/{self.version}/chat.js";\nmount(import.meta.url, {settings});\n'


def _front_end() -> Iterator[tuple[str, bytes]]:
    files = dict(_read("widget"))
    modules = {name.removesuffix(".js"): body.decode() for name, body in files.items() if name.endswith(".js")}
    yield "chat.js", bundle(modules, "main").encode()
    yield "style.css", lean_style(files["style.css"].decode()).encode()
    yield from ((name, body) for name, body in files.items() if name.startswith("lang/"))


def demo_pages() -> dict[str, Asset]:
    """Return the files of the demo shop."""
    return {name: Asset.of(name, body) for name, body in _read("demo")}


def _read(folder: str) -> Iterator[tuple[str, bytes]]:
    return _walk(STATIC / folder, "")


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.is_dir():
            yield from _walk(file, f"{prefix}{file.name}/")
        elif file.name.rpartition(".")[2] in TYPES:
            yield f"{prefix}{file.name}", file.read_bytes()
