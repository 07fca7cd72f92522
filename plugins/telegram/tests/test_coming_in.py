"""What clients do, as the gateway hears of it: through the whole gateway, over HTTP."""

from __future__ import annotations

import gzip

import pytest

from gateway import Contact, Location, Markup, Media, MediaKind, Message, Pressed, Said, Text
from gateway.testing.telegram.state import GIVEN_TO_BOTS_BYTES
from plugins.telegram.tests.kit import PNG, place, standing


async def bytes_of(here, attachment):
    chunks = await here.gateway.gateway.files.read(attachment.url)
    return b"".join([chunk async for chunk in chunks])


async def test_marked_up_words(tmp_path):
    async with standing(tmp_path) as here:
        ann = here.telegram.person()
        said = ann.writes("the red one", [{"type": "bold", "offset": 4, "length": 3}])
        heard = await here.hears()

        assert heard.message == Message(
            contents=(Text(text="the **red** one", markup=Markup.MARKDOWN),), id=str(said["message_id"])
        )


FILES = {
    "photo": ("photo", PNG, "photo.jpg", MediaKind.IMAGE, "image/png"),
    "document": ("document", b"%PDF-1.7 bill", "bill.pdf", MediaKind.DOCUMENT, "application/pdf"),
    "voice": ("voice", b"OggS" + bytes(60), "voice.ogg", MediaKind.VOICE, "audio/ogg"),
    "audio": ("audio", b"ID3" + bytes(60), "song.mp3", MediaKind.AUDIO, "audio/mpeg"),
    "video": ("video", b"\0\0\0\x18ftypmp42" + bytes(60), "film.mp4", MediaKind.VIDEO, "video/mp4"),
    "video note": ("video_note", b"\0\0\0\x18ftypmp42" + bytes(60), "video-message.mp4", MediaKind.VIDEO, "video/mp4"),
    "animation": ("animation", b"\0\0\0\x18ftypmp42" + bytes(60), "cat.mp4", MediaKind.VIDEO, "video/mp4"),
    "sticker": ("sticker", b"RIFF\x18\0\0\0WEBPVP8 " + bytes(40), "sticker.webp", MediaKind.STICKER, "image/webp"),
}


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
async def test_files(tmp_path, case):
    field, content, name, kind, media_type = case
    async with standing(tmp_path) as here:
        here.telegram.person().sends_file(field, content, name=name, caption="look")
        heard = await here.hears()
        (media,) = heard.message.contents

        assert isinstance(media, Media)
        assert (media.kind, media.caption) == (kind, "look" if field != "sticker" else "")
        assert (media.attachment.name, media.attachment.size) == (name, len(content))
        assert media.attachment.media_type == media_type
        assert await bytes_of(here, media.attachment) == content


async def test_a_drawn_sticker_is_a_file_with_its_emoji(tmp_path):
    async with standing(tmp_path) as here:
        ann = here.telegram.person()
        file = here.telegram.state.keep(gzip.compress(b"{}"), name="s.tgs", folder="stickers")
        ann.sends({"sticker": {**file.json, "emoji": "🐱", "is_animated": True, "is_video": False, "type": "regular"}})
        (media,) = (await here.hears()).message.contents

        assert (media.attachment.name, media.caption) == ("sticker.tgs", "🐱")


async def test_the_largest_photo_is_taken(tmp_path):
    async with standing(tmp_path) as here:
        small, large = (here.telegram.state.keep(PNG + bytes(n), name="p.jpg", folder="photos") for n in (1, 9))
        sizes = [{**large.json, "width": 900, "height": 900}, {**small.json, "width": 90, "height": 90}]
        here.telegram.person().sends({"photo": sizes})
        (media,) = (await here.hears()).message.contents

        assert media.attachment.size == large.size


async def test_a_file_too_big_for_telegram_is_named(tmp_path):
    async with standing(tmp_path) as here:
        size = GIVEN_TO_BOTS_BYTES + 1
        here.telegram.person().sends_file("document", b"x", name="big.zip", caption="see", size=size)
        heard = await here.hears()

        assert heard.message.text == (
            "see\n[a file 'big.zip' of 20.0 MB was not taken over: Telegram gives at most 20.0 MB to bots]"
        )


async def test_a_file_too_big_for_the_gateway_is_named_without_asking(tmp_path):
    async with standing(tmp_path) as here:
        here.telegram.person().sends_file("document", b"x", name="big.zip", size=30_000_000)
        heard = await here.hears()

        assert heard.message.text == "[a file 'big.zip' of 28.6 MB was not taken over: the limit is 25.0 MB]"
        assert here.telegram.called("getFile") == []


async def test_a_file_that_lies_about_its_size_ends_at_the_limit(tmp_path):
    async with standing(tmp_path) as here:
        here.gateway.gateway.files._max_bytes = 100
        here.telegram.person().sends_file("document", bytes(101), name="x.bin", size=50)
        heard = await here.hears()

        assert heard.message.text == "[a file 'x.bin' of 50 bytes was not taken over: the limit is 100 bytes]"


async def test_a_file_that_comes_at_the_second_try(tmp_path):
    async with standing(tmp_path) as here:
        here.telegram.refuse("getFile", 429, retry_after=0)
        here.telegram.person().sends_file("photo", PNG)
        (media,) = (await here.hears()).message.contents

        assert isinstance(media, Media)


async def test_a_file_that_never_comes_does_not_hold_up_the_rest(tmp_path):
    async with standing(tmp_path) as here:
        here.telegram.refuse("getFile", 429, retry_after=0, times=3)
        ann = here.telegram.person()
        ann.sends_file("photo", PNG, caption="this one")
        ann.writes("well?")
        left_out = "[a photo 'photo.jpg' of 72 bytes was not taken over: Telegram did not hand it out]"
        await here.sees(ann, f"echo this one\n{left_out}", "echo well?")


THINGS = {
    "place": ({"location": {"latitude": 59.3, "longitude": 18.1}}, Location(latitude=59.3, longitude=18.1)),
    "venue": (
        {
            "venue": {"location": {"latitude": 1.5, "longitude": 2}, "title": "Shop", "address": "Main St 1"},
            "location": {"latitude": 1.5, "longitude": 2},
        },
        Location(latitude=1.5, longitude=2, title="Shop, Main St 1"),
    ),
    "contact": (
        {"contact": {"phone_number": "+461", "first_name": "Bo", "last_name": "Ek"}},
        Contact(name="Bo Ek", phone="+461"),
    ),
    "dice": ({"dice": {"emoji": "🎯", "value": 6}}, Text(text="🎯 6")),
    "poll": ({"poll": {"question": "Which?"}}, Text(text="[a poll: Which?; it can be seen in Telegram only]")),
    "story": ({"story": {"id": 1}}, Text(text="[a story; it can be seen in Telegram only]")),
    "command": ({"text": "/help me"}, Text(text="/help me")),
}


@pytest.mark.parametrize(("sent", "heard"), THINGS.values(), ids=THINGS)
async def test_other_contents(tmp_path, sent, heard):
    async with standing(tmp_path) as here:
        here.telegram.person().sends(sent)

        assert (await here.hears()).message.contents == (heard,)


async def test_an_edited_message_is_said_again_with_a_pencil(tmp_path):
    async with standing(tmp_path) as here:
        ann = here.telegram.person()
        first = ann.writes("ordr")
        ann.edits(first, "order")
        await here.sees(ann, "echo ordr", "echo ✏️ order")


@pytest.mark.parametrize(
    ("edits", "seen"), [("plain", ["echo a", "echo b", "echo c"]), ("ignore", ["echo a", "echo c"])]
)
async def test_edited_messages_by_choice(tmp_path, edits, seen):
    async with standing(tmp_path, edits=edits) as here:
        ann = here.telegram.person()
        ann.edits(ann.writes("a"), "b")
        ann.writes("c")
        await here.sees(ann, *seen)


async def test_start_in_the_middle_is_a_word(tmp_path):
    async with standing(tmp_path) as here:
        ann = here.telegram.person()
        ann.starts()
        await here.sees(ann, "hello")
        ann.starts()
        await here.sees(ann, "hello", "echo /start")


async def test_a_client_who_blocks_the_bot_leaves_the_agent(tmp_path):
    async with standing(tmp_path) as here:
        ann = here.telegram.person()
        ann.writes("agent")
        await here.gateway.until(lambda: bool(here.desk.openings))
        await here.desk.joins()
        ann.blocks()
        await here.gateway.until(lambda: bool(here.desk.closed))
        [closed] = [entry.body for entry in await here.log(ann) if entry.body.type == "closed"]

        assert closed.reason == "the client blocked the bot"

        ann.unblocks()
        ann.writes("hi")
        await here.telegram.until(lambda: ann.texts()[-1:] == ["echo hi"])


async def test_somebody_unknown_who_blocks_the_bot_is_no_matter(tmp_path):
    async with standing(tmp_path) as here:
        here.telegram.person("Ann").blocks()
        bo = here.telegram.person("Bo")
        bo.writes("hi")
        await here.sees(bo, "echo hi")


NOT_FOR_US = {
    "group": ("message", {"message_id": 1, "date": 1, "chat": {"id": -5, "type": "supergroup"}, "text": "hi"}),
    "group joined": (
        "my_chat_member",
        {
            "chat": {"id": -5, "type": "group"},
            "from": {"id": 1},
            "date": 1,
            "new_chat_member": {"status": "member"},
        },
    ),
    "service message": ("message", {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"}}),
    "malformed": ("message", {"message_id": "one"}),
    "business": ("business_connection", {"id": "x", "user": {"id": 1}, "is_enabled": False}),
}


@pytest.mark.parametrize(("kind", "content"), NOT_FOR_US.values(), ids=NOT_FOR_US)
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_what_is_not_for_us_is_confirmed(tmp_path, kind, content, mode):
    async with standing(tmp_path, mode=mode) as here:
        here.telegram.push(kind, content)
        ann = here.telegram.person()
        ann.writes("hi")
        await here.sees(ann, "echo hi")
        await here.telegram.until(lambda: not here.telegram.updates.waiting())

        assert len(here.bot.turns) == 1


async def test_an_unknown_kind_of_update_is_confirmed(tmp_path):
    async with standing(tmp_path) as here:
        here.telegram.updates.allowed = ()
        here.telegram.push("telepathy", {"thought": "hi"})
        await here.telegram.until(lambda: not here.telegram.updates.waiting())

        assert here.bot.turns == []


async def test_only_allowed_chats_get_in(tmp_path):
    from gateway.testing.telegram import FakeTelegram

    async with FakeTelegram() as telegram:
        ann, bo = telegram.person("Ann"), telegram.person("Bo")
        async with place(tmp_path, telegram, allowed_chats=[bo.id]) as here:
            ann.writes("hi")
            bo.writes("hi")
            await here.sees(bo, "echo hi")
            await telegram.until(lambda: not telegram.updates.waiting())

        assert ann.texts() == []


# --- buttons --------------------------------------------------------------------------------------------------------


def choices(*buttons):
    from gateway import Button, Buttons

    return Message(contents=(Text(text="Choose"), Buttons(buttons=tuple(Button(**each) for each in buttons))))


async def test_a_press(tmp_path):
    async with standing(tmp_path) as here:
        here.answers(choices({"text": "Order", "value": "order"}, {"text": "Page", "url": "https://a.example"}))
        ann = here.telegram.person()
        ann.writes("hi")
        await here.sees(ann, "Choose")
        ann.presses("Order")
        heard = await here.hears(2)
        await here.telegram.until(lambda: bool(here.telegram.state.answers))

        assert heard.message.contents == (Pressed(value="order", text="Order"),)
        assert ann.shown[0]["reply_markup"]["inline_keyboard"] == [
            [{"text": "Order", "callback_data": "=order"}, {"text": "Page", "url": "https://a.example"}]
        ]


async def test_a_value_too_long_for_telegram_survives_a_restart(tmp_path):
    from gateway.testing.telegram import FakeTelegram

    value = "ключ " * 30
    async with FakeTelegram() as telegram:
        ann = telegram.person()
        async with place(tmp_path, telegram) as here:
            here.answers(choices({"text": "Long", "value": value}))
            ann.writes("hi")
            await here.sees(ann, "Choose")
        async with place(tmp_path, telegram) as here:
            ann.presses("Long")

            assert (await here.hears()).message.contents == (Pressed(value=value, text="Long"),)


async def test_a_press_that_is_answered_too_late_counts(tmp_path):
    async with standing(tmp_path) as here:
        here.answers(choices({"text": "Order", "value": "order"}))
        ann = here.telegram.person()
        ann.writes("hi")
        await here.sees(ann, "Choose")
        here.telegram.refuse("answerCallbackQuery", 400, "Bad Request: query is too old")
        ann.presses("Order")
        await here.hears(2)
        await here.telegram.until(lambda: not here.telegram.updates.waiting())

        assert len(here.telegram.called("answerCallbackQuery")) == 1


async def test_a_keyboard_in_place_of_the_clients(tmp_path):
    async with standing(tmp_path, keyboard="reply") as here:
        here.answers(choices({"text": "Order", "value": "order-1"}))
        ann = here.telegram.person()
        ann.writes("hi")
        await here.sees(ann, "Choose")
        ann.presses("Order")
        first = await here.hears(2)
        ann.writes("something else")
        second = await here.hears(3)

        assert ann.chat.keyboard == [["Order"]]
        assert first.message.contents == (Pressed(value="order-1", text="Order"),)
        assert second.message.text == "something else"


# --- business accounts ----------------------------------------------------------------------------------------------


async def test_a_business_account(tmp_path):
    async with standing(tmp_path) as here:
        shop = here.telegram.business(here.telegram.person("Owner"))
        ann = here.telegram.person("Ann")
        shop.client_writes(ann, "hi")
        await here.telegram.until(lambda: bool(shop.chat(ann).shown))

        assert shop.chat(ann).shown[0]["text"] == "echo hi"
        assert ann.texts() == []
        call = here.telegram.called("sendMessage")[0]
        assert call.params["business_connection_id"] == shop.connection


async def test_the_owner_of_a_business_account_takes_the_floor(tmp_path):
    async with standing(tmp_path) as here:
        shop = here.telegram.business(here.telegram.person("Owner"))
        ann = here.telegram.person("Ann")
        client = f"{shop.connection}:{ann.id}"
        shop.client_writes(ann, "hi")
        await here.telegram.until(lambda: bool(shop.chat(ann).shown))
        shop.bot_message_returns(ann, "echo hi")
        shop.owner_writes(ann, "I am here myself")
        shop.client_writes(ann, "good")
        await here.telegram.until(lambda: not here.telegram.updates.waiting())
        await here.gateway.settled()
        said = [entry.body for entry in await here.gateway.log(client, "tg") if isinstance(entry.body, Said)]

        assert [f"{each.role.value}: {each.message.text}" for each in said] == [
            "client: hi",
            "bot: echo hi",
            "agent: I am here myself",
            "client: good",
        ]
        assert said[2].author.name == "Owner"


async def test_a_handoff_to_the_owner_and_not_to_nobody(tmp_path):
    from gateway.testing import Harness
    from gateway.testing.telegram import FakeTelegram
    from plugins.telegram.tests.kit import config

    async with FakeTelegram() as telegram:
        whole = config(telegram)
        whole["routes"]["main"]["handoff"] = ["tg"]
        async with Harness(whole, folder=tmp_path) as gateway:
            ann = telegram.person("Ann")
            ann.writes("agent")
            await telegram.until(lambda: any(text.startswith("back: refused") for text in ann.texts()))
            shop = telegram.business(telegram.person("Owner"))
            shop.client_writes(ann, "agent")
            shop.owner_writes(ann, "yes?")
            client = f"{shop.connection}:{ann.id}"
            await telegram.until(lambda: not telegram.updates.waiting())
            await gateway.settled()

            assert "agent: yes?" in await gateway.transcript(client, "tg")
