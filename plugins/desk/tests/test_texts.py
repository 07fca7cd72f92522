"""The words of the workspace, in all its languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gateway_desk

STATIC = Path(gateway_desk.__file__).parent / "static"
LANGUAGES = sorted(file.stem for file in (STATIC / "texts").glob("*.js"))
CODE = "".join(file.read_text(encoding="utf-8") for file in STATIC.glob("*.js"))
MADE = ("list.", "preview.", "refused.", "fate.", "ended.", "write.", "entry.", "floor.")
"""Keys beginning like this are put together in the code: t(`list.${name}`)."""


def texts(language):
    source = (STATIC / "texts" / f"{language}.js").read_text(encoding="utf-8")
    return dict(re.findall(r'^  "([^"]+)": "(.*)",$', source, re.MULTILINE))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language):
    assert texts(language).keys() == texts("en").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_blanks(language):
    def blanks(text):
        return set(re.findall(r"\{(\w+)\}", text))

    english = texts("en")
    assert {key for key, text in texts(language).items() if not blanks(text) <= blanks(english[key])} == set()


def test_every_text_named_in_the_code_exists():
    named = set(re.findall(r'\bt\("([\w.-]+)"', CODE))
    assert named - texts("en").keys() == set()


def test_every_text_is_used():
    assert [key for key in texts("en") if f'"{key}"' not in CODE and not key.startswith(MADE)] == []


def test_nothing_is_parsed_into_the_page_and_nothing_is_fetched_from_elsewhere():
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", CODE)
    pages = (
        CODE + (STATIC / "index.html").read_text(encoding="utf-8") + (STATIC / "desk.css").read_text(encoding="utf-8")
    )
    addresses = set(re.findall(r"https?://[\w.-]+", pages))
    assert addresses == {"http://www.w3.org", "https://www.openstreetmap.org"}  # a namespace, and a link to click on
