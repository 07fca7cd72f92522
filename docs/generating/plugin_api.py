"""The pages about what plugin authors import: hooks and all public names."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import gateway
from gateway import hookspecs, testing
from gateway.plugins import HOOKS
from generating.markdown import first_line, one_line, table


def hooks_page() -> str:
    """Return the page about the hooks."""
    head = (
        "# Hooks\n\n"
        "What a plugin may implement, each a plain function with `@gateway.hookimpl` above it, in the module that its "
        "entry point in the group `gateway` names. Hooks run once, when the gateway starts, take no arguments and "
        "return a list. What happens per message is never a hook: it is a method of the object a kind builds "
        "([plugin API](plugin-api.md)).\n"
    )
    rows = []
    for name in HOOKS:
        function = getattr(hookspecs, name)
        returns = str(inspect.signature(function).return_annotation)
        rows.append(
            (f"`{name}()`", f"`{returns.replace('Iterable', 'list').replace('Any', '', 1)}`", first_line(function))
        )
    return head + "\n" + table(("hook", "returns", "purpose"), rows) + HOOKS_TAIL


HOOKS_TAIL = """
A plugin that cannot be imported, raises in a hook, returns something else, or misspells a hook's name is named by
`gateway plugins` with its distribution and the cure, and does not stop the others. A kind that two plugins offer is
offered by neither ([why](../decisions/0009-a-contested-kind-is-nobodys.md)).
"""


MODULES = {
    "gateway.kinds": "Kinds: what a plugin registers",
    "gateway.capabilities": "What a side can show",
    "gateway.contracts": "What the objects behind a kind do",
    "gateway.given": "What an instance is given",
    "gateway.events": "Events: what a plugin reports",
    "gateway.entries": "The log",
    "gateway.conversation": "The conversation",
    "gateway.model": "What is said",
    "gateway.render.message": "Showing it more plainly",
    "gateway.errors": "Failures and refusals",
    "gateway.remote": "Calling another system",
    "gateway.transport.contract": "Saying why a call did not work",
    "gateway.lookup": "Asking it once for many",
    "gateway.steps": "Calling it in several steps",
    "gateway.history": "Telling a history in words",
    "gateway.retry_after": "Delays other systems ask for",
    "gateway.webhook": "Being called by another system",
    "gateway.addresses": "Options that are addresses",
    "gateway.headers": "Options that are headers",
    "gateway.doors": "Secrets that callers give",
    "gateway.mailbox": "One after another",
    "gateway.counted": "Counting",
    "gateway.hookspecs": "Marking a hook",
    "gateway.wire": "JSON",
}


OWN_WORDS = {
    "Commands": "A function that is given the `click.Group` of the command line and adds commands to it.",
    "hookimpl": "Marks a function as the implementation of a hook: `@gateway.hookimpl` above it.",
}

API_HEAD = """# Plugin API

A plugin imports `gateway`, and in its tests `gateway.testing`; nothing below them. Of every name: what it is, and its
fields or methods. The hooks that register a kind are on [their own page](hooks.md).
"""


def api_page() -> str:
    """Return the page about all public names."""
    homes = {name: _home(getattr(gateway, name), name) for name in gateway.__all__}
    if homeless := sorted(name for name, home in homes.items() if home not in MODULES):
        sys.exit(f"MODULES in {Path(__file__).name} lacks the modules of {', '.join(homeless)}")
    parts = [API_HEAD]
    for module, title in MODULES.items():
        names = [name for name, home in homes.items() if home == module]
        parts.append(f"## {title}\n")
        parts += [_entry(gateway, name, _Source.of(module)) for name in _in_order(names, module)]
    parts.append("## The test kit, `gateway.testing`\n")
    for name in testing.__all__:
        home = _home(getattr(testing, name), name)
        parts.append(_entry(testing, name, _Source.of(home)))
    return "\n".join(parts)


def _home(value: object, name: str) -> str:
    """Return the module that defines a public name."""
    module = getattr(value, "__module__", "")
    if module.startswith("gateway") and name in vars(import_module(module)):
        return str(module)
    for module in (*MODULES, "gateway.testing.harness", "gateway.testing.fakes"):
        if name in _Source.of(module).assignments:
            return module
    return ""


def _in_order(names: Iterable[str], module: str) -> list[str]:
    order = list(_Source.of(module).lines)
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


class _Source:
    """A module's syntax tree: it keeps the texts below fields, which the values do not."""

    _known: dict[str, _Source] = {}  # noqa: RUF012 - a cache

    def __init__(self, module: str) -> None:
        body = ast.parse(Path(inspect.getfile(import_module(module))).read_text(encoding="utf-8")).body
        self.classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
        self.functions = {n.name: n for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
        self.assignments = dict(_documented(body))
        self.lines = [*self.classes, *self.functions, *self.assignments]

    @classmethod
    def of(cls, module: str) -> _Source:
        if module not in cls._known:
            cls._known[module] = cls(module)
        return cls._known[module]


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, tuple[ast.stmt, str]]]:
    """Yield (name, (assignment, the text below it))."""
    following: list[ast.stmt | None] = [*body[1:], None]
    for node, below in zip(body, following, strict=True):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                yield name, (node, _text(below))


def _text(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str() as text)):
            return inspect.cleandoc(text)
    return ""


def _entry(package: Any, name: str, source: _Source) -> str:
    if name in source.classes:
        return _class(source.classes[name])
    if name in source.functions:
        function = source.functions[name]
        return f"### `{name}{_signature(function)}`\n\n{_doc(function)}\n"
    _, text = source.assignments.get(name, (None, ""))
    return f"### `{name}`\n\n{text or OWN_WORDS.get(name) or first_line(getattr(package, name))}\n"


def _class(node: ast.ClassDef) -> str:
    bases = [ast.unparse(base) for base in node.bases if ast.unparse(base) != "Generic[OptionsT]"]
    title = f"### `{node.name}{_construction(node)}`" + (f" ({', '.join(bases)})" if bases else "")
    fields = [
        (f"`{field}`", f"`{_annotation(statement)}`", text)
        for field, (statement, text) in _documented(node.body)
        if not field.startswith("_") and field != "model_config"
    ]
    methods = [
        f"- `{'' if _is_property(each) else 'async ' * isinstance(each, ast.AsyncFunctionDef)}{each.name}"
        f"{'' if _is_property(each) else _signature(each)}`: {one_line(_doc(each))}"
        for each in node.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and not each.name.startswith("_")
    ]
    parts = [title, _doc(node), _fields(fields), "\n".join(methods)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _construction(node: ast.ClassDef) -> str:
    """Return how a class that writes its own `__init__` is called; a dataclass shows that by its fields."""
    own = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    return _signature(own[0]).removesuffix(" -> None") if own else ""


def _fields(fields: list[tuple[str, str, str]]) -> str:
    return table(("field", "type and default", "meaning"), fields).rstrip() if fields else ""


def _annotation(node: ast.stmt) -> str:
    match node:
        case ast.AnnAssign(annotation=annotation, value=None):
            return ast.unparse(annotation)
        case ast.AnnAssign(annotation=annotation, value=ast.expr() as value):
            return f"{ast.unparse(annotation)} = {_short(value)}"
        case ast.Assign(value=value):
            return _short(value)
    return ""


def _short(value: ast.expr) -> str:
    match value:
        case ast.Call(func=ast.Name(id="field"), keywords=[ast.keyword(arg="default_factory", value=factory)]):
            return f"{ast.unparse(factory)}()"
    return ast.unparse(value)


def _signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = ast.unparse(function.args).removeprefix("self, ").removeprefix("self")
    returns = f" -> {ast.unparse(function.returns)}" if function.returns else ""
    return f"({arguments}){returns}".replace('"', "")


def _is_property(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(decorator) == "property" for decorator in function.decorator_list)


def _doc(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return ast.get_docstring(node) or ""
