"""The commands that look into the store: beside a running gateway, after one, and what they change."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

import pytest
from aiohttp import web

from gateway import cli
from gateway.admin import Admin, announce
from gateway.conversation import Conversation, Floor
from gateway.entries import Delivery, DeliveryState, Entry, Said
from gateway.events import AskBot, Effect, SendToClient
from gateway.model import Location, Message, Peer, Role, text_message
from gateway.store.contract import Finished, Step
from gateway.store.sqlite import SqliteStore
from gateway.testing import Harness, plugin_host
from gateway.webhook import WebhookRequest

AT = 1_700_000_000.0  # 22:13:20 UTC
CLIENT = Peer(id="v-1", name="Anna")
BOT = Peer(id="faq", name="Robo")


def entry(number, seconds, body):
    return Entry(number=number, at=AT + seconds, floor=Floor.BOT, epoch=1, body=body)


def said(role, author, text, source, **more):
    return Said(role=role, author=author, message=text_message(text, **more), source=source)


def effect(number, action, target, **more):
    return Effect(conversation="c1", number=number, target=target, epoch=1, action=action, made_at=AT + number, **more)


async def fill(database):
    """One conversation: a question, an answer that could not be delivered."""
    store = SqliteStore(database)
    await store.open()
    ask = effect(1, AskBot(number=1), "faq")
    send = effect(2, SendToClient(number=2), "shop", due_at=AT + 2)
    state = Conversation(
        id="c1",
        channel="shop",
        route="main",
        client=CLIENT,
        version=1,
        head=1,
        effects=1,
        started_at=AT,
        active_at=AT + 1,
    )
    question = said(Role.CLIENT, CLIENT, "Where is\nmy parcel?", "shop", id="m-1")
    await store.commit(Step(conversation=state, entries=(entry(1, 0.5, question),), effects=(ask,), at=AT))
    state = changed(state, version=2, head=2, effects=2)
    answer = entry(2, 1.75, said(Role.BOT, BOT, "On its way.", "faq"))
    done = Finished(effect=ask, state="done", at=AT + 1.75)
    await store.commit(Step(conversation=state, entries=(answer,), effects=(send,), finished=(done,), at=AT + 1.75))
    later = changed(send, attempts=1, due_at=AT + 5, error="shop is asleep")
    store.reschedule(later, at=AT + 3)
    failed = Finished(effect=changed(later, attempts=2), state="failed", at=AT + 6, error="shop is gone")
    note = Delivery(number=2, to="shop", state=DeliveryState.FAILED, reason="shop is gone")
    state = changed(state, version=3, head=3)
    await store.commit(Step(conversation=state, entries=(entry(3, 6, note),), finished=(failed,), at=AT + 6))
    await store.close()


def changed(value, **changes):
    from dataclasses import replace

    return replace(value, **changes)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    (tmp_path / "gateway.yaml").write_text("store: { path: data }\nroutes: {}\n", encoding="utf-8")
    asyncio.run(fill(tmp_path / "data" / "gateway.db"))
    yield tmp_path
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def run(folder, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gateway", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


def test_conversations_are_listed(run):
    assert run("conversations")[1].splitlines() == [
        "CONVERSATION  ACTIVE               FLOOR  CHANNEL  CLIENT      ENTRIES",
        "c1            2023-11-14 22:13:21  bot    shop     Anna (v-1)  3",
    ]
    assert run("conversations", "--floor", "agent")[1] == "No conversation matches.\n"
    assert [found["id"] for found in json.loads(run("conversations", "--client", "v-1", "--json")[1])] == ["c1"]


def test_trace_shows_every_hop(run):
    assert run("trace", "c1")[1].splitlines() == [
        "conversation c1",
        "  client   Anna (v-1) in shop",
        "  route    main",
        "  floor    bot, epoch 1, version 3",
        "  times    2023-11-14 22:13:20 to 2023-11-14 22:13:21",
        "",
        " entry time         floor    epoch",
        "     1 22:13:20.500 bot          1  client Anna (shop): Where is my parcel?",
        "       22:13:21.000              1    → faq: ask_bot of 1 #1 done after 0.750 s",
        "     2 22:13:21.750 bot          1  bot Robo (faq): On its way.",
        "       22:13:22.000              1    → shop: send_to_client of 2 #2 failed after 4.000 s, 2 attempts",
        "       22:13:23.000                     failed: shop is asleep",
        "       22:13:26.000                     failed: shop is gone",
        "     3 22:13:26.000 bot          1  delivery number=2 to=shop state=failed reason='shop is gone'",
    ]


@pytest.mark.parametrize(
    ("what", "numbers", "actions"),
    [("m-1", [1], ["ask_bot"]), ("c1.2", [2, 3], ["send_to_client"])],
)
def test_trace_of_one_message_shows_what_concerns_it(run, what, numbers, actions):
    [found] = json.loads(run("trace", what, "--json")[1])

    assert [entry["number"] for entry in found["entries"]] == numbers
    assert [record["effect"]["action"]["type"] for record in found["effects"]] == actions


async def test_trace_shows_a_whole_handoff(tmp_path):
    async with Harness(folder=tmp_path, host=plugin_host(installed=False)) as gateway:
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))
        await gateway.platform().joins("bo")
        await gateway.channel().writes(Message(contents=(Location(latitude=1.0, longitude=2.0),)))
        await gateway.until(lambda: bool(gateway.platform().sent))
        conversation = await gateway.conversation()

        code, out, _ = await in_a_process("trace", conversation.id, "--config", str(tmp_path / "gateway.yaml"))

    assert code == 0
    assert f"  handoff  joined on desk, session {gateway.platform().session}" in out
    for words in (
        " waiting      2  transferred transfer=(history=20 close_phrases=[back]",
        " waiting      2  queued platform=desk",
        " agent        3  joined platform=desk agent=(id=bo",
        " agent        3  client Ann (web): [location]",
    ):
        assert words in out
    for effect in ("→ bot: ask_bot", "→ desk: open_session #", "→ desk: send_to_agent of"):
        assert effect in out
    assert re.search(r"→ web: send_to_client of 2 #\d+ as 1 done", out)


def test_trace_of_nothing_says_where_to_look(run):
    assert run("trace", "c9") == (
        2,
        "",
        "gateway: there is no conversation and no message 'c9'; `gateway conversations` lists them\n",
    )


def test_dead_letters_are_listed_and_shown(run):
    line = "c1.2  2023-11-14 22:13:26  send_to_client → shop: shop is gone"
    assert run("dead-letters", "list")[1].splitlines() == [line]
    assert run("dead-letters", "list", "--instance", "else")[1] == "No dead letters.\n"
    assert json.loads(run("dead-letters", "list", "--json")[1])[0]["letter"] == "c1.2"
    assert run("dead-letters", "show", "c1.2")[1].splitlines() == [
        line,
        "  2023-11-14 22:13:23  shop is asleep",
        "  2023-11-14 22:13:26  shop is gone",
        "`gateway trace c1` shows the whole conversation.",
    ]


def test_a_dead_letter_that_is_none(run):
    assert run("dead-letters", "show", "c1.1")[2] == (
        "gateway: c1.1 is no dead letter; `gateway dead-letters list` shows them\n"
    )
    assert "'c1' is no letter" in run("dead-letters", "drop", "c1")[2]
    assert "name letters, or give --all" in run("dead-letters", "drop")[2]
    assert run("dead-letters", "drop", "c1.1") == (
        2,
        "0 of 1 dead letter dropped.\n",
        "gateway: not a dead letter (any more): c1.1\n",
    )


def test_without_a_gateway_the_store_itself_is_changed(run):
    assert run("dead-letters", "replay", "--all") == (0, "1 of 1 dead letter put in line again.\n", "")
    assert run("dead-letters", "list")[1] == "No dead letters.\n"
    assert run("dead-letters", "replay", "--all") == (0, "No dead letters.\n", "")
    assert " pending, next at " in run("trace", "c1")[1]


def test_dropped_is_dropped(run):
    assert run("dead-letters", "drop", "c1.2")[1] == "1 of 1 dead letter dropped.\n"
    assert "send_to_client of 2 #2 dropped after" in run("trace", "c1")[1]


def test_a_store_that_only_lives_in_memory_has_nothing_to_show(run, folder):
    (folder / "gateway.yaml").write_text("store: { type: memory }\n", encoding="utf-8")

    assert run("trace", "c1")[2] == (
        "gateway: the store of gateway.yaml is of type 'memory': nothing outlives the gateway's process\n"
    )


def test_a_store_that_is_not_there(run, folder):
    (folder / "gateway.yaml").write_text("store: { path: elsewhere }\n", encoding="utf-8")

    code, _, err = run("conversations")

    assert code == 2
    assert err.startswith(f"gateway: there is no store at {folder}/elsewhere/gateway.db.")


# --- with a gateway that runs ----------------------------------------------------------------------------------------


class Running:
    """As much of a gateway as the command line talks to: the store, held, and the admin route over real HTTP."""

    def __init__(self, folder):
        self.data = folder / "data"
        self.store = SqliteStore(self.data / "gateway.db")
        self.replayed = []

    async def __aenter__(self):
        await self.store.open()
        app = web.Application()
        app.router.add_post("/admin/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        access = announce(self.data, f"http://127.0.0.1:{port}")
        self.admin = Admin(
            store=self.store,
            replay=self.replayed.append,
            tell_again=self._tell_again,
            token=access.token,
            now=lambda: AT + 60,
        )
        return self

    async def _tell_again(self, listener, conversation, number):
        raise AssertionError("nobody asked for a listener")

    async def __aexit__(self, *_):
        await self._runner.cleanup()
        await self.store.close()

    async def _answer(self, request):
        asked = WebhookRequest(
            method=request.method,
            tail=request.match_info["tail"],
            query={},
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        answer = await self.admin.answer(asked)
        return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)


async def in_a_process(*arguments):
    """Run the command as users do: in a process of its own, while this one is the gateway."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from gateway.cli import main; main()",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_running_gateway_is_asked_to_replay(folder):
    async with Running(folder) as running:
        assert await in_a_process("dead-letters", "replay", "c1.2") == (
            0,
            "1 of 1 dead letter put in line again.\n",
            "",
        )

        [effect] = running.replayed
        assert (effect.conversation, effect.number, effect.attempts, effect.due_at) == ("c1", 2, 0, AT + 60)


async def test_a_running_gateway_is_read_and_asked_to_drop(folder):
    async with Running(folder):
        assert "c1.2" in (await in_a_process("dead-letters", "list"))[1]
        assert await in_a_process("dead-letters", "drop", "c1.2", "c1.7") == (
            2,
            "1 of 2 dead letters dropped.\n",
            "gateway: not a dead letter (any more): c1.7\n",
        )


async def test_a_gateway_that_holds_the_store_but_does_not_answer(folder):
    async with Running(folder) as running:
        (running.data / "admin.json").unlink()

        code, _, err = await in_a_process("dead-letters", "drop", "c1.2")

    assert code == 2
    assert "is in use by another gateway" in err
