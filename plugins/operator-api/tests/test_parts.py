# mypy: allow-untyped-defs, allow-untyped-calls
"""The parts that need no gateway: reading leniently, groups, options, and the README."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gateway import HistoryLabels, Peer, retry_after_seconds
from gateway_operator_api import groups, plugin, wire
from gateway_operator_api.options import ChannelOptions, PlatformOptions

FOLDER = Path(__file__).parents[1]
KEY = "a-key-of-sixteen-"
URL = "https://desk.example.com/api"

SALES = wire.Destination.model_validate({"destinationId": "1", "name": "Sales", "hasOnline": False})
SERVICE = wire.Destination.model_validate({"destinationId": "2", "name": "Service", "hasOnline": True})


# --- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, {}),
        ("", {}),
        ({"a": 1, "b": None, "c": {"d": [True]}}, {"a": "1", "c": '{"d": [true]}'}),
        ('{"a": "b"}', {"a": "b"}),
        ("just words", {"note": "just words"}),
        (["a"], {"note": '["a"]'}),
        ("[1]", {"note": "[1]"}),
        (7, {"note": "7"}),
    ],
)
def test_attributes_in_every_plausible_form(given, read):
    asked = wire.SelectDestination.model_validate({"userId": "x", "destinationId": "1", "attributes": given})

    assert asked.attributes == read


@pytest.mark.parametrize(
    ("given", "size"), [("2", 2), (2, 2), (None, None), ("many", None), (-1, None), ("2.5", None), ([], None)], ids=repr
)
def test_size_is_a_number_or_a_string(given, size):
    assert wire.Event.model_validate({"id": "1", "userId": "x", "type": "FileMessage", "size": given}).size == size


@pytest.mark.parametrize(
    ("given", "online"),
    [
        (True, True),
        ("true", True),
        ("TRUE ", True),
        (1, True),
        (False, False),
        ("false", False),
        (None, None),
        ("?", None),
    ],
)
def test_has_online(given, online):
    assert wire.Destination.model_validate({"destinationId": "1", "hasOnline": given}).has_online is online


@pytest.mark.parametrize(
    ("employee", "peer"),
    [
        ({"employeeId": "7", "firstName": "Bo", "lastName": "Ek"}, Peer(id="7", name="Bo Ek")),
        ({"employeeId": 7, "firstName": None, "lastName": "Ek"}, Peer(id="7", name="Ek")),
        ({"firstName": "Bo"}, Peer(id="Bo", name="Bo")),
        ({}, Peer(id="agent")),
        ({"employeeId": "7", "avatarUrl": "javascript:alert(1)"}, Peer(id="7")),
        ({"employeeId": "7", "avatarUrl": "https://x/y.png"}, Peer(id="7", avatar_url="https://x/y.png")),
    ],
)
def test_employee(employee, peer):
    assert wire.Employee.model_validate(employee).peer() == peer


def test_what_we_write_as_an_employee_we_read_as_the_same_agent():
    for agent in (
        Peer(id="7", name="Bo van Ek"),
        Peer(id="7", name="Bo"),
        Peer(id="8", name="B", avatar_url="http://x"),
    ):
        assert wire.Employee.model_validate(wire.employee(agent)).peer() == agent


@pytest.mark.parametrize("answer", [None, "words", 7, {"groups": "none"}, True])
def test_what_is_no_list_of_groups(answer):
    assert wire.destinations_in(answer) is None


def test_what_is_no_group_is_left_out():
    found = wire.destinations_in({"ok": True, "list": [None, {}, [], {"name": "nameless"}, {"id": 5}, "6"]})

    assert found and [each.destination_id for each in found] == ["5", "6"]


# --- groups ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listing", "wanted", "online"),
    [
        ((), "", True),
        ((), "1", True),
        ((SALES,), "", False),
        ((SALES, SERVICE), "", True),
        ((SALES, SERVICE), "1", False),
        ((SALES, SERVICE), "sales", False),
        ((SALES, SERVICE), "SERVICE", True),
        ((SALES, SERVICE), "agent-7", True),
        ((SALES,), "agent-7", False),
    ],
)
def test_is_online(listing, wanted, online):
    assert groups.is_online(listing, wanted) is online


def test_the_default_group_is_one_with_somebody():
    assert groups.default((SALES, SERVICE)) == SERVICE
    assert groups.default((SALES,)) == SALES
    assert groups.default(()) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 -0000", 40.0),
    ],
)
def test_retry_after(header, seconds):
    assert retry_after_seconds(header, now=60.0) == seconds


# --- options and README ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["desk.example.com", "ftp://desk.example.com", "https://", "https://x/#y", ""])
def test_a_url_that_is_none(url):
    with pytest.raises(ValidationError, match="this is no address"):
        PlatformOptions.model_validate({"url": url})


@pytest.mark.parametrize("key", ["short", "with a blank in the middle", "slash/" * 5, "ключ" * 5])
def test_a_key_that_could_not_stand_in_an_address(key):
    with pytest.raises(ValidationError, match="16 to 200 letters") as error:
        ChannelOptions.model_validate({"key": key})

    assert key not in str(error.value).split("input_value")[0]


def test_secrets_do_not_show():
    platform = repr(PlatformOptions.model_validate({"url": URL, "headers": {"Authorization": "Bearer x"}}))

    assert URL not in platform and "Bearer" not in platform
    assert KEY not in repr(ChannelOptions.model_validate({"key": KEY}))


def test_the_readme_names_every_option():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    names = [*PlatformOptions.model_fields, *ChannelOptions.model_fields, *HistoryLabels.model_fields]

    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_readmes_configs_are_ours():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block.split("```")[0]) for block in text.split("```yaml\n")[1:]]

    assert PlatformOptions.model_validate(_options(blocks[0]["platforms"]["center"], url=URL)).history == "lines"
    assert (
        ChannelOptions.model_validate(_options(blocks[1]["channels"]["tovie"], key=KEY)).destinations["sales"]
        == "Sales"
    )


def test_the_samples_are_ours():
    platform, channel = yaml.safe_load_all((FOLDER / "sample.yaml").read_text(encoding="utf-8"))

    assert platform == yaml.safe_load(plugin.PLATFORM.sample)
    assert channel == yaml.safe_load(plugin.CHANNEL.sample)
    assert PlatformOptions.model_validate(_options(platform, url=URL)).ask_online
    assert ChannelOptions.model_validate(_options(channel, key=KEY)).name == "Support"


def _options(block, **secrets):
    return {key: value for key, value in {**block, **secrets}.items() if key != "type"}
