"""Who a visitor is: signed tokens for browsers, and the proof of identity a site signs.

A token is `payload.signature`, both base64url: readable by the browser, makeable only here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from gateway import Peer, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DAY = 86_400.0
HOUR = 3_600.0
LEEWAY_SECONDS = 30
CLAIMS = set("veanmp")
"""Short names in a token: visitor, end, avatar, name, mail, proven."""
LONGEST_SUBJECT = 200
LONGEST_NAME = 100


class Expired(Unauthorized):
    """The token was ours once; its time is over."""


class Signer:
    """Signs small JSON objects and opens what it signed. One secret per purpose."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, payload: Mapping[str, Any]) -> str:
        """Return the payload as a token."""
        body = _encode(json.dumps(payload, separators=(",", ":")).encode())
        return f"{body}.{self._signature(body)}"

    def open(self, token: str) -> dict[str, Any]:
        """Return the payload of a token signed here. Raises `Unauthorized`."""
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(_bytes(signature), self._signature(body).encode()):
            raise Unauthorized("this token was not signed here")
        payload: dict[str, Any] = json.loads(_decode(body))
        return payload

    def _signature(self, body: str) -> str:
        return _encode(hmac.digest(self._secret, _bytes(body), hashlib.sha256))


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Somebody with a browser. `verified`: the site vouches for who it is."""

    id: str
    expires_at: float
    """Unix seconds."""
    name: str = ""
    avatar_url: str = ""
    email: str = ""
    verified: bool = False

    @property
    def peer(self) -> Peer:
        """The visitor as the gateway knows clients."""
        return Peer(id=self.id, name=self.name, avatar_url=self.avatar_url)


class Reception:
    """Issues, renews and checks visitor tokens.

    Unnamed visitors are `v.<random>`, proven ones `u.<subject>`: the two can never be mistaken for each other, and one
    never quietly becomes the other.
    """

    def __init__(
        self, *, secret: bytes, key: str, now: Callable[[], float], visitor_days: float, identity_hours: float
    ) -> None:
        self._signer = Signer(secret)
        self._key = key
        self._now = now
        self._visitor_seconds = visitor_days * DAY
        self._identity_seconds = identity_hours * HOUR

    def token(self, visitor: Visitor) -> str:
        """Return the token by which the visitor is known again until `expires_at`."""
        return self._signer.sign(
            {
                "v": visitor.id,
                "e": visitor.expires_at,
                "n": visitor.name,
                "a": visitor.avatar_url,
                "m": visitor.email,
                "p": visitor.verified,
            }
        )

    def visitor(self, token: str) -> Visitor:
        """Return whose token this is. Raises `Unauthorized`, or `Expired` if it was good once."""
        claims = self._signer.open(token)
        if claims.keys() != CLAIMS:
            raise Unauthorized("this token is of another kind")
        if claims["e"] <= self._now():
            raise Expired("this token has expired")
        return Visitor(
            id=claims["v"],
            expires_at=claims["e"],
            name=claims["n"],
            avatar_url=claims["a"],
            email=claims["m"],
            verified=claims["p"],
        )

    def seconds_left(self, visitor: Visitor) -> float:
        """Return how long the visitor's token still counts."""
        return max(0.0, visitor.expires_at - self._now())

    def newcomer(self) -> Visitor:
        """Return a visitor nobody has seen before."""
        return Visitor(id=f"v.{secrets.token_urlsafe(16)}", expires_at=self._now() + self._visitor_seconds)

    def renewed(self, visitor: Visitor) -> Visitor:
        """Return an unnamed visitor with more time. A proven identity gets more only by a new proof."""
        if visitor.verified:
            return visitor
        return Visitor(id=visitor.id, expires_at=self._now() + self._visitor_seconds)

    def proven(self, proof: str) -> Visitor:
        """Return the person a JWT of the site speaks of. Raises `Unauthorized`, or `Expired`."""
        claims = self._claims(proof)
        subject = str(claims["sub"])
        if not 0 < len(subject) <= LONGEST_SUBJECT:
            raise Unauthorized(f"identity: `sub` must have 1 to {LONGEST_SUBJECT} characters")
        return Visitor(
            id=f"u.{subject}",
            expires_at=self._now() + self._identity_seconds,
            name=str(claims.get("name", ""))[:LONGEST_NAME],
            avatar_url=str(claims.get("picture", "")),
            email=str(claims.get("email", "")),
            verified=True,
        )

    def _claims(self, proof: str) -> dict[str, Any]:
        if not self._key:
            raise Unauthorized("identity: this gateway has no `jwt` key for the widget; set the option")
        try:
            claims: dict[str, Any] = jwt.decode(
                proof,
                self._key,
                algorithms=["HS256"],
                options={"require": ["sub", "exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as error:
            raise Unauthorized(f"identity: {error}") from None
        self._check_times(claims)
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        # By the gateway's clock, which tests move; PyJWT only knows the machine's.
        now = self._now()
        if not isinstance(claims["exp"], int | float) or not isinstance(claims.get("nbf", 0), int | float):
            raise Unauthorized("identity: `exp` and `nbf` must be numbers")
        if claims["exp"] <= now - LEEWAY_SECONDS:
            raise Expired("identity: the token has expired; sign a fresh one")
        if claims.get("nbf", 0) > now + LEEWAY_SECONDS:
            raise Unauthorized("identity: the token is not valid yet")


def _bytes(text: str) -> bytes:
    # A header may hold bytes that are no text; they must not become an error of another kind.
    return text.encode(errors="replace")


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
