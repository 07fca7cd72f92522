"""Headers an operator may add."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from gateway.headers import Headers, check_headers


def test_headers_are_secrets():
    found = TypeAdapter(Headers).validate_python({"Authorization": "Bearer abc"})

    assert found["Authorization"].get_secret_value() == "Bearer abc" and "abc" not in repr(found)


@pytest.mark.parametrize("name", ["", "a b", "a:", "ä", "Host", "content-LENGTH", "Idempotency-Key"])
def test_names_that_are_none_or_ours(name):
    with pytest.raises(ValidationError, match="choose another header"):
        TypeAdapter(Headers).validate_python({name: "x"})


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "\x00"])
def test_a_value_is_one_line_and_not_repeated(value):
    with pytest.raises(ValidationError, match="not one line of text") as raised:
        TypeAdapter(Headers).validate_python({"X-Key": value})

    assert value not in str(raised.value.errors()[0]["msg"])


def test_a_plugin_may_have_more_of_its_own():
    with pytest.raises(ValueError, match="choose another header"):
        check_headers({"Webhook-Id": SecretStr("x")}, ours={"webhook-id"})
