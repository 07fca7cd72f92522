"""Which addresses may be called how: a key goes out encrypted, and without one only our own machines are asked."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from gateway import check_address

if TYPE_CHECKING:
    from urllib.parse import SplitResult

OURS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
"""Ends of names that never lead into the internet."""


def address_of(url: str) -> SplitResult:
    """Return the parts of an address. Raises `ValueError` if it is none we can call."""
    wrong = "this is no address; write it like https://api.openai.com/v1"
    return check_address(url, wrong, login="put them into `headers`")


def is_ours(url: str) -> bool:
    """Tell whether an address is on this machine or in a private network, as far as its name says."""
    host = address_of(url).hostname or ""
    try:
        address = ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(OURS)
    return address.is_loopback or address.is_private or address.is_link_local
