"""The widget's options: what an operator may write below an instance of `type: widget`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator

from gateway import Options
from gateway_widget.texts import LANGUAGES, TEXT_KEYS

SHORTEST_KEY = 32
"""Bytes; what HS256 asks of its key."""


def _origin(text: str) -> str:
    """Return a web origin in the form browsers send it."""
    parts = urlsplit(text.lower())
    plain = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{text!r} is not a web origin; write it like https://shop.example.com")
    if text.lower() != plain:
        raise ValueError(f"{text!r} is more than an origin; write {plain}")
    return plain


def _language(text: str) -> str:
    if text not in LANGUAGES:
        raise ValueError(f"no texts in {text!r}; there are {', '.join(sorted(LANGUAGES))}")
    return text


Origin = Annotated[str, AfterValidator(_origin)]
Language = Annotated[str, AfterValidator(_language)]


class WidgetOptions(Options):
    """How the chat looks and who may show it."""

    origins: tuple[Origin, ...] = Field(
        default=(),
        description="Sites that may show the chat, like https://shop.example.com. `https://*.example.com` means every "
        "subdomain. The gateway's own address always may.",
    )
    title: str = Field(default="", max_length=60, description="Name in the header; empty: by language.")
    subtitle: str = Field(default="", max_length=120, description="Line below the title; empty: by language.")
    avatar: str = Field(default="", description="Address of a square picture for header and bot.")
    accent: str = Field(
        default="#4f46e5",
        pattern=r"^#[0-9a-fA-F]{6}$",
        description="Colour of header, launcher and the client's words.",
    )
    theme: Literal["auto", "light", "dark"] = Field(default="auto", description="`auto` follows the visitor's system.")
    position: Literal["right", "left"] = Field(default="right", description="Corner of the launcher.")
    language: Literal["auto"] | Language = Field(
        default="auto", description="Language of the chat; `auto`: the page's, else the browser's."
    )
    texts: Mapping[Language, Mapping[str, str]] = Field(
        default_factory=dict, description="Own wordings by language and key, e.g. `en: { title: Ask us }`."
    )
    sound: bool = Field(default=True, description="A soft sound for new messages until the visitor mutes it.")
    leave_queue: bool = Field(
        default=True,
        description="Offer the way back to the bot to everybody who waits for an agent, also unasked by the bot.",
    )
    uploads: bool = Field(default=True, description="Let visitors send files.")
    upload_bytes: int | None = Field(
        default=None, gt=0, description="Largest file a visitor may send; never more than the gateway's own limit."
    )
    text_length: int = Field(default=4000, ge=1, le=20_000, description="Longest message in characters.")
    visitor_days: int = Field(
        default=90, ge=1, le=400, description="How long an unnamed visitor is known after the last visit."
    )
    jwt: SecretStr | None = Field(
        default=None,
        description="Key shared with your site that signs identity tokens (HS256), at least 32 characters.",
    )
    identity_hours: float = Field(
        default=24,
        gt=0,
        le=24 * 31,
        description="How long a proven identity counts before the site must sign a new one.",
    )
    demo: bool = Field(default=False, description="Serve a small demo shop with the chat at `/<instance>/`.")

    @field_validator("jwt")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().encode()) < SHORTEST_KEY:
            raise ValueError(f"the key is too short; use at least {SHORTEST_KEY} characters")
        return key

    @field_validator("texts")
    @classmethod
    def _known(cls, texts: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
        for language, own in texts.items():
            if unknown := sorted(set(own) - TEXT_KEYS):
                raise ValueError(
                    f"{language}: no text is called {unknown[0]!r}; there are {', '.join(sorted(TEXT_KEYS))}"
                )
        return texts

    def allows(self, origin: str) -> bool:
        """Tell whether a page of `origin` may show the chat."""
        return any(_matches(pattern, origin.lower()) for pattern in self.origins)


def _matches(pattern: str, origin: str) -> bool:
    if "*" not in pattern:
        return pattern == origin
    wild = re.escape(pattern).replace(r"\*", r"[a-z0-9-]+(\.[a-z0-9-]+)*")
    return re.fullmatch(wild, origin) is not None
