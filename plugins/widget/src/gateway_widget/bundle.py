"""Joins the widget's modules into one file, in memory, at start.

So a page makes one request instead of seventeen, and compression sees everything at once. This is no compiler: each
module becomes a function that returns its exports, in the order of who needs whom, without comments and indentation.
The modules keep to the few forms of `import` and `export` that are read here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "\./(\w+)\.js";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
LEFT_OVER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def bundle(modules: Mapping[str, str], main: str) -> str:
    """Return one module that does what `main` and all it needs do, and exports what `main` exports."""
    wrapped = "\n".join(_wrapped(name, modules[name]) for name in _in_order(modules, main, []))
    return f"{wrapped}\nexport const {{ {_exports(modules[main])} }} = ${main};\n"


def lean_script(text: str) -> str:
    """Return a script without indentation, empty lines and lines of comment."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def lean_style(text: str) -> str:
    """Return a stylesheet without comments and needless space."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r" ?([{};,]) ?", r"\1", text).strip()


def _in_order(modules: Mapping[str, str], name: str, done: list[str]) -> list[str]:
    """Return `done` with the modules below `name`, and itself, each after those it needs."""
    for _, needed in IMPORT.findall(modules[name]):
        if needed not in done:
            _in_order(modules, needed, done)
    done.append(name)
    return done


def _wrapped(name: str, text: str) -> str:
    body = IMPORT.sub(r"const { \1 } = $\2;", text)
    body = EXPORT.sub("", body)
    if found := LEFT_OVER.search(body):
        raise ValueError(f"{name}.js: cannot join {found.group()!r}")
    return f"const ${name} = (() => {{\n{lean_script(body)}\nreturn {{ {_exports(text)} }};\n}})();"


def _exports(text: str) -> str:
    return ", ".join(EXPORT.findall(text))
