"""Whether a condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_script.clauses import AgentsOnline, AllOf, AnyOf, Compare, Condition, Not
from gateway_script.hearing import normal
from gateway_script.patterns import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_script.facts import Facts


def holds(condition: Condition, facts: Facts) -> bool:
    """Tell whether a condition holds."""
    match condition:
        case AgentsOnline(agents_online=wanted):
            return facts.agents_online is wanted
        case AllOf(all=conditions):
            return all(holds(each, facts) for each in conditions)
        case AnyOf(any=conditions):
            return any(holds(each, facts) for each in conditions)
        case Not(not_=inner):
            return not holds(inner, facts)
        case _:
            return compares(condition, facts)


def compares(compare: Compare, facts: Facts) -> bool:
    """Tell whether everything said about the variable is true."""
    value = facts.value(compare.variable)
    return text_fits(compare, value, facts) and number_fits(compare, value)


def text_fits(compare: Compare, value: str, facts: Facts) -> bool:
    """Compare words."""
    said = normal(value)
    found: dict[str, Callable[[], bool]] = {
        "known": lambda: bool(value) is compare.known,
        "is_": lambda: said == normal(facts.fill(compare.is_)),
        "is_not": lambda: said != normal(facts.fill(compare.is_not)),
        "one_of": lambda: said in map(normal, compare.one_of or ()),
        "contains": lambda: normal(facts.fill(compare.contains)) in said,
        "matches": lambda: search(compare.matches or "", value) is not None,
    }
    return all(test() for key, test in found.items() if getattr(compare, key) is not None)


def number_fits(compare: Compare, value: str) -> bool:
    """Compare numbers; what is no number is on no side of anything."""
    low, high = compare.at_least, compare.at_most
    if low is None and high is None:
        return True
    try:
        number = float(value)
    except ValueError:
        return False
    return (low is None or number >= low) and (high is None or number <= high)
