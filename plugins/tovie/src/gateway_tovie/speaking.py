"""What follows from an answer besides its words: what the bot remembers, and how long it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway_tovie.agents import handed_over

if TYPE_CHECKING:
    from gateway import Transfer
    from gateway_tovie.options import TovieOptions
    from gateway_tovie.replies import Speech

LEAST_WAIT_SECONDS = 0.1
"""A script that does not want to wait still has its turn after the answer, not inside it."""


def memory(speech: Speech, options: TovieOptions) -> dict[str, Any]:
    """Return the bot's memory: the buttons offered, the state to go on in, and whether Tovie's agents are called."""
    waits = speech.wait and options.waits_itself
    switched = options.agents and handover(speech, options)
    return {
        **({"buttons": dict(speech.buttons)} if speech.buttons else {}),
        **({"wait": speech.wait.state} if speech.wait and waits else {}),
        **(handed_over(speech) if switched else {}),
    }


def handover(speech: Speech, options: TovieOptions) -> Transfer | None:
    """Return the handoff the gateway has to do with. A message for Tovie's own agents has been delivered by Tovie."""
    if speech.transfer and speech.transfer.one_time_message and options.agents:
        return None
    return speech.transfer


def waiting_seconds(speech: Speech, options: TovieOptions) -> float:
    """Return after how many seconds the gateway asks again; 0: it does not."""
    if speech.wait is None or not options.waits_itself:
        return 0.0
    return max(speech.wait.seconds, LEAST_WAIT_SECONDS)
