"""Small functions are the visible mark of good code: longer ones are told apart here, before they settle."""

from __future__ import annotations

from statistics import median

from tests.architecture.source import PLUGINS, core_files, functions_of, length_of, plugin_files, where

LONGEST_FUNCTION = 60
MEDIAN_FUNCTION = 12
LONGEST_FILE = 500


def all_files():
    return core_files() + [file for plugin in PLUGINS for file in plugin_files(plugin, "src")]


def test_no_function_is_too_long():
    too_long = [
        f"{where(file)}:{function.lineno} {function.name}: {length_of(function)} lines"
        for file in all_files()
        for function in functions_of(file)
        if length_of(function) > LONGEST_FUNCTION
    ]

    assert not too_long, f"at most {LONGEST_FUNCTION} lines, docstring not counted: {too_long}"


def test_most_functions_are_short():
    lengths = [length_of(function) for file in all_files() for function in functions_of(file)]

    assert median(lengths or [0]) <= MEDIAN_FUNCTION


def test_no_file_is_too_long():
    lengths = {where(file): len(file.read_text(encoding="utf-8").splitlines()) for file in core_files()}

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}
