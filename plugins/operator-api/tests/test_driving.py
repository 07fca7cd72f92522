# mypy: allow-untyped-defs, allow-untyped-calls
"""The gateway drives a desk: transfers, messages, files, forwarding, ends."""

from __future__ import annotations

from importlib import import_module

import pytest

from gateway import Attachment, Joined, Media, MediaKind, Message, Moved, Said
from gateway.testing.operator_api import FakeDesk

kit = import_module("plugins.operator-api.tests.operator_kit")


@pytest.fixture
async def here(tmp_path):
    async with kit.driving_a_desk(tmp_path) as here:
        yield here


def of_type(log, kind):
    return [entry.body for entry in log if isinstance(entry.body, kind)]


# --- handing over ----------------------------------------------------------------------------------------------------


async def test_the_desk_gets_everything_the_bot_knows(here):
    await here.transferred(
        destination="2",
        ignore_offline=True,
        history=0,
        attributes={"email": "ann@example.com"},
        hidden_attributes={"tier": "gold"},
        custom_data={"any": {"nested": True}},
        theme="orders",
    )

    [selected] = here.desk.dialog.selected
    assert selected["userId"] == here.desk.user
    assert selected["destinationId"] == "2"
    assert selected["userName"] == "Ann"
    assert selected["attributes"] == {"email": "ann@example.com"}
    assert selected["hiddenAttributes"] == {"tier": "gold", "channel": "web", "clientId": "ann", "theme": "orders"}
    assert selected["customData"] == {"any": {"nested": True}}


@pytest.mark.parametrize(
    ("amount", "lines"),
    [
        (0, ["agent please"]),
        (1, ["Ann: agent please"]),
        (5, ["Ann: b", "Bot: hi b", "Ann: c", "Bot: hi c", "Ann: agent please"]),
        (
            20,
            ["Ann: a", "Bot: hi a", "Ann: b", "Bot: hi b", "Ann: c", "Bot: hi c", "Ann: agent please"],
        ),
    ],
)
async def test_history_is_readable_line_by_line(here, amount, lines):
    here.bot.answer = kit.transferring()
    for words in "abc":
        await here.ann.writes(words)
        await here.sees(f"hi {words}")

    await here.transferred("agent please", history=amount)

    await here.reads(*lines)


async def test_history_in_one_block_then_the_first_message(tmp_path):
    async with kit.driving_a_desk(tmp_path, history="block", labels={"bot": "Бот"}) as here:
        here.bot.answer = kit.transferring()
        await here.ann.writes("a")
        await here.sees("hi a")
        await here.transferred(history=20, first_message="call her", reason="asked for it", summary="likes a")

        await here.reads("Reason: asked for it\nSummary: likes a\nAnn: a\nБот: hi a\nAnn: agent", "call her")


async def test_files_in_the_history_are_links_that_lead_here(here):
    attachment = Attachment(url="/files/0123456789012345678901/x.png", name="x.png", media_type="image/png")
    photo = Message(contents=(Media(kind=MediaKind.IMAGE, attachment=attachment, caption="look"),))
    here.bot.answer = kit.transferring()
    await here.ann.writes(photo)
    await here.sees("hi look")

    await here.transferred(history=3)

    assert f"{here.gateway.url}/files/0123456789012345678901/x.png" in here.desk.dialog.lines[0]
    assert here.desk.dialog.lines[0].startswith("Ann: look")


async def test_json_strings_for_desks_that_want_them(tmp_path):
    async with kit.driving_a_desk(tmp_path, json_strings=True) as here:
        await here.transferred(attributes={"email": "ann@example.com"}, custom_data=[1])

        [selected] = here.desk.dialog.selected
        assert selected["attributes"] == '{"email": "ann@example.com"}'
        assert selected["customData"] == "[1]"


# --- which group -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "option", "chosen"),
    [("", "", "1"), ("", "service", "2"), ("sales", "2", "1"), ("agent-7", "", "agent-7")],
    ids=["the first one online", "the operator's", "the bot's, by name", "unknown ones as they are"],
)
async def test_destination(tmp_path, wanted, option, chosen):
    async with kit.driving_a_desk(tmp_path, destination=option) as here:
        await here.transferred(destination=wanted, ignore_offline=True)

        assert here.desk.dialog.selected[0]["destinationId"] == chosen


@pytest.mark.parametrize(
    ("groups", "online"),
    [
        ([{"destinationId": "1", "name": "Sales", "hasOnline": "true"}], True),
        ({"destinations": [{"destinationId": "1", "hasOnline": "false"}]}, False),
        ([{"destinationId": 1, "hasOnline": False}], False),
        ([{"destinationId": "1"}], True),
        ([], True),
        ({"error": "what?"}, True),
        (["1", "2"], True),
    ],
)
async def test_who_is_online_in_every_plausible_form(tmp_path, groups, online):
    async with FakeDesk() as desk:
        desk.groups = groups
        async with kit.driver(tmp_path, desk) as here:
            await here.ann.writes("hello")
            await here.gateway.until(lambda: bool(here.bot.turns))

            assert here.bot.turns[0].agents_online is online


async def test_a_desk_without_destinations_is_online(tmp_path):
    async with FakeDesk() as desk:
        desk.refuse("getDestinations", 404, times=100)
        async with kit.driver(tmp_path, desk) as here:
            await here.transferred()

            assert here.desk.dialog.selected[0]["destinationId"] == ""


async def test_bot_turns_do_not_wait_for_the_desk(here):
    for words in ("a", "b", "c"):
        await here.ann.writes(words)
    await here.gateway.until(lambda: len(here.bot.turns) == 3)

    assert len(here.desk.called("getDestinations")) == 1

    held = here.desk.delay("getDestinations")
    here.gateway.advance(30)
    await here.ann.writes("d")
    await here.gateway.until(lambda: len(here.bot.turns) == 4)
    held.release()

    assert here.bot.turns[-1].agents_online is True


async def test_nobody_online_goes_back_to_the_bot(here):
    here.desk.nobody()
    here.gateway.advance(100)
    here.bot.answer = kit.transferring()
    await here.ann.writes("agent")

    await here.sees("back: offline")

    assert not here.desk.dialogs


async def test_nobody_online_and_waiting_for_somebody(here):
    here.desk.nobody()
    here.gateway.advance(100)

    await here.transferred(ignore_offline=True)

    assert here.desk.dialog.selected[0]["destinationId"] == "1"


async def test_a_refusal_lets_the_next_platform_have_it(tmp_path):
    async with kit.driving_a_desk(tmp_path, handoff=("center", "desk")) as here:
        here.desk.refuse("selectDestination", 409)
        here.bot.answer = kit.transferring()
        await here.ann.writes("agent")

        await here.gateway.until(lambda: bool(here.gateway.platform().openings))

        assert not here.desk.dialogs


# --- talking ---------------------------------------------------------------------------------------------------------


async def test_words_go_both_ways(here):
    await here.transferred(history=0)
    assert (await here.desk.says("good day")).status == 200
    await here.ann.writes("my order")
    await here.reads("agent", "my order")

    await here.sees("Bo Ek is here.", "good day")
    [joined] = of_type(await here.gateway.log(), Joined)
    assert (joined.agent.id, joined.agent.name) == ("7", "Bo Ek")
    assert joined.agent.avatar_url == "https://desk.example.com/bo.png"


async def test_an_agent_without_a_name_is_still_somebody(here):
    await here.transferred()
    assert (await here.desk.says("good day", employee=None)).status == 200

    await here.sees("An agent is here.", "good day")


async def test_files_go_both_ways(here):
    await here.transferred(history=0)
    kept = await here.gateway.gateway.files.save(_chunks(kit.PNG), name="x.png")
    photo = Media(kind=MediaKind.IMAGE, attachment=kept, caption="this one")
    await here.ann.writes(Message(contents=(photo,)))
    await here.reads("agent", *sorted(["this one", "<x.png>"], reverse=here.desk.dialog.lines[1:2] == ["this one"]))

    [file] = here.desk.dialog.files
    assert file["url"] == here.gateway.url + kept.url
    assert (file["fileName"], file["size"]) == ("x.png", len(kit.PNG))
    assert (await here.desk.request("GET", file["url"])).status == 200

    answer = await here.desk.sends(here.desk.keep("y.png", kit.PNG, "image/png"), "y.png", comment="see here")
    assert answer.status == 200
    await here.sees("Bo Ek is here.", "see here")
    [media] = here.ann.sent[-1].message.contents
    assert media.kind is MediaKind.IMAGE
    assert media.attachment.url.startswith("/files/") and media.attachment.size == len(kit.PNG)


async def test_a_file_that_cannot_be_had_is_passed_on_as_a_link(here):
    await here.transferred()
    url = f"{here.desk.url}/file/gone.pdf"
    assert (await here.desk.sends(url, "gone.pdf")).status == 200

    await here.gateway.until(lambda: bool(here.ann.sent) and bool(here.ann.sent[-1].message.contents))
    await here.gateway.settled()
    [media] = here.ann.sent[-1].message.contents
    assert (media.attachment.url, media.attachment.name, media.attachment.size) == (url, "gone.pdf", 2)


async def test_forwarding_to_another_group(here):
    await here.transferred()
    await here.desk.says("good day")
    assert (await here.desk.moves("2", "Service")).status == 200

    await here.sees("A colleague will take over in a moment.")
    [moved] = of_type(await here.gateway.log(), Moved)
    assert (moved.destination, moved.destination_name) == ("2", "Service")

    await here.desk.says("now it is me", employee={"employeeId": "8", "firstName": "Cleo"})
    await here.sees("Cleo is here.", "now it is me")


async def test_our_own_choice_told_back_is_no_forwarding(here):
    await here.transferred()
    before = await here.transcript()

    assert (await here.desk.moves("1", "Sales")).status == 200

    assert await here.transcript() == before


# --- ends ------------------------------------------------------------------------------------------------------------


async def test_the_agent_closes_and_the_bot_goes_on(here):
    await here.transferred()
    await here.desk.says("done?")
    assert (await here.desk.closes()).status == 200

    await here.sees("back: closed")
    assert here.desk.dialog.closed == []
    assert await here.gateway.gateway.store.kv_items("center", "session:") == {}


async def test_closed_before_anybody_came_is_a_refusal(here):
    await here.transferred()
    await here.desk.closes()

    await here.sees("back: refused")


async def test_the_client_leaves_and_the_desk_is_told(here):
    await here.transferred(last_message="bye then")
    await here.desk.says("hello?")
    await here.sees("hello?")
    await here.ann.leaves_agent()

    await here.desk.until(lambda: here.desk.dialog.closed == ["bye then"])
    await here.gateway.settled()
    assert await here.gateway.gateway.store.kv_items("center", "session:") == {}


async def test_the_client_closes_and_the_desk_is_told(here):
    await here.transferred()
    await here.ann.ends()

    await here.desk.until(lambda: here.desk.dialog.closed == ["The client left the conversation."])


async def test_the_second_transfer_is_a_dialog_of_its_own(here):
    await here.transferred(history=0)
    await here.desk.says("one")
    first = here.desk.user
    await here.desk.closes()
    await here.sees("back: closed")

    await here.transferred("agent again", history=0)

    assert here.desk.user != first
    assert here.desk.dialog.lines == ["agent again"]
    assert (await here.desk.says("too late", user=first)).status == 404
    assert (await here.desk.closes(user=first)).status == 200
    assert (await here.desk.says("two")).status == 200
    await here.sees("two")
    assert [each.message.text for each in of_type(await here.gateway.log(), Said) if each.role == "agent"] == [
        "one",
        "two",
    ]


async def _chunks(content):
    yield content
