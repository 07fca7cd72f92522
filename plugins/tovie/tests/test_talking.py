# mypy: allow-untyped-defs, allow-untyped-calls
"""A client talks to a script: what the script is asked, and what it says."""

from __future__ import annotations

import pytest

from gateway import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    ClientChanged,
    Closed,
    Contact,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Peer,
    Pressed,
    Role,
    Said,
    Text,
)
from gateway.testing.tovie import text
from plugins.tovie.tests.kit import saying, talking


@pytest.fixture
async def here(tmp_path):
    async with talking(tmp_path) as here:
        yield here


# --- asking ----------------------------------------------------------------------------------------------------------


async def test_a_client_is_answered(here):
    await here.ann.writes("hello")
    await here.sees("echo hello")

    question = here.tovie.questions[-1]
    assert question.client == "web:ann"
    assert question.key.startswith((await here.gateway.conversation()).id)


async def test_the_script_learns_who_writes_from_where(here):
    client = Peer(id="ann", name="Ann")
    await here.begins(language="de", attributes={"page": "/cart"})
    await here.ann.context.receive(ClientChanged(client=client, attributes={"order": "7"}))
    await here.ann.writes("hello")
    await here.sees("Welcome", "echo hello")

    assert here.tovie.questions[-1].data == {
        "channel": "web",
        "conversation": (await here.gateway.conversation()).id,
        "verified": False,
        "attributes": {"page": "/cart", "order": "7"},
        "clientName": "Ann",
        "language": "de",
        "livechatStatus": {"enabled": True},
    }


async def test_the_script_learns_that_nobody_is_online(here):
    here.desk.online = False
    await here.ann.writes("hello")

    assert (await here.asked("hello")).data["livechatStatus"] == {"enabled": False}


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, "/start"),
        ({"start": "/hi"}, "/hi"),
        ({"start": "opened", "start_by": "event"}, "<opened>"),
    ],
)
async def test_the_script_greets(tmp_path, options, asked):
    async with talking(tmp_path, **options) as here:
        await here.begins("spring-sale")

        assert (await here.asked(asked)).data["payload"] == "spring-sale"


async def test_a_script_may_be_left_alone_until_the_client_speaks(tmp_path):
    async with talking(tmp_path, start_by="nothing") as here:
        await here.begins()
        await here.gateway.settled()
        await here.ann.writes("hello")
        await here.sees("echo hello")

        assert here.tovie.asked() == ["hello"]


PHOTO = Media(
    kind=MediaKind.IMAGE,
    attachment=Attachment(url="https://files.example.com/a.png", name="a.png", media_type="image/png", size=5),
    caption="look",
)


async def test_files_are_an_event_with_their_links(here):
    await here.sends(Text(text="two of them"), PHOTO, PHOTO)
    question = await here.asked("<fileEvent>")

    assert question.data == [
        {
            "url": "https://files.example.com/a.png",
            "name": "a.png",
            "type": "image",
            "mediaType": "image/png",
            "size": 5,
            "text": "look\ntwo of them",
        },
        {
            "url": "https://files.example.com/a.png",
            "name": "a.png",
            "type": "image",
            "mediaType": "image/png",
            "size": 5,
            "text": "look",
        },
    ]


async def test_files_may_be_told_beside_everything_else(tmp_path):
    async with talking(tmp_path, file_data="object") as here:
        await here.sends(PHOTO)
        question = await here.asked("<fileEvent>")

        assert question.data["channel"] == "web"
        assert [file["name"] for file in question.data["files"]] == ["a.png"]


async def test_a_file_of_the_gateway_is_a_link_that_leads_here(here):
    kept = Attachment(url="/files/0123456789012345678901/b.pdf", name="b.pdf", media_type="application/pdf")
    await here.sends(Media(kind=MediaKind.DOCUMENT, attachment=kept))

    assert (await here.asked("<fileEvent>")).data[0]["url"] == f"{here.gateway.url}{kept.url}"


async def test_a_file_that_is_too_big_is_another_event(tmp_path):
    async with talking(tmp_path, file_limit_mb=0.000001) as here:
        await here.sends(PHOTO)

        await here.asked("<fileTooBigEvent>")


async def test_a_place_and_a_contact_are_words_with_data(here):
    await here.sends(Location(latitude=52.5, longitude=13.25, title="Home"))
    assert (await here.asked("52.5, 13.25")).data["location"] == {"lat": 52.5, "lon": 13.25, "title": "Home"}

    await here.sends(Contact(name="Bo", phone="+49 30 1"))
    assert (await here.asked("+49 30 1")).data["contact"] == {"name": "Bo", "phone": "+49 30 1", "email": ""}


async def test_a_place_and_a_contact_may_be_events(tmp_path):
    async with talking(tmp_path, location_event="placeEvent", contact_event="contactEvent") as here:
        await here.sends(Location(latitude=52.5, longitude=13.25))
        await here.asked("<placeEvent>")
        await here.sends(Contact(name="Bo"))
        assert (await here.asked("<contactEvent>")).data["contact"]["name"] == "Bo"


async def test_a_message_without_words_asks_nothing(here):
    await here.sends(Text(text="  "))
    await here.gateway.settled()

    assert here.tovie.questions == []


BUTTONS = {"type": "buttons", "buttons": [{"text": "Yes", "transition": "/Yes"}, {"text": "No"}]}
INLINE = {
    "type": "inlineButtons",
    "buttons": [{"text": "Shop", "url": "https://shop.example.com"}, {"text": "Order", "callback_data": "order:7"}],
}


async def test_buttons_stand_below_the_words_and_their_data_come_back(here):
    here.tovie.script = saying(text("Well?"), BUTTONS, INLINE)
    await here.ann.writes("hello")
    await here.sees("Well?")

    assert here.ann.sent[-1].message.contents == (
        Text(text="Well?"),
        Buttons(
            buttons=(
                Button(text="Yes"),
                Button(text="No"),
                Button(text="Shop", url="https://shop.example.com"),
                Button(text="Order", value="order:7"),
            )
        ),
    )

    await here.sends(Pressed(value="Yes", text="Yes"))
    assert (await here.asked("hello", "Yes")).data["button"] == {"text": "Yes", "transition": "/Yes"}
    await here.sends(Pressed(value="order:7", text="Order"))
    assert (await here.asked("order:7")).data["button"] == {"text": "Order", "callback_data": "order:7"}


async def test_who_types_what_stands_on_a_button_has_pressed_it(here):
    here.tovie.script = saying(text("Well?"), INLINE)
    await here.ann.writes("hello")
    await here.sees("Well?")
    await here.ann.writes("Order")

    await here.asked("order:7")


# --- being answered --------------------------------------------------------------------------------------------------

JPG = Attachment(url="https://x.example.com/a.jpg", name="a.jpg", media_type="image/jpeg")

SHOWN = {
    "plain text": (text("*a*"), [(Text(text="*a*"),)]),
    "markdown": (text("*a*", markup="markdown"), [(Text(text="*a*", markup=Markup.MARKDOWN),)]),
    "html": (text("a", markup="html"), [(Text(text="a", markup=Markup.HTML),)]),
    "an unknown markup is plain": (text("a", markup="bbcode", tts="ah"), [(Text(text="a"),)]),
    "htmlResponse": ({"type": "htmlResponse", "html": "<b>a</b>"}, [(Text(text="<b>a</b>", markup=Markup.HTML),)]),
    "image": (
        {"type": "image", "imageUrl": JPG.url, "text": "look"},
        [(Media(kind=MediaKind.IMAGE, attachment=JPG, caption="look"),)],
    ),
    "audio": (
        {"type": "audio", "audioUrl": "https://x.example.com/1", "audioName": "a.mp3"},
        [
            (
                Media(
                    kind=MediaKind.AUDIO,
                    attachment=Attachment(url="https://x.example.com/1", name="a.mp3", media_type="audio/mpeg"),
                ),
            )
        ],
    ),
    "video": (
        {"type": "video", "videoUrl": "https://x.example.com/a.mp4"},
        [
            (
                Media(
                    kind=MediaKind.VIDEO,
                    attachment=Attachment(url="https://x.example.com/a.mp4", name="a.mp4", media_type="video/mp4"),
                ),
            )
        ],
    ),
    "location": ({"type": "location", "lat": 52.5, "lon": "13.25"}, [(Location(latitude=52.5, longitude=13.25),)]),
    "carousel": (
        {
            "type": "carousel",
            "text": "Ours",
            "content": [
                {
                    "title": "Pot",
                    "description": "Big",
                    "image": JPG.url,
                    "url": "https://x.example.com",
                    "btnText": "Buy",
                },
                {"title": "Mug", "btnText": "Take"},
            ],
        },
        [
            (
                Text(text="Ours"),
                Carousel(
                    cards=(
                        Card(
                            title="Pot",
                            description="Big",
                            image=JPG,
                            buttons=(Button(text="Buy", url="https://x.example.com"),),
                        ),
                        Card(title="Mug", buttons=(Button(text="Take"),)),
                    )
                ),
            )
        ],
    ),
    "raw, as far as it has words": (
        {"type": "raw", "method": "sendMessage", "body": {"text": "a"}},
        [(Text(text="a"),)],
    ),
    "buttons by themselves": (
        {"type": "buttons", "buttons": [{"text": "A"}]},
        [(Buttons(buttons=(Button(text="A"),)),)],
    ),
    "a call is a number to call": ({"type": "switch", "phoneNumber": "+49301"}, [(Contact(phone="+49301"),)]),
    "a link that leads nowhere good is no link": (
        {"type": "inlineButtons", "buttons": [{"text": "A", "url": "javascript:alert(1)"}]},
        [(Buttons(buttons=(Button(text="A"),)),)],
    ),
    "of a picture at no address the words stay": (
        {"type": "image", "imageUrl": "file:///etc/passwd", "text": "look"},
        [(Text(text="look"),)],
    ),
}


@pytest.mark.parametrize(("reply", "contents"), SHOWN.values(), ids=SHOWN)
async def test_every_type_of_reply_is_shown(here, reply, contents):
    here.tovie.script = saying(reply, text("end"))
    await here.ann.writes("hello")
    await here.sees("end")

    said = [entry.body for entry in here.entries if isinstance(entry.body, Said) and entry.body.role is Role.BOT]
    messages = [each.message for each in said[:-1]]
    assert messages == [Message(contents=each) for each in contents]


@pytest.mark.parametrize(
    "reply",
    [
        {"type": "context-switch"},
        {"type": "context-return"},
        {"type": "crmIntegration"},
        {"type": "dtmf"},
        {"type": "raw", "body": {"chat_id": 5}, "method": "sendDice"},
        {"type": "hologram", "beam": 1},
        {"type": "image"},
        {"type": "location", "lat": "here"},
        {"type": "buttons", "buttons": "many"},
        {"type": "timeout", "interval": "soon"},
        {"type": "switch", "sipUri": "sip:7@example.com"},
        {"type": 5},
        {},
    ],
    ids=str,
)
async def test_what_cannot_be_shown_is_counted_and_fails_nothing(here, reply):
    here.tovie.script = saying(reply, text("end"))
    await here.ann.writes("hello")
    await here.sees("end")

    assert here.ann.texts() == ["end"]
    assert here.ignored() == 1


async def test_an_answer_has_a_hundred_replies_at_most(here):
    here.tovie.script = saying(*(text(f"{number}") for number in range(120)))
    await here.ann.writes("hello")
    await here.sees("98", "99")
    await here.gateway.settled()

    assert len(here.ann.sent) == 100
    assert here.ignored() == 1


@pytest.mark.parametrize(
    ("reply", "options", "closes"),
    [
        ({"type": "hangup"}, {}, True),
        ({"type": "hangup"}, {"close_on_hangup": False}, False),
    ],
)
async def test_who_hangs_up_closes(tmp_path, reply, options, closes):
    async with talking(tmp_path, **options) as here:
        here.tovie.script = saying(text("Bye"), reply)
        await here.ann.writes("hello")
        await here.sees("Bye")
        await here.gateway.settled()

        assert any(isinstance(entry.body, Closed) for entry in here.entries) == closes


# --- timeouts --------------------------------------------------------------------------------------------------------


def waiting(question):
    if question.event == "/Silent":
        return [text("Still there?")]
    return [text("Which one?"), {"type": "timeout", "interval": 60, "targetState": "/Silent"}]


async def test_a_silent_client_is_asked_again(here):
    here.tovie.script = waiting
    await here.ann.writes("hello")
    await here.sees("Which one?")
    here.gateway.advance(59)
    await here.gateway.settled()
    assert here.tovie.asked() == ["hello"]

    here.gateway.advance(2)
    await here.sees("Which one?", "Still there?")

    assert here.tovie.questions[-1].data["targetState"] == "/Silent"
    assert await here.transcript() == ["client: hello", "bot: Which one?", "waited", "bot: Still there?"]


async def test_a_client_who_speaks_is_not_asked_again(here):
    here.tovie.script = lambda question: waiting(question) if question.query == "hello" else [text("ok")]
    await here.ann.writes("hello")
    await here.sees("Which one?")
    await here.ann.writes("the red one")
    await here.sees("ok")
    here.gateway.advance(120)
    await here.gateway.settled()

    assert here.tovie.asked() == ["hello", "the red one"]


@pytest.mark.parametrize(("interval", "seconds"), [("5 minutes", 300), ("1.5 h", 5400), (20, 20), ("30", 30)])
async def test_intervals_in_every_plausible_form(here, interval, seconds):
    here.tovie.script = lambda question: (
        [text("a"), {"type": "timeout", "interval": interval, "targetState": "/B"}]
        if question.query
        else [text("event")]
    )
    await here.ann.writes("hello")
    await here.sees("a")

    conversation = await here.gateway.conversation()
    assert conversation.again_at - conversation.active_at == pytest.approx(seconds)
