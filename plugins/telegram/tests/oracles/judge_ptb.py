"""Runs in an environment with python-telegram-bot: judges JSON by its models. Prints one line per fault found."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys

from telegram import Message, TelegramObject, Update


def main(recording):
    for call in recording["calls"]:
        if isinstance(call["result"], dict) and "message_id" in call["result"]:
            judge(f"result of {call['method']}", Message, call["result"])
    for update in recording["updates"]:
        judge(f"update {update['update_id']}", Update, update)


def judge(where, model, data):
    try:
        read = model.de_json(data, None)
    except Exception as error:  # noqa: BLE001 - it reports
        print(f"{where}: {error!r}")  # noqa: T201 - its output is the verdict
    else:
        for path in unknown(read, ""):
            print(f"{where}: there is no {path}")  # noqa: T201 - its output is the verdict


def unknown(value, path):
    """Members the library has never heard of."""
    if isinstance(value, TelegramObject):
        yield from (f"{path}.{name}" for name in value.api_kwargs)
        for name in value.__slots__:
            yield from unknown(getattr(value, name, None), f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from unknown(each, f"{path}[{number}]")


main(json.load(sys.stdin))
