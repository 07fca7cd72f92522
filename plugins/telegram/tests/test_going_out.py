"""What the bot and the agents say, as Telegram is asked to show it: through the whole gateway, over HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiohttp import web

from gateway import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Contact,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Role,
    Text,
    Typing,
    text_message,
)
from gateway.testing import Harness
from plugins.telegram.tests.kit import PNG, Place, config, standing

MP3 = b"ID3" + bytes(60)
OGG = b"OggS" + bytes(60)


async def kept(here, content, name, media_type=""):
    """A file the gateway keeps."""

    async def chunks():
        yield content

    return await here.gateway.gateway.files.save(chunks(), name=name, media_type=media_type)


async def shown(here, *contents):
    """Let the bot say this; return what the client sees."""
    here.answers(Message(contents=contents))
    ann = here.telegram.person()
    ann.writes("hi")
    await here.hears()
    await here.gateway.settled()
    return list(ann.shown)


def uploaded(here, message, field):
    """The bytes Telegram got."""
    found = message[field][-1] if field == "photo" else message[field]
    return here.telegram.state.files[found["file_id"]]


async def test_markdown_comes_as_entities(tmp_path):
    async with standing(tmp_path) as here:
        text = Text(text="Your **order** [is here](https://a.example)", markup=Markup.MARKDOWN)
        (message,) = await shown(here, text)

    assert message["text"] == "Your order is here"
    assert message["entities"] == [
        {"type": "bold", "offset": 5, "length": 5},
        {"type": "text_link", "offset": 11, "length": 7, "url": "https://a.example"},
    ]


async def test_html_comes_as_entities(tmp_path):
    async with standing(tmp_path) as here:
        (message,) = await shown(here, Text(text="<p>1 &lt; <b>2</b></p>", markup=Markup.HTML))

    assert (message["text"], message["entities"]) == ("1 < 2", [{"type": "bold", "offset": 4, "length": 1}])


@pytest.mark.parametrize("markup", list(Markup))
async def test_a_long_text_comes_in_whole_pieces(tmp_path, markup):
    words = [f"word{number}" for number in range(2000)]
    bold = "**{}**" if markup is Markup.MARKDOWN else "<b>{}</b>" if markup is Markup.HTML else "{}"
    text = " ".join(bold.format(word) if number % 50 == 0 else word for number, word in enumerate(words))
    async with standing(tmp_path) as here:
        messages = await shown(here, Text(text=text, markup=markup))

    assert len(messages) > 3
    assert " ".join(message["text"] for message in messages).split() == words
    if markup is not Markup.PLAIN:
        marked = [
            message["text"][entity["offset"] : entity["offset"] + entity["length"]]
            for message in messages
            for entity in message["entities"]
        ]
        assert marked == words[::50]


async def test_bold_over_the_limit_is_bold_in_every_piece(tmp_path):
    async with standing(tmp_path) as here:
        messages = await shown(here, Text(text=f"**{'word ' * 1500}end**", markup=Markup.MARKDOWN))

    assert len(messages) == 2
    for message in messages:
        (entity,) = message["entities"]
        assert (entity["type"], entity["offset"], entity["length"]) == ("bold", 0, len(message["text"]))


KEPT = {
    "picture": (MediaKind.IMAGE, PNG, "a.png", "photo"),
    "moving picture": (MediaKind.IMAGE, b"GIF89a" + bytes(20), "a.gif", "animation"),
    "drawing": (MediaKind.IMAGE, b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "document"),
    "broken picture": (MediaKind.IMAGE, b"RIFX" + bytes(20), "a.bin", "document"),
    "document": (MediaKind.DOCUMENT, b"%PDF-1.7", "a.pdf", "document"),
    "audio": (MediaKind.AUDIO, MP3, "a.mp3", "audio"),
    "audio of a browser": (MediaKind.AUDIO, b"\x1aE\xdf\xa3" + bytes(20), "a.webm", "document"),
    "voice": (MediaKind.VOICE, OGG, "a.ogg", "voice"),
    "video": (MediaKind.VIDEO, b"\0\0\0\x18ftypmp42" + bytes(60), "a.mp4", "video"),
    "sticker": (MediaKind.STICKER, b"RIFF\x18\0\0\0WEBPVP8 " + bytes(40), "a.webp", "sticker"),
}


@pytest.mark.parametrize(("kind", "content", "name", "field"), KEPT.values(), ids=KEPT)
async def test_files_of_the_gateway_are_uploaded(tmp_path, kind, content, name, field):
    async with standing(tmp_path) as here:
        attachment = await kept(here, content, name, "audio/ogg" if content is OGG else "")
        (message,) = await shown(here, Media(kind=kind, attachment=attachment))
        file = uploaded(here, message, field)

    assert (file.content, file.name) == (content, name)


async def test_a_file_under_the_gateways_own_address_is_uploaded(tmp_path):
    async with standing(tmp_path) as here:
        attachment = await kept(here, b"%PDF-1.7", "Rechnung „Mai“.pdf")
        whole = Attachment(url=here.gateway.url + attachment.url, name=attachment.name)
        (message,) = await shown(here, Media(kind=MediaKind.DOCUMENT, attachment=whole, caption="bill"))

        assert uploaded(here, message, "document").name == "Rechnung „Mai“.pdf"
        assert message["caption"] == "bill"


async def test_a_caption_too_long_follows_its_file(tmp_path):
    caption = "word " * 300
    async with standing(tmp_path) as here:
        attachment = await kept(here, PNG, "a.png")
        messages = await shown(here, Media(kind=MediaKind.IMAGE, attachment=attachment, caption=caption))

    assert [("photo" in message, message.get("text", "").strip()) for message in messages] == [
        (True, ""),
        (False, caption.strip()),
    ]


async def test_a_sticker_with_words_is_a_picture(tmp_path):
    async with standing(tmp_path) as here:
        attachment = await kept(here, b"RIFF\x18\0\0\0WEBPVP8 " + bytes(40), "a.webp")
        (message,) = await shown(here, Media(kind=MediaKind.STICKER, attachment=attachment, caption="hey"))

    assert (message["caption"], "photo" in message) == ("hey", True)


@pytest.fixture
async def site():
    """Somebody else's server, with a picture."""

    async def picture(_request):
        return web.Response(body=PNG, content_type="image/png")

    app = web.Application()
    app.router.add_get("/cat.png", picture)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_foreign_file_goes_by_its_address(tmp_path, site):
    async with standing(tmp_path) as here:
        attachment = Attachment(url=f"{site}/cat.png", name="cat.png", media_type="image/png")
        (message,) = await shown(here, Media(kind=MediaKind.IMAGE, attachment=attachment))

        assert here.telegram.called("sendPhoto")[0].params["photo"] == f"{site}/cat.png"
        assert uploaded(here, message, "photo").content == PNG


async def test_a_foreign_file_telegram_cannot_get_is_fetched_and_uploaded(tmp_path, site):
    from gateway.testing.telegram import FakeTelegram

    async with FakeTelegram() as telegram:
        trusting = {**config(telegram), "files": {"allow_private": True}}
        async with Harness(trusting, folder=tmp_path) as gateway:
            here = Place(gateway, telegram)
            telegram.refuse("sendPhoto", 400, "Bad Request: failed to get HTTP URL content")
            attachment = Attachment(url=f"{site}/cat.png", name="cat.png", media_type="image/png")
            (message,) = await shown(here, Media(kind=MediaKind.IMAGE, attachment=attachment))

            assert telegram.called("sendPhoto")[1].params["photo"] == "<file cat.png>"
            assert uploaded(here, message, "photo").content == PNG


@pytest.mark.parametrize("transport", ["aiohttp", "lean"])
async def test_either_transport_makes_the_calls_and_files_go_beside_it(tmp_path, monkeypatch, transport):
    from gateway.testing.telegram import FakeTelegram

    async with FakeTelegram() as telegram:
        whole = {**config(telegram), "server": {"port": 0, "http_client": transport}}
        async with Harness(whole, folder=tmp_path) as gateway:
            called, fetch = [], gateway.gateway._client.fetch

            def fetching(verb, url, **more):
                called.append(url.rpartition("/")[2])
                return fetch(verb, url, **more)

            monkeypatch.setattr(gateway.gateway._client, "fetch", fetching)
            here = Place(gateway, telegram)
            telegram.refuse("sendMessage", 429, "Too Many Requests: retry after 0", retry_after=0)
            picture = Media(kind=MediaKind.IMAGE, attachment=await kept(here, PNG, "a.png"))
            messages = await shown(here, Text(text="Höher 🎈"), picture)

            assert messages[0]["text"] == "Höher 🎈" and uploaded(here, messages[1], "photo").content == PNG
            assert called.count("sendMessage") == 2 and "getUpdates" in called and "sendPhoto" not in called


async def test_places_and_contacts(tmp_path):
    async with standing(tmp_path) as here:
        messages = await shown(
            here,
            Location(latitude=59.3, longitude=18.1),
            Location(latitude=59.3, longitude=18.1, title="Shop"),
            Contact(name="Bo", phone="+46", email="bo@a.example"),
            Contact(name="Bo", email="bo@a.example"),
        )

    assert messages[0]["location"] == {"latitude": 59.3, "longitude": 18.1}
    assert messages[1]["venue"]["title"] == "Shop"
    assert messages[2]["contact"]["first_name"] == "Bo"
    assert "EMAIL:bo@a.example" in messages[2]["contact"]["vcard"]
    assert messages[3]["text"] == "Bo\nbo@a.example"


async def test_cards_come_one_below_the_other(tmp_path):
    async with standing(tmp_path) as here:
        picture = await kept(here, PNG, "a.png")
        card = Card(title="Pot", description="Red", image=picture, buttons=(Button(text="Buy", value="buy-1"),))
        messages = await shown(here, Carousel(cards=(card, Card(title="Pan"))))

    assert ["photo" in message for message in messages] == [True, False, False]
    assert [message.get("text") for message in messages] == [None, "Pot\nRed", "Pan"]
    assert messages[1]["reply_markup"] == {"inline_keyboard": [[{"text": "Buy", "callback_data": "=buy-1"}]]}


async def test_buttons_without_words_get_some(tmp_path):
    async with standing(tmp_path) as here:
        (message,) = await shown(here, Buttons(buttons=(Button(text="Yes"),)))

    assert (message["text"], message["reply_markup"]["inline_keyboard"][0][0]["text"]) == ("⬇️", "Yes")


async def test_buttons_below_a_picture(tmp_path):
    async with standing(tmp_path) as here:
        picture = Media(kind=MediaKind.IMAGE, attachment=await kept(here, PNG, "a.png"))
        (message,) = await shown(here, picture, Buttons(buttons=(Button(text="Yes"),)))

    assert message["reply_markup"]["inline_keyboard"] == [[{"text": "Yes", "callback_data": "=Yes"}]]
    assert "photo" in message


async def test_short_buttons_stand_side_by_side(tmp_path):
    texts = ("Yes", "No", "Maybe", "Later", "Something rather long to read", "Also long, but fits", "X")
    async with standing(tmp_path) as here:
        (message,) = await shown(here, Text(text="?"), Buttons(buttons=tuple(Button(text=text) for text in texts)))
    rows = [[button["text"] for button in row] for row in message["reply_markup"]["inline_keyboard"]]

    assert rows == [["Yes", "No", "Maybe"], ["Later"], ["Something rather long to read"], ["Also long, but fits", "X"]]


async def test_previews_can_be_left_out(tmp_path):
    async with standing(tmp_path, link_previews=False) as here:
        await shown(here, Text(text="https://a.example"))

        assert here.telegram.called("sendMessage")[0].params["link_preview_options"] == {"is_disabled": True}


async def test_typing_is_shown(tmp_path):
    async with standing(tmp_path) as here:
        ann = here.telegram.person()
        ann.writes("agent")
        await here.gateway.until(lambda: bool(here.desk.openings))
        await here.desk.joins()
        conversation = await here.gateway.conversation(str(ann.id), "tg")
        here.desk.context.signal(Typing(conversation=conversation.id, role=Role.AGENT))
        await here.telegram.until(lambda: "typing" in ann.chat.actions)


async def corrects(here, first, second):
    """Let the bot say one thing, and another in its place at the client's next word; return what the client sees."""
    ann = here.telegram.person()
    here.answers(first)
    ann.writes("hi")
    await here.hears()
    await here.gateway.settled()
    (number,) = [entry.number for entry in await here.log(ann) if entry.body.type == "said" and entry.number > 1]
    here.answers(replace(second, edits=number))
    ann.writes("well?")
    await here.hears(2)
    await here.gateway.settled()
    return ann


BUTTON = Buttons(buttons=(Button(text="Yes"),))


async def test_a_message_is_changed(tmp_path):
    async with standing(tmp_path, link_previews=False) as here:
        new = Message(contents=(Text(text="**here** it is", markup=Markup.MARKDOWN), BUTTON))
        ann = await corrects(here, text_message("one moment"), new)
        (message,) = ann.shown

        assert (message["text"], message["entities"]) == ("here it is", [{"type": "bold", "offset": 0, "length": 4}])
        assert message["reply_markup"]["inline_keyboard"] == [[{"text": "Yes", "callback_data": "=Yes"}]]
        (call,) = here.telegram.called("editMessageText")
        assert call.params["message_id"] == message["message_id"]


async def test_its_buttons_go_with_the_words_they_belonged_to(tmp_path):
    async with standing(tmp_path) as here:
        ann = await corrects(here, Message(contents=(Text(text="sure?"), BUTTON)), text_message("fine"))

    assert [(message["text"], "reply_markup" in message) for message in ann.shown] == [("fine", False)]


async def test_a_message_that_stays_as_it_was_is_no_failure(tmp_path):
    async with standing(tmp_path) as here:
        ann = await corrects(here, text_message("same"), text_message("same"))

        assert ann.texts() == ["same"]
        assert [entry.body.type for entry in await here.log(ann)].count("delivery") == 0


async def test_a_message_of_a_business_account_is_changed_in_its_name(tmp_path):
    async with standing(tmp_path) as here:
        shop = here.telegram.business(here.telegram.person("Owner"))
        ann = here.telegram.person("Ann")
        shop.client_writes(ann, "hi")
        await here.telegram.until(lambda: bool(shop.chat(ann).shown))
        await here.gateway.settled()
        here.answers(replace(text_message("here"), edits=2))
        shop.client_writes(ann, "well?")
        await here.telegram.until(lambda: shop.chat(ann).shown[0]["text"] == "here")

        assert len(shop.chat(ann).shown) == 1


@pytest.mark.parametrize("case", ["a picture now", "a picture before", "too old", "a keyboard"])
async def test_what_telegram_does_not_change_is_sent_anew(tmp_path, case):
    options = {"keyboard": "reply"} if case == "a keyboard" else {}
    async with standing(tmp_path, **options) as here:
        picture = Message(contents=(Media(kind=MediaKind.IMAGE, attachment=await kept(here, PNG, "a.png")),))
        first = picture if case == "a picture before" else text_message("one")
        second = picture if case == "a picture now" else text_message("two")
        if case == "too old":
            here.telegram.refuse("editMessageText", 400, "Bad Request: message can't be edited")
        if case == "a keyboard":
            second = Message(contents=(Text(text="two"), BUTTON))
        ann = await corrects(here, first, second)

    assert len(ann.shown) == 2


async def test_a_change_has_to_wait_as_a_message_has(tmp_path):
    async with standing(tmp_path) as here:
        here.telegram.refuse("editMessageText", 429, retry_after=0)
        ann = await corrects(here, text_message("one"), text_message("two"))

        assert ann.texts() == ["two"]
        assert len(here.telegram.called("editMessageText")) == 2


async def test_several_people_at_once(tmp_path):
    async with standing(tmp_path) as here:
        people = [here.telegram.person(f"P{number}") for number in range(20)]
        for turn in range(3):
            for person in people:
                person.writes(f"{person.id} {turn}")
        await here.telegram.until(lambda: all(len(person.shown) == 3 for person in people))

    for person in people:
        assert person.texts() == [f"echo {person.id} {turn}" for turn in range(3)]


async def test_message_ids_are_told(tmp_path):
    from gateway import Outgoing, Peer

    async with standing(tmp_path) as here:
        ann = here.telegram.person()
        ann.writes("hi")
        await here.sees(ann, "echo hi")
        channel = here.gateway.gateway.instances["tg"].component
        receipt = await channel.send(
            Outgoing(
                id="1",
                conversation="c",
                client=Peer(id=str(ann.id)),
                number=1,
                role=Role.BOT,
                author=Peer(id="bot"),
                message=text_message("more"),
            )
        )

        assert receipt.remote_id == str(ann.shown[-1]["message_id"])
