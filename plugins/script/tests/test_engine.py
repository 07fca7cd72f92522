"""The engine of one instance: its start, its files, and what it says about a broken script."""

from __future__ import annotations

import pytest
import structlog

from gateway import Attachment, Conversation, Entry, Floor, TooLarge, Turn, UserMistake
from gateway_script.engine import ScriptBot
from gateway_script.options import ScriptOptions
from gateway_script.plugin import KIND, register_bot_engines
from gateway_script.talk import Talk

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(32)


class Files:
    max_bytes = 1000

    def __init__(self):
        self.kept = {}

    async def save(self, chunks, *, name, media_type=""):
        data = b"".join([chunk async for chunk in chunks])
        if len(data) > self.max_bytes:
            raise TooLarge("the file is larger than 1000 bytes")
        url = f"/files/{len(self.kept)}/{name}"
        self.kept[url] = data
        return Attachment(url=url, name=name, media_type=media_type, size=len(data))

    async def read(self, url):
        if url not in self.kept:
            raise FileNotFoundError(url)

        async def chunks():
            yield self.kept[url]

        return chunks()


class Storage:
    def __init__(self):
        self.values = {}

    async def get(self, key):
        return self.values.get(key)

    async def put(self, key, value):
        self.values[key] = value


class Context:
    name = "faq"

    def __init__(self, folder):
        self.config_dir = str(folder)
        self.files = Files()
        self.storage = Storage()
        self.log = structlog.get_logger()


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pots").mkdir()
    (tmp_path / "pots" / "kettle.png").write_bytes(PICTURE)
    return Context(tmp_path)


@pytest.fixture
def bot(context, tmp_path):
    def make(source):
        (tmp_path / "faq.yaml").write_text(source, encoding="utf-8")
        return KIND.build(context, ScriptOptions(file="faq.yaml"))

    return make


async def answer(bot, line="(start)"):
    talk = Talk(bot._program)
    conversation = Conversation(id="1", channel="web", route="main", client=talk.client)
    entry = Entry(number=1, at=0.0, floor=Floor.BOT, epoch=1, body=talk.cause(line))
    return await bot.reply(Turn(id="1.1", conversation=conversation, cause=entry, epoch=1))


PICTURES = """
start:
  - image: pots/kettle.png
  - carousel: [{ title: Kettle, image: pots/kettle.png }, { title: Elsewhere, image: "https://example.com/x.png" }]
"""


async def test_files_are_kept_at_start_and_shown_by_their_address(bot, context):
    made = bot(PICTURES)
    await made.start()

    image, carousel = (message.contents[0] for message in (await answer(made)).messages)

    assert context.files.kept == {"/files/0/kettle.png": PICTURE}
    assert image.attachment == Attachment(url="/files/0/kettle.png", name="kettle.png", media_type="image/png", size=40)
    assert [card.image.url for card in carousel.cards] == ["/files/0/kettle.png", "https://example.com/x.png"]
    await made.stop()


async def test_a_restart_keeps_no_file_twice(bot, context):
    await bot(PICTURES).start()
    await bot(PICTURES).start()

    assert len(context.files.kept) == 1


async def test_a_changed_file_is_kept_anew(bot, context, tmp_path):
    await bot(PICTURES).start()
    (tmp_path / "pots" / "kettle.png").write_bytes(PICTURE + b"more")
    await bot(PICTURES).start()

    assert len(context.files.kept) == 2


async def test_a_lost_file_is_kept_again(bot, context):
    await bot(PICTURES).start()
    context.files.kept.clear()
    await bot(PICTURES).start()

    assert list(context.files.kept.values()) == [PICTURE]


async def test_a_file_too_large_is_told(bot, tmp_path):
    (tmp_path / "pots" / "kettle.png").write_bytes(bytes(1001))

    with pytest.raises(UserMistake, match="cannot be kept: the file is larger than 1000 bytes"):
        await bot(PICTURES).start()


async def test_a_broken_script_does_not_start(bot):
    made = bot("strat: Hi\nrules: [{ when: hi }]\n")

    with pytest.raises(UserMistake) as error:
        await made.start()

    assert str(error.value).splitlines() == [
        "faq.yaml:1:1: strat: unknown key; did you mean 'start'?",
        "faq.yaml:2:9: rules[0].do: this key is missing",
    ]


def test_building_reads_nothing(context):
    assert isinstance(KIND.build(context, ScriptOptions(file="missing.yaml")), ScriptBot)


def test_the_check_tells_the_same(context, tmp_path):
    (tmp_path / "faq.yaml").write_text("strat: Hi", encoding="utf-8")

    assert KIND.check is not None
    lines = list(KIND.check(str(tmp_path), ScriptOptions(file="faq.yaml")))

    assert lines == ["faq.yaml:1:1: strat: unknown key; did you mean 'start'?"]


async def test_a_step_nothing_leads_to_is_logged(bot):
    with structlog.testing.capture_logs() as logs:
        await bot("start: Hi\nsteps: { lost: Oh }").start()

    assert [entry["event"] for entry in logs] == ["script.warning"]
    assert logs[0]["text"].endswith("faq.yaml:2:10: warning: steps.lost: no `goto` and no button leads to this step")


async def test_turns_do_not_meet(bot):
    made = bot('start: [{ ask: "Name?", save: name }, "Hello ${name}"]')
    await made.start()

    first, second = await answer(made), await answer(made, "Bo")

    assert [message.text for message in first.messages] == ["Name?"]
    assert [message.text for message in second.messages] == [
        "Sorry, I did not understand that. Could you put it differently?"
    ]


def test_the_hook_offers_the_kind():
    assert register_bot_engines() == [KIND]
    assert KIND.name == "script"
