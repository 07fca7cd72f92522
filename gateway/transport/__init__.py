"""The one seam that all calls outside go through.

Two transports stand behind it, and `clients.http_client` chooses. `lean` is our own, for what nearly all calls are: a
short request, and a short answer as a whole; it takes a quarter of what aiohttp's client does. `aiohttp` does the rest,
or everything if the operator wants that. Neither follows redirects, and no address gets into an error.
"""

from __future__ import annotations

from gateway.transport.contract import ClientName, HttpAnswer, HttpClient, HttpStream, Overlong, Unreachable, trouble

__all__ = ["ClientName", "HttpAnswer", "HttpClient", "HttpStream", "Overlong", "Unreachable", "trouble"]
