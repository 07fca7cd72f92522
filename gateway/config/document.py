"""Reads the YAML file into plain data and remembers where everything stands.

Scalars follow YAML 1.2: only `true` and `false` are booleans, `no` is a word, `007` and `12:30` are text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from gateway.config.source import Address, Place, Problem, Source

if TYPE_CHECKING:
    from pathlib import Path


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own type


def _resolve(kind: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(rf"(?:{pattern})\Z"), list(first))


_resolve("bool", "true|True|TRUE|false|False|FALSE", "tTfF")
_resolve("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789")
_resolve("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", "-+.0123456789")
_resolve("null", "~|null|Null|NULL|", "~nN\0")
_resolve("merge", "<<", "<")
# An empty scalar has no first character.
_Loader.yaml_implicit_resolvers[""] = _Loader.yaml_implicit_resolvers.pop("\0")


def read(file: Path, shown: str) -> Source:
    """Read a file. What is wrong with it is in `problems` of the result; its data is then what could be read."""
    source = Source(file=shown)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return _unreadable(source, "there is no such file; `gateway example > gateway.yaml` makes one")
    except (OSError, UnicodeDecodeError) as error:
        return _unreadable(source, f"cannot be read: {error}")
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is not None:
            _Reader(source, loader).read_root(root)
    except yaml.YAMLError as error:
        source.problems.append(_syntax(shown, error))
    finally:
        loader.dispose()
    if root_is_empty(source):
        return _unreadable(source, "is empty; `gateway example` prints a configuration to start from")
    return source


def root_is_empty(source: Source) -> bool:
    """Tell whether nothing was found in the file and nothing was wrong with it."""
    return not source.data and not source.problems


def _unreadable(source: Source, message: str) -> Source:
    source.problems.append(Problem(file=source.file, message=message))
    return source


def _syntax(shown: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    words = getattr(error, "problem", None) or " ".join(str(error).split())
    if "'\\t'" in words:
        words += " (indent with spaces, not tabs)"
    if mark is None:
        return Problem(file=shown, message=f"is not YAML: {words}")
    return Problem(file=shown, line=mark.line + 1, column=mark.column + 1, message=f"is not YAML: {words}")


class _Reader:
    """Turns nodes into data, one file."""

    def __init__(self, source: Source, loader: _Loader) -> None:
        self._source = source
        self._loader = loader
        self._open: set[int] = set()

    def read_root(self, root: yaml.Node) -> None:
        self._source.values[()] = self._place(root)
        if not isinstance(root, yaml.MappingNode):
            self._source.complain((), "must be a mapping with keys such as `channels:` and `routes:`")
            return
        self._source.data = self._value(root, ())

    def _value(self, node: yaml.Node, address: Address) -> Any:
        self._source.values[address] = self._place(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, address)
        if id(node) in self._open:
            self._settle(address, "contains itself through an alias")
            return None
        self._open.add(id(node))
        try:
            return self._mapping(node, address) if isinstance(node, yaml.MappingNode) else self._list(node, address)
        finally:
            self._open.discard(id(node))

    def _scalar(self, node: yaml.ScalarNode, address: Address) -> Any:
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            words = getattr(error, "problem", None) or str(error)
            self._settle(address, f"cannot be understood: {words}")
            return None

    def _list(self, node: yaml.Node, address: Address) -> list[Any]:
        return [self._value(item, (*address, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, address: Address) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag.endswith(":merge"):
                merged.append(value_node)
            else:
                self._pair(key_node, value_node, address, result)
        for value_node in merged:
            self._merge(value_node, address, result)
        return result

    def _pair(self, key_node: yaml.Node, value_node: yaml.Node, address: Address, result: dict[str, Any]) -> None:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str) or not key_node.tag.endswith((":str", ":int", ":bool", ":null", ":float")):
            self._at(key_node, address, "a key must be a word")
            return
        where = (*address, key)
        if key in result:
            self._at(key_node, where, f"the key stands here for the second time; the first is at {self._first(where)}")
            return
        self._source.keys[where] = self._place(key_node)
        result[key] = self._value(value_node, where)

    def _merge(self, node: yaml.Node, address: Address, result: dict[str, Any]) -> None:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for each in nodes:
            if not isinstance(each, yaml.MappingNode):
                self._at(node, address, "`<<` needs an alias of a mapping")
                continue
            for key_node, value_node in each.value:
                if key_node.value not in result:
                    self._pair(key_node, value_node, address, result)

    def _first(self, address: Address) -> str:
        place = self._source.keys[address]
        return f"line {place.line}"

    def _settle(self, address: Address, message: str) -> None:
        self._source.complain(address, message)
        self._source.settled.add(address)

    def _at(self, node: yaml.Node, address: Address, message: str) -> None:
        place = self._place(node)
        outer = Source(file=self._source.file, values={address: place}, problems=self._source.problems)
        outer.complain(address, message)

    def _place(self, node: yaml.Node) -> Place:
        return Place(file=self._source.file, line=node.start_mark.line + 1, column=node.start_mark.column + 1)
