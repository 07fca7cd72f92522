"""Our texts in Telegram's form: the words, and which of them are special."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import Markup, Text
from gateway_telegram.formatting import MOST_ENTITIES, TEXT_UNITS, formatted, units

# Markdown -> the words, and entities as "type:the words it covers".
CASES = {
    "plain": ("Hello", "Hello", []),
    "bold": ("a **b** c", "a b c", ["bold:b"]),
    "italic": ("*a* _b_", "a b", ["italic:a", "italic:b"]),
    "struck": ("~~5~~ 6", "5 6", ["strikethrough:5"]),
    "nested": ("**a *b* c**", "a b c", ["bold:a b c", "italic:b"]),
    "emoji count twice": ("😀 **b** 😀", "😀 b 😀", ["bold:b"]),
    "a family is one": ("👨‍👩‍👧 **b**", "👨‍👩‍👧 b", ["bold:b"]),
    "link": ("[shop](https://a.example)", "shop", ["text_link(https://a.example):shop"]),
    "bold link": ("**[shop](https://a.example)**", "shop", ["bold:shop", "text_link(https://a.example):shop"]),
    "bare link": ("<https://a.example>", "https://a.example", []),
    "mail": ("<a@b.example>", "a@b.example", []),
    "a link Telegram does not know": ("[call](tel:+123)", "call (tel:+123)", []),
    "own file": ("[bill](/files/k/bill.pdf)", "bill", ["text_link(https://gw.example/files/k/bill.pdf):bill"]),
    "code": ("run `a*b*`", "run a*b*", ["code:a*b*"]),
    "code in bold": ("**a `b` c**", "a b c", ["bold:a ", "code:b", "bold: c"]),
    "fence": ("```python\nx = 1\n```", "x = 1", ["pre[python]:x = 1"]),
    "fence without language": ("a\n\n```\nx\n\ny\n```\nb", "a\n\nx\n\ny\nb", ["pre:x\n\ny"]),
    "heading": ("# Title\ntext", "Title\ntext", ["bold:Title"]),
    "bullets": ("- a\n- b", "• a\n• b", []),
    "bullets after text": ("Choose:\n- a\n- **b**", "Choose:\n• a\n• b", ["bold:b"]),
    "numbers": ("3. a\n4. b", "3. a\n4. b", []),
    "nested list": ("- a\n  - b\n- c", "• a\n  • b\n• c", []),
    "two paragraphs in an item": ("- a\n\n  b\n- c", "• a\n\n  b\n• c", []),
    "quote": ("> said\n> so\n\nyes", "said\nso\n\nyes", ["blockquote:said\nso"]),
    "quote after text": ("he\n\n> said", "he\n\nsaid", ["blockquote:said"]),
    "quote in quote": ("> a\n>> b", "a\nb", ["blockquote:a\nb"]),
    "rule": ("a\n\n---\n\nb", "a\n\n———\n\nb", []),
    "line breaks are meant": ("a\nb  \nc", "a\nb\nc", []),
    "paragraphs": ("a\n\nb", "a\n\nb", []),
    "escapes": (r"2 \* 3 \_x\_", "2 * 3 _x_", []),
    "raw HTML is words": ("<b>x</b>", "<b>x</b>", []),
    "picture": ("![a cat](https://a.example/c.png)", "a cat", ["text_link(https://a.example/c.png):a cat"]),
    "nothing to see": ("[](https://a.example)", "[](https://a.example)", []),
    "code characters": ("`<b>`", "<b>", ["code:<b>"]),
}


def absolute(url):
    return f"https://gw.example{url}" if url.startswith("/") else url


def covered(shown):
    """The entities with the words they cover, in Telegram's own counting."""
    found = []
    for entity in shown.entities:
        raw = shown.text.encode("utf-16-le")[2 * entity.offset : 2 * entity.end].decode("utf-16-le")
        extra = f"({entity.url})" if entity.url else f"[{entity.language}]" if entity.language else ""
        found.append(f"{entity.type}{extra}:{raw}")
    return found


@pytest.mark.parametrize(("markdown", "words", "entities"), CASES.values(), ids=CASES)
def test_markdown(markdown, words, entities):
    shown = formatted(Text(text=markdown, markup=Markup.MARKDOWN), absolute)

    assert (shown.text, covered(shown)) == (words, entities)


def test_plain_text_is_left_alone():
    shown = formatted(Text(text="**2 * 3**"))

    assert (shown.text, shown.entities) == ("**2 * 3**", ())


def test_numbering_cannot_push_a_text_over_the_limit():
    markdown = "1. a\n" * 800

    shown = formatted(Text(text=markdown, markup=Markup.MARKDOWN))

    assert units(markdown) < TEXT_UNITS
    assert units(shown.text) <= TEXT_UNITS


def test_telegram_gets_no_more_entities_than_it_reads():
    shown = formatted(Text(text="**a** b " * 200, markup=Markup.MARKDOWN))

    assert len(shown.entities) == MOST_ENTITIES


MARKS = st.sampled_from([*list("ab *_`~[]()<>#-+1.\n\\>!😀"), "\n\n", "```", "](https://a.example)", "- ", "> "])


@settings(max_examples=300, deadline=None)
@given(st.lists(MARKS, max_size=40).map("".join))
def test_whatever_is_written_entities_stay_within_the_words(markdown):
    shown = formatted(Text(text=markdown, markup=Markup.MARKDOWN))

    for entity in shown.entities:
        assert 0 <= entity.offset < entity.end <= units(shown.text)
    codes = [entity for entity in shown.entities if entity.type in {"code", "pre"}]
    for code in codes:
        for other in shown.entities:
            apart = other.end <= code.offset or code.end <= other.offset
            assert apart or other is code or other.type == "blockquote"


@settings(max_examples=300, deadline=None)
@given(st.lists(MARKS, max_size=40).map("".join))
def test_it_hardly_grows(markdown):
    """The core splits by the length of the Markdown, so what is shown must not be much longer."""
    shown = formatted(Text(text=markdown, markup=Markup.MARKDOWN))

    assert units(shown.text) <= units(markdown) + 3 * markdown.count("\n") + 8
