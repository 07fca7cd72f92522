# mypy: allow-untyped-defs, allow-untyped-calls
"""What the bot says and asks for, as Jivo gets it, and what becomes of it when Jivo does not take it."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from gateway import (
    Attachment,
    BotReply,
    Button,
    Buttons,
    Contact,
    Delivery,
    DeliveryState,
    Left,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Outcome,
    Said,
    Text,
    text_message,
)
from plugins.jivo.tests.kit import standing

PICTURE = Attachment(url="https://shop.example.com/cat.png", name="cat.png", media_type="image/png")
YES_NO = Buttons(buttons=(Button(text="Yes", value="y"), Button(text="No")))
BOTH = [{"text": "Yes", "id": "y"}, {"text": "No", "id": "No"}]


def buttons(title, text=None, *, force_reply=False):
    shown = f"{text or title}\n1. Yes\n2. No"
    return {"type": "BUTTONS", "title": title, "text": shown, "buttons": BOTH, "force_reply": force_reply}


SAID = {
    "words": ((Text(text="hello"),), [{"type": "TEXT", "text": "hello"}]),
    "markdown": (
        (Text(text="so **big**", markup=Markup.MARKDOWN),),
        [{"type": "MARKDOWN", "content": "so **big**", "text": "so big"}],
    ),
    "html": (
        (Text(text="so <b>big</b>", markup=Markup.HTML),),
        [{"type": "MARKDOWN", "content": "so **big**", "text": "so big"}],
    ),
    "buttons": ((Text(text="Well?"), YES_NO), [buttons("Well?")]),
    "buttons below marked-up words": ((Text(text="*Well?*", markup=Markup.MARKDOWN), YES_NO), [buttons("Well?")]),
    "buttons alone": ((YES_NO,), [buttons("…")]),
    "a picture with a caption": (
        (Media(kind=MediaKind.IMAGE, attachment=PICTURE, caption="my cat"),),
        [{"type": "PHOTO", "file": PICTURE.url, "text": "my cat"}],
    ),
    "a sticker": (
        (Media(kind=MediaKind.STICKER, attachment=PICTURE),),
        [{"type": "PHOTO", "file": PICTURE.url}],
    ),
    "a picture with buttons": (
        (Media(kind=MediaKind.IMAGE, attachment=PICTURE), YES_NO),
        [{"type": "PHOTO", "file": PICTURE.url}, buttons("…")],
    ),
    "a place with a name": (
        (Location(latitude=59.9, longitude=30.3, title="Here"),),
        [{"type": "TEXT", "text": "Here"}, {"type": "LOCATION", "latitude": 59.9, "longitude": 30.3}],
    ),
    "a business card": ((Contact(name="Bo", phone="+7"),), [{"type": "TEXT", "text": "Bo\n+7"}]),
    "a link": (
        (Text(text="Look"), Buttons(buttons=(Button(text="Shop", url="https://shop.example.com"),))),
        [{"type": "TEXT", "text": "Look\nShop: https://shop.example.com"}],
    ),
    "several things": (
        (Text(text="a"), Media(kind=MediaKind.IMAGE, attachment=PICTURE), Text(text="b"), YES_NO),
        [{"type": "TEXT", "text": "a"}, {"type": "PHOTO", "file": PICTURE.url}, buttons("b")],
    ),
}


def without_time(messages):
    return [{name: value for name, value in message.items() if name != "timestamp"} for message in messages]


@pytest.mark.parametrize(("contents", "posted"), SAID.values(), ids=SAID.keys())
async def test_what_a_bot_says(tmp_path, contents, posted):
    async with standing(tmp_path) as here:
        here.answers(Message(contents=contents))
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.jivo.until(lambda: len(chat.messages) == len(posted))

        assert without_time(chat.messages) == posted


@pytest.mark.parametrize(
    ("kind", "posted"),
    [("video", "VIDEO"), ("audio", "AUDIO"), ("voice", "VOICE"), ("document", "DOCUMENT"), ("image", "PHOTO")],
)
async def test_the_gateways_own_files_have_an_address_jivo_can_reach(tmp_path, kind, posted):
    async with standing(tmp_path) as here:
        own = Attachment(url="/files/0123456789012345678901/x.bin", name="x.bin")
        here.answers(Message(contents=(Media(kind=MediaKind(kind), attachment=own),)))
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.jivo.until(lambda: bool(chat.messages))

        assert without_time(chat.messages) == [{"type": posted, "file": f"{here.gateway.url}{own.url}"}]


async def test_options_of_messages(tmp_path):
    async with standing(tmp_path, markdown=False, force_reply=True, buttons_title="Choose:") as here:
        here.answers(Message(contents=(Text(text="**so**", markup=Markup.MARKDOWN),)), Message(contents=(YES_NO,)))
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.jivo.until(lambda: len(chat.messages) == 2)

        assert without_time(chat.messages) == [{"type": "TEXT", "text": "so"}, buttons("Choose:", force_reply=True)]


async def test_more_buttons_than_anybody_reads_are_lines(tmp_path):
    async with standing(tmp_path) as here:
        many = Buttons(buttons=tuple(Button(text=str(number)) for number in range(11)))
        here.answers(Message(contents=(Text(text="Which?"), many)))
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.jivo.until(lambda: bool(chat.messages))

        assert chat.messages[0]["type"] == "TEXT" and "11. 10" in chat.messages[0]["text"]


async def test_a_button_comes_back_as_what_the_bot_gave_it(tmp_path):
    async with standing(tmp_path) as here:
        here.answers(Message(contents=(Text(text="Well?"), YES_NO)))
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.jivo.until(lambda: bool(chat.messages))
        pressed = chat.messages[0]["buttons"][0]
        await chat.presses(pressed["text"], pressed["id"])

        assert (await here.hears(2)).message.contents[0].value == "y"


# --- again -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["refused", "limited", "cut before", "cut after"])
async def test_what_is_repeated_has_the_same_id(tmp_path, trouble):
    async with standing(tmp_path) as here:
        match trouble:
            case "refused":
                here.jivo.refuse("BOT_MESSAGE", 502)
            case "limited":
                here.jivo.limit("BOT_MESSAGE", 1)
            case "cut before":
                here.jivo.drop("BOT_MESSAGE")
            case _:
                here.jivo.drop("BOT_MESSAGE", after=True)
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.gateway.settled()
        posted = [call.body["id"] for call in here.jivo.calls if call.what == "BOT_MESSAGE"]

        assert len(posted) == 2 and len(set(posted)) == 1 and str(UUID(posted[0])) == posted[0]
        assert chat.texts()[-1] == "hi hello"


async def test_different_messages_have_different_ids(tmp_path):
    async with standing(tmp_path) as here:
        here.answers(text_message("a"), text_message("b"), Message(contents=(Location(latitude=1, longitude=2),)))
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.jivo.until(lambda: len(chat.messages) == 3)

        assert len({each["id"] for each in here.jivo.called("BOT_MESSAGE")}) == 3
        assert chat.texts() == ["a", "b", "<1.0, 2.0>"]


async def test_a_message_of_two_parts_goes_on_where_it_was(tmp_path):
    async with standing(tmp_path) as here:
        here.answers(Message(contents=(Location(latitude=1, longitude=2, title="Here"),)))
        here.jivo.refuse("BOT_MESSAGE", 503, skip=1)
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.gateway.settled()

        assert chat.texts() == ["Here", "<1.0, 2.0>"]
        assert not await here.gateway.gateway.store.kv_items("jivo", "sent:")


async def test_one_message_that_jivo_refuses_is_told_to_its_author_and_the_next_one_arrives(tmp_path):
    async with standing(tmp_path) as here:
        here.jivo.refuse("BOT_MESSAGE", 400)
        chat = here.jivo.chat()
        await chat.says("a")
        failed = await here.logs(Delivery)
        await chat.says("b")
        await here.jivo.until(lambda: bool(chat.texts()))

        assert failed.state is DeliveryState.FAILED
        assert chat.texts() == ["hi b"]


async def test_a_refusals_code_is_told_and_nothing_else_of_it(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        here.bot.gate.clear()
        await chat.says("hello")
        await here.hears()
        chat.is_closed = True  # and nobody tells the gateway
        here.bot.gate.set()
        failed = await here.logs(Delivery)

        assert failed.reason == "Jivo refuses BOT_MESSAGE (status 400, invalid_request)"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"token": "another-token"}, "status 401"),
        ({"provider_id": "another"}, "status 404"),
        ({"path": "/hooks/{provider_id}"}, "status 404"),
    ],
)
async def test_wrong_credentials_make_the_instance_unhealthy_and_say_what_to_correct(tmp_path, options, says):
    async with standing(tmp_path, **options) as here:
        here.jivo.endpoint = f"{here.gateway.url}/hooks/jivo/{options.get('token', here.jivo.token)}"
        await here.jivo.chat().says("hello")
        running = here.gateway.gateway.instances["jivo"]
        await here.jivo.until(lambda: bool(here.jivo.calls))
        await here.gateway.until(lambda: here.gateway.gateway.dispatcher.pending() == 1 and not running.healthy)

        assert says in running.reason and "`provider_id` and `token`" in running.reason
        assert here.jivo.token not in running.reason and "another-token" not in running.reason


# --- asking for agents -----------------------------------------------------------------------------------------------


async def test_an_invitation(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await here.invited(chat)
        [posted] = here.jivo.called("INVITE_AGENT")

        assert set(posted) == {"event", "id", "client_id", "chat_id"}
        assert (posted["client_id"], posted["chat_id"]) == (chat.client_id, chat.chat_id)


async def test_an_invitation_that_is_repeated_has_the_same_id(tmp_path):
    async with standing(tmp_path) as here:
        here.jivo.drop("INVITE_AGENT", after=True)
        chat = here.jivo.chat()
        await here.invited(chat, 2)
        one, two = (call.body["id"] for call in here.jivo.calls if call.what == "INVITE_AGENT")

        assert one == two


async def test_an_invitation_jivo_refuses_goes_back_to_the_bot(tmp_path):
    async with standing(tmp_path) as here:
        here.jivo.refuse("INVITE_AGENT", 400)
        chat = here.jivo.chat()
        await chat.says("agent")

        await here.sees(chat, "back: refused")


async def test_an_agent_who_is_faster_than_the_answer_to_the_invitation(tmp_path):
    async with standing(tmp_path) as here:
        hold = here.jivo.delay("INVITE_AGENT")
        chat = here.jivo.chat()
        await chat.says("agent")
        await hold.reached.wait()
        await chat.agent_says("I am here already")
        chat.returns()  # or the fake would refuse the invitation it has not looked at yet
        hold.release()
        await here.gateway.settled()

        assert here.tried() == [] and "queued" not in await here.transcript(chat)


async def test_nobody_takes_the_invitation(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await here.invited(chat)
        await chat.says("hello?")
        here.gateway.advance(601)

        await here.jivo.until(lambda: chat.texts()[-2:] == ["back: wait_timeout", "hi hello?"])
        assert (await here.logs(Left)).outcome is Outcome.WAIT_TIMEOUT


# --- the client's facts, and the rating ------------------------------------------------------------------------------


async def test_what_the_bot_learns_about_the_client_jivo_is_told(tmp_path):
    async with standing(tmp_path) as here:
        here.bot.answer = lambda _turn: BotReply(attributes={"email": "ann@example.com", "phone": "+7", "tier": "gold"})
        chat = here.jivo.chat()
        await chat.says("I am ann@example.com")
        await here.jivo.until(lambda: bool(chat.info))
        await chat.says("again")
        await here.hears(2)
        await here.gateway.settled()
        [posted] = here.jivo.called("CLIENT_INFO")

        assert {name: posted[name] for name in posted if name not in {"event", "id", "client_id", "chat_id"}} == {
            "email": "ann@example.com",
            "phone": "+7",
        }


async def test_what_jivo_told_itself_it_is_not_told(tmp_path):
    async with standing(tmp_path) as here:
        chat = here.jivo.chat()
        await chat.says("hello")
        chat.name = "Anna"
        await chat.says("my name is Anna")
        await here.sees(chat, "hi hello", "hi my name is Anna")
        await here.gateway.settled()

        assert not here.jivo.called("CLIENT_INFO")
        assert (await here.conversation(chat)).client.name == "Anna"


@pytest.mark.parametrize(("mapping", "posted"), [({}, []), ({"mail": "email"}, ["a@b.c"])])
async def test_which_facts_are_told_is_an_option(tmp_path, mapping, posted):
    async with standing(tmp_path, client_info=mapping) as here:
        here.answers(text_message("noted"), attributes={"mail": "a@b.c", "email": "x@y.z"})
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.sees(chat, "noted")
        await here.gateway.settled()

        assert [body["email"] for body in here.jivo.called("CLIENT_INFO")] == posted


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_rating_is_asked_for_when_the_bot_ends_the_conversation(tmp_path, wanted):
    async with standing(tmp_path, ask_rating=wanted) as here:
        chat = here.jivo.chat()
        await chat.says("bye")
        await here.sees(chat, "goodbye")
        await here.gateway.settled()

        assert chat.rate_asked == wanted
        assert [call.what for call in here.jivo.calls] == ["BOT_MESSAGE", "INIT_RATE"][: 1 + wanted]


async def test_no_rating_is_asked_for_when_jivo_closes_the_chat(tmp_path):
    async with standing(tmp_path, ask_rating=True) as here:
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.sees(chat, "hi hello")
        await chat.closes()
        await here.gateway.settled()

        assert not chat.rate_asked


# --- secrets ---------------------------------------------------------------------------------------------------------


async def test_the_token_is_in_no_log(tmp_path, capsys):
    async with standing(tmp_path) as here:
        here.jivo.refuse("BOT_MESSAGE", 500)
        chat = here.jivo.chat()
        await chat.says("hello")
        await here.gateway.settled()
        await here.jivo.request("POST", f"{here.gateway.url}/hooks/jivo/wrong", raw=b"{}")
        await here.jivo.request("POST", here.jivo.endpoint, raw=b"{}")
        log = await here.log(chat)

        shown = capsys.readouterr()
        assert "delivery.retry_scheduled" in shown.out
        assert here.jivo.token not in shown.out + shown.err + json.dumps([str(body) for body in log])
        assert any(isinstance(body, Said) for body in log)
