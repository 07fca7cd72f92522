"""What the documentation names exists: pages, headings, commands, configuration keys, public names."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import unquote

import click
import pytest

import gateway
from gateway.cli import gateway as command_line
from gateway.plugins import HOOKS
from tests.docs.reading import PAGES, ROOT, all_blocks, anchors, links, prose_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAKE_TARGET = re.compile(r"^([a-z-]+):.*##", re.MULTILINE)
INLINE = re.compile(r"`(gateway [a-z][^`]*)`")


def broken_links(page: Path) -> Iterator[str]:
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{target}: there is no such file"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{target}: {file.name} has no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert list(broken_links(page)) == []


def test_a_broken_link_would_be_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](#here) [b](#there) [c](nowhere.md) [d](https://example.com)", encoding="utf-8")

    assert len(list(broken_links(page))) == 2


def test_every_page_can_be_reached_from_the_map():
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in links(index)}
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs") and page != index}

    assert pages - linked == set()


def test_the_readme_names_every_plugin():
    """Every plugin somebody could use, that is: one whose own README is written."""
    plugins = {file.parent.name for file in ROOT.glob("plugins/*/README.md") if len(text_of(file).splitlines()) > 10}

    assert {name for name in plugins if f"](plugins/{name}/README.md)" not in text_of(ROOT / "README.md")} == set()


def test_generated_pages_are_up_to_date():
    script = ROOT / "docs" / "generate.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_public_name_is_documented():
    text = text_of(ROOT / "docs" / "reference" / "plugin-api.md")
    titles = set(re.findall(r"^### `(\w+)", text, re.MULTILINE))

    assert set(gateway.__all__) - titles == set()


def test_every_hook_is_documented():
    text = text_of(ROOT / "docs" / "reference" / "hooks.md")

    assert [hook for hook in HOOKS if f"`{hook}()`" not in text] == []


# --- commands ---


def console_lines() -> Iterator[tuple[str, str]]:
    for block in all_blocks("console"):
        for line in block.text.splitlines():
            if line.startswith("$ "):
                yield str(block), line.removeprefix("$ ")


def gateway_calls() -> Iterator[tuple[str, list[str]]]:
    """Yield (where, arguments) of every call of the command line, on a prompt or between backquotes."""
    for where, line in console_lines():
        words = shlex.split(line, comments=True)
        places = [place for place, word in enumerate(words) if word.rpartition("/")[2] == "gateway"]
        if places and places[0] <= 1:
            yield where, _up_to_pipe(words[places[0] + 1 :])
    for page in PAGES:
        for match in INLINE.finditer(prose_of(page)):
            yield page.name, match[1].split()[1:]


def _up_to_pipe(words: list[str]) -> list[str]:
    return words[: words.index("|")] if "|" in words else words


def unknown_to(group: click.Command, arguments: list[str]) -> str:
    """Return what in a call the command line does not know; empty if it knows all of it."""
    context, command = click.Context(group), group
    for word in arguments:
        if word.startswith("-"):
            known = {option for param in command.params for option in param.opts} | {"--help", "-h"}
            if word.partition("=")[0] not in known:
                return f"{word} of {command.name}"
        elif isinstance(command, click.Group) and not word.strip("[].").isupper():
            found = command.get_command(context, word)
            if found is None:
                return word
            command = found
    return ""


def test_commands_exist():
    calls = [*gateway_calls()]
    assert len(calls) > 20
    assert {where: unknown for where, call in calls if (unknown := unknown_to(command_line, call))} == {}


@pytest.mark.parametrize("call", [["serv"], ["check", "--fast"], ["dead-letters", "resend"]])
def test_an_unknown_command_would_be_found(call):
    assert unknown_to(command_line, call)


def test_make_targets_exist():
    targets = set(MAKE_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    named = {
        word
        for _, line in console_lines()
        if line.startswith("make ")
        for word in line.partition("#")[0].split()[1:2]
        if not word.startswith("-")
    }

    assert named
    assert named - targets == set()


# --- what must not be named ---


def test_nothing_points_at_somebodys_machine():
    private = re.compile(r"/work/|/root/|/home/(?!you\b|gateway\b)")

    assert [page.name for page in PAGES if private.search(text_of(page))] == []
