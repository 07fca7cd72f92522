"""Three independent client libraries judge the fake and our requests.

They live in environments of their own (`environments.py`) and run as subprocesses.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from gateway import (
    Attachment,
    Button,
    Buttons,
    Contact,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Text,
    text_message,
)
from gateway.testing.telegram import FakeTelegram
from plugins.telegram.tests.environments import ORACLES, CannotBeMade, python_of
from plugins.telegram.tests.kit import PNG, place

START_SECONDS = 150
"""The libraries take seconds to be imported, more on a busy machine."""
SCRIPTS = Path(__file__).parent / "oracles"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def python(request):
    """The interpreter of an oracle's environment."""
    try:
        return python_of(request.param)
    except CannotBeMade as error:
        pytest.skip(f"no environment with {request.param}: {error}")


@pytest.mark.parametrize(("python", "library"), [(name, name) for name in ORACLES], indirect=["python"])
async def test_a_bot_of_another_library_talks_to_the_fake(tmp_path, python, library):
    picture = tmp_path / "picture.png"
    picture.write_bytes(PNG)
    async with FakeTelegram() as telegram:
        ann = telegram.person("Ann", language_code="de")
        bo = telegram.person("Bo", last_name=str(ann.id))
        bo.writes("hello")
        ann.writes("hello", [{"type": "italic", "offset": 0, "length": 5}])
        arguments = [SCRIPTS / f"bot_{library}.py", telegram.url, telegram.token, picture]
        bot = await asyncio.create_subprocess_exec(
            python, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        try:
            await talk(telegram, ann, bo)
        except TimeoutError:
            bot.kill()
            pytest.fail(f"{ann.texts()}\n{(await bot.communicate())[0].decode()}")
        output, _ = await asyncio.wait_for(bot.communicate(), 20)

    assert bot.returncode == 0, output.decode()
    assert telegram.state.files[ann.shown[0]["photo"][0]["file_id"]].content == PNG
    assert ann.texts() == [
        "hi Ann",
        "pressed",
        "got content",
        "blocked",
        "wait 1",
        "Bad Request: chat not found",
        "same",
        "Bad Request: message is not modified",
        "done",
    ]


async def talk(telegram, ann, bo):
    """Play the clients' part."""
    telegram.push("telepathy", {"thought": "nobody knows this kind of update"})
    await telegram.until(lambda: bool(ann.shown and bo.shown), within_seconds=START_SECONDS)
    ann.presses("Press")
    await telegram.until(lambda: len(ann.shown) == 2)
    ann.sends_file("document", b"content", name="a.txt", media_type="text/plain")
    await telegram.until(lambda: len(ann.shown) == 3)
    bo.blocks()
    await telegram.until(lambda: len(ann.shown) == 4)
    telegram.refuse("sendMessage", 429, retry_after=1)
    ann.writes("stop")
    await telegram.until(lambda: ann.texts()[-1] == "done")


async def recording(tmp_path):
    """All kinds of updates of the fake, and all kinds of calls of the plugin with what the fake answered."""
    async with FakeTelegram() as telegram:
        ann = telegram.person("Ann", last_name="Lee", username="ann", language_code="de")
        for mode, keyboard in (("webhook", "inline"), ("polling", "reply"), ("polling", "inline")):
            async with place(tmp_path, telegram, mode=mode, keyboard=keyboard, link_previews=False) as here:
                here.answers(everything(await kept(here)))
                ann.writes("hi", [{"type": "bold", "offset": 0, "length": 2}])
                await telegram.until(lambda: any("Address" in str(message) for message in ann.shown))
                await here.gateway.settled()
                ann.chat.shown.clear()
        await everything_happens(telegram, tmp_path, ann)
        calls = [{"method": call.method, "params": call.params, "result": call.result} for call in telegram.calls]
        return {"calls": calls, "updates": telegram.updates.pushed}


async def kept(here):
    async def chunks():
        yield PNG

    return await here.gateway.gateway.files.save(chunks(), name="a.png")


def everything(picture):
    kinds = [Media(kind=kind, attachment=picture, caption="look") for kind in (MediaKind.IMAGE, MediaKind.DOCUMENT)]
    sounds = [
        Media(kind=kind, attachment=Attachment(url=picture.url, name=name, media_type=media_type))
        for kind, name, media_type in (
            (MediaKind.VOICE, "a.ogg", "audio/ogg"),
            (MediaKind.AUDIO, "a.mp3", "audio/mpeg"),
            (MediaKind.VIDEO, "a.mp4", "video/mp4"),
            (MediaKind.IMAGE, "a.gif", "image/gif"),
            (MediaKind.STICKER, "a.webp", "image/webp"),
        )
    ]
    text = "**b** *i* ~~s~~ `c` [l](https://a.example)\n\n> q\n\n```py\nx\n```"
    return Message(
        contents=(
            Text(text=text, markup=Markup.MARKDOWN),
            *kinds,
            *sounds,
            Location(latitude=1.5, longitude=2.5),
            Location(latitude=1.5, longitude=2.5, title="Shop"),
            Contact(name="Bo", phone="+46", email="bo@a.example"),
            Text(text="Address?"),
            Buttons(buttons=(Button(text="Yes", value="y" * 200), Button(text="No"))),
        )
    )


async def everything_happens(telegram, tmp_path, ann):
    async with place(tmp_path, telegram) as here:
        first = ann.writes("one")
        ann.edits(first, "two")
        for field in ("photo", "document", "voice", "audio", "video", "video_note", "animation", "sticker"):
            ann.sends_file(field, PNG, caption="look")
        ann.sends_location(1.5, 2.5)
        ann.sends_contact("+46", "Bo")
        ann.starts("payload")
        shop = telegram.business(telegram.person("Owner"))
        shop.client_writes(ann, "hi")
        shop.bot_message_returns(ann, "echo hi")
        shop.owner_writes(ann, "yes?")
        shop.ends()
        here.answers(Message(contents=(Text(text="?"), Buttons(buttons=(Button(text="Yes"),)))))
        ann.writes("button")
        await telegram.until(lambda: any("reply_markup" in message for message in ann.shown))
        ann.presses("Yes")
        await telegram.until(lambda: bool(telegram.state.answers))
        ann.blocks()
        ann.unblocks()
        bo = telegram.person("Bo")
        bo.writes("hi")
        await telegram.until(lambda: bool(bo.shown))
        await here.gateway.settled()
        here.answers(replace(text_message("other"), edits=2))
        bo.writes("again")
        await telegram.until(lambda: not telegram.updates.waiting() and bo.texts() == ["other"])


@pytest.mark.parametrize(("python", "library"), [(n, n) for n in ("aiogram", "ptb")], indirect=["python"])
async def test_what_we_send_and_what_the_fake_says_is_as_documented(tmp_path, python, library):
    recorded = await recording(tmp_path)
    judge = await asyncio.create_subprocess_exec(
        python,
        SCRIPTS / f"judge_{library}.py",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(judge.communicate(json.dumps(recorded).encode()), START_SECONDS)

    assert output.decode() == ""
    assert judge.returncode == 0
    methods = {call["method"] for call in recorded["calls"]}
    assert {
        "sendMessage",
        "sendPhoto",
        "sendVoice",
        "sendVenue",
        "sendContact",
        "setWebhook",
        "getFile",
        "editMessageText",
    } <= methods
    kinds = {key for update in recorded["updates"] for key in update}
    assert {"message", "edited_message", "callback_query", "my_chat_member", "business_message"} <= kinds
