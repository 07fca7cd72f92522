# mypy: allow-untyped-defs, allow-untyped-calls
"""A client of the gateway and an agent of Jivo: handing over, talking, leaving."""

from __future__ import annotations

from importlib import import_module

import pytest

from gateway import (
    Attachment,
    Buttons,
    ClientAsked,
    Joined,
    Location,
    Media,
    MediaKind,
    Message,
    Peer,
    Role,
    Said,
    Typing,
)

kit = import_module("plugins.jivo-chat.tests.jivo_chat_kit")


@pytest.fixture
async def here(tmp_path):
    async with kit.both(tmp_path) as here:
        yield here


async def _chunks(content):
    yield content


# --- handing over ----------------------------------------------------------------------------------------------------


async def test_jivo_gets_everything_the_bot_knows(here):
    await here.transferred(
        destination="sales",
        history=0,
        attributes={
            "email": "ann@example.com",
            "phone": "+100",
            "page_url": "https://shop.example.com/cart",
            "page_title": "Cart",
            "crm_link": "https://crm.example.com/7",
            "order": "4711",
        },
        hidden_attributes={"tier": "gold"},
        custom_data={"basket": {"sum": 3}},
        theme="orders",
    )

    assert here.jivo.sender == {
        "id": "web:ann",
        "name": "Ann",
        "email": "ann@example.com",
        "phone": "+100",
        "url": "https://shop.example.com/cart",
        "title": "Cart",
        "crm_link": "https://crm.example.com/7",
        "group": "sales",
        "intent": "orders",
        "custom_data": 'basket: {"sum": 3}\norder: 4711',
    }
    assert here.jivo.chat.lines == ["agent"]


async def test_custom_data_as_a_list_and_other_names_of_attributes(tmp_path):
    async with kit.both(tmp_path, custom_data="list", fields={"email": "mail"}, group="first line") as here:
        here.jivo.custom_data = list
        items = [{"title": "LTV", "content": 3, "link": "https://crm.example.com"}]
        await here.transferred(attributes={"mail": "a@b.c", "email": "x"}, custom_data=items)

        assert here.jivo.sender["email"] == "a@b.c" and here.jivo.sender["group"] == "first line"
        assert here.jivo.sender["custom_data"] == [
            {"title": "LTV", "content": "3", "link": "https://crm.example.com"},
            {"title": "email", "content": "x", "key": "email"},
        ]


async def test_history_is_readable_line_by_line(here):
    here.bot.answer = kit.transferring()
    await here.ann.writes("a")
    await here.sees("hi a")
    await here.transferred("agent please", history=20, reason="asked for it", summary="likes a")

    await here.reads("Reason: asked for it", "Summary: likes a", "Ann: a", "Bot: hi a", "Ann: agent please")


async def test_history_in_one_block_then_the_first_message(tmp_path):
    async with kit.both(tmp_path, history="block", labels={"bot": "Бот"}) as here:
        here.bot.answer = kit.transferring()
        await here.ann.writes("a")
        await here.sees("hi a")
        await here.transferred(history=20, first_message="call her")

        await here.reads("Ann: a\nБот: hi a\nAnn: agent", "call her")


async def test_a_silent_client_is_announced_in_words(tmp_path):

    async with kit.both(tmp_path) as here:
        await here.ann.context.receive(ClientAsked(client=Peer(id="ann", name="Ann")))

        await here.reads("The client asks for an agent.")


async def test_words_on_the_way_follow_and_carry_what_is_known(here):
    hold = here.jivo.delay("text")
    here.bot.answer = kit.transferring(history=20, theme="orders")
    await here.ann.writes("agent")
    await hold.reached.wait()
    await here.ann.writes("hurry")
    hold.release()
    await here.reads("Ann: agent", "hurry")

    assert here.jivo.sender["intent"] == "orders"
    dates = [event["date"] for event in here.jivo.chat.events]
    assert dates == sorted(dates)


async def test_once_an_agent_has_it_messages_overwrite_nothing(here):
    await here.transferred(destination="sales", attributes={"email": "ann@example.com"})
    await here.jivo.says("hello")
    await here.sees("hello")
    await here.ann.writes("hi Bo")
    await here.reads("Ann: agent", "hi Bo")

    assert here.jivo.chat.senders[0]["email"] == "ann@example.com"
    assert here.jivo.sender == {"id": "web:ann", "name": "Ann"}


async def test_nobody_online_leaves_the_client_with_the_bot(here):
    here.jivo.online = False
    here.bot.answer = kit.transferring()
    await here.ann.writes("agent")
    await here.sees("back: offline")

    assert here.jivo.chats == {}


async def test_who_does_not_ask_waits_whoever_is_online(tmp_path):
    async with kit.both(tmp_path, ask_online=False) as here:
        here.jivo.online = False
        await here.transferred()

        assert not here.jivo.called("status")


async def test_a_refused_dialog_goes_to_the_next_platform(tmp_path):
    async with kit.both(tmp_path, handoff=("jivo", "desk")) as here:
        here.jivo.refuse("text", 422)
        here.bot.answer = kit.transferring()
        await here.ann.writes("agent")
        await here.gateway.until(lambda: bool(here.gateway.platform().openings))

        [declined] = [body for body in here.logged(object) if body.type == "declined"]
        assert declined.reason.startswith("Jivo refuses it (status 422)")


async def test_custom_data_jivo_does_not_take_costs_nobody_an_agent(here, capsys):
    here.jivo.custom_data = list
    await here.transferred(attributes={"order": "7", "email": "ann@example.com"})
    await here.ann.writes("hello")
    await here.reads("Ann: agent", "hello")

    assert here.jivo.sender == {"id": "web:ann", "name": "Ann", "email": "ann@example.com"}
    assert [call.status for call in here.jivo.calls if call.what == "text"] == [400, 200, 200]
    assert "sender.custom_data: must be a list" in capsys.readouterr().out


# --- talking ---------------------------------------------------------------------------------------------------------


async def test_an_agent_answers_with_name_and_face(here):
    await here.transferred()
    assert (await here.jivo.says("How can I help?")).status == 200
    await here.sees("Bo is here.", "How can I help?")

    said = here.logged(Said)[-1]
    assert said.author == Peer(id="agent-7", name="Bo", avatar_url="https://jivo.example.com/bo.png")
    assert said.message.id.startswith("j")


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("photo", MediaKind.IMAGE),
        ("sticker", MediaKind.STICKER),
        ("video", MediaKind.VIDEO),
        ("audio", MediaKind.AUDIO),
        ("document", MediaKind.DOCUMENT),
    ],
)
async def test_files_of_agents(here, kind, shown):
    await here.transferred()
    url = here.jivo.keep("a.png", kit.PNG, "image/png")
    answer = await here.jivo.sends(kind, url, file_name="a.png", file_size="72", mime_type="image/png", text="this")
    await here.sees("this")

    [media] = here.ann.sent[-1].message.contents
    assert answer.status == 200
    assert media.kind is shown and media.attachment.url.startswith("/files/") and media.attachment.size == len(kit.PNG)


@pytest.mark.parametrize(
    ("shown", "kind"),
    [
        (MediaKind.IMAGE, "photo"),
        (MediaKind.VOICE, "audio"),
        (MediaKind.AUDIO, "audio"),
        (MediaKind.VIDEO, "video"),
        (MediaKind.STICKER, "sticker"),
        (MediaKind.DOCUMENT, "document"),
    ],
)
async def test_files_of_clients(here, shown, kind):
    await here.transferred()
    file = await here.ann.context.files.save(_chunks(kit.PNG), name="a.png")
    await here.ann.writes(Message(contents=(Media(kind=shown, attachment=file, caption="see"),)))
    await here.reads("Ann: agent", "<a.png>")

    [event] = here.jivo.told(kind)
    assert event["file"] == here.gateway.url + file.url
    assert (event["file_name"], event["file_size"], event["mime_type"]) == ("a.png", len(kit.PNG), "image/png")
    assert event["text"] == "see"


async def test_a_file_from_elsewhere_keeps_its_address(here):
    await here.transferred()
    file = Attachment(url="https://cdn.example.com/x.pdf", name="x.pdf", media_type="application/pdf")
    await here.ann.writes(Message(contents=(Media(kind=MediaKind.DOCUMENT, attachment=file),)))
    await here.reads("Ann: agent", "<x.pdf>")

    assert "file_size" not in here.jivo.told("document")[0]


async def test_places_both_ways(here):
    await here.transferred()
    await here.jivo.tells("location", latitude=55.75, longitude=37.62, title="Office")
    await here.gateway.until(lambda: isinstance(here.ann.sent[-1].message.contents[0], Location))
    await here.ann.writes(Message(contents=(Location(latitude=1.5, longitude=2.5),)))
    await here.reads("Ann: agent", "[location]")

    assert here.ann.sent[-1].message.contents == (Location(latitude=55.75, longitude=37.62, title="Office"),)
    assert (here.jivo.told("location")[0]["latitude"], here.jivo.told("location")[0]["longitude"]) == (1.5, 2.5)


async def test_several_contents_are_several_messages(here):
    await here.transferred()
    file = await here.ann.context.files.save(_chunks(kit.PNG), name="a.png")
    media = Media(kind=MediaKind.IMAGE, attachment=file)
    await here.ann.writes(Message(contents=(Location(latitude=1, longitude=2), media)))
    await here.reads("Ann: agent", "[location]", "<a.png>")

    assert len({event["id"] for event in here.jivo.chat.events}) == 3


async def test_jivo_hears_that_a_message_was_read_when_it_is_answered(here):
    await here.transferred()
    await here.jivo.says("one", message_id="j-one")
    await here.jivo.says("two", message_id="j-two")
    await here.sees("two")
    await here.ann.writes("yes")
    await here.ann.writes("really")
    await here.reads("Ann: agent", "yes", "really")

    assert [event["id"] for event in here.jivo.told("seen")] == ["j-two"]
    assert (await here.jivo.tells("seen", message_id="whatever")).status == 200


async def test_a_refused_seen_holds_up_nothing(here):
    await here.transferred()
    await here.jivo.says("one")
    await here.sees("one")
    here.jivo.refuse("seen", 400)
    await here.ann.writes("yes")

    await here.reads("Ann: agent", "yes")


async def test_typing_of_the_client_once_in_five_seconds(here):
    await here.transferred()
    known = (await here.gateway.conversation()).id
    for _ in range(3):
        here.ann.context.signal(Typing(conversation=known, role=Role.CLIENT))
    await here.jivo.until(lambda: bool(here.jivo.told("typein")))
    here.gateway.advance(5.5)
    here.ann.context.signal(Typing(conversation=known, role=Role.CLIENT, active=False))
    here.ann.context.signal(Typing(conversation=known, role=Role.CLIENT))
    await here.jivo.until(lambda: len(here.jivo.told("typein")) == 2)

    assert [call.status for call in here.jivo.calls if call.what == "typein"] == [200, 200]


async def test_typing_of_the_agent(here):
    seen: list[Typing] = []
    here.ann.context.conversations.watch_typing(seen.append)
    await here.transferred()
    await here.jivo.says("hello")
    await here.sees("hello")
    assert (await here.jivo.types()).status == 200

    assert [(signal.role, signal.active) for signal in seen if signal.role is Role.AGENT] == [(Role.AGENT, True)]


# --- buttons ---------------------------------------------------------------------------------------------------------


async def test_a_keyboard_is_pressed(here):
    await here.transferred()
    await here.jivo.offers("Which one?", ("k1", "Red"), ("k:2", "Blue"))
    await here.gateway.until(lambda: here.ann.texts()[-1] == "Which one?")
    [buttons] = [each for each in here.ann.sent[-1].message.contents if isinstance(each, Buttons)]
    assert [button.text for button in buttons.buttons] == ["Red", "Blue"]

    await here.presses(buttons.buttons[1].value, "Blue")
    await here.reads("Ann: agent", "[k:2]")
    assert here.jivo.told("keyboard")[0]["keyboard"] == [{"id": "k:2", "text": "Blue"}]


@pytest.mark.parametrize("typed", ["2", "blue "])
async def test_a_keyboard_is_answered_in_words_where_there_are_no_buttons(tmp_path, typed):
    async with kit.both(tmp_path, channel="plain") as here:
        await here.transferred()
        await here.jivo.offers("Which one?", ("k1", "Red"), ("k2", "Blue"))
        await here.sees("Which one?\n1. Red\n2. Blue")
        await here.ann.writes(typed)
        await here.ann.writes("1")

        await here.reads("Ann: agent", "[k2]", "1")


async def test_a_button_of_the_bot_is_words(here):
    await here.transferred()
    await here.presses("order:7", "My order")

    await here.reads("Ann: agent", "My order")


@pytest.mark.parametrize(("button", "value"), [(0, 1), (1, -1), (2, 0)])
async def test_a_rating_is_asked_for_and_given(tmp_path, button, value):
    async with kit.both(tmp_path, rating={"decline": "Not now"}) as here:
        await here.transferred()
        await here.jivo.says("bye")
        await here.jivo.asks_for_a_rating()
        await here.sees("How did we do?")
        pressed = here.ann.sent[-1].message.contents[1].buttons[button]
        await here.presses(pressed.value, pressed.text)
        await here.reads("Ann: agent", "[rate]")

        assert here.jivo.told("rate")[0]["value"] == value


async def test_a_rating_given_when_the_bot_is_back_still_reaches_jivo(here):
    await here.transferred()
    await here.jivo.asks_for_a_rating("Were you helped?")
    await here.jivo.stops()
    await here.has_left()
    await here.presses("rate:1", "👍")
    await here.reads("Ann: agent", "[rate]")

    assert here.jivo.told("rate")[0]["value"] == 1
    await here.presses("rate:9", "?")
    await here.sees("hi ?")
    assert len(here.jivo.told("rate")) == 1


# --- ends ------------------------------------------------------------------------------------------------------------


async def test_an_agent_stops(here):
    await here.transferred()
    await here.jivo.says("bye")
    assert (await here.jivo.stops()).status == 200
    await here.sees("back: closed")

    assert (await here.jivo.stops()).status == 200
    late = await here.jivo.says("one more thing")
    assert (late.status, late.body) == (404, b"this dialog is over")


async def test_the_client_leaves(here):
    await here.transferred(close_phrases=("back",), last_message="she found it")
    await here.jivo.says("hello")
    await here.sees("hello")
    await here.ann.leaves_agent()
    await here.jivo.until(lambda: here.jivo.chat.stopped)

    assert here.jivo.chat.lines == ["Ann: agent", "she found it", "[stop]"]


async def test_the_next_dialog_of_a_client_goes_on_in_the_same_chat(here):
    await here.transferred()
    await here.jivo.says("bye")
    await here.jivo.stops()
    await here.sees("back: closed")
    await here.transferred("agent again", history=1)
    await here.jivo.says("me again")
    await here.sees("me again")

    assert here.jivo.chat.lines == ["Ann: agent", "[start]", "Ann: agent again"]
    assert len(here.logged(Joined)) == 2


async def test_what_jivo_refuses_at_the_end_is_no_trouble(here):
    await here.transferred()
    here.jivo.refuse("stop", 400)
    await here.ann.leaves_agent()
    await here.sees("back: client_left")
    await here.gateway.settled()

    assert "delivery" not in await here.transcript()
