"""What a right configuration becomes."""

from __future__ import annotations

import json
import re
import threading
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml
from pydantic import ConfigDict

from gateway import Options
from gateway.config import disabled_plugins, load, locate
from gateway.config.example import example_of, whole_example
from gateway.config.schema import schema_of
from gateway.errors import UserMistake
from gateway.plugins import PluginHost
from tests.unit.plugin_fakes import Business, bot, channel, listener, platform, plugin

ROOT = Path(__file__).parents[2]

CONFIG = """\
server: { port: 9000, public_url: https://gw.example.com/ }
store: { path: keep/it.db }
channels:
  my-shop: { type: wire, url: https://a, token: { $env: TOKEN }, timeout_seconds: 5, on_start_failure: retry }
  site: { type: wire, url: { $file: url.txt } }
bots:
  faq: { type: echo, words: [no, 007, 12:30, "yes"] }
platforms:
  desk: { type: office }
listeners:
  crm: { type: ear }
routes:
  main:
    channels: [my-shop, site]
    bot: faq
    handoff: [desk]
    texts: { queued: One moment, left: { en: Back, ru: Снова бот } }
"""


@pytest.fixture
def host(monkeypatch):
    return PluginHost(
        [
            plugin(
                monkeypatch,
                "kinds",
                register_channels=[channel("wire"), channel("biz", build=Business)],
                register_bot_engines=[bot("echo")],
                register_agent_platforms=[platform("office")],
                register_listeners=[listener("ear")],
            )
        ]
    )


@pytest.fixture
def read(host, tmp_path):
    def read(text=CONFIG, **environ):
        (tmp_path / "url.txt").write_text("https://from-file\n", encoding="utf-8")
        (tmp_path / "gateway.yaml").write_text(text, encoding="utf-8")
        loaded = load(tmp_path / "gateway.yaml", host, {"TOKEN": "123456:sesame", **environ})
        assert loaded.settings, [str(problem) for problem in loaded.problems]
        return loaded.settings

    return read


def test_everything_arrives_where_it_belongs(read, tmp_path):
    settings = read()

    assert settings.server.port == 9000
    assert settings.server.public_url == "https://gw.example.com"
    assert settings.data == tmp_path / "keep"
    assert settings.database == tmp_path / "keep" / "it.db"
    shop = settings.channels["my-shop"]
    assert (shop.name, shop.kind.name, shop.options.url) == ("my-shop", "wire", "https://a")
    assert shop.options.token.get_secret_value() == "123456:sesame"
    assert (shop.core.timeout_seconds, shop.core.on_start_failure) == (5, "retry")
    assert settings.channels["site"].options.url == "https://from-file"
    assert settings.platforms["desk"].core.on_start_failure == "fail"
    assert list(settings.listeners) == ["crm"]
    assert settings.routes["main"].handoff == ("desk",)
    assert settings.routes["main"].overrides == {
        "queued": {"": "One moment"},
        "left": {"en": "Back", "ru": "Снова бот"},
    }


def test_secrets_are_known_and_never_shown(read):
    settings = read(CONFIG.replace("url: https://a", "url: { $env: ADDRESS }"), ADDRESS="https://hidden")

    assert settings.secrets == {"123456:sesame", "https://hidden", "https://from-file"}
    assert "sesame" not in repr(settings)


def test_secrets_written_into_the_file_are_known_too(read):
    assert "in-the-file" in read(CONFIG.replace("{ $env: TOKEN }", "in-the-file")).secrets


def test_a_folder_as_store_holds_the_database(read, tmp_path):
    settings = read(CONFIG.replace("keep/it.db", "keep"))

    assert (settings.data, settings.database) == (tmp_path / "keep", tmp_path / "keep" / "gateway.db")


def test_words_stay_words(read):
    assert read().bots["faq"].options.words == ("no", "007", "12:30", "yes")


def test_anchors_and_merges_work(read):
    text = CONFIG.replace("site: { type: wire, url: { $file: url.txt } }", "site: { <<: *w, url: https://b }").replace(
        "my-shop: {", "my-shop: &w {"
    )

    site = read(text).channels["site"]

    assert (site.options.url, site.core.timeout_seconds) == ("https://b", 5)


def test_empty_sections_are_fine(read):
    assert read(CONFIG + "log:\nfiles:\n").log.level == "info"


@pytest.mark.parametrize(
    ("variable", "value", "found"),
    [
        ("GATEWAY_SERVER__PORT", "1234", lambda settings: settings.server.port == 1234),
        ("gateway_server__port", "1234", lambda settings: settings.server.port == 1234),
        ("GATEWAY_SERVER__PORT", "", lambda settings: settings.server.port == 9000),
        ("GATEWAY_LOG__LEVEL", "debug", lambda settings: settings.log.level == "debug"),
        ("GATEWAY_LOG", '{"level": "error"}', lambda settings: settings.log.level == "error"),
        ("GATEWAY_CHANNELS__MY_SHOP__RETRIES", "7", lambda settings: settings.channels["my-shop"].options.retries == 7),
        (
            "GATEWAY_CHANNELS__MY_SHOP__TOKEN",
            "00123",
            lambda settings: settings.channels["my-shop"].options.token.get_secret_value() == "00123",
        ),
        ("GATEWAY_BOTS__FAQ__WORDS", '["a", "b"]', lambda settings: settings.bots["faq"].options.words == ("a", "b")),
        ("GATEWAY_PLATFORMS__SECOND_DESK__TYPE", "office", lambda settings: "second-desk" in settings.platforms),
        ("GATEWAY_ROUTES__MAIN__HISTORY", "3", lambda settings: settings.routes["main"].history == 3),
        ("GATEWAY_CHROMIUM", "/usr/bin/chromium", lambda settings: True),
    ],
)
def test_the_environment_overrides_any_key(read, variable, value, found):
    assert found(read(**{variable: value}))


def test_a_secret_can_be_overridden_with_a_secret_elsewhere(read):
    settings = read(GATEWAY_CHANNELS__MY_SHOP__TOKEN='{"$env": "OTHER"}', OTHER="open")

    assert settings.channels["my-shop"].options.token.get_secret_value() == "open"


def test_an_override_mends_what_is_wrong_in_the_file(read):
    assert read(CONFIG.replace("9000", "$env"), GATEWAY_SERVER__PORT="1").server.port == 1


def test_disabled_plugins_are_known_before_plugins_are_loaded(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text("plugins: { disabled: [fax, 5] }\nroutes: [broken\n", encoding="utf-8")
    assert disabled_plugins(file, {}) == frozenset()
    file.write_text("plugins: { disabled: [fax, 5] }\n", encoding="utf-8")
    assert disabled_plugins(file, {}) == {"fax"}
    assert disabled_plugins(tmp_path / "no.yaml", {"GATEWAY_PLUGINS__DISABLED": '["pager"]'}) == {"pager"}


def test_the_store_is_found_without_plugins_and_secrets(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG.replace("wire", "telegram"), encoding="utf-8")

    assert locate(file, {}).database == tmp_path / "keep" / "it.db"
    assert locate(file, {"GATEWAY_STORE__PATH": "there"}).data == tmp_path / "there"
    assert locate(file, {"GATEWAY_STORE__TYPE": "memory"}).type == "memory"


def test_a_store_that_cannot_be_found_is_the_users_mistake(tmp_path):
    with pytest.raises(UserMistake, match="there is no such file"):
        locate(tmp_path / "no.yaml", {})


# --- the schema and the examples --------------------------------------------------------------------------------------


def test_the_schema_names_every_option_and_kind(host):
    schema = schema_of(host)

    channels = schema["properties"]["channels"]["additionalProperties"]
    assert channels["properties"]["type"]["enum"] == ["biz", "wire"]
    wire = channels["allOf"][1]["then"]
    assert wire["required"] == ["url"]
    assert wire["additionalProperties"] is False
    assert {"type", "timeout_seconds", "url", "token", "retries"} <= set(wire["properties"])
    assert wire["properties"]["token"]["description"] == "Proof of who calls."
    assert {"$ref": "#/$defs/secret"} in wire["properties"]["url"]["anyOf"]
    assert "$ref" not in json.dumps(schema).replace('"$ref": "#/$defs/secret"', "")


def test_without_plugins_the_schema_allows_no_instance():
    channels = schema_of(PluginHost([]))["properties"]["channels"]["additionalProperties"]

    assert channels == {"not": {}, "description": "No plugin offers a kind of channel."}


def test_a_sample_of_a_kind_has_all_its_options(host):
    assert example_of(host, "wire") == (
        "channels:\n"
        "  # The wire.\n"
        "  wire:\n"
        "    type: wire\n"
        "    # Where to call.\n"
        "    url: ...\n"
        "    # Proof of who calls.\n"
        "    #token: null\n"
        "    # How often.\n"
        "    #retries: 3\n"
        "    # If it cannot start: fail stops the gateway, retry goes on without it and keeps trying, disable goes on"
        " without\n"
        "    # it.\n"
        "    #on_start_failure: fail\n"
        "    # Longest time one call to it may take; then it counts as failed for now.\n"
        "    #timeout_seconds: 30\n"
        "    # Most calls to it at the same time.\n"
        "    #concurrency: 32\n"
    )


@pytest.mark.parametrize("sample", ["type: wire\n  url: [", "{ type: wire }", "- type", ""])
def test_a_bad_sample_counts_for_nothing(monkeypatch, sample):
    host = PluginHost([plugin(monkeypatch, "kinds", register_channels=[channel("wire", sample=sample)])])

    assert "    type: wire\n    # Where to call.\n    url: ...\n" in example_of(host, "wire")


def test_a_sample_keeps_its_lines_and_comments(monkeypatch):
    sample = "# read this first\nurl:\n  https://b # mine\ntype: wire\n"
    host = PluginHost([plugin(monkeypatch, "kinds", register_channels=[channel("wire", sample=sample)])])

    assert example_of(host, "wire").startswith(
        "channels:\n"
        "  # The wire.\n"
        "  wire:\n"
        "    # read this first\n"
        "    type: wire\n"
        "    # Where to call.\n"
        "    url:\n"
        "      https://b # mine\n"
    )


def test_options_that_no_schema_can_describe_leave_everything_open(monkeypatch):
    class Odd(Options):
        model_config = ConfigDict(arbitrary_types_allowed=True)

        thing: threading.Event | None = None

    host = PluginHost([plugin(monkeypatch, "odd", register_channels=[channel("odd", options=Odd)])])

    [branch] = schema_of(host)["properties"]["channels"]["additionalProperties"]["allOf"]
    assert branch["then"]["type"] == "object"
    assert "additionalProperties" not in branch["then"]


def test_a_sample_of_nothing_comes_with_a_guess(host):
    with pytest.raises(UserMistake, match=r"there is no kind 'wier'; did you mean 'wire'\?"):
        example_of(host, "wier")


def uncommented(text):
    """Take the `#` away from every option; prose has a space behind it."""
    return re.sub(r"^( +)#(?=\S)", r"\1", text, flags=re.MULTILINE)


@pytest.mark.parametrize("change", [str, uncommented], ids=["as it is", "with every option"])
def test_the_whole_example_is_right(host, tmp_path, change):
    file = tmp_path / "gateway.yaml"
    file.write_text(change(whole_example(host)), encoding="utf-8")

    loaded = load(file, host, {})

    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.settings is not None
    assert loaded.settings.routes["biz"].handoff == ("biz",)
    assert loaded.settings.routes["main"].channels == ("wire",)


def test_without_plugins_the_example_says_what_is_missing():
    assert "# channels:\n" in whole_example(PluginHost([]))


def ours():
    """The plugins of this repository, whatever else is installed."""
    names = {file.parent.name for file in ROOT.glob("plugins/*/pyproject.toml")}
    return PluginHost([point for point in entry_points(group="gateway") if point.name in names])


def test_the_example_in_the_repository_is_current():
    """`gateway example > config/example.yaml` makes it current."""
    assert (ROOT / "config" / "example.yaml").read_text(encoding="utf-8") == whole_example(ours())


def test_the_schema_in_the_repository_is_current():
    """`gateway schema > config/schema.json` makes it current."""
    assert json.loads((ROOT / "config" / "schema.json").read_text(encoding="utf-8")) == schema_of(ours())


def test_the_examples_of_our_plugins_are_right(tmp_path):
    text = (ROOT / "config" / "example.yaml").read_text(encoding="utf-8")
    secrets = dict(_secrets(yaml.safe_load(text), ""))
    file = tmp_path / "gateway.yaml"
    file.write_text(uncommented(text), encoding="utf-8")

    problems = load(file, ours(), {name: f"{name}-{'x' * 40}" for name in secrets.values()}).problems

    told = [problem for problem in problems if problem.file == str(file)]
    told = [problem for problem in told if "is in no route" not in problem.message]  # the example shows every bot
    assert [str(problem) for problem in told if problem.path not in secrets] == []  # an invented secret may be refused


def _secrets(value, path):
    """Yield (dotted path, variable) of every secret."""
    if isinstance(value, dict) and "$env" in value:
        yield path, value["$env"]
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets(item, f"{path}[{index}]")
