"""What pydantic found wrong, in words for somebody who writes a script and not Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway_script.clauses import CONDITIONS
from gateway_script.mistakes import did_you_mean, listed
from gateway_script.names import Names
from gateway_script.parts import CONTENTS, VERBS
from gateway_script.source import Items, Table, place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

EMPTY = "nothing stands here; add something or remove the key"
KINDS = {Table: "a mapping", Items: "a list", dict: "a mapping", list: "a list", type(None): "nothing"}


def complain(error: ValidationError, root: Table, names: object) -> None:
    """Note everything in the error, with its place."""
    assert isinstance(names, Names)  # noqa: S101 - the context this package validates with
    for details in error.errors(include_url=False):
        place = place_of(root, details["loc"])
        if details["type"] not in {"missing", "value_error"} or place.path not in names.mistakes.explained:
            names.mistakes.add_once(place, wording(details))


def wording(details: ErrorDetails) -> str:
    """Return what is wrong."""
    words = WORDS.get(details["type"])
    return words(details["input"], details.get("ctx", {})) if words else details["msg"]


def shown(value: Any) -> str:
    """Return a value as it can be named in a message."""
    if isinstance(value, str):
        text = str(value)
        return repr(text if len(text) <= 40 else f"{text[:39]}…")  # noqa: PLR2004 - enough to find it
    return KINDS.get(type(value), str(value))


def expected(what: str) -> Callable[[Any, dict[str, Any]], str]:
    """Say what should stand there."""
    return lambda value, _: EMPTY if value is None else f"here should be {what}, not {shown(value)}"


def missing(_: Any, __: dict[str, Any]) -> str:
    """A key that has to be there."""
    return "this key is missing"


def none_of(value: Any, context: dict[str, Any]) -> str:
    """A word that is not on the list."""
    allowed = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
    guess = did_you_mean(value, allowed) if isinstance(value, str) else ""
    return f"here should be {listed(allowed)}, not {shown(value)}{guess}"


def limit(words: str, key: str) -> Callable[[Any, dict[str, Any]], str]:
    """A number outside its limits."""
    return lambda value, context: f"should be {words} {context[key]:g}, not {value}"


def too_short(value: Any, context: dict[str, Any]) -> str:
    """A list with too few items."""
    least = context["min_length"]
    return EMPTY if not value else f"at least {least} are needed"


def too_long(_: Any, context: dict[str, Any]) -> str:
    """A list with too many items."""
    return f"at most {context['max_length']} are possible, here are {context['actual_length']}"


def own(_: Any, context: dict[str, Any]) -> str:
    """One of our own checks."""
    return str(context["error"])


def no_action(value: Any, _: dict[str, Any]) -> str:
    """An item that is none of the things a bot can do."""
    if value is None:
        return "an empty item; remove it or write what is said"
    if not isinstance(value, Table) or not value:
        return f"here should be a text or an item like `say: …`, not {shown(value)}"
    first = next(iter(value))
    guess = did_you_mean(first, (*VERBS, *CONTENTS)) or f"; an item begins with {listed((*VERBS, *CONTENTS))}"
    return f"{first!r} is nothing a bot can do{guess}"


def no_condition(value: Any, _: dict[str, Any]) -> str:
    """A mapping that is none of the conditions."""
    if not isinstance(value, Table):
        return f"{shown(value)} is no condition; write one like `agents_online: true` or `variable: name`"
    first = str(next(iter(value), ""))
    return f"this is no condition{did_you_mean(first, CONDITIONS) or f'; it begins with {listed(CONDITIONS)}'}"


WORDS: dict[str, Callable[[Any, dict[str, Any]], str]] = {
    "missing": missing,
    "string_type": expected("a text"),
    "list_type": expected("a list"),
    "dict_type": expected("a mapping"),
    "model_type": expected("a mapping"),
    "model_attributes_type": expected("a mapping"),
    "int_parsing": expected("a whole number"),
    "int_type": expected("a whole number"),
    "float_parsing": expected("a number"),
    "float_type": expected("a number"),
    "bool_parsing": expected("true or false"),
    "bool_type": expected("true or false"),
    "literal_error": none_of,
    "greater_than_equal": limit("at least", "ge"),
    "less_than_equal": limit("at most", "le"),
    "too_short": too_short,
    "too_long": too_long,
    "value_error": own,
    "no_action": no_action,
    "no_condition": no_condition,
}
