"""What was refused is forgotten: nothing grows with the number of bad requests."""

from __future__ import annotations

import json

import pytest

from tests.fuzz.entries import ENTRIES
from tests.fuzz.mutations import as_json
from tests.fuzz.wire import Request

ROUNDS = 150


def bad(number):
    """Requests that differ each time in everything a server might remember."""
    unknown = f"u{number}"
    return [
        *(
            entry_with(name, {"type": unknown, "event": unknown, "event_name": unknown, "id": unknown})
            for name in ENTRIES
        ),
        *(entry_with(name, f"{{{unknown}", raw=True) for name in ENTRIES),
    ]


def entry_with(name, value, *, raw=False):
    return lambda surface: ENTRIES[name].request(surface, value.encode() if raw else as_json(value))


def strangers(number):
    paths = (
        f"/hooks/{number}",
        f"/hooks/tg/{number}",
        f"/{number}",
        f"/site/{number}",
        f"/files/{number}/x",
        "/metrics",
    )
    return [Request(path=path.encode(), method=b"GET", headers={f"X-{number}".encode(): b"1"}) for path in paths]


def play(surface, rounds):
    for number in rounds:
        for make in bad(number)[number % 7 :: 7]:
            surface.send(make(surface))
        for request in strangers(number):
            surface.send(request)


def metrics(surface):
    return len(surface.send(Request(method=b"GET", path=b"/metrics")).body.splitlines())


@pytest.mark.slow
def test_bad_requests_leave_nothing_behind(surface):
    play(surface, range(ROUNDS))
    objects, lines = surface.size(), metrics(surface)
    play(surface, range(ROUNDS, 2 * ROUNDS))

    assert metrics(surface) <= lines + 20
    assert surface.open_ends() == {"effects": 0, "mailboxes": 0, "steps": 0}
    assert surface.size() - objects < 5 * ROUNDS, "more than a handful of objects stays for each round"


def test_words_that_were_taken_leave_nothing_open(surface):
    for name in ("telegram", "jivo", "chat-api"):
        for sample in ENTRIES[name].samples(surface):
            surface.send(ENTRIES[name].request(surface, json.dumps(sample).encode()))

    assert surface.open_ends() == {"effects": 0, "mailboxes": 0, "steps": 0}
