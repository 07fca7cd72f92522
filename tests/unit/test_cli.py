"""The command line as somebody at a terminal sees it: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

from gateway import cli, plugins
from tests.unit.plugin_fakes import bot, channel, entry_point, platform, plugin

CONFIG = """\
channels:
  site: { type: wire, url: https://a }
bots:
  faq: { type: echo }
platforms:
  desk: { type: office }
routes:
  main: { channels: [site], bot: faq, handoff: [desk] }
"""


def add_hello(group):
    @group.command()
    def hello():
        """Greet."""
        click.echo("hello from a plugin")


def add_nothing(group):
    raise RuntimeError("no commands today")


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Three plugins: a good one, one that cannot be imported, one whose commands fail."""
    points = [
        plugin(
            monkeypatch,
            "kinds",
            register_channels=[channel("wire")],
            register_bot_engines=[bot("echo")],
            register_agent_platforms=[platform("office")],
            register_commands=[add_hello],
        ),
        plugin(monkeypatch, "awkward", register_commands=[add_nothing]),
        entry_point("fax", "a_module_nobody_has"),
    ]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run `gateway …` in a folder of its own; return (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, config=CONFIG):
        if config is not None:
            (tmp_path / "gateway.yaml").write_text(config, encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["gateway", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


def test_check_says_that_all_is_well_and_what_each_side_cannot_show(run):
    code, out, _ = run("check")

    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("warning: plugin 'fax' of gateway-fax 1.0: cannot be imported")
    assert "note: route main: site: buttons become a numbered list in the text" in lines
    assert not any("desk: buttons" in line for line in lines)
    assert lines[-1] == "gateway.yaml can be served: 1 warning"


def test_check_tells_all_mistakes_and_ends_with_2(run):
    code, out, _ = run("check", config=CONFIG.replace("wire", "wier").replace("faq,", "fag,"))

    assert code == 2
    assert out.splitlines()[:3] == [
        (
            "gateway.yaml:2:17: channels.site.type: unknown channel type 'wier'; did you mean 'wire'? "
            "Installed channel types: wire"
        ),
        "gateway.yaml:4:3: warning: bots.faq: is in no route: it is never asked",
        "gateway.yaml:8:34: routes.main.bot: there is no bot 'fag'; did you mean 'faq'?",
    ]
    assert out.splitlines()[-1] == "gateway.yaml cannot be served: 2 mistakes, 2 warnings"


def test_check_for_programs(run):
    code, out, _ = run("check", "--json", config=CONFIG.replace("wire", "wier"))

    data = json.loads(out)
    assert code == 2
    assert data["ok"] is False
    [problem] = data["problems"]
    assert (problem["line"], problem["column"], problem["path"]) == (2, 17, "channels.site.type")
    assert data["plugins"][0]["plugin"] == "fax"


def test_check_for_programs_when_all_is_well(run):
    code, out, _ = run("check", "--json")

    assert code == 0
    assert {"route": "main", "loss": "site: buttons become a numbered list in the text"} in json.loads(out)["losses"]


def test_the_config_can_be_named_by_option_and_by_environment(run, tmp_path, monkeypatch):
    (tmp_path / "other.yaml").write_text(CONFIG, encoding="utf-8")

    assert run("check", "--config", "other.yaml", config=None)[0] == 0
    monkeypatch.setenv("GATEWAY_CONFIG", "other.yaml")
    assert run("check", config=None)[1].splitlines()[-1].startswith("other.yaml can be served")


def test_serve_starts_nothing_when_something_is_wrong(run):
    code, out, err = run("serve", config=CONFIG.replace("[site]", "[shop]"))

    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "gateway.yaml:2:3: warning: channels.site: is in no route: whoever writes here gets no answer",
        "gateway.yaml:8:22: routes.main.channels[0]: there is no channel 'shop'; there are: site",
        "gateway: not started: 1 mistake in the configuration",
    ]


def test_serve_without_a_file(run):
    code, _, err = run("serve", config=None)

    assert code == 2
    assert err.splitlines()[0] == "gateway.yaml: there is no such file; `gateway example > gateway.yaml` makes one"


def test_plugins_lists_what_is_offered_and_what_is_broken(run):
    code, out, err = run("plugins")

    assert code == 0
    assert out.splitlines() == [
        "awkward  gateway-awkward 1.0",
        "fax  gateway-fax 1.0",
        (
            "  problem: cannot be imported: module 'a_module_nobody_has' is missing. "
            "Install it again with what it needs: pip install --force-reinstall gateway-fax"
        ),
        "kinds  gateway-kinds 1.0",
        "  channel wire: The wire.",
        "  bot engine echo: The echo.",
        "  agent platform office: The office.",
        "  command hello: Greet.",
    ]
    assert err == "gateway: plugin 'awkward' of gateway-awkward 1.0 cannot add its commands: no commands today\n"


def test_plugins_for_programs(run):
    data = json.loads(run("plugins", "--json")[1])

    assert [plugin["name"] for plugin in data] == ["awkward", "fax", "kinds"]
    assert "ModuleNotFoundError" in data[1]["problems"][0]["traceback"]
    assert data[2]["commands"] == [{"name": "hello", "summary": "Greet."}]
    assert data[2]["offers"][0] == {"what": "channel", "kind": "wire", "summary": "The wire."}


def test_plugins_shows_what_the_config_disables(run):
    out = run("plugins", config="plugins: { disabled: [fax] }\n")[1]

    assert "fax  gateway-fax 1.0 (disabled)" in out
    assert "problem" not in out


def test_no_plugins_at_all(run, monkeypatch):
    monkeypatch.setattr(plugins, "entry_points", lambda group: [])

    assert run("plugins")[1] == "No plugin is installed. Each is a package: pip install gateway-widget\n"


def test_schema_is_json_with_the_installed_kinds(run):
    schema = json.loads(run("schema")[1])

    assert schema["properties"]["bots"]["additionalProperties"]["properties"]["type"]["enum"] == ["echo"]


def test_example_of_a_kind_and_of_everything(run):
    assert run("example", "echo")[1].startswith("bots:\n  # The echo.\n  echo:\n    type: echo\n")
    assert "\nroutes:\n  main:\n" in run("example")[1]


def test_a_users_mistake_is_one_line(run):
    assert run("example", "wier") == (2, "", "gateway: there is no kind 'wier'; did you mean 'wire'?\n")


def test_a_bug_keeps_its_traceback(monkeypatch, tmp_path):
    def broken(host):
        raise ZeroDivisionError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gateway.config.schema.schema_of", broken)
    monkeypatch.setattr(sys, "argv", ["gateway", "schema"])

    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_plugins_add_commands_and_one_that_fails_does_not_take_them_away(run):
    code, out, err = run("hello")

    assert (code, out) == (0, "hello from a plugin\n")
    assert err == "gateway: plugin 'awkward' of gateway-awkward 1.0 cannot add its commands: no commands today\n"


def test_an_unknown_command(run):
    code, _, err = run("servr")

    assert code == 2
    assert "No such command 'servr'" in err


def test_help_names_every_command_and_loads_no_plugin(run, monkeypatch):
    monkeypatch.setattr(plugins, "entry_points", None)

    code, out, _ = run("--help")

    assert code == 0
    for command in (
        "serve",
        "check",
        "plugins",
        "schema",
        "example",
        "conversations",
        "trace",
        "dead-letters",
    ):
        assert f"\n  {command} " in out


def test_help_loads_no_server():
    """What only `serve` needs is imported by `serve`."""
    code = "import sys, gateway.cli; print([name for name in ('aiohttp', 'yaml', 'sqlite3') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"
