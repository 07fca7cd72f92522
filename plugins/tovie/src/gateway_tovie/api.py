"""The methods of the Chat API, as calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway import AuthenticationFailed, Permanent, Rejected, Remote
from gateway_tovie import wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from gateway import Context, RemoteAnswer
    from gateway_tovie.options import TovieOptions
    from gateway_tovie.questions import Question

CURE = "correct `url` and `token`: the settings of the Chat API channel in Tovie show both"
ANSWER_BYTES = 8 * 1024 * 1024
"""50 000 characters of replies are a limit of Tovie's; `debugData` comes on top."""
POLL_SECONDS = 30.0


class Api:
    """One Chat API channel."""

    def __init__(self, context: Context, options: TovieOptions) -> None:
        token = options.token.get_secret_value()
        self._token = token
        self._base = options.url
        self._cid = {"cid": options.connection_id} if options.connection_id else {}
        self._bot = Remote(context, who="Tovie", cure=CURE, timeout_seconds=None, answer_bytes=ANSWER_BYTES)
        self._events = Remote(context, who="Tovie", cure=CURE, timeout_seconds=POLL_SECONDS, answer_bytes=ANSWER_BYTES)

    async def ask(self, client_id: str, question: Question, *, key: str) -> Any:
        """Ask, and return the whole answer as it came."""
        return _decoded(await self._post("", client_id, question, key))

    async def ask_later(self, client_id: str, question: Question, *, key: str) -> str:
        """Ask; the answer comes by itself. Return the id it will name; empty if none was told."""
        return wire.question_id_in(_decoded(await self._post("/async", client_id, question, key)))

    async def events(self, client_id: str, *, everything: bool, cursor: Mapping[str, str]) -> Any:
        """Return what happened, as it came. `client_id`: empty for all; `everything`: not only agents' replies."""
        client = {"clientId": client_id} if client_id else {}
        params = {**client, **self._cid, **({"all": "true"} if everything else {}), **cursor}
        return _decoded(await _let_in(self._events.get(self._url("/events"), params=params)))

    async def _post(self, tail: str, client_id: str, question: Question, key: str) -> RemoteAnswer:
        body = question.body(client_id)
        return await _let_in(self._bot.post(self._url(tail), body, key=key, params=self._cid or None))

    def _url(self, tail: str) -> str:
        return self._base + wire.path(self._token, tail)


async def _let_in(call: Awaitable[RemoteAnswer]) -> RemoteAnswer:
    """The token is a part of the address, so an address that is not there is a token that is not known."""
    try:
        return await call
    except Rejected as failure:
        if failure.gone:
            raise AuthenticationFailed(f"Tovie knows no such channel (status {failure.status}); {CURE}") from None
        raise


def _decoded(answer: RemoteAnswer) -> Any:
    """An empty answer says nothing."""
    if not answer.body.strip():
        return None
    try:
        return answer.json()
    except Permanent:
        raise Permanent(f"the answer of Tovie is not JSON; {CURE}") from None
