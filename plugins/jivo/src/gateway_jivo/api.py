"""Posting events to Jivo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway import AuthenticationFailed, Permanent, Rejected, Remote, read_json
from gateway_jivo.address import ChatAddress
from gateway_jivo.marks import EventIds
from gateway_jivo.wire import event_body

if TYPE_CHECKING:
    from gateway import Context
    from gateway_jivo.options import JivoOptions

CURE = "correct the options `provider_id` and `token`: they must be those you and Jivo agreed on"
CODE = re.compile(r"[a-z_]{1,40}")


class Api:
    """Calls Jivo for one bot."""

    def __init__(self, context: Context, options: JivoOptions, ids: EventIds) -> None:
        """`ids`: turn idempotency keys into event ids."""
        self._options = options
        self._ids = ids
        self._remote = Remote(context, who="Jivo", cure=CURE)

    async def post(self, event: str, client_id: str, *, key: str, **members: Any) -> str:
        """Post an event about the gateway's client; return its id. `key`: the same for every repetition.

        Raises a `Failure`: `AuthenticationFailed` also for an address Jivo does not know, since nothing we say can then
        arrive; `Permanent` if Jivo refuses this one event.
        """
        address, event_id = ChatAddress.of_client(client_id), self._ids.of(key)
        body = event_body(event, event_id, address.client, address.chat, **members)
        try:
            await self._remote.post(self._address(), body)
        except Rejected as refusal:
            if refusal.gone:
                raise AuthenticationFailed(f"Jivo knows no such address (status {refusal.status}); {CURE}") from None
            raise Permanent(f"Jivo refuses {event} (status {refusal.status}{_code(refusal.body)})") from None
        return event_id

    def _address(self) -> str:
        path = self._options.path.replace("{provider_id}", self._options.provider_id)
        return self._options.url + path.replace("{token}", self._options.token.get_secret_value())


def _code(body: bytes) -> str:
    """Return the code of a refusal, if it has one: a word, so that nothing else gets into a log."""
    try:
        code = read_json(body)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f", {code}" if isinstance(code, str) and CODE.fullmatch(code) else ""
