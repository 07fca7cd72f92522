"""The books are compared for good: whatever is wrong in them is seen."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.conversation import Floor
from gateway.entries import Joined, Said
from gateway.events import SendToClient
from gateway.model import Role
from tests.faults.ledger import HONEST, Ledger
from tests.faults.stage import Stage
from tests.faults.verdict import Dialog, judge, read
from tests.faults.world import World

pytestmark = pytest.mark.slow

CALLS = 400


@dataclass
class Books:
    """A run in which nothing went wrong."""

    ledger: Ledger
    dialogs: list[Dialog]

    def dialog(self, wanted: Callable[[Dialog], bool]) -> Dialog:
        return next(dialog for dialog in self.dialogs if wanted(dialog))

    def found(self) -> Counter[str]:
        return Counter(problem.partition(":")[0] for problem in judge(self.ledger, self.dialogs).problems)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Books:
    return asyncio.run(played(tmp_path_factory.mktemp("books")))


async def played(folder: Path) -> Books:
    async with Stage(folder, seed="books", clients=6) as stage:
        await stage.gateway.start()
        stage.world.begin()
        await enough(stage.world)
        await stage.verdict()
        return Books(stage.world.ledger, await read(stage.gateway.database))


async def enough(world: World) -> None:
    async with asyncio.timeout(60):
        while len(world.ledger.calls) < CALLS or len(world.ledger.joins) < 3:  # noqa: ASYNC110 - others work meanwhile
            await asyncio.sleep(0.1)


@pytest.fixture
def books(clean: Books) -> Books:
    ledger = replace(clean.ledger, said=deepcopy(clean.ledger.said), calls=list(clean.ledger.calls))
    dialogs = [Dialog(each.conversation, list(each.entries), list(each.effects)) for each in clean.dialogs]
    return Books(ledger, dialogs)


def has_said(role: Role) -> Callable[[Dialog], bool]:
    return lambda dialog: any(isinstance(each.body, Said) and each.body.role is role for each in dialog.entries)


def test_a_run_without_harm_is_clean(books: Books):
    assert books.found() == {}


def test_a_confirmed_word_that_is_not_in_the_log_is_lost(books: Books):
    word = next(iter(books.ledger.said.values()))
    books.ledger.said["x:1"] = replace(word, id="x:1", acked=word.acked or word.sent)

    assert books.found() == {"lost": 1}


def test_words_that_changed_places_are_seen(books: Books):
    first, second = [word for word in books.ledger.said.values() if word.speaker == "keen0"][:2]
    first.sent, second.sent = second.sent + 100, first.sent
    first.acked, second.acked = first.sent + 1, second.sent + 0.001

    assert books.found()["reordered"] > 0


def test_a_delivery_that_nobody_got_is_lost(books: Books):
    del books.ledger.calls[next(i for i, call in enumerate(books.ledger.calls) if call.what == "send_channel")]

    assert books.found()["lost"] == 1


def test_a_call_the_store_knows_nothing_of_is_seen(books: Books):
    call = books.ledger.calls[0]
    books.ledger.calls.append(replace(call, key=f"{call.conversation}.9999"))

    assert books.found() == {"lost": 1}


def test_other_words_than_those_in_the_log_are_seen(books: Books):
    index = next(i for i, call in enumerate(books.ledger.calls) if call.what == "send_channel")
    books.ledger.calls[index] = replace(books.ledger.calls[index], text="something else")

    assert books.found()["lost"] > 0


def test_calls_in_another_order_are_seen(books: Books):
    deliveries = [i for i, call in enumerate(books.ledger.calls) if call.side == "keen"]
    conversation = books.ledger.calls[deliveries[0]].conversation
    first, second = [i for i in deliveries if books.ledger.calls[i].conversation == conversation][:2]
    calls = books.ledger.calls
    calls[first], calls[second] = calls[second], calls[first]

    assert books.found() == {"reordered": 1}


@pytest.mark.parametrize("honest", [True, False])
def test_a_repetition_needs_its_key_or_a_reason(books: Books, honest: bool):
    call = next(call for call in books.ledger.calls if (call.side in HONEST) is honest and call.what == "send_channel")
    books.ledger.calls.append(replace(call, key=f"{call.key}.1"))

    assert books.found() == {"duplicate": 1}
    books.ledger.calls[-1] = call
    assert books.found() == ({} if honest else {"duplicate": 1})
    books.ledger.crashes = 1
    assert books.found() == {}
    books.ledger.crashes = 0


def test_a_word_of_the_bot_sent_after_an_agent_came_is_seen(books: Books):
    dialog = books.dialog(lambda each: any(isinstance(entry.body, Joined) for entry in each.entries))
    joined = next(entry for entry in dialog.entries if isinstance(entry.body, Joined))
    said = next(entry for entry in dialog.entries if isinstance(entry.body, Said) and entry.body.role is Role.BOT)
    assert said.number < joined.number
    books.ledger.joins = {**books.ledger.joins, joined.body.agent.id: 0.0}

    assert books.found()["two speakers"] > 0


def test_what_is_still_to_be_done_at_the_end_is_stuck(books: Books):
    dialog = books.dialog(has_said(Role.BOT))
    index = next(i for i, each in enumerate(dialog.effects) if isinstance(each.effect.action, SendToClient))
    dialog.effects[index] = replace(dialog.effects[index], state="pending")

    assert books.found() == {"stuck": 1}


def test_a_word_nobody_heard_is_seen(books: Books):
    speaks = has_said(Role.CLIENT)
    dialog = books.dialog(lambda each: each.conversation.floor is Floor.BOT and speaks(each))
    dialog.effects = [each for each in dialog.effects if each.effect.action.type != "ask_bot"]
    books.ledger.calls = [call for call in books.ledger.calls if call.conversation != dialog.conversation.id]

    assert books.found()["unheard"] > 0
