"""The wire format of chat completions: what a request is made of, and how an answer is put together from its pieces.

Source: https://platform.openai.com/docs/api-reference/chat. Servers of the same kind deviate; what is marked ASSUMED is
read so that the forms seen in the wild are understood. Nothing here does I/O.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gateway import read_json

Json: TypeAlias = Mapping[str, Any]

CODE_LENGTH = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """The model asks for a tool."""

    id: str
    name: str
    arguments: str
    """JSON, as far as the model got it right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens of one request."""

    input: int
    """Read, without the cached ones."""
    cached: int
    output: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the model answered to one request."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    finish: str = ""
    """`stop`, `tool_calls`, `length`, `content_filter`; empty: it was not told, so the answer may be cut off."""
    usage: Usage | None = None


class NotUnderstood(Exception):
    """A piece of an answer that is none; the text repeats nothing of it."""


class Broken(Exception):
    """The endpoint told of an error in the middle of its answer."""

    def __init__(self, error: Error) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Assembly:
    """Puts an answer together."""

    text: str = ""
    finish: str = ""
    usage: Usage | None = None
    _calls: list[_Call] = field(default_factory=list)
    _index: dict[int, int] = field(default_factory=dict)

    def take(self, piece: Any) -> None:
        """Take a chunk of a stream, or a whole answer. Raises `NotUnderstood`, `Broken`."""
        if not isinstance(piece, Mapping):
            raise NotUnderstood
        if piece.get("error"):
            raise Broken(error_of(piece))
        self.usage = usage_of(piece.get("usage")) or self.usage
        for choice in (piece.get("choices") or ())[:1]:
            if not isinstance(choice, Mapping):
                raise NotUnderstood
            self._add(choice.get("delta") or choice.get("message") or {})
            self.finish = str(choice.get("finish_reason") or self.finish)

    def end(self) -> None:
        """The endpoint said that this is all. ASSUMED: some servers do not say why an answer ended."""
        self.finish = self.finish or "stop"

    def answer(self) -> Answer:
        """Return what there is."""
        calls = (
            ToolCall(id=call.id or f"call_{number}", name=call.name, arguments=call.arguments)
            for number, call in enumerate(self._calls)
        )
        return Answer(text=self.text, calls=tuple(calls), finish=self.finish, usage=self.usage)

    def _add(self, delta: Any) -> None:
        if not isinstance(delta, Mapping):
            raise NotUnderstood
        # A refusal is said like any words: it is meant for the client.
        self.text += _words(delta.get("content")) + _words(delta.get("refusal"))
        for place, call in enumerate(delta.get("tool_calls") or ()):
            if not isinstance(call, Mapping):
                raise NotUnderstood
            self._add_call(place, call)

    def _add_call(self, place: int, piece: Json) -> None:
        call = self._call(place, piece)
        function = piece.get("function") or {}
        call.id = call.id or str(piece.get("id") or "")
        call.name += str(function.get("name") or "")
        arguments = function.get("arguments")
        # ASSUMED: some servers send the arguments as an object instead of as JSON in a string.
        call.arguments += arguments if isinstance(arguments, str) else json.dumps(arguments) if arguments else ""

    def _call(self, place: int, piece: Json) -> _Call:
        """Return the call a piece belongs to.

        ASSUMED: some servers leave `index` out, or give every call the same; then a new id means a new call.
        """
        number = piece.get("index")
        index = number if isinstance(number, int) else place
        known = self._calls[self._index[index]] if index in self._index else None
        if known is None or (piece.get("id") and known.id and piece["id"] != known.id):
            self._index[index] = len(self._calls)
            self._calls.append(_Call())
        return self._calls[self._index[index]]


def _words(content: Any) -> str:
    """Return text. ASSUMED: some servers send a list of parts instead."""
    if isinstance(content, list):
        return "".join(_words(part.get("text")) for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def usage_of(data: Any) -> Usage | None:
    """Return the tokens used, where an endpoint tells them."""
    if not isinstance(data, Mapping):
        return None
    details = data.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else 0
    read = _count(data.get("prompt_tokens"))
    cached = min(cached, read)
    return Usage(input=read - cached, cached=cached, output=_count(data.get("completion_tokens")))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


# --- errors ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Error:
    """What an endpoint says of its error. The message may repeat what a client wrote, so it is only looked at."""

    code: str = ""
    type: str = ""
    param: str = ""
    message: str = ""

    @property
    def is_too_long(self) -> bool:
        """Whether the request did not fit the model. ASSUMED: servers of one's own say so in words only."""
        words = self.message.lower()
        told = ("context length", "context window", "context size", "maximum context", "too many tokens")
        return self.code == "context_length_exceeded" or any(each in words for each in told)

    @property
    def is_filtered(self) -> bool:
        """Whether a content filter held it back."""
        return "content_filter" in {self.code, self.type} or self.code == "content_policy_violation"

    def __str__(self) -> str:
        """Name it by its codes, which are words of the endpoint's own."""
        return ", ".join(part for part in (self.code or self.type, self.param) if part)


def error_of(data: Any) -> Error:
    """Return the error in a body, decoded or not; an empty one if there is none."""
    if isinstance(data, bytes):
        try:
            data = read_json(data)
        except ValueError:
            return Error()
    found = data.get("error", data) if isinstance(data, Mapping) else None
    if not isinstance(found, Mapping):
        return Error(message=found if isinstance(found, str) else "")
    return Error(
        code=_code(found.get("code")),
        type=_code(found.get("type")),
        param=_code(found.get("param")),
        message=str(found.get("message") or ""),
    )


def _code(value: Any) -> str:
    """Return a word that can be shown: an endpoint's own, not a sentence in which a client may be quoted."""
    text = str(value) if isinstance(value, str | int) else ""
    return text if len(text) <= CODE_LENGTH and all(c.isalnum() or c in "_.-[]" for c in text) else ""


# --- requests --------------------------------------------------------------------------------------------------------


def tool(name: str, description: str, parameters: Json) -> dict[str, Any]:
    """Return a tool as a request declares it."""
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def asked(answer: Answer) -> dict[str, Any]:
    """Return the model's message in which it asked for tools, as the next request repeats it."""
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
        for call in answer.calls
    ]
    return {"role": "assistant", "content": answer.text or None, "tool_calls": calls}


def given(call: ToolCall, result: str) -> dict[str, Any]:
    """Return the message that gives the model what a tool answered."""
    return {"role": "tool", "tool_call_id": call.id, "content": result}


def with_images(text: str, images: Sequence[str]) -> list[dict[str, Any]]:
    """Return the content of a message that shows pictures; each is the address of one, `data:` for most."""
    shown = [{"type": "image_url", "image_url": {"url": image}} for image in images]
    return [{"type": "text", "text": text}, *shown]
