"""Who is signed in: a personal token once, a signed cookie from then on.

The cookie holds the agent's id and an end, signed with a key of the gateway and bound to the agent's token: changing
the token in the config ends all sessions of that agent.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gateway import Unauthorized

if TYPE_CHECKING:
    from aiohttp import web

    from gateway import Context
    from gateway_desk.options import DeskOptions

WRONG_TOKEN = "this token is not known at this desk"  # noqa: S105 - an error text


class Access:
    """Checks tokens, makes and reads session cookies."""

    def __init__(self, context: Context, options: DeskOptions) -> None:
        self._context = context
        self._tokens = {agent.id: agent.token.get_secret_value().encode() for agent in options.agents}
        self._seconds = round(options.session_hours * 3600)
        self._cookie = f"gateway_desk_{context.name}"

    def agent_with(self, token: str) -> str:
        """Return the agent a token belongs to, in a time that tells nothing about it. Raises `Unauthorized`."""
        given = token.encode()
        found = [agent for agent, known in self._tokens.items() if hmac.compare_digest(known, given)]
        if not found:
            raise Unauthorized(WRONG_TOKEN)
        return found[0]

    def agent_of(self, request: web.Request) -> str | None:
        """Return the agent who sent a request, or None if nobody is signed in."""
        agent, _, rest = request.cookies.get(self._cookie, "").partition(".")
        end, _, signature = rest.partition(".")
        if agent not in self._tokens or not hmac.compare_digest(self._sign(agent, end), _bytes(signature)):
            return None
        return agent if int(end) > self._context.now() else None

    def require(self, request: web.Request) -> str:
        """Return the agent who sent a request. Raises `Unauthorized`."""
        if agent := self.agent_of(request):
            return agent
        raise Unauthorized("sign in first")

    def sign_in(self, response: web.StreamResponse, agent: str) -> None:
        """Give an agent a session, or prolong it."""
        end = str(int(self._context.now()) + self._seconds)
        self._set(response, f"{agent}.{end}.{self._sign(agent, end).decode()}", max_age=self._seconds)

    def sign_out(self, response: web.StreamResponse) -> None:
        """Forget the session in this browser."""
        self._set(response, "", max_age=0)

    def check_origin(self, request: web.Request) -> None:
        """Refuse what a page of another site makes a browser send. Raises `Unauthorized`."""
        origin = request.headers.get("Origin")
        if origin is None:  # Not a browser: it holds the cookie because it signed in itself.
            return
        if _host(origin) not in {request.host, urlsplit(self._context.url("/")).netloc}:
            raise Unauthorized(f"requests from {origin[:100]} are not accepted here")

    def _sign(self, agent: str, end: str) -> bytes:
        bound = hashlib.sha256(self._tokens[agent]).hexdigest()
        signature = hmac.digest(self._context.secret("session"), _bytes(f"{agent}.{end}.{bound}"), "sha256")
        return signature.hex().encode()

    def _set(self, response: web.StreamResponse, value: str, *, max_age: int) -> None:
        response.set_cookie(
            self._cookie,
            value,
            max_age=max_age,
            path=urlsplit(self._context.url(f"/{self._context.name}/")).path,
            httponly=True,
            samesite="Strict",
            secure=self._context.url("/").startswith("https:"),
        )


def _host(origin: str) -> str:
    """Return the host a page comes from; empty: this is no origin."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _bytes(text: str) -> bytes:
    # A header may hold bytes that are no text.
    return text.encode(errors="replace")
