"""Which addresses may be called how: a key goes out encrypted, and without one only our own machines are asked."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

OURS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Ends of names that never lead into the internet."""


def address_of(url: str) -> SplitResult:
    """Return the parts of an address. Raises `ValueError` if it is none we can call."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
        raise ValueError("this is no address; write it like https://api.openai.com/v1")
    if parts.username is not None:
        raise ValueError("keep name and password out of the address: put them into `headers`")
    return parts


def is_ours(url: str) -> bool:
    """Tell whether an address is on this machine or in a private network, as far as its name says."""
    host = address_of(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(OURS)
    return address.is_loopback or address.is_private or address.is_link_local
