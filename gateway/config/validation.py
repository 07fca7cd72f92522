"""Validates a part of the configuration by a pydantic model and says what is wrong in the words of this project."""

from __future__ import annotations

import difflib
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError

from gateway.config.source import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

    from gateway.config.source import Address, Source

ModelT = TypeVar("ModelT", bound=BaseModel)

_LISTS = {"list_type", "tuple_type"}
_VALUE_HELPS = (
    "_parsing",
    "_type",
    "_from_float",
    "literal_error",
    "enum",
    "greater_than",
    "less_than",
    "pattern",
    "url_",
)

_WORDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "mapping_type": "must be a mapping",
    "model_type": "must be a mapping",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be text",
    "too_long": "must have no more than {max_length} entries",
    "too_short": "must have {min_length} or more entries",
    "tuple_type": "must be a list",
}
"""pydantic's most frequent messages, for people who do not know Python."""


def check(
    model: type[ModelT],
    data: object,
    address: Address,
    source: Source,
    *,
    also: Iterable[str] = (),
) -> ModelT | None:
    """Return the validated value, or None after noting every mistake. `also`: further keys that may stand here."""
    if not isinstance(data, dict):
        source.complain(address, f"must be a mapping with keys such as {_list(_names(model))}")
        return None
    try:
        value = model.model_validate(data)
    except ValidationError as error:
        _Complaint(model, address, source, frozenset(also)).note_all(error.errors(include_url=False))
        return None
    return None if any(address == done[: len(address)] for done in source.settled) else value


def secrets_in(value: object) -> Iterator[str]:
    """Yield the values of all secret fields of a validated model, wherever they are inside it."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from secrets_in(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from secrets_in(item)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or nothing if nothing known looks like it."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


class _Complaint:
    """The mistakes of one model at one place."""

    def __init__(self, model: type[BaseModel], address: Address, source: Source, also: frozenset[str]) -> None:
        self._model = model
        self._address = address
        self._source = source
        self._also = also

    def note_all(self, errors: Iterable[ErrorDetails]) -> None:
        found: dict[tuple[Address, bool], list[str]] = {}
        for error in errors:
            address = self._find(error)
            at_key = error["type"] in {"missing", "extra_forbidden"} or error["loc"][-1:] == ("[key]",)
            messages = found.setdefault((address, at_key), [])
            message = self._message(error, address)
            if message not in messages:
                messages.append(message)
        for (address, at_key), messages in _deepest(found).items():
            if not self._source.is_settled(address):
                self._source.complain(address, " or ".join(messages), at_key=at_key)

    def _find(self, error: ErrorDetails) -> Address:
        """Return the address an error is about; steps that name a branch of a union stand nowhere and are left out."""
        address = self._address
        *steps, last = error["loc"] or ("",)
        for step in steps:
            if (*address, step) in self._source.values:
                address = (*address, step)
        if error["type"] == "missing" or (*address, last) in self._source.values:
            address = (*address, last)
        return address

    def _message(self, error: ErrorDetails, address: Address) -> str:
        match error["type"]:
            case "missing":
                return f"is required{self._described(error['loc'])}"
            case "extra_forbidden":
                return self._unknown(str(address[-1]), error["loc"])
            case "value_error":
                return self._without_secrets(str(error["ctx"]["error"]))
            case _:
                return self._ordinary(error, address)

    def _ordinary(self, error: ErrorDetails, address: Address) -> str:
        message = _words(error, secret=self._is_secret(error))
        value = error["input"]
        if error["type"] in _LISTS and self._source.place(address).file.startswith(VARIABLE):
            message += ', written as JSON: ["one", "two"]'
        if not self._may_show(error, address, value):
            return self._without_secrets(message)
        guess = did_you_mean(value, _choices(error)) if isinstance(value, str) else ""
        return self._without_secrets(f"{message}, not {value!r}{guess}")

    def _may_show(self, error: ErrorDetails, address: Address, value: object) -> bool:
        if not isinstance(value, str | int | float | bool | None) or self._source.is_hidden(address):
            return False
        return not self._is_secret(error) and any(part in error["type"] for part in _VALUE_HELPS)

    def _is_secret(self, error: ErrorDetails) -> bool:
        return any(kind in {SecretStr, SecretBytes} for kind in _kinds_at(self._model, error["loc"]))

    def _without_secrets(self, message: str) -> str:
        for secret in self._source.secrets:
            message = message.replace(secret, "***")
        return message

    def _unknown(self, key: str, loc: tuple[int | str, ...]) -> str:
        known = {name for model in _models_at(self._model, loc[:-1]) for name in _names(model)}
        if len(loc) == 1:
            known |= self._also
        guess = did_you_mean(key, known)
        return f"unknown key{guess}" if guess else f"unknown key; known here: {_list(sorted(known)) or 'none'}"

    def _described(self, loc: tuple[int | str, ...]) -> str:
        for model in _models_at(self._model, loc[:-1]):
            for name, field in model.model_fields.items():
                if loc[-1] in {name, field.alias} and field.description:
                    return f": {field.description.rstrip('.')}"
        return ""


def _words(error: ErrorDetails, *, secret: bool) -> str:
    kind = error["type"]
    if secret and kind in {"too_short", "too_long"}:
        kind = f"string_{kind}"
    if kind in _WORDS:
        limits = error.get("ctx", {}).items()
        return _WORDS[kind].format_map(
            {name: int(limit) if isinstance(limit, float) and limit.is_integer() else limit for name, limit in limits}
        )
    message = error["msg"].replace("Input should be", "must be").replace(" should ", " must ")
    return message[:1].lower() + message[1:]


def _deepest(found: dict[tuple[Address, bool], list[str]]) -> dict[tuple[Address, bool], list[str]]:
    """Leave out what is said of a value as a whole if something is said of what is inside it (branches of a union)."""
    addresses = [address for address, _ in found]
    return {
        (address, at_key): messages
        for (address, at_key), messages in found.items()
        if not any(len(other) > len(address) and other[: len(address)] == address for other in addresses)
    }


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _choices(error: ErrorDetails) -> list[str]:
    """The words an error message puts into quotes: the values that would be right."""
    return str(error.get("ctx", {}).get("expected", "")).split("'")[1::2]


def _models_at(model: type[BaseModel], loc: Iterable[int | str]) -> list[type[BaseModel]]:
    return [kind for kind in _kinds_at(model, loc) if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _kinds_at(model: type[BaseModel], loc: Iterable[int | str]) -> list[Any]:
    """Return the types a value may have at a place inside a model."""
    kinds: list[Any] = [model]
    for step in loc:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)] or kinds
    return kinds


def _inside(kind: Any, step: int | str) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields: Mapping[str, Any] = kind.model_fields
        return [
            each for name, field in fields.items() if step in {name, field.alias} for each in _flat(field.annotation)
        ]
    items = [each for each in get_args(kind) if each is not Ellipsis]
    return _flat(items[-1]) if items and get_origin(kind) is not Union else []


def _flat(annotation: Any) -> list[Any]:
    """Return the members of a union, without what decorates them."""
    if get_origin(annotation) is Annotated:
        return _flat(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [each for part in get_args(annotation) for each in _flat(part)]
    return [annotation]
