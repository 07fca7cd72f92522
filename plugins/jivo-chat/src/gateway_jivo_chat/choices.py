"""Buttons Jivo offers the client, with values that find the way back: keyboards, and ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway import Button, Buttons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway import Message
    from gateway_jivo_chat.options import Rating
    from gateway_jivo_chat.wire import Key

RATE, KEYBOARD = "rate:", "keyboard:"


def rating(words: Rating) -> Buttons:
    """Return the buttons of a rating. Jivo takes what is over 0 as good, under 0 as bad, 0 as declined."""
    offered = ((words.good, 1), (words.bad, -1), (words.decline, 0))
    return Buttons(buttons=tuple(Button(text=text, value=f"{RATE}{value}") for text, value in offered if text))


def keyboard(keys: Iterable[Key]) -> Buttons:
    """Return the buttons of a keyboard. A key without words is shown by its id."""
    shown = [(key.text or key.id, key.id or key.text) for key in keys]
    return Buttons(buttons=tuple(Button(text=text, value=f"{KEYBOARD}{key}") for text, key in shown if text))


def answer(value: str, text: str) -> dict[str, Any] | None:
    """Return type and members of what tells Jivo of a press; None: the button is none of Jivo's."""
    if value.startswith(KEYBOARD):
        return {"kind": "keyboard", "keyboard": [{"id": value.removeprefix(KEYBOARD), "text": text}]}
    rated = rate_in(value)
    return None if rated is None else {"kind": "rate", "value": rated}


def rate_in(value: str) -> int | None:
    """Return the rating a button's value stands for; None: for none."""
    return {f"{RATE}{number}": number for number in (-1, 0, 1)}.get(value)


def typed(words: str, asked: Message | None) -> dict[str, Any] | None:
    """Return the same for a client who cannot press, and types a choice of the last message, or its number."""
    said = words.strip().casefold()
    for number, button in enumerate(_offered(asked), start=1):
        if said in {str(number), button.text.casefold()}:
            return answer(button.value, button.text)
    return None


def _offered(asked: Message | None) -> list[Button]:
    contents = asked.contents if asked else ()
    return [button for content in contents if isinstance(content, Buttons) for button in content.buttons]
