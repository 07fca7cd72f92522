"""The `switch` reply: what a script may say about a handoff, as a transfer.

Documented at https://help.cloud.tovie.ai/platform/bot-replies/switch.
"""

from __future__ import annotations

from gateway import Transfer
from gateway_tovie.wire import Json, facts, flag, number, texts, words

MOST_HISTORY = 1000


def is_call(reply: Json) -> bool:
    """Tell whether it transfers a telephone call, which a chat cannot do."""
    return bool(words(reply.get("phoneNumber")) or words(reply.get("sipUri")))


def transfer_in(reply: Json) -> Transfer:
    """Return the transfer. What a script does not say follows the route, where the route has a say in it."""
    return Transfer(
        destination=words(reply.get("destination")),
        history=_history(reply),
        first_message=words(reply.get("firstMessage")),
        last_message=words(reply.get("lastMessage")),
        close_phrases=texts(reply.get("closeChatPhrases")),
        close_button=flag(reply.get("appendCloseChatButton")),
        attributes=facts(reply.get("attributes")),
        hidden_attributes=facts(reply.get("hiddenAttributes")),
        custom_data=reply.get("customData"),
        theme=words(reply.get("theme")),
        ignore_offline=flag(reply["ignoreOffline"]) if reply.get("ignoreOffline") is not None else None,
        one_time_message=flag(reply.get("oneTimeMessage")),
    )


def _history(reply: Json) -> int | None:
    """Documented: the amount counts only together with `sendMessagesToOperator`, whose default is false."""
    if not flag(reply.get("sendMessagesToOperator")):
        return 0
    amount = number(reply.get("sendMessageHistoryAmount"))
    return None if amount is None else max(0, min(int(amount), MOST_HISTORY))
