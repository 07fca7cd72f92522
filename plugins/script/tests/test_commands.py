"""`gateway script …` on a terminal."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from gateway import UserMistake
from gateway_script.plugin import register_commands


@pytest.fixture
def cli(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    @click.group()
    def main():
        pass

    for add in register_commands():
        add(main)
    return lambda *arguments, **more: CliRunner().invoke(main, ["script", *arguments], **more)


@pytest.fixture
def faq(tmp_path):
    file = tmp_path / "faq.yaml"
    file.write_text("start: Hi\nrules: [{ when: bye, do: { close: Bye } }]\n", encoding="utf-8")
    return file


def test_check_says_that_a_script_is_right(cli, faq):
    result = cli("check", "faq.yaml")

    assert (result.exit_code, result.output) == (0, "faq.yaml is right.\n")


def test_check_shows_mistakes(cli, faq):
    faq.write_text("strat: Hi", encoding="utf-8")

    result = cli("check", "faq.yaml")

    assert (result.exit_code, result.output) == (2, "faq.yaml:1:1: strat: unknown key; did you mean 'start'?\n")


def test_check_shows_warnings(cli, faq):
    faq.write_text("start: Hi\nsteps: { lost: Oh }", encoding="utf-8")

    result = cli("check", "faq.yaml")

    assert result.exit_code == 0
    assert result.output == (
        "faq.yaml:2:10: warning: steps.lost: no `goto` and no button leads to this step\nfaq.yaml works.\n"
    )


def test_talk(cli, faq):
    result = cli("talk", "faq.yaml", input="x\nbye\n")

    assert result.exit_code == 0
    assert [line.strip() for line in result.output.splitlines()] == [
        "Hi",
        "> x",
        "Sorry, I did not understand that. Could you put it differently?",
        "> bye",
        "Bye",
        "(closed)",
    ]


def test_talk_ends_with_its_input(cli, faq):
    assert cli("talk", "faq.yaml", input="x\n").exit_code == 0


def test_talk_with_a_broken_script(cli, faq):
    faq.write_text("strat: Hi", encoding="utf-8")

    assert isinstance(cli("talk", "faq.yaml").exception, UserMistake)


def test_a_transcript_that_is_true(cli, faq, tmp_path):
    (tmp_path / "faq.txt").write_text("> (start)\nHi\n> bye\nBye\n(closed)\n", encoding="utf-8")

    result = cli("test", "faq.yaml", "faq.txt")

    assert (result.exit_code, result.output) == (0, "faq.txt is what faq.yaml does.\n")


def test_a_transcript_that_is_not_true(cli, faq, tmp_path):
    (tmp_path / "faq.txt").write_text("> (start)\nHello\n", encoding="utf-8")

    result = cli("test", "faq.yaml", "faq.txt")

    assert result.exit_code == 1
    assert result.output.splitlines()[-2:] == ["-Hello", "+Hi"]


def test_schema(cli):
    assert json.loads(cli("schema").output)["title"] == "Script"
