"""What a running gateway does for its own command line: replay and drop dead letters, tell listeners again.

A running gateway holds the store, so the command line asks it over HTTP, under `/admin/`. Who may ask is settled by the
file system: at every start the gateway writes its address and a new token into `admin.json` in the data folder, which
only its own user can read. Reading commands need none of this: they open the store beside the gateway.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway import log as logs
from gateway.doors import same_secret
from gateway.errors import BadInput, Unauthorized
from gateway.webhook import WebhookRequest, WebhookResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from gateway.events import Effect
    from gateway.store.contract import Store

FILE = "admin.json"

log = logs.get()


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Where a running gateway is asked, and the proof that one may."""

    url: str
    token: str


def announce(data: Path, url: str) -> Access:
    """Write the access file and return what it says. `url`: where this gateway answers, from this machine."""
    access = Access(url=url, token=secrets.token_urlsafe(32))
    temporary = data / f".{FILE}.{os.getpid()}"
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"url": access.url, "token": access.token}, file)
    temporary.replace(data / FILE)
    return access


def withdraw(data: Path) -> None:
    """Remove the access file: this gateway no longer answers."""
    (data / FILE).unlink(missing_ok=True)


def find(data: Path) -> Access | None:
    """Return what the access file says; None if there is none, which means that no gateway runs here."""
    try:
        found = json.loads((data / FILE).read_text(encoding="utf-8"))
        return Access(url=str(found["url"]), token=str(found["token"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


class Admin:
    """Answers `POST /admin/{what}` with a JSON body and the header `Authorization: Bearer {token}`."""

    def __init__(
        self,
        *,
        store: Store,
        replay: Callable[[Effect], None],
        tell_again: Callable[[str, str, int], Awaitable[bool]],
        token: str,
        now: Callable[[], float],
    ) -> None:
        """`replay` is told an effect that was made pending again; `tell_again`: (listener, conversation, number)."""
        self._store = store
        self._replay = replay
        self._tell_again = tell_again
        self._token = token
        self._now = now

    async def answer(self, request: WebhookRequest) -> WebhookResponse:
        """Do what is asked; `request.tail` is the path below `/admin/`. Raises `Unauthorized` and `BadInput`."""
        given = request.headers.get("authorization", "")
        if not same_secret(given, f"Bearer {self._token}"):
            raise Unauthorized("this needs the token in the data folder's admin.json")
        if request.method != "POST":
            return WebhookResponse(status=405)
        match request.tail:
            case "dead-letters/replay":
                done = await self._replay_letter(*_letter(request.json()))
            case "dead-letters/drop":
                done = await self._drop_letter(*_letter(request.json()))
            case "listeners/replay":
                done = await self._tell_again(*_retold(request.json()))
            case _:
                return WebhookResponse(status=404)
        return WebhookResponse(body=json.dumps({"done": done}).encode())

    async def _replay_letter(self, conversation: str, number: int) -> bool:
        effect = await self._store.replay(conversation, number, at=self._now())
        if effect is None:
            return False
        log.info("dead_letter.replayed", conversation=conversation, effect=number, instance=effect.target)
        self._replay(effect)
        return True

    async def _drop_letter(self, conversation: str, number: int) -> bool:
        dropped = await self._store.drop(conversation, number, at=self._now())
        if dropped:
            log.info("dead_letter.dropped", conversation=conversation, effect=number)
        return dropped


def _retold(body: Any) -> tuple[str, str, int]:
    match body:
        case {"listener": str() as listener, "conversation": str() as conversation, "number": int() as number}:
            return listener, conversation, number
        case _:
            raise BadInput('the body must be {"listener": "…", "conversation": "…", "number": 1}')


def _letter(body: Any) -> tuple[str, int]:
    match body:
        case {"conversation": str() as conversation, "number": int() as number}:
            return conversation, number
        case _:
            raise BadInput('the body must be {"conversation": "…", "number": 1}')
