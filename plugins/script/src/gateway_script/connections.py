"""How the pieces of a script hang together: what leads where, what is never reached, what goes round in circles.

Looks at the raw data, so that these mistakes are found together with all others, however broken the file is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway_script.names import RESERVED_STEPS
from gateway_script.source import Items, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway_script.mistakes import Mistakes, Place
    from gateway_script.names import Names

LAST = ("goto", "close", "transfer")
INNER = ("then", "else", "otherwise")


def check_connections(root: Table, names: Names, warnings: Mistakes) -> None:
    """Note what is wrong in `names.mistakes`, what may be meant so in `warnings`."""
    check_step_names(root, names.mistakes)
    for _, block, _ in blocks(root):
        check_ends(block, names.mistakes)
    check_circles(root, names.mistakes)
    check_buttons(root, names.mistakes)
    check_rules(root, names.mistakes)
    check_reached(root, names, warnings)


def blocks(root: Table) -> Iterator[tuple[str, Any, Place]]:
    """Yield every top-level block: its name (a step's, or one no step can have), data and place."""
    for name in RESERVED_STEPS:
        if name in root:
            yield name, root[name], root.places[name]
    rules = root.get("rules")
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, Table) and "do" in rule:
            yield f"rules[{number}]", rule["do"], rule.places["do"]
    for section, prefix in (("steps", ""), ("on_return", "on_return.")):
        if isinstance(table := root.get(section), Table):
            for name, block in table.items():
                yield f"{prefix}{name}", block, table.places[name]


def items(block: Any) -> Items | list[Any]:
    """Return a block's items; a single one needs no list."""
    return block if isinstance(block, list) else [block]


def check_step_names(root: Table, mistakes: Mistakes) -> None:
    """`start` and `fallback` stand at the top of the file, not among the steps."""
    steps = root.get("steps")
    for name in RESERVED_STEPS:
        if isinstance(steps, Table) and name in steps:
            text = f"{name!r} is a key of the script itself; move it there or choose another name for the step"
            mistakes.add(steps.places[name], text)


def check_ends(block: Any, mistakes: Mistakes) -> None:
    """Nothing may stand behind what ends a block."""
    found = items(block)
    for number, item in enumerate(found[:-1]):
        if ends(item) and isinstance(block, Items):
            text = f"this is never reached: `{ending(item)}` before it ends the block"
            mistakes.add(block.places[number + 1], text)
            break
    for item in found:
        for inner in inner_blocks(item):
            check_ends(inner, mistakes)


def inner_blocks(item: Any) -> Iterator[Any]:
    """Yield the blocks inside an item."""
    if isinstance(item, Table):
        yield from (item[key] for key in INNER if key in item)
        if isinstance(item.get("one_of"), list):
            yield from item["one_of"]


def ends(item: Any) -> bool:
    """Tell whether nothing can come after an item."""
    if not isinstance(item, Table):
        return False
    if isinstance(item.get("transfer"), Table) and "one_time_message" in item["transfer"]:
        return False
    if "if" in item:
        return all(key in item and any(map(ends, items(item[key]))) for key in ("then", "else"))
    return any(key in item for key in LAST)


def ending(item: Table) -> str:
    """Return the key that ends the block."""
    return next((key for key in LAST if key in item), "if")


def check_circles(root: Table, mistakes: Mistakes) -> None:
    """A `goto` that leads back without a word from the client would never end."""
    leads = {name: found for name, block, _ in blocks(root) if (found := certain_goto(block))}
    seen: set[str] = set()
    for name in leads:
        path = follow(name, leads)
        if path and not seen & set(path):
            seen |= set(path)
            text = f"this goes round in circles ({' → '.join([*path, path[0]])}); put an `ask` in between"
            mistakes.add(leads[path[-1]][1], text)


def certain_goto(block: Any) -> tuple[str, Place] | None:
    """Return where a block leads without fail and without waiting for the client."""
    for item in items(block):
        if not isinstance(item, Table):
            continue
        if isinstance(item.get("goto"), str):
            return str(item["goto"]), item.value_places["goto"]
        if ends(item) or any(key in item for key in ("ask", "if", "one_of")):
            return None
    return None


def follow(name: str, leads: dict[str, tuple[str, Place]]) -> list[str]:
    """Return the circle that begins and ends at `name`, or nothing."""
    path = [name]
    while path[-1] in leads and len(path) <= len(leads):
        target = leads[path[-1]][0]
        if target == name:
            return path
        path.append(target)
    return []


def check_buttons(root: Table, mistakes: Mistakes) -> None:
    """One value may not lead to two steps: pressed later, a button says only its value."""
    known: dict[str, str] = {}
    for button in tables(root):
        if "goto" not in button or "text" not in button or "value" not in button:
            continue
        value, step = str(button["value"]), str(button["goto"])
        if known.setdefault(value, step) != step:
            text = f"another button with the value {value!r} leads to {known[value]!r}; give each its own value"
            mistakes.add(button.value_places["value"], text)


def check_rules(root: Table, mistakes: Mistakes) -> None:
    """The first rule that fits is used, so a second one that listens to just the same never is."""
    rules = root.get("rules")
    known: list[tuple[Any, Any]] = []
    for rule in rules if isinstance(rules, Items) else ():
        heard = (rule.get("when"), rule.get("if")) if isinstance(rule, Table) else (None, None)
        covered_by = [heard, (heard[0], None)]
        earlier = next((index for index, other in enumerate(known) if heard[0] and other in covered_by), None)
        if earlier is not None:
            mistakes.add(rule.places["when"], f"this is never reached: rules[{earlier}] already listens to the same")
        known.append(heard)


def tables(value: Any) -> Iterator[Table]:
    """Yield every mapping."""
    if isinstance(value, Table):
        yield value
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from tables(item)


def check_reached(root: Table, names: Names, warnings: Mistakes) -> None:
    """Warn of steps no `goto` and no button leads to."""
    leads = {name: set(gotos(block)) for name, block, _ in blocks(root)}
    reached = {name for name in leads if name not in names.steps}
    while more := {target for name in reached for target in leads.get(name, ())} - reached:
        reached |= more
    steps = root.get("steps")
    for name, place in steps.places.items() if isinstance(steps, Table) else ():
        if name not in reached:
            warnings.add(place, "no `goto` and no button leads to this step")


def gotos(block: Any) -> Iterator[str]:
    """Yield every step a block may lead to."""
    for item in items(block):
        for table in tables(item):
            if isinstance(table.get("goto"), str):
                yield str(table["goto"])
