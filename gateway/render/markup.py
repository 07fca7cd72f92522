"""Which dialect a text is shown in, and how it gets there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.model import Markup, Text
from gateway.render.splitting import split_plain, split_tree, units
from gateway.render.tree import read_html, read_markdown
from gateway.render.writers import MarkdownWriter, PlainWriter, html_of_plain, markdown_of_plain, write_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.capabilities import Capabilities
    from gateway.render.tree import Node

LONGEST_MARKED = 20_000
"""Longer texts (in characters) lose their markup: working on it would hold up everybody else."""

_READ: dict[Markup, Callable[[str], Node]] = {Markup.MARKDOWN: read_markdown, Markup.HTML: read_html}
_WRITE: dict[Markup, Callable[[Node], str]] = {
    Markup.PLAIN: PlainWriter().write,
    Markup.MARKDOWN: MarkdownWriter().write,
    Markup.HTML: write_html,
}


def shown_as(markup: Markup, shows: Capabilities) -> Markup:
    """Return the dialect that keeps most of a text marked up like this."""
    if (
        markup is Markup.PLAIN
        or (markup is Markup.MARKDOWN and shows.markdown)
        or (markup is Markup.HTML and shows.html)
    ):
        return markup
    if shows.markdown:
        return Markup.MARKDOWN
    return Markup.HTML if shows.html else Markup.PLAIN


def convert(text: Text, markup: Markup) -> Text:
    """Return the text in another dialect. HTML is cleaned even if it stays HTML."""
    if text.markup is markup and markup is not Markup.HTML:
        return text
    if len(text.text) > LONGEST_MARKED:
        return _unmarked(text)
    if text.markup is Markup.PLAIN:
        return Text(text=_of_plain(text.text, markup), markup=markup)
    return Text(text=_WRITE[markup](_READ[text.markup](text.text)), markup=markup)


def joined(first: Text, second: Text) -> Text:
    """Return the second, a plain text, below the first."""
    added = _of_plain(second.text, first.markup)
    between = "<br>" if first.markup is Markup.HTML else "\n\n" if first.markup is Markup.MARKDOWN else "\n"
    return Text(text=first.text.rstrip() + between + added, markup=first.markup)


def split(text: Text, limit: int | None) -> Iterator[Text]:
    """Yield the text in pieces that are not longer than the limit, each whole in its markup."""
    if limit is None or units(text.text) <= limit:
        yield text
    elif text.markup is Markup.PLAIN:
        yield from (Text(text=piece) for piece in split_plain(text.text, limit))
    elif len(text.text) > LONGEST_MARKED:
        yield from split(_unmarked(text), limit)
    else:
        tree = _READ[text.markup](text.text)
        pieces = list(split_tree(tree, limit, _WRITE[text.markup]))
        if any(units(piece) > limit for piece in pieces):  # Markup alone takes more than the limit.
            yield from split(convert(text, Markup.PLAIN), limit)
        else:
            yield from (Text(text=piece, markup=text.markup) for piece in pieces)


def _unmarked(text: Text) -> Text:
    """Return a text that is too long to work on: Markdown as it was typed, HTML without its tags."""
    plain = _WRITE[Markup.PLAIN](read_html(text.text)) if text.markup is Markup.HTML else text.text
    return Text(text=plain)


def _of_plain(text: str, markup: Markup) -> str:
    if markup is Markup.PLAIN:
        return text
    return markdown_of_plain(text) if markup is Markup.MARKDOWN else html_of_plain(text)
