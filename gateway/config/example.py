"""Sample configurations, made from the models that check them, so that they cannot go out of date."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import SecretStr
from pydantic_core import to_jsonable_python

from gateway.config.loading import FAMILIES, RESERVED
from gateway.config.schema import SINGLE, TITLES
from gateway.config.settings import InstanceSettings, RouteSettings
from gateway.config.validation import did_you_mean
from gateway.config.wiring import has_agents
from gateway.contracts import BusinessChannel
from gateway.errors import UserMistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from gateway.plugins import Offer, PluginHost

WIDTH = 110

HEAD = """\
# Every option of the integration gateway. Behind a `#` without a space stands an option with its default.
# Made by `gateway example`; `gateway check` tells what is wrong with a file like this.
#
# Any value can come from elsewhere: { $env: NAME } takes an environment variable, { $file: path } the contents of a
# file. And any key can be overridden by a variable: GATEWAY_SERVER__PORT=9000 is server.port.
"""


def whole_example(host: PluginHost) -> str:
    """Return a configuration with everything that is installed and every option in it."""
    names = _Names()
    blocks = [HEAD, *(_single(name, model) for name, model in SINGLE.items())]
    for family in FAMILIES:
        instances = [_instance(names.take(family.section, kind), offer) for kind, offer in family.offers(host).items()]
        blocks.append(f"# {TITLES[family.section]}\n{_section(family.section, instances)}")
    blocks.append(f"# {TITLES['routes']}\n{_section('routes', list(_routes(host, names)))}")
    return "\n".join(blocks)


def example_of(host: PluginHost, kind: str) -> str:
    """Return a sample of one kind, in all sections that have it. Raises `UserMistake` if there is none."""
    found = [
        _section(family.section, [_instance(kind, family.offers(host)[kind])])
        for family in FAMILIES
        if kind in family.offers(host)
    ]
    if not found:
        known = sorted({name for family in FAMILIES for name in family.offers(host)})
        guess = did_you_mean(kind, known) or f"; installed are: {', '.join(known) or 'none'}"
        raise UserMistake(f"there is no kind {kind!r}{guess}")
    return "\n".join(found)


class _Names:
    """Instance names: the kind's own, unless another section has it already."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, str]] = {family.section: {} for family in FAMILIES}
        self._taken = set(RESERVED)

    def take(self, section: str, kind: str) -> str:
        name = next(name for name in (kind, f"{section.removesuffix('s')}-{kind}") if name not in self._taken)
        self._taken.add(name)
        self.of[section][kind] = name
        return name


def _routes(host: PluginHost, names: _Names) -> Iterator[str]:
    """Yield a route with all options for the channels that need agents, and one for each that has its own."""
    own = {kind for kind, offer in host.channels.items() if has_agents(offer.kind.build, BusinessChannel)}
    bot = next(iter(names.of["bots"].values()), "")
    channels = [name for kind, name in names.of["channels"].items() if kind not in own]
    if channels:
        yield _route("main", channels, bot, list(names.of["platforms"].values()), documented=True)
    for kind in sorted(own):
        name = names.of["channels"][kind]
        route = _route(name, [name], bot, [name], documented=not channels)
        yield f"# A channel with agents of its own calls them by its own name.\n{route}"


def _route(name: str, channels: list[str], bot: str, handoff: list[str], *, documented: bool) -> str:
    given = {"channels": _flow(channels), "handoff": _flow(handoff)} | ({"bot": bot} if bot else {})
    lines = {key: f"{key}: {value}\n" for key, value in given.items()}
    fields = RouteSettings.model_fields if documented else {key: RouteSettings.model_fields[key] for key in lines}
    return f"{name}:\n{_indented(_options(fields, lines))}"


def _single(name: str, model: type[BaseModel]) -> str:
    summary = " ".join((model.__doc__ or "").split())
    return f"# {summary}\n{name}:\n{_indented(_options(model.model_fields, {}))}"


def _section(name: str, texts: list[str]) -> str:
    return f"{name}:\n" + _indented("\n".join(texts)) if texts else f"# {name}:\n"


def _instance(name: str, offer: Offer[Any]) -> str:
    kind = offer.kind
    head, lines = _sample(kind.sample or f"type: {kind.name}\n")
    lines.setdefault("type", f"type: {kind.name}\n")
    options = kind.options.model_fields
    for key, field in options.items():
        if field.is_required() and _key(key, field) not in lines:
            lines[_key(key, field)] = f"{_key(key, field)}: {_placeholder(kind.name, key, field)}\n"
    core = {key: field for key, field in InstanceSettings.model_fields.items() if key != "type"}
    first = lines.pop("type")
    body = first + _options(options, lines) + _options(core, lines)
    return f"# {kind.summary}\n{name}:\n{_indented(head + body)}"


def _options(fields: Mapping[str, FieldInfo], given: Mapping[str, str]) -> str:
    """Return all options with their descriptions: as given, or as a comment with the default."""
    text = ""
    for name, field in fields.items():
        key = _key(name, field)
        description = " ".join((field.description or "").split())
        text += "".join(f"# {line}\n" for line in textwrap.wrap(description, WIDTH))
        text += given.get(key) or f"#{key}: {_default(field)}\n"
    return text


def _sample(sample: str) -> tuple[str, dict[str, str]]:
    """Split a sample into what stands before its first key and the lines of each key; a bad one counts for nothing."""
    sample = textwrap.dedent(sample).strip("\n") + "\n"
    lines = sample.splitlines(keepends=True)
    try:
        node = yaml.compose(sample, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return "", {}
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        return "", {}
    starts = [(key.value, key.start_mark.line) for key, _ in node.value]
    ends = [line for _, line in starts[1:]] + [len(lines)]
    first = starts[0][1] if starts else len(lines)
    return "".join(lines[:first]), {
        key: "".join(lines[start:end]) for (key, start), end in zip(starts, ends, strict=True)
    }


def _key(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _default(field: FieldInfo) -> str:
    if field.examples and field.get_default(call_default_factory=True, validated_data={}) in (None, (), "", {}):
        return _flow(field.examples[0])
    return _flow(to_jsonable_python(field.get_default(call_default_factory=True, validated_data={})))


def _placeholder(kind: str, key: str, field: FieldInfo) -> str:
    if field.examples:
        return _flow(field.examples[0])
    if field.annotation is SecretStr:
        return "{ $env: " + f"{kind}_{key}".upper().replace("-", "_") + " }"
    by_type: dict[Any, str] = {str: "...", int: "1", float: "1.0", bool: "true"}
    return by_type.get(field.annotation, "[]")


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n...\n").strip()


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")
