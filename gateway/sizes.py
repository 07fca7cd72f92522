"""How large a message may be inside the gateway, whoever it comes from: each costs memory, disk and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import TooLarge
from gateway.model import Text, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.model import Message

MOST_MESSAGES = 100
"""In one answer of a bot: as many as Tovie allows, which names the largest number of all we connect."""
MOST_CONTENTS = 50
LONGEST_WORDS = 100_000
"""Characters of all contents together; far more than any side can show."""


def expect_modest(messages: Sequence[Message]) -> None:
    """Raise `TooLarge`, which says what there is too much of."""
    if len(messages) > MOST_MESSAGES:
        raise TooLarge(f"at most {MOST_MESSAGES} messages at once")
    for message in messages:
        contents = message.contents
        if len(contents) > MOST_CONTENTS:
            raise TooLarge(f"a message may have at most {MOST_CONTENTS} contents")
        if sum(len(each.text if isinstance(each, Text) else words_of(each)) for each in contents) > LONGEST_WORDS:
            raise TooLarge(f"a message may have at most {LONGEST_WORDS} characters")
