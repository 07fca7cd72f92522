"""Reads the sources of the repository the way the architecture tests need them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CORE = ROOT / "gateway"
PLUGINS = tuple(sorted(file.parent for file in ROOT.glob("plugins/*/pyproject.toml")))

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """One imported name: `from aiohttp import web` is module `aiohttp`, name `web`."""

    file: Path
    line: int
    module: str
    name: str | None
    only_for_types: bool

    @property
    def targets(self) -> set[str]:
        """What may have been meant: `from a import b` reaches `a`, and `a.b` if that is a module."""
        return {self.module} if self.name is None else {self.module, f"{self.module}.{self.name}"}

    def reaches(self, module: str) -> bool:
        return any(target == module or target.startswith(f"{module}.") for target in self.targets)

    def __str__(self) -> str:
        what = self.module if self.name is None else f"{self.module}.{self.name}"
        return f"{where(self.file)}:{self.line} imports {what}"


def where(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def core_files() -> list[Path]:
    return sorted(CORE.rglob("*.py"))


def plugin_files(plugin: Path, *folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (plugin / folder).rglob("*.py"))


@cache
def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def imports_of(file: Path) -> Iterator[Import]:
    tree = parse(file)
    typing_only = _lines_for_types(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for module, name in _imported(node, file):
            yield Import(
                file=file,
                line=node.lineno,
                module=module,
                name=name,
                only_for_types=node.lineno in typing_only,
            )


def functions_of(file: Path) -> Iterator[Function]:
    """All functions with a body: the stubs of a Protocol are left out."""
    for node in ast.walk(parse(file)):
        if isinstance(node, Function) and not _is_stub(node):
            yield node


def length_of(function: Function) -> int:
    """Lines from `def` to the end; the docstring does not count, contracts deserve their prose."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def _imported(node: ast.Import | ast.ImportFrom, file: Path) -> list[tuple[str, str | None]]:
    if isinstance(node, ast.Import):
        return [(alias.name, None) for alias in node.names]
    module = _absolute(node, file)
    return [(module, alias.name) for alias in node.names]


def _absolute(node: ast.ImportFrom, file: Path) -> str:
    if node.level == 0:
        return node.module or ""
    package = _package_of(file)
    base = package[: len(package) - node.level + 1]
    return ".".join([*base, *filter(None, [node.module])])


def _package_of(file: Path) -> list[str]:
    parts = list(file.parent.relative_to(ROOT).parts)
    return parts[parts.index("src") + 1 :] if "src" in parts else parts


def _lines_for_types(tree: ast.Module) -> set[int]:
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    }


def _is_stub(function: Function) -> bool:
    rest = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return all(isinstance(statement, ast.Expr) and ast.unparse(statement) == "..." for statement in rest)
