"""Clients' texts with Telegram's entities, as Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import Markup
from gateway_telegram.formatting import formatted, units
from gateway_telegram.reading import text_of
from gateway_telegram.updates import MessageEntity

# The words, entities as (type, the words it covers, further members), and the Markdown; None: plain as typed.
CASES = {
    "nothing": ("2 * 3 = 6", [], None),
    "what Telegram finds by itself": ("see #a @b /c https://d.example", [("hashtag", "#a"), ("mention", "@b")], None),
    "bold": ("a b c", [("bold", "b")], "a **b** c"),
    "spaces stay outside": ("a b c", [("bold", " b ")], "a **b** c"),
    "italic": ("a b", [("italic", "b")], "a *b*"),
    "struck": ("5 6", [("strikethrough", "5")], "~~5~~ 6"),
    "nested": ("a b c", [("bold", "a b c"), ("italic", "b")], "**a *b* c**"),
    "same words twice": ("b", [("bold", "b"), ("italic", "b")], "***b***"),
    "emoji count twice": ("😀 b", [("bold", "b")], "😀 **b**"),
    "code": ("run a*b", [("code", "a*b")], "run `a*b`"),
    "code with a tick": ("a`b", [("code", "a`b")], "``a`b``"),
    "fence": ("x = 1", [("pre", "x = 1", {"language": "python"})], "```python\nx = 1\n```"),
    "link": ("our shop", [("text_link", "shop", {"url": "https://a.example/x_y"})], "our [shop](<https://a.example/x_y>)"),
    "address beside bold": ("b https://a.example/x_y", [("bold", "b"), ("url", "https://a.example/x_y")], "**b** <https://a.example/x_y>"),
    "quote": ("said\nso", [("blockquote", "said\nso")], "> said\n> so"),
    "what looks like markup": ("b *x* [y]", [("bold", "b")], r"**b** \*x\* \[y\]"),
    "what looks like a list": ("b\n- x\n1. y", [("bold", "b")], "**b**\n\\- x\n1\\. y"),
    "bold over lines": ("a\nb", [("bold", "a\nb")], "**a**\n**b**"),
    "underlined is not Markdown": ("a", [("underline", "a")], None),
    "cannot be said": ("a(b)c", [("bold", "(b)")], None),
}  # fmt: skip


def entity_of(words, kind, covered, more=None):
    return MessageEntity(type=kind, offset=units(words[: words.index(covered)]), length=units(covered), **(more or {}))


@pytest.mark.parametrize(("words", "entities", "markdown"), CASES.values(), ids=CASES)
def test_entities(words, entities, markdown):
    text = text_of(words, [entity_of(words, *entity) for entity in entities])

    if markdown is None:
        assert (text.markup, text.text) == (Markup.PLAIN, words)
    else:
        assert (text.markup, text.text) == (Markup.MARKDOWN, markdown)


KINDS = ("bold", "italic", "strikethrough", "code", "pre", "text_link", "blockquote", "url", "unheard_of")


@settings(max_examples=300, deadline=None)
@given(
    st.text("ab *_`~[]()<>#-+1.\n\\>😀"),
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 30), st.integers(0, 30))),
)
def test_no_word_is_lost(words, marks):
    entities = [
        MessageEntity(type=kind, offset=offset, length=length, url="https://a.example")
        for kind, offset, length in marks
        if offset + length <= units(words)
    ]

    text = text_of(words, entities)

    assert "".join(formatted(text).text.split()) == "".join(words.split())
