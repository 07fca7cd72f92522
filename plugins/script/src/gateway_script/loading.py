"""From a file to a script, or to the list of everything that is wrong with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from gateway_script.complaints import complain
from gateway_script.connections import check_connections
from gateway_script.mistakes import START, Mistakes
from gateway_script.names import survey
from gateway_script.script import Script
from gateway_script.source import read

if TYPE_CHECKING:
    from gateway_script.source import Table

LONGEST_FILE = 2_000_000
"""Bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What became of a file: a script, unless there are mistakes."""

    script: Script | None
    mistakes: list[str]
    warnings: list[str]


def load(path: Path) -> Loaded:
    """Read and check a script. Does not raise for anything that is wrong with it."""
    shown = shown_as(path)
    mistakes, warnings = Mistakes(shown), Mistakes(shown, label="warning: ")
    text = text_of(path, mistakes)
    script = None if text is None else parse(text, path.parent, mistakes, warnings)
    return Loaded(script=None if mistakes.found else script, mistakes=mistakes.lines(), warnings=warnings.lines())


def shown_as(path: Path) -> str:
    """Return the path as people would type it here."""
    try:
        relative = os.path.relpath(path)
    except ValueError:
        return str(path)
    return str(path) if relative.startswith("..") else relative


def text_of(path: Path, mistakes: Mistakes) -> str | None:
    """Return the file's text, or None with the reason noted."""
    try:
        if path.stat().st_size > LONGEST_FILE:
            mistakes.add(START, f"the script is larger than {LONGEST_FILE} bytes; split it into several bots")
            return None
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        mistakes.add(START, "there is no such file; the option `file` is relative to the config file")
    except UnicodeDecodeError as error:
        mistakes.add(START, f"the file is not UTF-8 (byte {error.start + 1}); save it as UTF-8")
    except OSError as error:
        mistakes.add(START, f"the file cannot be read: {error.strerror}")
    return None


def parse(text: str, folder: Path, mistakes: Mistakes, warnings: Mistakes) -> Script | None:
    """Return the script in a text, as far as there is one; local files are looked for in `folder`."""
    root = read(text, mistakes)
    if root is None:
        return None
    names = survey(root, folder, mistakes)
    check_connections(root, names, warnings)
    return validated(root, names)


def validated(root: Table, names: object) -> Script | None:
    """Return the script, or None with its mistakes noted."""
    try:
        return Script.model_validate(root, context=names)
    except ValidationError as error:
        complain(error, root, names)
        return None
