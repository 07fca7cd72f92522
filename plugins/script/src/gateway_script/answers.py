"""Whether an answer fits its question, and what is saved of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway_script.hearing import normal
from gateway_script.patterns import search

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway_script.actions import Ask, Expect
    from gateway_script.hearing import Heard

EMAIL = re.compile(r"[\w.%+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}")
PHONE = re.compile(r"\+?\(?\d[\d\s().\-/]{4,24}\d")
NUMBER = re.compile(r"(?<![\w.,])[-+]?\d{1,15}(?:[.,]\d{1,9})?(?![\w])")
FEWEST_DIGITS, MOST_DIGITS = 7, 15
"""Of a phone number, as E.164 has it."""

Saved = dict[str, str]
"""Variables and what is saved in them."""


def answer(ask: Ask, heard: Heard, fill: Callable[[str], str]) -> Saved | None:
    """Return what an answer gives the script to remember, or None if it does not fit. `fill` puts variables in."""
    if ask.choices:
        chosen = choice([(fill(each.text), each.value) for each in ask.choices], heard)
        return None if chosen is None else {ask.save: chosen}
    if ask.expect.regex is not None:
        return by_pattern(ask.save, ask.expect.regex, heard.text)
    found = FINDERS[ask.expect.kind](heard, ask.expect)
    return {ask.save: found} if found else None


def choice(choices: list[tuple[str, str]], heard: Heard) -> str | None:
    """Return what is saved of the choice (words, value) that was pressed, typed, or named by its number."""
    said = normal(heard.text)
    for number, (words, value) in enumerate(choices, start=1):
        saved = value or words
        if heard.pressed == saved or (said and said in {normal(words), normal(saved), str(number)}):
            return saved
    return None


def by_pattern(save: str, pattern: str, text: str) -> Saved | None:
    """Return the named groups, and the text itself unless a group has the variable's name."""
    captures = search(pattern, text)
    return None if captures is None else {save: text, **captures}


def find_text(heard: Heard, _: Expect) -> str:
    """Anything in words."""
    return heard.text


def find_email(heard: Heard, _: Expect) -> str:
    """The first e-mail address in it."""
    found = EMAIL.search(heard.text)
    return found[0] if found else ""


def find_phone(heard: Heard, _: Expect) -> str:
    """The first phone number in it, as digits with a `+` if there was one."""
    for found in PHONE.finditer(heard.text):
        digits = re.sub(r"\D", "", found[0])
        if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS:
            return f"+{digits}" if found[0].startswith("+") else digits
    return ""


def find_number(heard: Heard, expect: Expect) -> str:
    """The first number in it that lies between the limits, with a point."""
    for found in NUMBER.finditer(heard.text):
        number = float(found[0].replace(",", "."))
        if (expect.at_least is None or number >= expect.at_least) and (
            expect.at_most is None or number <= expect.at_most
        ):
            return found[0].replace(",", ".").removeprefix("+")
    return ""


def find_file(heard: Heard, _: Expect) -> str:
    """The address of the file sent."""
    return heard.url


FINDERS: Mapping[str, Callable[[Heard, Expect], str]] = {
    "text": find_text,
    "email": find_email,
    "phone": find_phone,
    "number": find_number,
    "file": find_file,
    "pattern": find_text,
}
