"""Overrides from the environment: `GATEWAY_SERVER__PORT=9000` is `server.port`.

Two underscores lead one level down. A value that begins with `[` or `{` is read as JSON, every other one is text and is
converted by the type of its key. Instance names have dashes where a variable has single underscores.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict
from pydantic_settings.sources.utils import parse_env_vars

from gateway.config.source import PREFIX, VARIABLE, Address, Place, Problem, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SEPARATOR = "__"
NAMED = ("channels", "bots", "platforms", "listeners", "routes")
"""Sections whose keys are names of the user's own."""


class _Overrides(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=SEPARATOR, env_ignore_empty=True)

    server: dict[str, Any] = {}
    store: dict[str, Any] = {}
    log: dict[str, Any] = {}
    files: dict[str, Any] = {}
    plugins: dict[str, Any] = {}
    channels: dict[str, Any] = {}
    bots: dict[str, Any] = {}
    platforms: dict[str, Any] = {}
    listeners: dict[str, Any] = {}
    routes: dict[str, Any] = {}


class _Environment(EnvSettingsSource):
    """pydantic-settings' reader, over a given environment, and without its guess that `123` is a number."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(_Overrides)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return parse_env_vars(self._environ, case_sensitive=False, ignore_empty=True)

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:  # noqa: ARG002 - its signature
        if not isinstance(value, str) or not _is_json(value):
            raise ValueError(field_name)
        return json.loads(value)


def override(source: Source, environ: Mapping[str, str]) -> None:
    """Lay the variables of `environ` over what the file says."""
    relevant = {name: value for name, value in environ.items() if name.upper().startswith(PREFIX)}
    for name in _strangers(relevant):
        sections = ", ".join(_Overrides.model_fields)
        source.problems.append(
            Problem(file=f"{VARIABLE} {name}", message=f"names no section; the sections are {sections}")
        )
    for name, mistake in _broken(relevant).items():
        source.problems.append(Problem(file=f"{VARIABLE} {name}", message=mistake))
        del relevant[name]
    for address, value in _leaves(_Environment(relevant)(), ()):
        _lay(source, _own_names(address), value, _variable(address, relevant))


def _strangers(environ: Mapping[str, str]) -> Iterator[str]:
    for name in environ:
        section, separator, _ = name.upper().removeprefix(PREFIX).partition(SEPARATOR)
        if separator and section.lower() not in _Overrides.model_fields:
            yield name


def _broken(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with the variables that are, or should be, JSON."""
    wrong = {}
    for name, value in environ.items():
        whole_section = name.upper().removeprefix(PREFIX).lower() in _Overrides.model_fields
        if whole_section and value and not value.lstrip().startswith("{"):
            wrong[name] = 'a whole section is written as JSON, such as {"port": 9000}'
        elif _is_json(value):
            try:
                json.loads(value)
            except ValueError as error:
                wrong[name] = f"begins like JSON and is none: {error}"
    return wrong


def _is_json(value: str) -> bool:
    return value.lstrip().startswith(("[", "{"))


def _leaves(data: Mapping[str, Any], above: Address) -> Iterator[tuple[Address, Any]]:
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, key))
        else:  # at some depths pydantic-settings leaves JSON as it is
            yield (*above, key), json.loads(value) if isinstance(value, str) and _is_json(value) else value


def _variable(address: Address, environ: Mapping[str, str]) -> str:
    """Return the name of the variable that set this: its own, or the one of what encloses it (set as JSON)."""
    by_name = {name.upper(): name for name in environ}
    for length in range(len(address), 0, -1):
        wanted = PREFIX + SEPARATOR.join(str(step) for step in address[:length]).upper()
        if wanted in by_name:
            return by_name[wanted]
    return PREFIX + str(address[0]).upper()


def _own_names(address: Address) -> Address:
    """Put in dashes: `my_shop` in a variable is the instance `my-shop`."""
    if len(address) > 1 and address[0] in NAMED:
        return (address[0], str(address[1]).replace("_", "-"), *address[2:])
    return address


def _lay(source: Source, address: Address, value: Any, variable: str) -> None:
    place = Place(file=f"{VARIABLE} {variable}")
    target: Any = source.data
    for depth, step in enumerate(address[:-1], start=1):
        if not isinstance(target.get(step), dict):
            target[step] = {}
            source.keys[address[:depth]] = source.values[address[:depth]] = place
        target = target[step]
    target[address[-1]] = value
    _forget(source, address)
    source.keys[address] = source.values[address] = place


def _forget(source: Source, address: Address) -> None:
    """What the file said at or below this address no longer counts."""
    for places in (source.keys, source.values):
        for other in [other for other in places if other[: len(address)] == address]:
            del places[other]
    source.settled = {other for other in source.settled if other[: len(address)] != address}
