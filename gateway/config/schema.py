"""The JSON Schema of the configuration, made from the models that check it and from the installed kinds.

Editors complete and check by it. Like the configuration itself it allows a secret wherever a text may stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import PydanticUserError

from gateway.config.loading import FAMILIES, Family
from gateway.config.settings import (
    FilesSettings,
    InstanceSettings,
    LogSettings,
    PluginsSettings,
    RouteSettings,
    ServerSettings,
    StoreSettings,
)
from gateway.plugins import NAME

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gateway.plugins import Offer, PluginHost

Schema = dict[str, Any]

SINGLE: dict[str, type[BaseModel]] = {
    "server": ServerSettings,
    "store": StoreSettings,
    "log": LogSettings,
    "files": FilesSettings,
    "plugins": PluginsSettings,
}

TITLES = {
    "channels": "Channels: where clients write. Each key is a name of your own.",
    "bots": "Bots: what answers automatically.",
    "platforms": "Agent platforms: where people answer.",
    "listeners": "Listeners: what hears of everything that happens.",
    "routes": "Routes: which channels share a bot, a handoff and its rules.",
}

_SECRET: Schema = {
    "description": "A secret from an environment variable or a file.",
    "oneOf": [
        {
            "type": "object",
            "properties": {key: {"type": "string", "minLength": 1}},
            "required": [key],
            "additionalProperties": False,
        }
        for key in ("$env", "$file")
    ],
}


def schema_of(host: PluginHost) -> Schema:
    """Return the schema of the whole configuration with the kinds of `host`."""
    properties = {name: _or_nothing(_of_model(model)) for name, model in SINGLE.items()}
    for family in FAMILIES:
        properties[family.section] = _named(TITLES[family.section], _of_family(family, host))
    properties["routes"] = _named(TITLES["routes"], _of_model(RouteSettings))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the integration gateway",
        "type": "object",
        "additionalProperties": False,
        "required": ["routes"],
        "properties": properties,
        "$defs": {"secret": _SECRET},
    }


def _or_nothing(schema: Schema) -> Schema:
    """A section whose keys are all commented out is there with nothing in it."""
    return {**schema, "type": ["object", "null"]}


def _named(description: str, value: Schema) -> Schema:
    return {
        "description": description,
        "type": ["object", "null"],
        "propertyNames": {"pattern": f"^{NAME.pattern}$"},
        "additionalProperties": value,
    }


def _of_family(family: Family, host: PluginHost) -> Schema:
    """Return what an instance looks like: its `type` decides which other keys it has."""
    offers = family.offers(host)
    if not offers:
        return {"not": {}, "description": f"No plugin offers a kind of {family.what}."}
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(offers), "description": f"The kind of {family.what}."}},
        "allOf": [_if_type(name, offer) for name, offer in offers.items()],
    }


def _if_type(name: str, offer: Offer[Any]) -> Schema:
    then = _of_options(offer.kind.options)
    core = _of_model(InstanceSettings)["properties"]
    core["type"] = {"const": name, "description": offer.kind.summary}
    then["properties"] = {**core, **then.get("properties", {})}
    return {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": then}


def _of_options(model: type[BaseModel]) -> Schema:
    """Return the schema of a kind's options; one that cannot be put into words leaves everything open."""
    try:
        return _of_model(model)
    except PydanticUserError:
        return {"type": "object"}


def _of_model(model: type[BaseModel]) -> Schema:
    """Return a model's schema as one piece, without references to definitions of its own."""
    schema = model.model_json_schema(mode="validation")
    definitions = schema.pop("$defs", {})
    schema.pop("title", None)
    found = _inlined(schema, definitions, ())
    return found if isinstance(found, dict) else {}


def _inlined(schema: Any, definitions: dict[str, Any], above: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, definitions, above) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        inner = {} if name in above else definitions[name]  # a model inside itself: anything goes below
        return {**_inlined(inner, definitions, (*above, name)), **rest}
    found = {
        key: value if key in {"default", "enum", "const", "examples"} else _inlined(value, definitions, above)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
    return _or_secret(found)


def _or_secret(schema: Schema) -> Schema:
    """Where a text may stand, a secret may stand too."""
    if schema.get("type") != "string" or "const" in schema or "enum" in schema:
        return schema
    outside: Schema = {key: schema.pop(key) for key in ("description", "default") if key in schema}
    schema.pop("writeOnly", None)
    if schema.get("format") == "password":
        del schema["format"]
    return {**outside, "anyOf": [schema, {"$ref": "#/$defs/secret"}]}
