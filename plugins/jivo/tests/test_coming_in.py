# mypy: allow-untyped-defs, allow-untyped-calls
"""What Jivo tells, as the gateway hears of it: through the whole gateway, over HTTP."""

from __future__ import annotations

import asyncio

import pytest

from gateway import Changed, Floor, Location, Markup, Media, MediaKind, Peer, Pressed, Said, Started, Text
from gateway.testing.jivo import FakeJivo
from plugins.jivo.tests.kit import PNG, place, standing


@pytest.fixture
async def here(tmp_path):
    async with standing(tmp_path) as here:
        yield here


# --- what clients say ------------------------------------------------------------------------------------------------


async def test_words_and_who_says_them(here):
    chat = here.jivo.chat(channel="telegram")
    await chat.says("hello")
    heard = await here.hears()

    assert heard.message.contents == (Text(text="hello"),)
    assert heard.author == Peer(id=chat.client, name="Ann")
    assert here.bot.turns[0].agents_online is True
    assert here.bot.turns[0].conversation.attributes == {
        "jivo_client": chat.client_id,
        "jivo_chat": chat.chat_id,
        "jivo_site": "123456",
        "jivo_channel": "telegram",
        "jivo_channel_id": "telegram-1",
        "page": f"https://shop.example.com/{chat.chat_id}",
        "has_contacts": "no",
    }


@pytest.mark.parametrize(("button_id", "value"), [("yes", "yes"), (2, "2"), (0, "0")])
async def test_a_pressed_button(here, button_id, value):
    await here.jivo.chat().presses("Yes, please", button_id)

    assert (await here.hears()).message.contents == (Pressed(value=value, text="Yes, please"),)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("PHOTO", MediaKind.IMAGE),
        ("VIDEO", MediaKind.VIDEO),
        ("AUDIO", MediaKind.AUDIO),
        ("VOICE", MediaKind.VOICE),
        ("DOCUMENT", MediaKind.DOCUMENT),
        ("STICKER", MediaKind.STICKER),
        ("HOLOGRAM", MediaKind.IMAGE),
    ],
)
async def test_a_file_is_copied(here, kind, shown):
    url = here.jivo.keep("cat.png", PNG, "image/png")
    await here.jivo.chat().sends(kind, url, "look", file_name="my cat.png", file_size=len(PNG))
    [media] = (await here.hears()).message.contents

    assert isinstance(media, Media)
    assert (media.kind, media.caption, media.attachment.name) == (shown, "look", "my cat.png")
    assert media.attachment.url.startswith("/files/") and media.attachment.size == len(PNG)


async def test_a_file_may_be_an_object(here):
    url = here.jivo.keep("cat.png", PNG, "image/png")
    await here.jivo.chat().sends_message({"type": "PHOTO", "file": {"url": url}})

    assert (await here.hears()).message.contents[0].attachment.name == "cat.png"


async def test_a_file_that_takes_too_long_is_passed_on_as_its_address(here):
    url = here.jivo.keep("film.mp4", b"film", "video/mp4")
    here.jivo.delay("film.mp4")
    chat = here.jivo.chat()
    answer = await chat.sends("VIDEO", url)
    [media] = (await here.hears()).message.contents

    assert answer.status == 200
    assert media.attachment.url == url
    assert len(here.jivo.tries) == 1  # so it was answered within Jivo's 3 s


async def test_several_slow_files_at_once_are_answered_in_time_and_in_order(tmp_path):
    async with standing(tmp_path, file_seconds=1.0) as here:
        chat = here.jivo.chat()
        names = [f"{number}.mp4" for number in range(6)]
        held = [here.jivo.delay(name) for name in names]
        sending = []
        for name, hold in zip(names, held, strict=True):
            sending.append(asyncio.create_task(chat.sends("VIDEO", here.jivo.keep(name, b"film"))))
            await hold.reached.wait()
        sending.append(asyncio.create_task(chat.says("that is all")))
        answers = await asyncio.gather(*sending)

        assert [answer.status for answer in answers] == [200] * 7
        assert len(here.jivo.tries) == 7
        said = [body.message for body in await here.log(chat) if isinstance(body, Said) and body.role.value == "client"]
        assert [each.contents[0].attachment.name for each in said[:6]] == names
        assert said[6].text == "that is all"


async def test_a_place(here):
    await here.jivo.chat().shares(59.93, 30.36)

    assert (await here.hears()).message.contents == (Location(latitude=59.93, longitude=30.36),)


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        ({"type": "START"}, ""),
        ({"type": "START", "payload": "promo"}, "promo"),
        ({"type": "START", "text": "/start promo"}, "promo"),
        ({"type": "TEXT", "text": "/start promo 7"}, "promo 7"),
        ({"type": "TEXT", "text": "/start"}, ""),
    ],
)
async def test_start_and_deep_links(here, message, payload):
    chat = here.jivo.chat()
    await chat.sends_message(message)

    assert await here.hears() == Started(payload=payload)
    await here.sees(chat, f"welcome {payload}".strip())


async def test_start_pressed_again_is_a_word_and_a_new_deep_link_is_heard(here):
    chat = here.jivo.chat()
    await chat.says("hello")
    await chat.says("/start")
    await chat.says("/start promo")

    await here.sees(chat, "hi hello", "hi /start", "welcome promo")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"type": "POLL", "text": "which one?"}, Text(text="which one?")),
        ({"type": "MARKDOWN", "content": "**so**", "text": "so"}, Text(text="**so**", markup=Markup.MARKDOWN)),
        ({"type": "", "text": "bare"}, Text(text="bare")),
        ({"text": 42}, Text(text="42")),
        ({"type": "PHOTO", "file": "ftp://odd/cat.png", "text": "cat"}, Text(text="cat")),
    ],
)
async def test_types_nobody_described_say_what_they_can(here, message, said):
    await here.jivo.chat().sends_message(message)

    assert (await here.hears()).message.contents == (said,)


@pytest.mark.parametrize(
    "message", [{"type": "POLL"}, {"type": "LOCATION", "latitude": "here"}, {"latitude": 10**400, "longitude": 1}, {}]
)
async def test_what_says_nothing_is_acknowledged_and_counted(here, message):
    answer = await here.jivo.chat().sends_message(message)

    assert answer.status == 200 and not here.entries
    assert "gateway_input_ignored_total" in here.gateway.gateway.metrics.render()[0].decode()


# --- once, and in order ----------------------------------------------------------------------------------------------


async def test_an_event_told_twice_happens_once(here):
    here.jivo.duplicate()
    chat = here.jivo.chat()
    await chat.says("hello")
    await here.sees(chat, "hi hello")
    await here.gateway.settled()

    assert await here.transcript(chat) == ["client: hello", "bot: hi hello"]


async def test_a_try_that_ran_out_of_time_is_not_said_twice(here):
    """The gateway is so slow that Jivo asks again: it gets its answer, and the word counts once."""
    here.jivo.timeout_seconds = 0.3
    chat = here.jivo.chat()
    engine = here.gateway.gateway.engine
    async with engine._turns.turn(f"jivo\0{chat.client}"):
        asking = asyncio.create_task(chat.says("hello"))
        await here.jivo.until(lambda: len(here.jivo.tries) == 2)
    answer = await asking
    await here.sees(chat, "hi hello")
    await here.gateway.settled()

    assert answer.status == 200
    assert len({each.id for each in here.jivo.tries}) == 1
    assert await here.transcript(chat) == ["client: hello", "bot: hi hello"]


async def test_a_return_that_is_told_twice_happens_once(here):
    chat = here.jivo.chat()
    await here.invited(chat)
    await chat.joins()
    here.gateway.advance(60)
    chat.returns()
    here.jivo.duplicate()
    await chat.says("again")
    await here.jivo.until(lambda: chat.texts()[-1:] == ["hi again"])
    await here.gateway.settled()

    assert (await here.transcript(chat)).count("left") == 1
    assert chat.texts().count("hi again") == 1


async def test_a_return_that_is_told_again_much_later_is_no_other_return(here):
    chat = here.jivo.chat()
    await here.invited(chat)
    await chat.joins()
    here.gateway.advance(60)
    chat.returns()
    await chat.says("again", event_id="e-1")
    await here.jivo.until(lambda: chat.texts()[-1:] == ["hi again"])
    await chat.joins()
    here.gateway.advance(60)
    chat.returns()
    await chat.says("again", event_id="e-1")

    assert (await here.conversation(chat)).floor is Floor.AGENT


# --- agents ----------------------------------------------------------------------------------------------------------

BO = Peer(id="7", name="Bo Ek")


@pytest.mark.parametrize(
    ("members", "agent"),
    [
        ({"agent": {"id": 7, "name": "Bo Ek"}}, BO),
        ({"agent_id": 7, "agent_name": "Bo Ek"}, BO),
        ({"sender": {"id": 7, "name": "Bo Ek"}}, BO),
        ({"agent": {"name": "Bo"}}, Peer(id="Bo", name="Bo")),
        ({"agent": "7"}, Peer(id="agent")),
        ({"unknown": True}, Peer(id="agent")),
    ],
)
async def test_an_agent_in_every_plausible_form(here, members, agent):
    chat = here.jivo.chat()
    await here.invited(chat)
    await chat.joins(**members)

    assert (await here.conversation(chat)).handoff.agent == agent


async def test_an_agents_words_without_a_name_are_those_of_the_agent_who_is_there(here):
    chat = here.jivo.chat()
    await here.invited(chat)
    await chat.joins()
    await chat.agent_says("hi", unknown=True)

    assert (await here.log(chat))[-1].author == BO
    assert (await here.transcript(chat)).count("joined") == 1


async def test_an_agents_file(here):
    chat = here.jivo.chat()
    url = here.jivo.keep("bill.pdf", b"%PDF-1.4 bill", "application/pdf")
    await chat.agent_sends({"type": "DOCUMENT", "file": url, "text": "your bill"})

    said = (await here.log(chat))[-1]
    assert said.message.contents[0].attachment.name == "bill.pdf" and said.message.text == "your bill"


async def test_an_agents_word_of_which_nothing_can_be_shown_is_a_takeover_too(here):
    chat = here.jivo.chat()
    await here.invited(chat)
    await chat.agent_sends({"type": "POLL"})

    assert (await here.conversation(chat)).handoff.agent == BO


@pytest.mark.parametrize("told_by", ["id", "author", "words"])
async def test_an_echo_of_the_bots_own_words_is_not_taken_for_a_human(here, told_by):
    chat = here.jivo.chat()
    await chat.says("hello")
    await here.sees(chat, "hi hello")
    ours = here.jivo.called("BOT_MESSAGE")[0]
    match told_by:
        case "id":
            answer = await chat.agent_says("something else", event_id=ours["id"])
        case "author":
            answer = await chat.agent_says("anything", agent={"id": 1, "name": "Bot", "type": "bot"})
        case _:
            answer = await chat.agent_says("hi hello", unknown=True)
    chat.returns()
    await chat.says("still the bot?")

    assert answer.status == 200
    await here.sees(chat, "hi hello", "hi still the bot?")


async def test_a_bot_that_is_said_to_join_is_not_taken_for_a_human(here):
    chat = here.jivo.chat()
    await chat.says("hello")
    await here.sees(chat, "hi hello")
    await chat.joins(agent={"id": 1, "name": "Bot", "is_bot": True})

    assert (await here.conversation(chat)).handoff is None


async def test_an_agent_who_repeats_the_bot_word_by_word_is_heard(here):
    chat = here.jivo.chat()
    await chat.says("hello")
    await here.sees(chat, "hi hello")
    await chat.joins()
    await chat.agent_says("hi hello")

    assert (await here.transcript(chat))[-1] == "agent: hi hello"


# --- ratings ---------------------------------------------------------------------------------------------------------


async def test_a_rating_is_a_fact_about_the_client_that_listeners_hear_of(here):
    chat = here.jivo.chat()
    await chat.says("hello")
    await chat.rates("good", "quick")
    rated = await here.logs(Changed)

    assert rated.attributes["rating"] == "good" and rated.attributes["rating_comment"] == "quick"
    assert (await here.conversation(chat)).attributes["rating"] == "good"


async def test_a_rating_after_the_close(here):
    chat = here.jivo.chat()
    await chat.says("bye")
    await here.sees(chat, "goodbye")
    await here.gateway.settled()
    answer = await chat.rates("bad")

    assert answer.status == 200
    assert (await here.transcript(chat))[-2:] == ["closed", "changed"]
    assert (await here.conversation(chat)).attributes["rating"] == "bad"


# --- what is not right -----------------------------------------------------------------------------------------------


async def test_a_wrong_token_is_told_in_the_words_of_the_bot_api(here):
    url = f"{here.gateway.url}/hooks/jivo/another-token"
    for verb, raw in (("POST", b"{}"), ("POST", b"no json"), ("GET", b"")):
        answer = await here.jivo.request(verb, url, raw=raw)

        assert answer.status == 401
        assert answer.body == {"error": {"code": "invalid_client", "message": "the token is wrong"}}


@pytest.mark.parametrize(
    ("raw", "about"),
    [
        (b"no json", "not JSON"),
        (b"[]", "the body"),
        (b'"words"', "the body"),
        (b"{}", "event"),
        (b'{"event": "CHAT_CLOSED", "client_id": "1"}', "chat_id"),
        (b'{"event": "CHAT_CLOSED", "client_id": {}, "chat_id": "2"}', "client_id"),
        (b'{"event": "CLIENT_MESSAGE", "client_id": "1", "chat_id": "2"}', "message"),
        (b'{"event": "CLIENT_MESSAGE", "client_id": "1", "chat_id": "2", "message": "hi"}', "message"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 200_000, "nested"),
    ],
)
async def test_what_is_malformed_is_told_so(here, raw, about):
    answer = await here.jivo.request("POST", here.jivo.endpoint, raw=raw)

    assert answer.status == 400
    assert answer.body["error"]["code"] == "invalid_request" and about in answer.body["error"]["message"]


async def test_another_verb(here):
    answer = await here.jivo.request("GET", here.jivo.endpoint)

    assert (answer.status, answer.body["error"]["code"]) == (405, "invalid_request")


async def test_ids_may_be_numbers(here):
    body = {"event": "CLIENT_MESSAGE", "id": 1, "client_id": 5, "chat_id": 6, "message": {"type": "TEXT", "text": "a"}}
    answer = await here.jivo.request("POST", here.jivo.endpoint, body)

    assert answer.status == 200
    assert (await here.hears()).author.id == "5:6"


async def test_unknown_events_are_acknowledged_counted_and_logged_once(here, capsys):
    chat = here.jivo.chat()
    for _ in range(2):
        assert (await chat.tells("CONTACT_FORM_SENT", form={"a": [1]})).status == 200

    assert not here.entries
    metrics = here.gateway.gateway.metrics.render()[0].decode()
    assert 'gateway_input_ignored_total{instance="jivo"} 2.0' in metrics
    assert capsys.readouterr().out.count("event CONTACT_FORM_SENT") == 1


async def test_a_gateway_that_is_stopping_sends_jivo_to_an_agent(tmp_path):
    async with FakeJivo() as jivo:
        async with place(tmp_path, jivo) as here:
            here.gateway.gateway.engine.open = False
            chat = jivo.chat()
            answer = await chat.says("hello")
            here.gateway.gateway.engine.open = True

        assert answer.status == 503
        assert len(jivo.tries) == 3 and chat.led_by == "agent"
