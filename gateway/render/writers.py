"""Writes a tree as plain text, as Markdown, or as HTML that is safe to show."""

from __future__ import annotations

import re
from html import escape as escape_html
from typing import TYPE_CHECKING

from gateway.render.tree import VOID, Node, first_number, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_PARAGRAPHS = frozenset(
    {
        "address",
        "article",
        "aside",
        "body",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
    }
    | {"header", "html", "main", "nav", "p", "section", "summary", "details", "table", "tbody", "thead", "tfoot", "li"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _PARAGRAPHS | _HEADINGS | {"blockquote", "hr", "ol", "pre", "tr", "ul"}
_STRONG = frozenset({"b", "strong"})
_EMPHASIS = frozenset({"em", "i"})
_SAFE_LINK = re.compile(r"(https?|mailto|tel|sms|tg|geo):|[/#?]|[^:]*$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_URL = re.compile(r"https?://[^\s<>\"`\\]+[^\s<>\"`\\.,;:!?)\]}'*_]")


class PlainWriter:
    """Words only: links as `text (url)`, lists with their numbers and dashes, line breaks as they were meant."""

    line_break = "\n"

    def write(self, node: Node) -> str:
        """Return the whole text."""
        return "\n\n".join(self._blocks(node.children))

    def _blocks(self, children: Iterable[Node | str]) -> list[str]:
        found: list[str] = []
        line: list[Node | str] = []
        for child in children:
            if isinstance(child, Node) and child.tag in _BLOCKS:
                found += [self._paragraph(line), *self._block(child)]
                line = []
            else:
                line.append(child)
        return [block for block in (*found, self._paragraph(line)) if block]

    def _block(self, node: Node) -> list[str]:
        match node.tag:
            case "ul" | "ol":
                text = self._list(node)
            case "blockquote":
                text = _prefixed("\n\n".join(self._blocks(node.children)), "> ", "> ")
            case "pre":
                text = self._code_block(node)
            case "hr":
                text = "---"
            case "tr":
                text = " | ".join(" ".join(self._blocks([cell])) for cell in node.children if _is_word(cell))
            case tag if tag in _HEADINGS:
                text = self._heading(int(tag[1]), self._line(node.children))
            case _:
                return self._blocks(node.children)
        return [text]

    def _list(self, node: Node) -> str:
        items: list[str] = []
        number = first_number(node)
        for child in node.children:
            item = isinstance(child, Node) and child.tag == "li"
            text = "\n".join(self._blocks([child]))
            if not text and not item:
                continue
            marker = "" if not item else f"{number}. " if node.tag == "ol" else "- "
            items.append(_prefixed(text, marker, " " * len(marker)))
            number += item
        return "\n".join(items)

    def _line(self, children: Iterable[Node | str]) -> str:
        return self._inline(children).strip().replace("\n", " ")

    def _inline(self, children: Iterable[Node | str]) -> str:
        return "".join(self._text(child) if isinstance(child, str) else self._element(child) for child in children)

    def _element(self, node: Node) -> str:
        match node.tag:
            case "br":
                return self.line_break
            case "img":
                return self._image(node.attributes.get("alt", ""), _safe(node.attributes.get("src", "")))
            case "a":
                return self._link(node)
            case "code" | "tt" | "kbd" | "samp":
                return self._code(text_of(node))
            case tag if tag in _BLOCKS:
                return "\n" + self._inline(node.children) + "\n"
        return self._inline(node.children)

    def _paragraph(self, children: Iterable[Node | str]) -> str:
        lines = self._inline(children).split("\n")
        return "\n".join(line.strip() for line in lines).strip("\n")

    def _heading(self, level: int, text: str) -> str:  # noqa: ARG002 - Markdown needs it
        return text

    def _code_block(self, node: Node) -> str:
        return text_of(node).strip("\n")

    def _text(self, text: str) -> str:
        return text

    def _code(self, text: str) -> str:
        return text

    def _link(self, node: Node) -> str:
        text, url = self._inline(node.children).strip(), node.attributes.get("href", "")
        if not url or _bare(url) == _bare(text):
            return url if "://" in url else text
        return f"{text} ({url})" if text else url

    def _image(self, alt: str, url: str) -> str:
        return f"{alt} ({url})" if alt and url else alt or url


class MarkdownWriter(PlainWriter):
    """CommonMark without raw HTML; what only looks like markup is escaped."""

    line_break = "  \n"

    def _element(self, node: Node) -> str:
        mark = "**" if node.tag in _STRONG else "*" if node.tag in _EMPHASIS else ""
        if not mark:
            return super()._element(node)
        text = self._inline(node.children)
        inner = text.strip()
        if not inner or "\n" in inner:
            return text
        return text.replace(inner, f"{mark}{inner}{mark}", 1)

    def _paragraph(self, children: Iterable[Node | str]) -> str:
        lines = self._inline(children).strip().split("\n")
        return "\n".join(_unlike_a_block(line.lstrip()) for line in lines)

    def _heading(self, level: int, text: str) -> str:
        return f"{'#' * level} {text}" if text else ""

    def _code_block(self, node: Node) -> str:
        text, fence = text_of(node).strip("\n"), "```"
        while fence in text:
            fence += "`"
        return f"{fence}{_language(node)}\n{text}\n{fence}"

    def _text(self, text: str) -> str:
        return escape_markdown(text)

    def _code(self, text: str) -> str:
        fence = "`"
        while fence in text:
            fence += "`"
        pad = " " if text.startswith("`") or text.endswith("`") else ""
        return f"{fence}{pad}{text}{pad}{fence}" if text.strip() else text

    def _link(self, node: Node) -> str:
        text, url = text_of(node).strip(), node.attributes.get("href", "")
        if not _safe(url):
            return super()._link(node)
        if text == url and _URL.fullmatch(url):
            return f"<{url}>"
        return f"[{_escape(text)}]({_target(url)})"

    def _image(self, alt: str, url: str) -> str:
        return f"![{_escape(alt)}]({_target(url)})" if url else _escape(alt)


def write_html(node: Node) -> str:
    """Return HTML of known elements with known attributes only; links that could run something become words."""
    return "".join(_html(child) for child in node.children).strip()


_KEPT = (
    _BLOCKS
    | _STRONG
    | _EMPHASIS
    | {"a", "br", "code", "del", "img", "s", "strike", "td", "th", "u", "ins", "sub", "sup"}
)
_ATTRIBUTES = {"a": "href", "img": "src", "ol": "start", "code": "class"}


def _html(node: Node | str) -> str:
    if isinstance(node, str):
        return escape_html(node, quote=False)
    inner = "".join(_html(child) for child in node.children)
    if node.tag not in _KEPT - {"html", "body", "form", "fieldset"}:
        return inner
    if node.tag == "a" and not _safe(node.attributes.get("href", "")):
        return inner + escape_html(f" ({node.attributes['href']})") if node.attributes.get("href") else inner
    attributes = _html_attributes(node)
    return f"<{node.tag}{attributes}>" if node.tag in VOID else f"<{node.tag}{attributes}>{inner}</{node.tag}>"


def _html_attributes(node: Node) -> str:
    name = _ATTRIBUTES.get(node.tag, "")
    value = node.attributes.get(name, "")
    if name in {"href", "src"}:
        value = _safe(value)
    if name == "class" and not re.fullmatch(r"language-[\w+#.-]+", value):
        value = ""
    written = f' {name}="{escape_html(value)}"' if value else ""
    alt = node.attributes.get("alt", "") if node.tag == "img" else ""
    return written + (f' alt="{escape_html(alt)}"' if alt else "")


def escape_markdown(text: str) -> str:
    """Return plain text as Markdown shows it; web addresses stay links."""
    found: list[str] = []
    at = 0
    for url in _URL.finditer(text):
        found += [_escape(text[at : url.start()]), f"<{url.group()}>"]
        at = url.end()
    return "".join([*found, _escape(text[at:])])


def markdown_of_plain(text: str) -> str:
    """Return plain lines as Markdown that shows the same lines."""
    lines = [_unlike_a_block(escape_markdown(line.strip())) for line in text.split("\n")]
    return "\n".join(
        line + "  " if line and after else line for line, after in zip(lines, [*lines[1:], ""], strict=True)
    )


def html_of_plain(text: str) -> str:
    """Return plain lines as HTML that shows the same lines."""
    linked = _URL.sub(lambda url: f'<a href="{url.group()}">{url.group()}</a>', escape_html(text, quote=False))
    return linked.replace("\n", "<br>")


def _escape(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>&~])", r"\\\1", text)


def _unlike_a_block(line: str) -> str:
    """Escape what would make a line a heading, a list or a rule."""
    return re.sub(r"^(\d{1,9})([.)])(?=\s|$)|^([#+=-])", _escaped_start, line)


def _escaped_start(found: re.Match[str]) -> str:
    number, end, sign = found.groups()
    return f"\\{sign}" if sign else f"{number}\\{end}"


def _safe(url: str) -> str:
    """Return the address if it can only lead somewhere, else nothing."""
    return url if _SAFE_LINK.match(_CONTROL.sub("", url)) else ""


def _target(url: str) -> str:
    url = url.replace("<", "%3C").replace(">", "%3E").replace("\n", "%0A").replace("\\", "%5C")
    return f"<{url}>" if re.search(r"[\s()]", url) or not url else url


def _bare(url: str) -> str:
    return re.sub(r"^(https?://|mailto:|tel:)", "", url).rstrip("/")


def _prefixed(text: str, first: str, rest: str) -> str:
    return "\n".join((rest if number else first) + line for number, line in enumerate(text.split("\n")))


def _is_word(cell: Node | str) -> bool:
    return isinstance(cell, Node) or bool(cell.strip())


def _language(node: Node) -> str:
    code = next((child for child in node.children if isinstance(child, Node) and child.tag == "code"), node)
    return code.attributes.get("class", "").removeprefix("language-")
