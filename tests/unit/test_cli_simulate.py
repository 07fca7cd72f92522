"""`gateway simulate` as somebody at a terminal sees it when something is wrong, and what plugins add to it."""

from __future__ import annotations

import socket
import sys

import click
import pytest

from gateway import cli, plugins
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
