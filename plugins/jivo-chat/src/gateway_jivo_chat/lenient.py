"""Reading JSON of somebody else's without falling over what is odd in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from gateway import BadInput

LONGEST_ID = 255

ModelT = TypeVar("ModelT", bound="Lenient")


def _words(value: Any) -> str:
    """Only what can be shown is words: text and numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip() if isinstance(value, str) else str(value)


def _whole(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number >= 0 else None


def _flag(value: Any) -> bool:
    return value in (True, "true", "1")


def _object(value: Any) -> Any:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Any]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


Words = Annotated[str, BeforeValidator(_words)]
Id = Annotated[str, BeforeValidator(_words), Field(min_length=1, max_length=LONGEST_ID)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]
AnObject = BeforeValidator(_object)
"""What is no object counts as an empty one."""
Objects = BeforeValidator(_objects)
"""What is no list counts as an empty one; what is no object in it is left out."""


class Lenient(BaseModel):
    """Unknown members are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def read(model: type[ModelT], data: Any) -> ModelT:
    """Read an object. Raises `BadInput` that says where and what, without repeating the input."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{where or 'the body'}: {first['msg']}") from None
