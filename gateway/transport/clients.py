"""The transports there are. Importing them takes a while; who only talks about calls imports the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.transport.lean import LeanClient
from gateway.transport.standard import AiohttpClient

if TYPE_CHECKING:
    import aiohttp

    from gateway.transport.contract import ClientName, HttpClient


def http_client(name: ClientName, session: aiohttp.ClientSession) -> HttpClient:
    """Return the transport of that name. `session` belongs to somebody else, who closes it."""
    standard = AiohttpClient(session)
    return LeanClient(standard) if name == "lean" else standard
