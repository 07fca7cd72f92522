"""Addresses in options: what is one, and what is said about a wrong one."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def check_address(url: str, wrong: str, *, query: bool = True, login: str = "") -> SplitResult:
    """Return the parts of an http(s) address. Raises `ValueError` that says `wrong`, which tells what to write instead.

    `query`: whether it may have one. `login`: where a name and a password belong; empty: they may stand in the address.
    """
    parts = _parts(url)
    if parts is None or parts.fragment or (parts.query and not query):
        raise ValueError(wrong)
    if login and parts.username is not None:
        raise ValueError(f"keep name and password out of the address: {login}")
    return parts


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a bracket that is not closed, a port that is no number
        return None
    return parts if is_one else None
