# mypy: allow-untyped-defs, allow-untyped-calls
"""The parts that need no gateway: reading leniently, matching, options, and the README."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gateway import BadInput, Button, Buttons, HistoryLabels, Message, Peer, Text
from gateway.testing.jivo_chat import rules
from gateway_jivo_chat import choices, plugin, wire
from gateway_jivo_chat.hookwire import Hook, facts, name_of
from gateway_jivo_chat.lenient import read
from gateway_jivo_chat.options import FIELDS, JivoChatOptions, Rating

FOLDER = Path(__file__).parents[1]
KEY, OTHER = "a-key-of-sixteen-", "another-of-sixteen"
URL = "https://jivo.example.com/channel"


def options(**more):
    return JivoChatOptions.model_validate({"url": URL, "key": KEY, **more})


# --- reading ---------------------------------------------------------------------------------------------------------


def message(**members):
    return read(wire.Event, {"recipient": {"id": "x"}, "message": {"type": "text", **members}})


@pytest.mark.parametrize(
    ("sender", "peer"),
    [
        ({"id": "7", "name": "Bo"}, Peer(id="7", name="Bo")),
        ({"id": 7, "name": None}, Peer(id="7")),
        ({"name": "Bo"}, Peer(id="Bo", name="Bo")),
        ({}, Peer(id="agent")),
        ({"id": "7", "photo": "javascript:alert(1)"}, Peer(id="7")),
        ({"id": "7", "photo": "https://x/y.png"}, Peer(id="7", avatar_url="https://x/y.png")),
    ],
)
def test_agents(sender, peer):
    assert wire.User.model_validate(sender).peer() == peer


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"text": "hi"}, "hi"),
        ({"title": "hi"}, "hi"),
        ({"title": "hi", "text": "hi"}, "hi"),
        ({"title": "Choose", "text": "one"}, "Choose\none"),
        ({"text": 7}, "7"),
        ({"text": True}, ""),
        ({"text": ["x"]}, ""),
    ],
)
def test_words(members, words):
    assert message(**members).message.words == words


@pytest.mark.parametrize(
    ("given", "size"), [("2", 2), (2, 2), (None, None), ("x", None), (-1, None), ([], None)], ids=repr
)
def test_sizes(given, size):
    assert message(file_size=given).message.file_size == size


def test_a_file_may_be_named_file_url():
    assert message(file_url="https://x/y.png").message.file == "https://x/y.png"


def test_a_mistake_is_told_without_the_input():
    with pytest.raises(BadInput, match=r"^recipient\.id: ") as error:
        read(wire.Event, {"recipient": {"id": "x" * 256}, "message": {"type": "text"}})

    assert "xxx" not in str(error.value)


@pytest.mark.parametrize(
    ("body", "online"),
    [
        (b"1", True),
        (b" 1\n", True),
        (b'"1"', True),
        (b"0", False),
        (b"false", False),
        (b"", None),
        (b"2", None),
        (b"<html>", None),
    ],
)
def test_status(body, online):
    assert wire.is_online(body) is online


# --- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts_", "extra", "text"),
    [
        ({}, None, None),
        ({"order": "7", "empty": ""}, None, "order: 7"),
        ({"order": "7"}, {"sum": 3, "paid": True}, "sum: 3\npaid: true\norder: 7"),
        ({}, "just words", "just words"),
        ({}, ["a", 1], '["a", 1]'),
        ({}, [{"title": "LTV", "content": "3", "link": "https://x"}], "LTV: 3 https://x"),
        ({str(n): "x" for n in range(30)}, None, "\n".join(f"{n}: x" for n in range(10))),
    ],
)
def test_custom_data(facts_, extra, text):
    assert wire.custom_data(facts_, extra, "text") == text
    assert wire.custom_data(facts_, extra, "none") is None
    if text is not None:
        assert all(set(item) <= {"title", "content", "key", "link"} for item in wire.custom_data(facts_, extra, "list"))


def test_an_event_is_utf_8_json_in_the_documented_form():
    sender = wire.user("web:ann", Peer(id="ann", name="Аня"), more={"email": "", "phone": "+1"})
    written = wire.event(sender, wire.message("text", "1", 946684800.9, text="Добрый день", title="", file_size=None))

    assert "Аня".encode() in written
    assert json.loads(written) == {
        "sender": {"id": "web:ann", "name": "Аня", "phone": "+1"},
        "message": {"type": "text", "id": "1", "date": 946684800, "text": "Добрый день"},
    }


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("rate:1", {"kind": "rate", "value": 1}),
        ("rate:-1", {"kind": "rate", "value": -1}),
        ("rate:0", {"kind": "rate", "value": 0}),
        ("rate:7", None),
        ("rate:", None),
        ("keyboard:", {"kind": "keyboard", "keyboard": [{"id": "", "text": "Yes"}]}),
        ("keyboard:a:b", {"kind": "keyboard", "keyboard": [{"id": "a:b", "text": "Yes"}]}),
        ("order", None),
        ("", None),
    ],
)
def test_presses(value, told):
    assert choices.answer(value, "Yes") == told


def test_keys_without_words_or_ids():
    keys = [wire.Key.model_validate(key) for key in ({"id": "1"}, {"title": "Two"}, {}, {"id": 3, "text": "Three"})]

    assert choices.keyboard(keys) == Buttons(
        buttons=(
            Button(text="1", value="keyboard:1"),
            Button(text="Two", value="keyboard:Two"),
            Button(text="Three", value="keyboard:3"),
        )
    )


def test_only_jivos_own_choices_can_be_typed():
    asked = Message(contents=(Text(text="?"), Buttons(buttons=(Button(text="Yes", value="y"), Button(text="No")))))

    assert choices.typed("1", asked) is None
    assert choices.typed("", Message(contents=(choices.rating(Rating()),))) is None
    assert choices.typed("1", None) is None


# --- webhooks --------------------------------------------------------------------------------------------------------


def test_what_a_client_can_write_is_no_id():
    hook = read(
        Hook, {"visitor": {"name": "web:bob", "description": "web:bob", "email": "web:bob"}, "message": "web:bob"}
    )

    assert hook.ids == [] and hook.marks == {}


def test_marks_are_of_one_widget():
    hook = read(Hook, {"widget_id": "w", "chat_id": 7, "visitor": {"number": "17"}, "user_token": None})

    assert hook.marks == {"w:chat": "7", "w:visitor": "17"}
    assert hook.client_marks == {"w:visitor": "17"}


def test_no_number_is_nobodys():
    assert read(Hook, {"chat_id": 0, "client_id": None, "visitor": {"number": "0"}, "user_token": ""}).marks == {}


def test_an_organisation_has_a_name_and_is_no_client():
    hook = read(Hook, {"event_type": "crm_organization", "event_name": "created_organization", "name": "Lee Ltd"})

    assert name_of(hook) == "" and facts(hook) == {}


def test_long_facts_are_cut():
    assert len(facts(read(Hook, {"visitor": {"description": "x" * 9000}}))["description"]) == 2000


# --- the fake is as strict as Jivo -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "message_", "reason"),
    [
        ({"id": "1"}, {"type": "text", "text": "hi"}, ""),
        ({}, {"type": "text", "text": "hi"}, "sender.id"),
        ({"id": 7}, {"type": "text", "text": "hi"}, "sender.id"),
        ({"id": "x" * 256}, {"type": "text", "text": "hi"}, "sender.id"),
        ({"id": "1", "email": None}, {"type": "text", "text": "hi"}, "sender.email"),
        ({"id": "1", "custom_data": []}, {"type": "text", "text": "hi"}, "sender.custom_data"),
        ({"id": "1", "nick": "x"}, {"type": "text", "text": "hi"}, "sender.nick"),
        ({"id": "1"}, {"type": "text"}, "message.text"),
        ({"id": "1"}, {"type": "text", "text": ""}, "message.text"),
        ({"id": "1"}, {"type": "hologram"}, "message.type"),
        ({"id": "1"}, {"type": "photo", "file": "/files/x"}, "message.file"),
        ({"id": "1"}, {"type": "text", "text": "hi", "date": 1.5}, "message.date"),
        ({"id": "1"}, {"type": "rate", "value": 0}, ""),
        ({"id": "1"}, {"type": "keyboard", "keyboard": []}, "message.keyboard"),
        ({"id": "1"}, {"type": "keyboard", "keyboard": [{"text": "x"}]}, "message.keyboard"),
        ({"id": "1"}, {"type": "keyboard", "keyboard": [{"id": "x"}] * 8}, "message.keyboard"),
        ({"id": "1"}, {"type": "text", "text": "hi", "odd": 1}, "message.odd"),
    ],
)
def test_what_the_fake_refuses(sender, message_, reason):
    fault = rules.fault_of({"sender": sender, "message": message_}, custom_data=str)

    assert fault.startswith(reason) and bool(fault) is bool(reason)


# --- options and README ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["jivo.example.com", "ftp://jivo.example.com", "https://", "https://x/#y", ""])
def test_a_url_that_is_none(url):
    with pytest.raises(ValidationError, match="this is no address"):
        options(url=url)


@pytest.mark.parametrize("key", ["short", "with a blank in the middle", "slash/" * 5, "ключ" * 5])
def test_a_key_that_could_not_stand_in_an_address(key):
    with pytest.raises(ValidationError, match="16 to 200 letters"):
        options(key=key)


def test_the_two_addresses_have_secrets_of_their_own():
    with pytest.raises(ValidationError, match="must differ"):
        options(webhooks_key=KEY)


def test_secrets_do_not_show():
    shown = repr(options(webhooks_key=OTHER))

    assert not [secret for secret in (URL, KEY, OTHER) if secret in shown]


def test_the_readme_names_every_option_and_field():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    models = (JivoChatOptions, HistoryLabels, Rating)
    names = [*(name for model in models for name in model.model_fields), *FIELDS, *FIELDS.values()]

    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_readmes_config_is_ours():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    block = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])["platforms"]["jivo"]

    assert options(**_without_secrets(block)).history == "lines"


def test_the_sample_is_ours():
    sample = yaml.safe_load((FOLDER / "sample.yaml").read_text(encoding="utf-8"))

    assert sample == yaml.safe_load(plugin.PLATFORM.sample)
    assert options(**_without_secrets(sample)).ask_online


def _without_secrets(block):
    return {key: value for key, value in block.items() if key != "type" and not isinstance(value, dict)}
