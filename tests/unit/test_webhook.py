"""The body of a webhook, as plugins read it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import BadInput, WebhookRequest


def decoded(body):
    return WebhookRequest(method="POST", tail="", query={}, headers={}, body=body).json()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'"\ud83d\udc4b"', "👋"),
        (rb'"\uD83D\uDC4B\ud83d"', "👋?"),
        (rb'"\ud800"', "?"),
        (rb'"a\udc00b"', "a?b"),
        (rb'"\ud800\ud83d\udc4b"', "?👋"),
        (rb'"\\ud800"', r"\ud800"),
        (rb'"\\\ud800"', "\\?"),
        (rb'{"\ud800": 1}', {"?": 1}),
        ('"ä"'.encode("utf-16"), "ä"),
    ],
)
def test_half_a_character_becomes_a_question_mark(body, value):
    assert decoded(body) == value


@pytest.mark.parametrize("body", [b"", b"{", b'"\xed\xa0\x80"', b'"\xff"', b"[" * 100_000, b"1" * 10_000])
def test_what_is_no_json_is_refused(body):
    with pytest.raises(BadInput):
        decoded(body)


@given(st.text(st.characters(codec=None, categories=["Cs", "Po", "Lu"])))
def test_every_text_can_be_encoded_afterwards(text):
    whole = json.loads(json.dumps(text)).encode(errors="replace").decode()

    assert decoded(json.dumps(text).encode()) == whole
