"""Runs in an environment with aiogram: judges JSON by its models. Prints one line per fault found."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys

from aiogram import methods, types
from pydantic import BaseModel, ValidationError


def main(recording):
    for call in recording["calls"]:
        name = call["method"][0].upper() + call["method"][1:]
        judge(f"call {name}", getattr(methods, name), {key: no_file(value) for key, value in call["params"].items()})
        if isinstance(call["result"], dict) and "message_id" in call["result"]:
            judge(f"result of {name}", types.Message, call["result"])
    for update in recording["updates"]:
        judge(f"update {update['update_id']}", types.Update, update)


def judge(where, model, data):
    try:
        read = model.model_validate(data)
    except ValidationError as error:
        print(f"{where}: {error.errors()[0]['loc']}: {error.errors()[0]['msg']}")  # noqa: T201 - its output is the verdict
    else:
        for path in unknown(read, ""):
            print(f"{where}: there is no {path}")  # noqa: T201 - its output is the verdict


def unknown(value, path):
    """Members that Telegram's documentation does not have."""
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or ())
        for name in value.model_fields_set:
            yield from unknown(getattr(value, name, None), f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from unknown(each, f"{path}[{number}]")


def no_file(value):
    return "file-id" if isinstance(value, str) and value.startswith("<file ") else value


main(json.load(sys.stdin))
