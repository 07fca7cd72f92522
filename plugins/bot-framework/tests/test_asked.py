# mypy: allow-untyped-defs, allow-untyped-calls
"""What the bot is sent, and what its answers come to."""

from __future__ import annotations

import base64
from importlib import import_module

import pytest

from gateway import (
    Attachment,
    BotFailed,
    Button,
    Buttons,
    Card,
    Carousel,
    ClientStarted,
    ClientWrote,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Peer,
    Pressed,
    Text,
    text_message,
)

kit = import_module("plugins.bot-framework.tests.framework_kit")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
HERO = "application/vnd.microsoft.card.hero"


@pytest.fixture
async def here(tmp_path):
    async with kit.standing(tmp_path) as found:
        yield found


async def said(here, *activities):
    """Let the bot answer with these; return what the client sees."""
    gateway, bot = here
    bot.says(*activities)
    await gateway.channel().writes("hi")
    await gateway.settled()
    return [each.message.contents for each in gateway.channel().sent]


# --- what it is sent -------------------------------------------------------------------------------------------------


async def test_a_message_is_a_whole_activity(here):
    gateway, bot = here
    event = ClientWrote(
        client=Peer(id="42", name="Ann"),
        message=text_message("where is *my* order?"),
        language="de",
        attributes={"page": "/orders"},
    )
    received = await gateway.channel().context.receive(event)
    await gateway.settled()
    (sent,) = bot.messages
    service = sent.pop("serviceUrl")

    assert sent.pop("timestamp").endswith("+00:00")
    assert sent == {
        "type": "message",
        "id": f"{received.conversation}.1-1-1",
        "channelId": "webchat",
        "deliveryMode": "expectReplies",
        "conversation": {"id": received.conversation},
        "from": {"id": "web:42", "name": "Ann", "role": "user"},
        "recipient": {"id": "bot", "role": "bot"},
        "locale": "de",
        "text": "where is *my* order?",
        "textFormat": "plain",
        "attachments": [],
        "entities": [],
        "channelData": {"channel": "web", "route": "main", "attributes": {"page": "/orders"}, "verified": False},
    }
    assert service.startswith(f"{gateway.url}/hooks/mine/")


async def test_a_deep_link_comes_with_its_payload_and_the_client_is_new_once(here):
    gateway, bot = here
    await gateway.channel().context.receive(ClientStarted(client=Peer(id="ann"), payload="spring"))
    await gateway.settled()
    await gateway.channel().writes("hi")
    await gateway.settled()
    (update,) = bot.called("conversationUpdate")

    assert update["membersAdded"] == [{"id": "web:ann", "role": "user"}]
    assert update["channelData"]["payload"] == "spring"
    assert len(bot.messages) == 1


SAYINGS = {
    "words with marks": ((Text(text="**red**", markup=Markup.MARKDOWN),), {"text": "red"}),
    "a button": ((Pressed(value="take red", text="Take it"),), {"text": "take red"}),
    "a button with an object": ((Pressed(value='{"do": 1}', text="Do"),), {"value": {"do": 1}}),
    "a button nested without end": (
        (Pressed(value="[" * 5_000, text="?"),),
        {"text": "[" * 5_000},
    ),
    "a button with a number": ((Pressed(value="17", text="17"),), {"text": "17"}),
    "a place": (
        (Location(latitude=1.5, longitude=2.5, title="Shop"),),
        {
            "text": "",
            "entities": [
                {
                    "type": "Place",
                    "name": "Shop",
                    "geo": {"type": "GeoCoordinates", "latitude": 1.5, "longitude": 2.5, "name": "Shop"},
                }
            ],
        },
    ),
}


@pytest.mark.parametrize(("contents", "sent"), SAYINGS.values(), ids=SAYINGS)
async def test_what_clients_say(here, contents, sent):
    gateway, bot = here
    await gateway.channel().writes(Message(contents=contents))
    await gateway.settled()
    (message,) = bot.messages

    assert {key: message.get(key) for key in sent} == sent


async def test_a_file_has_an_address_the_bot_can_reach(here):
    gateway, bot = here
    file = Attachment(url="/files/k/a.png", name="a.png", media_type="image/png")
    await gateway.channel().writes(Message(contents=(Media(kind=MediaKind.IMAGE, attachment=file, caption="this"),)))
    await gateway.settled()
    (message,) = bot.messages

    assert message["text"] == "this"
    assert message["attachments"] == [
        {"contentType": "image/png", "contentUrl": f"{gateway.url}/files/k/a.png", "name": "a.png"}
    ]


async def test_a_token_goes_to_the_bot_and_shows_nowhere(tmp_path):
    async with kit.standing(tmp_path, token="hidden-value", channel_id="shop", bot_id="b-1") as (gateway, bot):
        await gateway.channel().writes("hi")
        await gateway.settled()

        assert {call.headers["authorization"] for call in bot.calls} == {"Bearer hidden-value"}
        assert (bot.messages[0]["channelId"], bot.messages[0]["recipient"]["id"]) == ("shop", "b-1")
        assert "hidden-value" not in repr(gateway.gateway.settings)


async def test_a_turn_is_asked_again_with_the_same_id(here):
    gateway, bot = here
    bot.refuse("message", 503)
    bot.says({"type": "message", "text": "here"})
    await gateway.channel().writes("hi")
    await gateway.settled()

    assert gateway.channel().texts() == ["here"]
    ids = [call.body["id"] for call in bot.calls if call.what == "message"]
    assert len(ids) == 2
    assert len(set(ids)) == 1


# --- what its answers come to ----------------------------------------------------------------------------------------

FORMATS = {
    "": Markup.MARKDOWN,
    "markdown": Markup.MARKDOWN,
    "plain": Markup.PLAIN,
    "xml": Markup.HTML,
    "else": Markup.MARKDOWN,
}


@pytest.mark.parametrize(("text_format", "markup"), FORMATS.items())
async def test_a_text_has_its_format(here, text_format, markup):
    gateway, _bot = here
    await said(here, {"type": "message", "text": "a", "textFormat": text_format or None})

    assert (await gateway.log())[-1].body.message.contents == (Text(text="a", markup=markup),)


def card(**members):
    return {"contentType": HERO, "content": members}


async def test_cards_below_each_other_and_side_by_side(here):
    red, blue = card(title="Red", subtitle="new", text="The red one"), card(text="No title")
    cards = (Card(title="Red", description="new\nThe red one"), Card(title="No title"))
    shown = await said(
        here,
        {"type": "message", "attachments": [red, blue]},
        {"type": "message", "attachments": [red, blue], "attachmentLayout": "carousel"},
    )

    assert shown == [
        (Carousel(cards=cards[:1]), Carousel(cards=cards[1:])),
        (Carousel(cards=cards),),
    ]


BUTTONS = {
    "says its value": ({"type": "imBack", "title": "Red", "value": "red"}, Button(text="Red", value="red")),
    "says its title": ({"type": "postBack", "title": "Red"}, Button(text="Red", value="Red")),
    "says its text": ({"type": "messageBack", "title": "Red", "text": "r"}, Button(text="Red", value="r")),
    "says an object": ({"type": "postBack", "title": "Do", "value": {"do": 1}}, Button(text="Do", value='{"do": 1}')),
    "says a number": ({"type": "imBack", "title": "One", "value": 1}, Button(text="One", value="1")),
    "opens": ({"type": "openUrl", "title": "Shop", "value": "https://a.example"},
              Button(text="Shop", url="https://a.example")),
    "signs in": ({"type": "signin", "title": "In", "value": "https://a.example"},
                 Button(text="In", url="https://a.example")),
    "calls": ({"type": "call", "title": "Call", "value": "+461"}, Button(text="Call", url="tel:+461")),
    "opens something odd": ({"type": "openUrl", "title": "X", "value": "javascript:x"}, None),
    "nothing": ({"type": "imBack"}, None),
}  # fmt: skip


@pytest.mark.parametrize(("action", "button"), BUTTONS.values(), ids=BUTTONS)
async def test_buttons(here, action, button):
    shown = await said(here, {"type": "message", "text": "?", "suggestedActions": {"to": [], "actions": [action]}})

    assert shown[0][1:] == ((Buttons(buttons=(button,)),) if button else ())


async def test_a_file_inside_an_activity_is_kept(here):
    gateway, _bot = here
    inside = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    ((media,),) = await said(
        here, {"type": "message", "attachments": [{"contentType": "image/png", "contentUrl": inside, "name": "a.png"}]}
    )
    chunks = await gateway.gateway.files.read(media.attachment.url)

    assert b"".join([chunk async for chunk in chunks]) == PNG
    assert (media.kind, media.attachment.name) == (MediaKind.IMAGE, "a.png")


async def test_a_file_of_ours_comes_back_as_ours(here):
    gateway, _bot = here
    url = f"{gateway.url}/files/k/a.png"
    ((media,),) = await said(
        here, {"type": "message", "attachments": [{"contentType": "image/png", "contentUrl": url}]}
    )

    assert media.attachment.url == "/files/k/a.png"


async def test_a_film_on_a_card_and_the_words_of_an_adaptive_card(here):
    video = {"contentType": "application/vnd.microsoft.card.video",
             "content": {"title": "How to", "media": [{"url": "https://a.example/a.mp4"}]}}  # fmt: skip
    adaptive = {"contentType": "application/vnd.microsoft.card.adaptive",
                "content": {"type": "AdaptiveCard", "fallbackText": "Order 17", "body": []}}  # fmt: skip
    shown = await said(
        here, {"type": "message", "attachments": [video]}, {"type": "message", "attachments": [adaptive]}
    )

    assert shown == [
        (
            Media(kind=MediaKind.VIDEO, attachment=Attachment(url="https://a.example/a.mp4")),
            Carousel(cards=(Card(title="How to"),)),
        ),
        (Carousel(cards=(Card(title="Order 17"),)),),
    ]


async def test_what_nobody_can_show_is_counted_and_the_rest_is_said(here):
    gateway, _bot = here
    shown = await said(
        here,
        {"type": "trace", "name": "BotState"},
        {"type": "typing"},
        {"type": "telepathy"},
        {"type": "event", "name": "unknown"},
        {"type": "message", "text": "hi", "attachments": [{"contentType": "x/y", "content": {}}], "unknown": {"a": 1}},
        {"type": "message"},
    )

    assert shown == [(Text(text="hi", markup=Markup.MARKDOWN),)]
    assert 'gateway_input_ignored_total{instance="mine"} 3.0' in gateway.gateway.metrics.render()[0].decode()


async def test_everything_about_a_handoff_arrives(tmp_path):
    context = {"Queue": "billing", "va_AgentMessage": "wants a refund", "order": 17, "vip": True, "steps": ["a"]}
    async with kit.standing(tmp_path, group_from="Queue") as (gateway, bot):
        bot.says({"type": "event", "name": "handoff.initiate", "value": context})
        await gateway.channel().writes("hi")
        await gateway.until(lambda: bool(gateway.platform().openings))
        (opening,) = gateway.platform().openings

        assert opening.destination == "billing"
        assert opening.attributes == {"Queue": "billing", "order": "17", "vip": "true"}
        assert opening.transfer.summary == "wants a refund"
        assert opening.transfer.custom_data == context


@pytest.mark.parametrize("context", [None, "billing", [], {}])
async def test_a_handoff_needs_no_context(here, context):
    gateway, bot = here
    bot.says({"type": "event", "name": "handoff.initiate", "value": context})
    await gateway.channel().writes("hi")
    await gateway.until(lambda: bool(gateway.platform().openings))

    assert gateway.platform().openings[0].destination == ""


# --- when it goes wrong ----------------------------------------------------------------------------------------------

NO_ANSWERS = {
    "not activities": {"activities": ["hello"]},
    "no type": {"activities": [{"text": "hello"}]},
    "empty type": {"activities": [{"type": ""}]},
    "odd buttons": {"activities": [{"type": "message", "suggestedActions": "red"}]},
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_an_answer_that_is_none_fails_the_turn_with_its_place(here, answer):
    gateway, bot = here
    bot.answer = lambda activity: answer if activity["type"] == "message" else []
    await gateway.channel().writes("hi")
    await gateway.settled()
    [failed] = [entry.body for entry in await gateway.log() if isinstance(entry.body, BotFailed)]

    assert failed.reason.startswith("the bot's answer cannot be understood: activities.0")
    assert "hello" not in failed.reason


@pytest.mark.parametrize("answer", [None, {}, '"ok"', {"id": "1"}, {"activities": None}])
async def test_an_answer_without_activities_says_nothing(here, answer):
    gateway, bot = here
    bot.answer = lambda _activity: answer
    await gateway.channel().writes("hi")
    await gateway.settled()

    assert await gateway.transcript() == ["client: hi"]


async def test_something_else_at_its_address_is_told_with_its_cure(here):
    gateway, bot = here
    bot.answer = lambda _activity: "<html>"
    await gateway.channel().writes("hi")
    await gateway.settled()
    [failed] = [entry.body for entry in await gateway.log() if isinstance(entry.body, BotFailed)]

    assert failed.reason == "the bot's answer is not JSON; is the option `url` its messages endpoint?"


async def test_a_bot_that_wants_a_token_makes_the_instance_unhealthy(here):
    gateway, bot = here
    bot.refuse("", 401)
    running = gateway.gateway.instances["mine"]
    await gateway.channel().writes("hi")
    await gateway.until(lambda: bool(bot.calls) and not running.healthy)

    assert "`token`" in running.reason
