"""The names a script may use: what it defines itself, and what the gateway knows anyway."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway_script.patterns import captures
from gateway_script.source import Items, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway_script.mistakes import Mistakes

RESERVED_STEPS = ("start", "fallback")
"""Blocks every script has: `goto` may name them, `steps` may not."""

BUILT_IN = {
    "client.name": "the client's name, if known",
    "client.id": "the client's id in the channel",
    "language": "the client's language as far as the channel knows it, like `en`",
    "channel": "the channel's name in the config",
    "text": "what the client said last",
    "payload": "what the deep link carried that opened the chat",
    "misses": "how many times in a row the bot did not understand",
    "agent.name": "who had the dialog last",
    "agent.note": "what the agent wrote for the bot when giving the dialog back",
    "outcome": "how the last transfer ended: returned, closed, client_left, offline …",
}
ATTRIBUTE = "attributes."
VARIABLE_NAME = re.compile(r"[^\W\d]\w*", re.UNICODE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What may be named in this script. Handed to every field's check, with the place for mistakes."""

    steps: frozenset[str]
    variables: frozenset[str]
    folder: Path
    mistakes: Mistakes

    @property
    def targets(self) -> tuple[str, ...]:
        """Where `goto` may lead."""
        return (*sorted(self.steps), *RESERVED_STEPS)

    @property
    def readable(self) -> tuple[str, ...]:
        """What `${…}` may name, besides attributes."""
        return (*sorted(self.variables), *BUILT_IN)

    def is_readable(self, name: str) -> bool:
        """Tell whether `${name}` means something."""
        return name in self.variables or name in BUILT_IN or is_attribute(name)


def is_attribute(name: str) -> bool:
    """Tell whether a name is `attributes.something`."""
    return name.startswith(ATTRIBUTE) and len(name) > len(ATTRIBUTE)


def survey(root: Table, folder: Path, mistakes: Mistakes) -> Names:
    """Collect the names a raw script defines, however broken the rest of it is."""
    steps = root.get("steps")
    return Names(
        steps=frozenset(steps) if isinstance(steps, Table) else frozenset(),
        variables=frozenset(defined_variables(root)),
        folder=folder,
        mistakes=mistakes,
    )


def defined_variables(value: Any) -> Iterator[str]:
    """Yield every name that `variables`, `set`, `save` or a named capture gives a value."""
    if isinstance(value, Items):
        for item in value:
            yield from defined_variables(item)
    if isinstance(value, Table):
        for key, inner in value.items():
            yield from defined_by(key, inner)
            yield from defined_variables(inner)


def defined_by(key: str, value: Any) -> Iterator[str]:
    """Yield the names one key of a mapping defines."""
    if key in {"variables", "set"} and isinstance(value, Table):
        yield from (name for name in value if not is_attribute(name))
    if key == "save" and isinstance(value, str):
        yield str(value)
    if key == "regex":
        for pattern in value if isinstance(value, Items) else [value]:
            yield from captures(str(pattern)) if isinstance(pattern, str) else ()
