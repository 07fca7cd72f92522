"""Today's gateway opens what every earlier schema left, in the middle of conversations, and goes on with them."""

from __future__ import annotations

import copy
import json
import sqlite3
import time
from contextlib import asynccontextmanager, closing

import pytest

from gateway import AgentWrote, Floor, Peer, Said, SessionEnded, text_message
from gateway.conversation import Conversation
from gateway.entries import Entry
from gateway.events import Action
from gateway.store.database import STEPS
from gateway.testing import Harness
from gateway.testing.harness import Clock
from gateway.wire import adapter, to_json
from tests.upgrade.stored import restore, schemas

BO = Peer(id="bo", name="Bo")
every_schema = pytest.mark.parametrize("schema", schemas())


@asynccontextmanager
async def reopened(folder, schema):
    """A gateway on an earlier one's store, at that time."""
    clock = Clock()
    clock.ahead = restore(schema, folder / "data" / "gateway.db") - time.time() + 1
    async with Harness(folder=folder, clock=clock) as gateway:
        await gateway.settled()
        yield gateway


async def session_of(gateway, client):
    return (await gateway.conversation(client)).handoff.session


def test_there_is_a_store_of_every_schema():
    assert schemas() == list(range(1, len(STEPS) + 1))


@every_schema
async def test_a_question_the_bot_had_not_answered_is_answered(tmp_path, schema):
    async with reopened(tmp_path, schema) as gateway:
        assert await gateway.transcript("bot") == ["client: what now?", "bot: echo what now?"]
        await gateway.channel().writes("good", "bot")
        await gateway.settled()
        assert (await gateway.transcript("bot"))[-1] == "bot: echo good"


@every_schema
async def test_a_platform_that_was_not_reached_is_asked(tmp_path, schema):
    async with reopened(tmp_path, schema) as gateway:
        assert [opening.client.id for opening in gateway.platform().openings] == ["opening"]
        await gateway.platform().writes("hello")
        await gateway.settled()
        assert (await gateway.conversation("opening")).floor is Floor.AGENT


@every_schema
async def test_who_stood_in_the_queue_is_taken(tmp_path, schema):
    async with reopened(tmp_path, schema) as gateway:
        desk = gateway.platform()
        said = AgentWrote(session=await session_of(gateway, "queued"), agent=BO, message=text_message("hello"))
        await desk.context.receive(said)
        await gateway.channel().writes("at last", "queued")
        await gateway.settled()
        assert desk.texts()[-1] == "at last"
        assert "agent: hello" in await gateway.transcript("queued")


@every_schema
async def test_words_no_agent_had_got_arrive_in_order_and_the_way_back_is_open(tmp_path, schema):
    async with reopened(tmp_path, schema) as gateway:
        desk = gateway.platform()
        assert desk.texts() == ["my order is late", "are you there?"]
        await desk.context.receive(SessionEnded(session=await session_of(gateway, "joined"), agent=BO))
        await gateway.settled()
        assert (await gateway.conversation("joined")).floor is Floor.BOT
        assert (await gateway.transcript("joined"))[-1].startswith("bot: back")


@every_schema
async def test_after_the_end_a_word_begins_anew(tmp_path, schema):
    async with reopened(tmp_path, schema) as gateway:
        over = await gateway.conversation("over")
        assert over.floor is Floor.CLOSED
        await gateway.channel().writes("hello again", "over")
        await gateway.settled()
        assert (await gateway.conversation("over")).id > over.id


@every_schema
async def test_a_listener_is_told_the_rest_of_it(tmp_path, schema):
    async with reopened(tmp_path, schema) as gateway:
        stretches = await gateway.gateway.store.journal(after=0, limit=10_000)
        assert {each.conversation for each in stretches} >= {
            (await gateway.conversation(client)).id for client in ("bot", "opening", "queued", "joined", "over")
        }


# --- values ----------------------------------------------------------------------------------------------------------

KINDS = {"conversation.data": Conversation, "entry.data": Entry, "effect.action": Action}


def stored(folder, schema):
    """Yield (type, JSON) of every value in a store."""
    path = folder / "gateway.db"
    restore(schema, path)
    with closing(sqlite3.connect(path)) as connection:
        for place, kind in KINDS.items():
            table, column = place.split(".")
            for (data,) in connection.execute(f"SELECT {column} FROM {table}"):
                yield kind, json.loads(data)


def objects(value):
    """Yield every JSON object in a value."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(each)


@every_schema
def test_every_stored_value_is_read_and_says_the_same(tmp_path, schema):
    found = list(stored(tmp_path, schema))
    for kind, data in found:
        again = to_json(adapter(kind).validate_json(json.dumps(data)))
        assert includes(again, data), (again, data)
    assert len(found) > 40


def includes(whole, part):
    """Tell whether all that is said in `part` is said in `whole`, which may have members more."""
    if isinstance(part, dict):
        return all(key in whole and includes(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(includes, whole, part))
    return whole == part


@every_schema
def test_members_a_newer_gateway_added_are_ignored(tmp_path, schema):
    for kind, data in stored(tmp_path, schema):
        newer = copy.deepcopy(data)
        for each in list(objects(newer)):
            each["added_in_a_later_version"] = "text"
        read = adapter(kind).validate_json(json.dumps(newer))
        if kind is Entry and isinstance(read.body, Said):
            assert read.body.message == adapter(kind).validate_json(json.dumps(data)).body.message
