"""The pages about the configuration: the core's keys, and the kinds' options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from gateway.capabilities import Capabilities
from gateway.config.loading import FAMILIES, RESERVED, SECTIONS
from gateway.config.schema import SINGLE, TITLES
from gateway.config.settings import InstanceSettings, RouteSettings
from gateway.kinds import Kind
from gateway.plugins import NAME, PluginHost
from gateway.texts import BUILT_IN
from generating.markdown import summary, table

CONFIG_HEAD = f"""# Configuration

One YAML file. Its sections: {", ".join(f"`{name}`" for name in SECTIONS)}. Only `routes` is required.
`gateway check` tells everything that is wrong with a file, `gateway example` prints one with every option, and
`gateway schema` prints a JSON Schema for editors.

**Names.** What stands below `channels`, `bots`, `platforms`, `listeners` and `routes` are names of your own:
`{NAME.pattern}`. An instance's name is part of addresses (`/hooks/<name>`, `/<name>/`), so each may stand in one
section only, and {", ".join(f"`{name}`" for name in sorted(RESERVED))} are taken.

**Paths** are relative to the folder of the configuration file.

**Secrets.** Any value can come from elsewhere: `{{ $env: NAME }}` takes an environment variable, `{{ $file: path }}`
the contents of a file without the line break at its end. A value given in either way is taken out of every log line
(if it has at least four characters) and of every message about a mistake.

**Environment.** A variable overrides a key: `GATEWAY_SERVER__PORT=9000` is `server.port`. Two underscores lead one
level down; an instance `my-shop` is `MY_SHOP`; a value that begins with `[` or `{{` is read as JSON.

**Mistakes.** Unknown keys and sections, keys given twice, unknown types, missing secrets and names that lead nowhere
are all reported in one run with file, line and column, and the gateway does not start (exit code 2).
"""


def config_page() -> str:
    """Return the page about the core's own keys."""
    parts = [CONFIG_HEAD]
    for name, model in SINGLE.items():
        parts.append(f"## {name}\n\n{summary(model)}\n\n{_options(model)}")
    parts.append(
        "## channels, bots, platforms, listeners\n\n"
        + "\n".join(f"- {TITLES[family.section]}" for family in FAMILIES)
        + "\n\nEvery instance has these keys; the others belong to its kind (see [kinds](kinds.md)).\n\n"
        + _options(InstanceSettings)
    )
    parts.append(f"## routes\n\n{summary(RouteSettings)}\n\n{_options(RouteSettings)}")
    parts.append("### Texts\n\nThe built-in English texts; the others are in `gateway/texts.py`.\n\n" + _texts())
    return "\n".join(parts)


def _texts() -> str:
    languages = sorted({tag for texts in BUILT_IN.values() for tag in texts})
    rows = [(f"`{key}`", texts["en"], ", ".join(sorted(texts))) for key, texts in sorted(BUILT_IN.items())]
    return f"Languages: {', '.join(languages)}.\n\n" + table(("key", "text", "languages"), rows)


KINDS_HEAD = """# Kinds

What the plugins in this repository offer, and the options of each. Keys that every instance has are in
[configuration](config.md#channels-bots-platforms-listeners).
"""


def kinds_page(host: PluginHost) -> str:
    """Return the page about the options of all kinds in this repository."""
    parts = [KINDS_HEAD]
    for family in FAMILIES:
        for name, offer in family.offers(host).items():
            parts.append(f"## {family.what} `{name}`\n\n{offer.kind.summary} From `{offer.distribution}`.\n")
            parts.append(f"```yaml\n{family.section}:\n  {name}:\n{_indented(offer.kind)}```\n")
            parts.append(_options(offer.kind.options))
            capabilities = getattr(offer.kind, "capabilities", None)
            if capabilities is not None:
                parts.append(_capabilities(capabilities))
    return "\n".join(parts)


def _indented(kind: Kind[Any]) -> str:
    sample = kind.sample or f"type: {kind.name}\n"
    return "".join(f"    {line}\n" if line else "\n" for line in sample.strip().splitlines())


def _capabilities(shown: Capabilities) -> str:
    words = [word for word in ("markdown", "html", "carousel", "location", "contact") if getattr(shown, word)]
    words += [f"up to {shown.buttons} buttons"] if shown.buttons else []
    words += sorted(kind.value for kind in shown.media)
    tail = " It shows the log itself, so the core sends nothing to it." if shown.tails_log else ""
    return f"Shows natively: {', '.join(words) or 'plain text'}.{tail}\n"


def _options(model: type[BaseModel]) -> str:
    """Return a table of a model's keys, and one for each model inside it."""
    schema = model.model_json_schema(mode="validation")
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    text = table(
        ("key", "value", "default", "meaning"),
        [
            (f"`{key}`", _type(value, definitions), _default(value, key in required), value.get("description", ""))
            for key, value in schema.get("properties", {}).items()
        ],
    )
    return text + "".join(_inner(key, value, definitions) for key, value in schema.get("properties", {}).items())


def _inner(key: str, value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return the table of what lies inside a key's list or mapping of objects."""
    reference = _reference(value)
    if reference is None or "properties" not in definitions[reference]:
        return ""
    inner = definitions[reference]
    required = set(inner.get("required", ()))
    rows = [
        (f"`{name}`", _type(each, definitions), _default(each, name in required), each.get("description", ""))
        for name, each in inner["properties"].items()
    ]
    return f"\nInside `{key}`:\n\n" + table(("key", "value", "default", "meaning"), rows)


def _reference(value: Mapping[str, Any]) -> str | None:
    for inside in (value, value.get("items", {}), _values_of(value), *value.get("anyOf", ())):
        if "$ref" in inside:
            return str(inside["$ref"]).rpartition("/")[2]
    return None


def _values_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a mapping's values; empty if it is no mapping, or any value goes."""
    patterns = list(value.get("patternProperties", {}).values())
    inner = patterns[0] if patterns else value.get("additionalProperties")
    return inner if isinstance(inner, dict) else {}


def _type(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return what may stand at a key, in words."""
    if "$ref" in value:
        name = str(value["$ref"]).rpartition("/")[2]
        inner = definitions[name]
        return "mapping" if "properties" in inner else _type(inner, definitions)
    if "enum" in value or "const" in value:
        return " or ".join(f"`{each}`" for each in value.get("enum", [value.get("const")]))
    if "anyOf" in value:
        choices = [_type(each, definitions) for each in value["anyOf"] if each.get("type") != "null"]
        return ", or ".join(dict.fromkeys(choices))
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}), definitions)}"
    if value.get("type") == "object":
        inner = _values_of(value)
        of = _type(inner, definitions) if inner else "any"
        return f"mapping of names to {f'({of})' if ', or ' in of else of}"
    return _plain(value)


def _plain(value: Mapping[str, Any]) -> str:
    names = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    name = "secret" if value.get("format") == "password" else names.get(str(value.get("type")), "any")
    limits = [
        f"{word} {value[key]:.15g}"
        for key, word in (("exclusiveMinimum", "more than"), ("minimum", "at least"), ("maximum", "at most"))
        if key in value
    ]
    return f"{name}, {', '.join(limits)}" if limits else name


def _default(value: Mapping[str, Any], required: bool) -> str:
    if required:
        return "required"
    default = value.get("default")
    if default in (None, "", [], {}):
        return ""
    if isinstance(default, float) and default.is_integer():
        default = int(default)
    text = yaml.safe_dump(default, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()
    return f"`{text}`"
