"""The client of the Bot API: one method is one HTTP request.

Wire format: https://core.telegram.org/bots/api#making-requests. The token is part of every address, so no exception
and no address of a transport leaves this module: what goes wrong becomes a `Failure` in our own words.

Calls without files go by `Remote`, over the fastest transport there is; files go up and come down by aiohttp, piece by
piece.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import aiohttp

from gateway import Context, Permanent, Remote, Temporary, read_json, trouble
from gateway_telegram.failures import FAULTY_FROM, TOO_MANY, UNKNOWN_TOKEN, failure_of, seconds_in
from gateway_telegram.limits import Limits

if TYPE_CHECKING:
    from pydantic import SecretStr

CALL_SECONDS = 30.0
UPLOAD_SECONDS = 300.0
"""The longest; the instance's `timeout_seconds` may end it earlier."""
DOWNLOAD_SECONDS = 60.0
CHUNK_BYTES = 64 * 1024
ANSWER_BYTES = 16 * 1024 * 1024
"""More than a hundred updates of the longest texts take."""
NOT_OK = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file to be sent along."""

    name: str
    media_type: str
    content: bytes


class Api:
    """Calls methods of one bot."""

    def __init__(self, context: Context, *, url: str, token: SecretStr) -> None:
        """`url`: of the Bot API server, without a trailing slash."""
        self._context = context
        self._url = url
        self._token = token
        self._limits = Limits(context.now)
        self._remote = Remote(context, who="Telegram", cure=UNKNOWN_TOKEN, answer_bytes=ANSWER_BYTES)

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        files: Mapping[str, Upload] | None = None,
        timeout_seconds: float = CALL_SECONDS,
    ) -> Any:
        """Return the result of a method. `files`: by the name of their parameter. Raises a `Failure`."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        path = f"bot{self._secret}/{method}"
        if files:
            async with self._request("POST", path, UPLOAD_SECONDS, data=_form(given, files)) as response:
                return self._result(method, given, response.status, await _bounded(response))
        answer = await self._remote.exchange(f"{self._url}/{path}", given, timeout_seconds=timeout_seconds)
        return self._result(method, given, answer.status, answer.body)

    @asynccontextmanager
    async def download(self, file_path: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a file named by `getFile`; gives its bytes in chunks. Raises `Temporary` or `Permanent`."""
        path = f"file/bot{self._secret}/{file_path}"
        async with self._request("GET", path, DOWNLOAD_SECONDS) as response:
            if response.status >= NOT_OK:
                status = response.status if response.status >= FAULTY_FROM else NOT_OK
                raise failure_of("getFile", status, {"description": "the file is gone"})
            yield response.content.iter_chunked(CHUNK_BYTES)

    @asynccontextmanager
    async def _request(
        self, verb: str, path: str, seconds: float, **body: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._context.http.request(
                verb, f"{self._url}/{path}", timeout=timeout, allow_redirects=False, **body
            ) as response:
                yield response
        except TimeoutError:
            raise Temporary(f"Telegram did not answer within {seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Temporary(f"Telegram cannot be reached: {trouble(error)}") from None

    def _result(self, method: str, given: Mapping[str, Any], status: int, body: bytes) -> Any:
        try:
            answer = read_json(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise failure_of(method, status if status >= NOT_OK else FAULTY_FROM, {})
        if not answer.get("ok"):
            code = int(answer.get("error_code", status))
            everyone = code == TOO_MANY and self._limits.refused(_chat(given), seconds_in(answer) or 0.0)
            raise failure_of(method, code, self._without_token(answer), everyone=everyone)
        return answer.get("result")

    def _without_token(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A server of somebody's own may repeat the address in its description."""
        return {**answer, "description": str(answer.get("description", "")).replace(self._secret, "…")}

    @property
    def _secret(self) -> str:
        return self._token.get_secret_value()


def _chat(given: Mapping[str, Any]) -> str:
    """Return the chat a call is about, as limits know it; empty: none."""
    return f"{given.get('business_connection_id', '')}:{given['chat_id']}" if "chat_id" in given else ""


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise Permanent("Telegram's answer is too long")
    return bytes(body)


def _form(params: Mapping[str, Any], files: Mapping[str, Upload]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    for name, value in params.items():
        form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    for name, file in files.items():
        form.add_field(name, BytesIO(file.content), filename=_header_safe(file.name), content_type=file.media_type)
    return form


def _header_safe(name: str) -> str:
    """Return a file name that cannot end its header."""
    return "".join("_" if char in '"\\' or not char.isprintable() else char for char in name) or "file"
