"""The conditions a script can put."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Discriminator, Field, Tag, model_validator
from typing_extensions import TypeAliasType

from gateway_script.fields import Pattern, Readable, Text, Value, Words
from gateway_script.mistakes import listed
from gateway_script.parts import Part


class Compare(Part):
    """Looks at a variable or at `attributes.something`. Texts are compared without regard to case."""

    variable: Readable = Field(description="Its name, as between `${` and `}`.")
    is_: Value | None = Field(None, alias="is", description="It is exactly this.")
    is_not: Value | None = Field(None, description="It is anything but this.")
    one_of: Words | None = Field(None, description="It is one of these.")
    contains: Text | None = Field(None, description="This is part of it.")
    matches: Pattern | None = Field(None, description="This regular expression is found in it.")
    at_least: float | None = Field(None, description="It is a number not below this.")
    at_most: float | None = Field(None, description="It is a number not above this.")
    known: bool | None = Field(None, description="true: it has a value; false: it has none.")

    @model_validator(mode="after")
    def _compares(self) -> Self:
        if len(self.model_fields_set) < 2:  # noqa: PLR2004 - the variable and something about it
            raise ValueError(f"says nothing about the variable; add {listed(self.keys()[1:])}")
        return self


class AgentsOnline(Part):
    """Whether a transfer would find somebody. If the platform cannot tell, neither true nor false holds."""

    agents_online: bool


class AllOf(Part):
    """All of these hold."""

    all: list[Condition] = Field(min_length=1)


class AnyOf(Part):
    """At least one of these holds."""

    any: list[Condition] = Field(min_length=1)


class Not(Part):
    """This does not hold."""

    not_: Condition = Field(alias="not")


CONDITIONS: dict[str, type[Part]] = {
    "variable": Compare,
    "agents_online": AgentsOnline,
    "all": AllOf,
    "any": AnyOf,
    "not": Not,
}


def _condition_kind(data: Any) -> str | None:
    if isinstance(data, Part):
        return next(f"<{key}>" for key, model in CONDITIONS.items() if isinstance(data, model))
    if isinstance(data, dict):
        return next((f"<{key}>" for key in CONDITIONS if key in data), None)
    return None


Condition = TypeAliasType(
    "Condition",
    Annotated[
        Annotated[Compare, Tag("<variable>")]
        | Annotated[AgentsOnline, Tag("<agents_online>")]
        | Annotated[AllOf, Tag("<all>")]
        | Annotated[AnyOf, Tag("<any>")]
        | Annotated[Not, Tag("<not>")],
        Discriminator(
            _condition_kind,
            custom_error_type="no_condition",
            custom_error_message="this is no condition",
        ),
    ],
)
