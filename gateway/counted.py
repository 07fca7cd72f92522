"""What a plugin counts itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """A counter of a plugin's own, see `Context.count`. Declared once, as a constant."""

    name: str
    """Lower case and underscores, such as `tokens`."""
    meaning: str
    """One sentence for whoever reads `/metrics`."""
    labels: tuple[str, ...] = ()
