"""Options that are addresses, or the secret part of one."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.addresses import check_address
from gateway.doors import AddressKey

WRONG = "write it like https://x.example.com"


@pytest.mark.parametrize(
    "url", ["http://x", "https://x.example.com:8443/a?b=c", "http://[::1]:80", "https://me:pass@x.example.com"]
)
def test_an_address_has_parts(url):
    assert check_address(url, WRONG).scheme in url


@pytest.mark.parametrize(
    "url",
    ["", "x.example.com", "ftp://x", "https://", "https:///a", "http://x/#a", "http://[::1", "http://x:port", "http://x:0",
     "http://x:65536", "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_none_is_told_what_one_looks_like(url):
    with pytest.raises(ValueError, match=WRONG):
        check_address(url, WRONG)


def test_a_query_may_have_no_place_in_it():
    with pytest.raises(ValueError, match=WRONG):
        check_address("https://x.example.com/?a=1", WRONG, query=False)


def test_a_password_may_belong_elsewhere_and_is_not_repeated():
    with pytest.raises(ValueError, match="put it into `token`") as raised:
        check_address("https://me:pass@x.example.com", WRONG, login="put it into `token`")

    assert "pass@" not in str(raised.value)


@pytest.mark.parametrize("key", ["a" * 15, "a" * 201, "a/" * 10, "ä" * 20, "a" * 16 + "\n"])
def test_a_key_that_does_not_fit_into_an_address(key):
    with pytest.raises(ValidationError, match="it stands in an address"):
        TypeAdapter(AddressKey).validate_python(key)


def test_a_key_is_a_secret():
    assert "a" * 16 not in repr(TypeAdapter(AddressKey).validate_python("a" * 16))
