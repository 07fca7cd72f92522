# mypy: allow-untyped-defs, allow-untyped-calls
"""The parts that need no gateway: options, ids, addresses, and the README."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import yaml
from pydantic import ValidationError

from gateway import Permanent
from gateway_jivo import plugin, wire
from gateway_jivo.address import ChatAddress
from gateway_jivo.marks import EventIds
from gateway_jivo.options import JivoOptions

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")
OWN = {"provider_id": "ntDQ6AScFgYVtb8", "token": "a-token-for-the-tests"}


def read(text):
    """A block of YAML as the operator's, with the secrets filled in."""
    block = yaml.safe_load(text)
    return JivoOptions.model_validate({**{key: block[key] for key in block if key != "type"}, **OWN})


@pytest.mark.parametrize("token", ["short", "with a blank", "sla/shes/in/it", "ключ-ключ", "", "x" * 201])
def test_a_token_that_could_not_stand_in_an_address(token):
    with pytest.raises(ValidationError, match="8 to 200 letters"):
        JivoOptions.model_validate({**OWN, "token": token})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("provider_id", ""),
        ("provider_id", "a/b"),
        ("url", "bot.jivosite.com"),
        ("url", "ftp://x"),
        ("url", "https://x/?a=b"),
        ("path", "webhooks"),
        ("path", "/{name}"),
        ("path", "/{provider_id}/}"),
        ("file_seconds", 3),
        ("client_message", "?"),
        ("buttons_title", ""),
    ],
)
def test_what_is_no_option(option, value):
    with pytest.raises(ValidationError):
        JivoOptions.model_validate({**OWN, option: value})


def test_the_token_does_not_show():
    assert OWN["token"] not in repr(JivoOptions.model_validate(OWN))


@pytest.mark.parametrize(("client", "chat"), [("1233", "2037"), ("a:b", "c:d"), ("a/b %", "ж"), ("1", "1:2")])
def test_an_address_is_found_again_in_the_clients_id(client, chat):
    address = ChatAddress(client=client, chat=chat)

    assert ChatAddress.of_client(address.client_id) == address


def test_an_id_of_somebody_elses():
    for other in ("ann", "", ":", "1:", ":2"):
        with pytest.raises(Permanent):
            ChatAddress.of_client(other)


def test_ids_are_uuids_that_stay_the_same_and_are_known_again():
    ids, others = EventIds(b"a" * 32), EventIds(b"b" * 32)
    made = ids.of("c.1")

    assert made == ids.of("c.1") == EventIds(b"a" * 32).of("c.1")
    assert str(UUID(made)) == made and UUID(made).version == 5
    assert len({ids.of(f"c.{number}") for number in range(1000)}) == 1000
    assert ids.is_ours(made) and ids.is_ours(made.upper())
    assert not others.is_ours(made) and not ids.is_ours(str(uuid4())) and not ids.is_ours("c.1")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (1665415879, 1665415879),
        ("1665415879", 1665415879),
        (1665415879123, 1665415879),
        (0, None),
        ("now", None),
        ([], None),
        (True, 1),
    ],
    ids=repr,
)
def test_timestamps_in_seconds_and_milliseconds(given, seconds):
    assert wire.Said.model_validate({"timestamp": given}).timestamp == seconds


@pytest.mark.parametrize(
    ("given", "online"),
    [(True, True), ("true", True), (1, True), (False, False), ("False ", False), (None, None)],
    ids=repr,
)
def test_agents_online(given, online):
    event = wire.Event.model_validate({"event": "E", "client_id": "1", "chat_id": "2", "agents_online": given})

    assert event.agents_online is online


# --- README ----------------------------------------------------------------------------------------------------------


def test_the_readmes_table_is_the_model():
    section = README.partition("| Option | Default | Meaning |")[2].partition("\n\n")[0]

    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(JivoOptions.model_fields)


def test_the_readmes_defaults_are_the_models():
    section = README.partition("| Option | Default | Meaning |")[2].partition("\n\n")[0]
    for name, told in re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE):
        field = JivoOptions.model_fields[name]
        default = "required" if field.is_required() else yaml.safe_dump(field.default).partition("\n")[0].strip("'\"")
        if name == "client_info":
            default = ", ".join(field.default)
        elif name == "buttons_title":
            default = field.default

        assert told.replace("`", "").strip() == default


def test_the_readmes_config_is_ours():
    config = yaml.safe_load(README.split("```yaml\n")[1].split("```")[0])

    assert read(yaml.safe_dump(config["channels"]["jivo"])) == JivoOptions.model_validate(OWN)
    assert config["routes"]["jivo"]["handoff"] == ["jivo"]


def test_the_sample_is_ours():
    sample = (FOLDER / "sample.yaml").read_text(encoding="utf-8")

    assert sample == plugin.SAMPLE
    assert read(sample).url == "https://bot.jivosite.com"


def test_every_assumption_is_in_the_readme_or_marked():
    code = "".join(file.read_text(encoding="utf-8") for file in (FOLDER / "src").rglob("*.py"))

    assert code.count("ASSUMED") > 5
    for place in ("echo.py", "contents.py", "plugin.py", "intake.py"):
        assert f"`{place}`" in README or f"in `{place}`" in README


def test_the_readmes_program_runs(tmp_path):
    program = README.split("```python\n")[1].split("```")[0]
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert "'joined', 'agent: How can I help?'" in run.stdout
