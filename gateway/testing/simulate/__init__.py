"""The other side by hand: a fake with a page on which a person plays whoever is behind it.

A `Stage` says what is shown and what can be done; the page, the server and the wire log are the same for all. `play`
runs one, as `gateway simulate <name>` does. A plugin offers its own by a command: it implements `Stage` around its
fake, adds a command `simulate-<name>` by `register_commands`, and calls `play` in it. Then `gateway simulate <name>`
finds it.
"""

from __future__ import annotations

from gateway.testing.simulate.server import Simulation, play
from gateway.testing.simulate.stage import (
    Act,
    Button,
    Chat,
    Composer,
    Field,
    File,
    Given,
    Line,
    Notice,
    NotNow,
    Setup,
    Span,
    Stage,
    Switch,
    Upload,
    marked,
    plain,
)
from gateway.testing.simulate.tap import Exchange, Tap

__all__ = [
    "Act",
    "Button",
    "Chat",
    "Composer",
    "Exchange",
    "Field",
    "File",
    "Given",
    "Line",
    "NotNow",
    "Notice",
    "Setup",
    "Simulation",
    "Span",
    "Stage",
    "Switch",
    "Tap",
    "Upload",
    "marked",
    "plain",
    "play",
]
