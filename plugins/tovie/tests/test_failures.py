# mypy: allow-untyped-defs, allow-untyped-calls
"""What goes wrong on the way to Tovie, and what its client, its operator and nobody else gets to know."""

from __future__ import annotations

import pytest

from gateway.testing.tovie import TOKEN, text
from plugins.tovie.tests.kit import saying, talking


@pytest.fixture
async def here(tmp_path):
    async with talking(tmp_path) as here:
        yield here


def bot(here):
    return here.gateway.gateway.instances["tovie"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
async def test_trouble_that_passes_is_waited_for(here, status):
    here.tovie.refuse("sync", status, retry_after=0)
    await here.ann.writes("hello")
    await here.sees("echo hello")

    assert here.tovie.asked() == ["hello"]


async def test_a_lost_answer_is_asked_for_once_more_with_the_same_key(here):
    here.tovie.drop("sync", after=True)
    await here.ann.writes("hello")
    await here.sees("echo hello")

    first, second = here.tovie.questions
    assert first.key == second.key


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_token_tovie_does_not_know_makes_the_instance_unhealthy(here, status):
    here.tovie.refuse("sync", status)
    await here.ann.writes("hello")
    await here.gateway.until(lambda: bot(here).state == "unhealthy")

    assert "correct `url` and `token`" in bot(here).reason
    assert TOKEN not in bot(here).reason
    here.gateway.advance(61)
    await here.sees("echo hello")
    assert bot(here).state == "up"


async def test_a_question_tovie_cannot_take_is_told_to_the_client(here):
    here.tovie.refuse("sync", 400)
    await here.ann.writes("hello")

    await here.sees("Sorry, I could not answer that just now. Please try again.")


@pytest.mark.parametrize(
    "answer", [None, [], '"text"', 5, {}, {"data": None}, {"data": {"replies": None}}, {"data": []}]
)
async def test_an_answer_that_says_nothing_is_silence(here, answer, monkeypatch):
    monkeypatch.setattr(here.tovie, "_answer", lambda _what, _question: (200, answer))
    await here.ann.writes("hello")
    await here.gateway.settled()

    assert here.ann.texts() == []


@pytest.mark.parametrize(
    "answer",
    [{"replies": [text("hi")]}, {"data": {"replies": [], "answer": "hi"}}, {"answer": "hi", "data": "?"}],
    ids=["replies outside", "only an answer", "an answer outside"],
)
async def test_an_answer_in_another_plausible_form(here, answer, monkeypatch):
    monkeypatch.setattr(here.tovie, "_answer", lambda _what, _question: (200, answer))
    await here.ann.writes("hello")

    await here.sees("hi")


async def test_two_words_in_a_row_are_answered_in_order(here):
    hold = here.tovie.delay("sync")
    await here.ann.writes("one")
    await hold.reached.wait()
    await here.ann.writes("two")
    hold.release()

    await here.sees("echo one", "echo two")


async def test_a_late_answer_is_not_said_to_a_client_who_has_gone(here):
    hold = here.tovie.delay("sync")
    await here.ann.writes("hello")
    await hold.reached.wait()
    await here.ann.ends()
    hold.release()
    await here.gateway.settled()

    assert "echo hello" not in here.ann.texts()


async def test_the_token_is_in_no_log(here, capfd, caplog):
    here.tovie.refuse("sync", 500)
    here.tovie.refuse("sync", 404)
    await here.ann.writes("hello")
    await here.gateway.until(lambda: bot(here).state == "unhealthy")
    told = "".join([*capfd.readouterr(), caplog.text])

    assert "delivery.retry_scheduled" in told
    assert TOKEN not in told
    assert TOKEN.partition(":")[2] not in told


async def test_words_of_a_script_are_harmless_as_state(here):
    here.tovie.script = saying(
        text("a"), {"type": "buttons", "buttons": [{"text": "B", "payload": {"deep": [1, None, {"x": "\ud800"}]}}]}
    )
    await here.ann.writes("hello")
    await here.gateway.settled()

    assert here.ann.texts() == ["a"]
