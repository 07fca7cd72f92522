"""The kinds of value a script is made of, each with its own check.

A check notes what is wrong in `Names.mistakes` and lets the value pass: so one run finds everything. Without a context
(a model built in code) nothing is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo

from gateway_script.mistakes import did_you_mean
from gateway_script.names import BUILT_IN, VARIABLE_NAME, Names, is_attribute
from gateway_script.patterns import BadPattern, compiled
from gateway_script.source import Table, Word
from gateway_script.templates import is_unclosed, names_in

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_PATTERN = 1000


def checked(check: Callable[[Names, Word], None]) -> BeforeValidator:
    """Make a check of words as written into a validator."""

    def validate(value: Any, info: ValidationInfo) -> Any:
        if isinstance(info.context, Names) and isinstance(value, Word):
            check(info.context, value)
        return value

    return BeforeValidator(validate)


def check_template(names: Names, word: Word) -> None:
    """Every `${name}` must mean something."""
    for name in names_in(word):
        if not names.is_readable(name):
            text = f"there is no variable {name!r}{did_you_mean(name, names.readable)}"
            names.mistakes.add(word.place, text)
    if is_unclosed(word):
        names.mistakes.add(word.place, "a `${` without its `}`; write `$${` if you mean it literally")


def check_words(names: Names, word: Word) -> None:
    """A text must have something in it."""
    if not word.strip():
        names.mistakes.add(word.place, "this text is empty; write something or remove the key")


def check_step(names: Names, word: Word) -> None:
    """`goto` must lead somewhere."""
    if word not in names.targets:
        text = f"there is no step {str(word)!r}{did_you_mean(word, names.targets) or '; add it under `steps`'}"
        names.mistakes.add(word.place, text)


def check_readable(names: Names, word: Word) -> None:
    """A condition must look at something that exists."""
    if not names.is_readable(word):
        names.mistakes.add(word.place, f"there is no variable {str(word)!r}{did_you_mean(word, names.readable)}")


def check_variable(names: Names, word: Word) -> None:
    """A variable's name is a word, and not one the gateway uses."""
    check_variable_name(names, str(word), word.place)


def check_variable_name(names: Names, name: str, place: Any) -> None:
    """Check a variable's name that is about to be written to."""
    if name in BUILT_IN:
        names.mistakes.add(place, f"{name!r} is filled in by the gateway; choose another name")
    elif not VARIABLE_NAME.fullmatch(name):
        text = f"{name!r} cannot be a variable's name; use letters, digits and _, beginning with a letter"
        names.mistakes.add(place, text)


def check_writable(value: Any, info: ValidationInfo) -> Any:
    """The keys of `set` are variables, or `attributes.something`."""
    if isinstance(info.context, Names) and isinstance(value, Table):
        for name, place in value.places.items():
            if not is_attribute(name):
                check_variable_name(info.context, name, place)
    return value


def check_variables(value: Any, info: ValidationInfo) -> Any:
    """The keys of `variables` are variables."""
    if isinstance(info.context, Names) and isinstance(value, Table):
        for name, place in value.places.items():
            check_variable_name(info.context, name, place)
    return value


def check_pattern(names: Names, word: Word) -> None:
    """A regular expression must be one."""
    if len(word) > LONGEST_PATTERN:
        names.mistakes.add(word.place, f"a pattern of more than {LONGEST_PATTERN} characters; make several of it")
        return
    try:
        found = compiled(str(word))
    except BadPattern as error:
        names.mistakes.add(word.place, f"this regular expression is wrong: {error}")
        return
    for name in found.groupindex:
        check_variable_name(names, name, word.place)


def check_source(names: Names, word: Word) -> None:
    """A file beside the script must be there; variables work in addresses only."""
    if is_address(word):
        return
    if any(names_in(word)):
        names.mistakes.add(word.place, "variables work in https:// addresses only, not in the name of a local file")
        return
    if problem := problem_of(names, str(word)):
        names.mistakes.add(word.place, problem)


def problem_of(names: Names, source: str) -> str:
    """Return what is wrong with a local file, or nothing."""
    path = names.folder / source
    if path.is_dir():
        return f"{source!r} is a folder; name a file"
    if not path.exists():
        near = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
        return f"there is no file {source!r} beside the script{did_you_mean(path.name, near)}"
    return "" if path.stat().st_size else f"the file {source!r} is empty"


def is_address(source: str) -> bool:
    """Tell an address from a file beside the script."""
    return source.startswith(("https://", "http://"))


def check_keyword(names: Names, word: Word) -> None:
    """A keyword needs a letter or digit to be found by."""
    if word.strip() and not any(character.isalnum() for character in word):
        names.mistakes.add(word.place, f"{str(word)!r} has no letter or digit, so it would never be found")
    if any("*" in part.strip("*") for part in word.split()):
        names.mistakes.add(
            word.place, f"in {str(word)!r} a `*` stands inside a word; only beginning or end may be open"
        )


def check_link(names: Names, word: Word) -> None:
    """A button opens only what is safe to open."""
    if not word.startswith(("https://", "http://", "mailto:", "tel:")):
        names.mistakes.add(word.place, f"{str(word)!r} is no address; begin with https://, mailto: or tel:")


def one_or_more(value: Any) -> Any:
    """Let `key: a` stand for `key: [a]`."""
    return value if isinstance(value, list) or value is None else [value]


def short(key: str) -> Callable[[Any], Any]:
    """Let `name: text` stand for `name: {key: text}`."""
    return lambda value: {key: value} if isinstance(value, str) else value


Text = Annotated[str, checked(check_template), checked(check_words)]
"""A text with variables."""
Value = Annotated[str, checked(check_template)]
"""A text with variables that may be empty."""
Plain = Annotated[str, checked(check_words)]
"""A text without variables."""
Step = Annotated[str, checked(check_step)]
Readable = Annotated[str, checked(check_readable)]
Variable = Annotated[str, checked(check_variable)]
Pattern = Annotated[str, checked(check_pattern), checked(check_words)]
Source = Annotated[str, checked(check_source), checked(check_template), checked(check_words)]
Keyword = Annotated[str, checked(check_keyword), checked(check_words)]
Link = Annotated[str, checked(check_link), checked(check_template)]

Words = Annotated[
    list[Plain], Field(min_length=1), BeforeValidator(one_or_more, json_schema_input_type=str | list[str])
]
Keywords = Annotated[
    list[Keyword], Field(min_length=1), BeforeValidator(one_or_more, json_schema_input_type=str | list[str])
]
Patterns = Annotated[
    list[Pattern], Field(min_length=1), BeforeValidator(one_or_more, json_schema_input_type=str | list[str])
]
