# mypy: allow-untyped-defs, allow-untyped-calls
"""A query and its answer, by POST and by GET, with everything the bot can say."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest

from gateway import (
    Attachment,
    BotReply,
    Button,
    Buttons,
    Card,
    Carousel,
    Contact,
    Location,
    Markup,
    Media,
    MediaKind,
    Pressed,
    Text,
    text_message,
)

kit = import_module("plugins.chat-api.tests.chat_kit")


@pytest.fixture
async def here(tmp_path):
    async with kit.stage(tmp_path) as here:
        yield here


async def test_a_query_is_answered_with_the_whole_answer(here):
    here.bot.answer = lambda _turn: BotReply(messages=(text_message("one"), text_message("two")))
    answer = await here.site.asks("hello")

    assert answer["data"] == {
        "replies": [
            {"type": "text", "text": "one", "markup": "plain"}, {"type": "text", "text": "two", "markup": "plain"},
        ],
        "answer": "one\n\ntwo", "nlpClass": "/bot", "confidence": 1.0,
        "newSessionStarted": True, "debugData": [], "endSession": False,
    }  # fmt: skip
    assert answer["clientId"] == "ann"
    assert answer["questionId"] == f"{answer['conversationId']}.1"
    assert (answer["floor"], answer["complete"]) == ("bot", True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", answer["timestamp"])
    assert (await here.site.asks("again"))["data"]["newSessionStarted"] is False
    await here.gateway.settled()
    assert here.site.items == []


async def test_a_query_by_get_and_a_number_for_a_client(here):
    answer = await here.site.request("GET", here.site.at(clientId=7, query="hi & bye", cid="p1"))
    again = await here.site.asks("hi", client=7)

    assert answer.body["data"]["answer"] == "echo hi & bye"
    assert answer.body["clientId"] == again["clientId"] == "7"
    assert answer.body["conversationId"] == again["conversationId"]


async def test_the_colon_of_the_token_may_be_raw(here):
    raw = await here.site.request("POST", f"{here.site.base}/chatapi/{kit.TOKEN}", {"clientId": "ann", "query": "hi"})

    assert raw.body["data"]["answer"] == "echo hi"


async def test_a_start_is_greeted(here):
    for number, (query, event) in enumerate(((None, "start"), (None, "/start"), ("/start", ""))):
        answer = await here.site.asks(query, f"client-{number}", event=event)
        assert answer["data"]["answer"] == "hello"
        assert answer["data"]["newSessionStarted"] is True


async def test_a_start_brings_a_payload_along(here):
    await here.site.asks("hello")
    await here.site.asks("/start spring-sale")

    assert here.bot.turns[-1].cause.body.payload == "spring-sale"


async def test_a_bare_start_in_a_running_conversation_is_a_word(here):
    await here.site.asks("hello")

    assert (await here.site.asks("/start"))["data"]["answer"] == "echo /start"
    assert (await here.site.asks(None, event="start"))["data"]["answer"] == "echo start"


async def test_a_start_nobody_answers_is_answered_at_once(tmp_path):
    async with kit.stage(tmp_path, bot=False) as here:
        answer = await here.site.asks(None, event="/start")

    assert answer["data"]["replies"] == []
    assert answer["complete"] is True


async def test_a_custom_event_reaches_the_bot_with_its_data(here):
    await here.site.asks(None, event="orderPaid", data={"order": 17, "lines": [1, 2], "note": None})
    turn = here.bot.turns[-1]

    assert turn.cause.body.message.contents == (Pressed(value="orderPaid"),)
    assert turn.conversation.attributes == {"order": "17", "lines": "[1, 2]"}


async def test_data_tells_about_the_client(here):
    await here.site.asks("hi", data={"name": "Ann Lee", "language": "de", "channel": "site"})
    await here.site.asks("hi", "bob", data={"firstName": "Bob", "lastName": "Ray"})
    ann, bob = (turn.conversation for turn in here.bot.turns)

    assert (ann.client.name, ann.language, ann.attributes) == ("Ann Lee", "de", {"channel": "site"})
    assert bob.client.name == "Bob Ray"


async def test_data_that_is_no_object_is_kept(here):
    await here.site.asks("hi", data=[1, "two"])

    assert here.bot.turns[-1].conversation.attributes == {"data": '[1, "two"]'}


SHAPES = {
    "the other system's names": '[{"fileUrl": "URL", "fileName": "cat.png"}]',
    "a list": '[{"url": "URL", "name": "cat.png", "size": "72", "type": "image/png"}]',
    "a member": '{"files": [{"link": "URL", "filename": "cat.png", "fileSize": 72}]}',
    "one in a member": '{"file": {"href": "URL", "title": "cat.png", "mimeType": "image/png"}}',
    "one": '{"url": "URL", "name": "cat.png", "type": "photo", "size": -1}',
    "a link": '"URL"',
    "links": '["URL"]',
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_files_come_in_every_plausible_form(here, shape):
    url = here.site.keep("cat.png", kit.PNG, "image/png")
    await here.site.asks(None, event="fileEvent", data=json.loads(SHAPES[shape].replace("URL", url)))
    [media] = here.bot.turns[-1].cause.body.message.contents

    assert media.kind is MediaKind.IMAGE
    assert media.attachment.url.startswith("/files/")
    assert media.attachment.name == "cat.png"


async def test_several_files_and_a_word_are_one_message(here):
    url = here.site.keep("cat.png", kit.PNG, "image/png")
    await here.site.asks("look", event="fileEvent", data=[{"url": url}, {"url": url}])

    assert [content.type for content in here.bot.turns[-1].cause.body.message.contents] == ["text", "media", "media"]


async def test_a_file_event_without_a_file_is_an_event(here):
    await here.site.asks(None, event="fileEvent", data={"what": "ever"})

    assert here.bot.turns[-1].cause.body.message.contents == (Pressed(value="fileEvent"),)


async def test_a_button_is_pressed_by_its_text_or_its_value(here):
    yes = Buttons(buttons=(Button(text="Yes", value="y"), Button(text="Shop", url="https://shop.example.com/")))
    here.bot.answer = kit.saying(Text(text="Sure?"), yes)
    await here.site.asks("hi")
    for words in ("Yes", "y", "yes", "Shop"):
        await here.site.asks(words)
    said = [turn.cause.body.message.contents[0] for turn in here.bot.turns[1:]]

    pressed = Pressed(value="y", text="Yes")
    assert said == [pressed, pressed, Text(text="yes"), Text(text="Shop")]


FILE = Attachment(url="/files/0123456789012345678901/a.bin", name="a.bin", media_type="x/y")
REPLIES = {
    "markdown": ((Text(text="*b*", markup=Markup.MARKDOWN),), [{"type": "text", "text": "*b*", "markup": "markdown"}]),
    "html": ((Text(text="<b>b</b>", markup=Markup.HTML),), [{"type": "text", "text": "<b>b</b>", "markup": "html"}]),
    "choices and links": (
        (Buttons(buttons=(Button(text="A"), Button(text="B", value="b"), Button(text="C", url="https://c.example/"))),),
        [
            {"type": "buttons", "buttons": [{"text": "A"}, {"text": "B", "value": "b"}]},
            {"type": "inlineButtons", "buttons": [{"text": "C", "url": "https://c.example/"}]},
        ],
    ),
    "an image": (
        (Media(kind=MediaKind.IMAGE, attachment=FILE, caption="tea"),),
        [{"type": "image", "imageUrl": "{url}", "text": "tea"}],
    ),
    "a sticker": ((Media(kind=MediaKind.STICKER, attachment=FILE),), [{"type": "image", "imageUrl": "{url}"}]),
    "a voice": (
        (Media(kind=MediaKind.VOICE, attachment=FILE, caption="hear"),),
        [
            {"type": "audio", "audioUrl": "{url}", "audioName": "a.bin"},
            {"type": "text", "text": "hear", "markup": "plain"},
        ],
    ),
    "a video": (
        (Media(kind=MediaKind.VIDEO, attachment=FILE),), [{"type": "video", "videoUrl": "{url}", "videoName": "a.bin"}],
    ),
    "a document": (
        (Media(kind=MediaKind.DOCUMENT, attachment=FILE, caption="read"),),
        [{"type": "text", "text": "read\na.bin: {url}", "markup": "plain"}],
    ),
    "a place": (
        (Location(latitude=1.5, longitude=-2.5, title="Here"),),
        [{"type": "text", "text": "Here", "markup": "plain"}, {"type": "location", "lat": 1.5, "lon": -2.5}],
    ),
    "a contact": ((Contact(name="Bo", phone="1"),), [{"type": "text", "text": "Bo\n1", "markup": "plain"}]),
    "cards": (
        (
            Carousel(
                cards=(
                    Card(title="Tea", description="Hot", image=FILE, buttons=(Button(text="Buy", value="buy tea"),)),
                    Card(title="Milk", buttons=(Button(text="See", url="https://c.example/"),)),
                    Card(title="Air"),
                )
            ),
        ),
        [
            {
                "type": "carousel",
                "text": "",
                "content": [
                    {"title": "Tea", "description": "Hot", "image": "{url}", "btnText": "Buy", "value": "buy tea"},
                    {"title": "Milk", "btnText": "See", "url": "https://c.example/"},
                    {"title": "Air", "btnText": ""},
                ],
            }
        ],
    ),
    "cards with two buttons": (
        (Carousel(cards=(Card(title="Tea", buttons=(Button(text="Buy"), Button(text="Taste"))),)),),
        [
            {"type": "text", "text": "Tea", "markup": "plain"},
            {"type": "buttons", "buttons": [{"text": "Buy"}, {"text": "Taste"}]},
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
async def test_what_the_bot_says_as_reply_objects(here, name):
    contents, wanted = REPLIES[name]
    here.bot.answer = kit.saying(*contents)
    answer = await here.site.asks("hi")
    url = f"{here.gateway.url}{FILE.url}"

    assert answer["data"]["replies"] == json.loads(json.dumps(wanted).replace("{url}", url))


async def test_a_bot_that_hangs_up_ends_the_session(here):
    answer = await here.site.asks("bye")

    assert answer["data"]["answer"] == "goodbye"
    assert answer["data"]["endSession"] is True
    assert answer["floor"] == "closed"
    assert (await here.site.asks("hi"))["data"]["newSessionStarted"] is True
