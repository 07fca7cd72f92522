"""Puts secrets in place: `{ $env: NAME }` and `{ $file: path }`, anywhere in the configuration.

They are explicit objects, not patterns inside a text, so that no value is ever taken for one by accident.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.config.source import Address, Source

SOURCES = ("$env", "$file")
UNKNOWN = "unknown"
"""Stands for a secret that could not be found, so that the rest can still be checked."""


def resolve(source: Source, folder: Path, environ: Mapping[str, str]) -> None:
    """Replace all secrets in the data by their values; note those that are missing."""
    source.data = _Resolver(source, folder, environ).value(source.data, ())


class _Resolver:
    def __init__(self, source: Source, folder: Path, environ: Mapping[str, str]) -> None:
        self._source = source
        self._folder = folder
        self._environ = environ

    def value(self, value: Any, address: Address) -> Any:
        if isinstance(value, list):
            return [self.value(item, (*address, index)) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if any(str(key).startswith("$") for key in value):
            return self._secret(value, address)
        return {key: self.value(item, (*address, key)) for key, item in value.items()}

    def _secret(self, value: dict[str, Any], address: Address) -> str:
        found = self._found(value, address)
        self._source.hidden.add(address)
        if found is None:
            self._source.settled.add(address)
            return UNKNOWN
        self._source.secrets.add(found)
        return found

    def _found(self, value: dict[str, Any], address: Address) -> str | None:
        if len(value) != 1 or next(iter(value)) not in SOURCES:
            self._source.complain(address, "a secret is written { $env: NAME } or { $file: path }, with nothing else")
            return None
        how, where = next(iter(value.items()))
        if not isinstance(where, str) or not where:
            self._source.complain(address, f"{how} needs the name of {'a variable' if how == '$env' else 'a file'}")
            return None
        return self._from_environment(where, address) if how == "$env" else self._from_file(where, address)

    def _from_environment(self, name: str, address: Address) -> str | None:
        if not self._environ.get(name):
            state = "empty" if name in self._environ else "not set"
            self._source.complain(address, f"the environment variable {name} is {state}")
            return None
        return self._environ[name]

    def _from_file(self, name: str, address: Address) -> str | None:
        path = self._folder / Path(name).expanduser()
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            self._source.complain(address, f"the secret file {path} cannot be read: {reason}")
            return None
        if not text:
            self._source.complain(address, f"the secret file {path} is empty")
            return None
        return text
