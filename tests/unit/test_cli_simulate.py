"""`gateway simulate` as somebody at a terminal sees it when something is wrong, and what plugins add to it."""

from __future__ import annotations

import socket
import sys

import click
import pytest
import yaml

from gateway import cli, plugins
from gateway.cli.places import called
from gateway.cli.simulating import PORTS
from gateway.config import load
from gateway.plugins import PluginHost
from gateway.testing.simulate import Simulation
from gateway.testing.simulate.jivo import JivoStage
from gateway.testing.simulate.operator_desk import DeskStage
from gateway.testing.simulate.operator_tovie import TovieStage
from gateway.testing.simulate.telegram import TelegramStage
from gateway.testing.simulate.tovie import TovieBotStage
from tests.docs.reading import ROOT
from tests.unit.plugin_fakes import plugin


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["gateway", "simulate", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code or 0, captured.out, captured.err

    return run


def test_a_port_in_use_is_one_line(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run("telegram", "--port", str(port))

    assert (code, out) == (2, "")
    assert err == f"gateway: port {port} is taken: stop what listens there, or choose another with --port\n"


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "ftp://gw", "http://", "http://gw?x=1", ""])
def test_an_address_that_is_none_is_named(run, address):
    code, _, err = run("telegram", "--gateway", address)

    assert code == 2
    assert err.splitlines()[-1].endswith(f"{address!r} is no address; write it like http://127.0.0.1:8080")


WRONG = [
    ["--port", "70000"],
    ["--as", "bot"],
    ["--instance", "a b"],
    ["--key", "short"],
    ["--instance", "tovie"],
    ["x"],
]


@pytest.mark.parametrize("arguments", WRONG)
def test_what_cannot_be_is_refused(run, arguments):
    code, _, err = run("operator-api", *arguments)

    assert code == 2
    assert "Error: " in err.splitlines()[-1]


def test_an_unknown_simulation_is_named(run, monkeypatch):
    monkeypatch.setattr(plugins, "entry_points", lambda group: [])
    code, _, err = run("fax")

    assert code == 2
    assert "No such command 'fax'" in err


def test_a_plugin_adds_a_simulation(run, monkeypatch):
    def add(group):
        @group.command("simulate-fax")
        def simulate_fax():
            """Play the fax."""
            click.echo("beep")

    point = plugin(monkeypatch, "fax", register_commands=[add])
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])

    assert run("fax")[:2] == (0, "beep\n")


PROGRAMS = [
    (["{bin}/gateway"], "{bin}", "gateway"),
    (["gateway"], "/nowhere", "gateway"),
    ([".venv/bin/gateway"], "/nowhere", ".venv/bin/gateway"),
    (["/srv/gateway/__main__.py"], "{bin}", f"{sys.executable} -m gateway"),
]


@pytest.mark.parametrize(("argv", "path", "said"), PROGRAMS)
def test_what_is_to_be_pasted_names_the_program_as_it_was_called(monkeypatch, tmp_path, argv, path, said):
    (tmp_path / "gateway").touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [each.format(bin=tmp_path) for each in argv])
    monkeypatch.setenv("PATH", path.format(bin=tmp_path))

    assert called() == said


STAGES = [TelegramStage, JivoStage, DeskStage, TovieStage, TovieBotStage]


@pytest.mark.parametrize("stage", STAGES)
async def test_the_ready_made_configuration_fits_what_the_command_prints(stage, tmp_path):
    """Once with the secrets and addresses of the usual port as they stand there, once as the command prints them."""
    built = stage()
    port = PORTS[built.name.split()[0]]
    async with Simulation(built, gateway="http://127.0.0.1:8080").running() as url:
        setup = built.setup()
        printed = yaml.safe_load(setup.config.replace(url, f"http://127.0.0.1:{port}"))
        secrets = {name: value.replace(url, f"http://127.0.0.1:{port}") for name, value in setup.environ.items()}
    ready_made = yaml.safe_load((ROOT / "config" / "simulate" / setup.ready_made).read_text(encoding="utf-8"))

    for section in ("files", "channels", "bots", "platforms"):
        for name, instance in printed.get(section, {}).items():
            assert _fits(instance, ready_made[section][name], secrets), (section, name)
    assert ready_made["server"] == {"host": "127.0.0.1", "port": 8080}


def _fits(printed, ready_made, secrets):
    """Tell whether all that is printed stands in the file, with secrets written out."""
    if not isinstance(printed, dict):
        return printed == ready_made
    if "$env" in printed:
        return secrets[printed["$env"]] == ready_made
    return all(name in ready_made and _fits(value, ready_made[name], secrets) for name, value in printed.items())


@pytest.mark.parametrize("file", sorted((ROOT / "config" / "simulate").iterdir()), ids=lambda file: file.name)
def test_a_ready_made_configuration_is_right(file):
    assert [str(each) for each in load(file, PluginHost(), {}).problems if each.severity == "error"] == []
