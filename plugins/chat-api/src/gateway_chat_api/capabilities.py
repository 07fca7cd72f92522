"""What the Chat API shows and tells, apart from the wire, so that naming the kind needs nothing else."""

from __future__ import annotations

from dataclasses import replace

from gateway import EVERYTHING, MediaKind

LONGEST_ANSWER = 50_000
"""Characters; documented."""

STATUSES = frozenset({"transferred", "queued", "joined", "moved", "left", "closed"})
"""Types of log entries a caller is told of as items without replies."""

CAPABILITIES = replace(
    EVERYTHING,
    text_length=LONGEST_ANSWER,
    html=True,
    card_buttons=1,
    media=frozenset(MediaKind) - {MediaKind.DOCUMENT},  # No reply object shows one: it is a link in the text.
    contact=False,
    hears=STATUSES,
)
"""What reply objects can show."""
