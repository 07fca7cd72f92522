"""What a side shows of a message it cannot show as it is."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gateway.capabilities import EVERYTHING, Capabilities
from gateway.model import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Contact,
    Content,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Pressed,
    Text,
)
from gateway.render import losses, render
from gateway.render.markup import LONGEST_MARKED
from gateway.render.splitting import units

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN = Capabilities()
MARKDOWN = Capabilities(markdown=True)
HTML = Capabilities(html=True)
IMAGE = Attachment(url="https://shop.example.com/tea.png", name="tea.png", size=1000)
YES, NO, SHOP = Button(text="Yes", value="y"), Button(text="No"), Button(text="Shop", url="https://shop.example.com/")


def shown(shows: Capabilities, *contents: Content) -> list[list[Content]]:
    return [list(message.contents) for message in render(Message(contents=contents), shows)]


def texts(shows: Capabilities, text: str, markup: Markup = Markup.PLAIN) -> list[str]:
    return [message.text for message in render(Message(contents=(Text(text=text, markup=markup),)), shows)]


# --- what is shown natively stays -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        Text(text="Hello *you*  \n"),
        Text(text="Hello **you**", markup=Markup.MARKDOWN),
        Media(kind=MediaKind.STICKER, attachment=IMAGE, caption="look"),
        Buttons(buttons=(YES, SHOP)),
        Carousel(cards=(Card(title="Tea", image=IMAGE, buttons=(SHOP,)),)),
        Location(latitude=1.5, longitude=2.5),
        Contact(name="Eve", phone="+1"),
    ],
)
def test_a_side_that_shows_everything_gets_everything(content):
    assert shown(EVERYTHING, content) == [[content]]


def test_a_press_keeps_its_value_only_where_a_side_asks_for_it():
    press = Pressed(value="rate:1", text="Good")

    assert shown(Capabilities(pressed=True), press) == [[press]]
    assert shown(EVERYTHING, press) == [[Text(text="Good")]]


def test_a_message_stays_one_where_it_can():
    contents = (Text(text="Tea?"), Media(kind=MediaKind.IMAGE, attachment=IMAGE), Buttons(buttons=(YES, NO)))

    assert render(Message(contents=contents, id="m1"), EVERYTHING) == (Message(contents=contents, id="m1"),)


@pytest.mark.parametrize("contents", [(), (Text(text=""),), (Text(text=" \n"),), (Buttons(buttons=()),)])
def test_nothing_said_is_nothing_sent(contents):
    assert render(Message(contents=contents), PLAIN) == ()


# --- contents become words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (Pressed(value="y", text="Yes"), "Yes"),
        (Pressed(value="y"), "y"),
        (Contact(name="Eve", phone="+1 2", email="e@x.org"), "Eve\n+1 2\ne@x.org"),
        (Contact(phone="+1 2"), "+1 2"),
        (
            Location(latitude=52.5, longitude=-13.25, title="Here"),
            "Here\nhttps://www.openstreetmap.org/?mlat=52.500000&mlon=-13.250000#map=16/52.500000/-13.250000",
        ),
        (Media(kind=MediaKind.IMAGE, attachment=IMAGE), "tea.png: https://shop.example.com/tea.png"),
        (
            Media(kind=MediaKind.VOICE, attachment=IMAGE, caption="Listen"),
            "Listen\ntea.png: https://shop.example.com/tea.png",
        ),
        (Buttons(buttons=(YES, SHOP, NO)), "1. Yes\n2. Shop: https://shop.example.com/\n3. No"),
        (
            Carousel(cards=(Card(title="Tea", description="Hot", image=IMAGE, buttons=(YES,)), Card(title="Milk"))),
            "tea.png: https://shop.example.com/tea.png\nTea\nHot\n1. Yes\nMilk",
        ),
    ],
)
def test_what_cannot_be_shown_is_said(content, words):
    assert "\n".join(message.text for message in render(Message(contents=(content,)), PLAIN)) == words


def test_a_file_the_gateway_keeps_is_linked_with_its_whole_address():
    media = Media(kind=MediaKind.IMAGE, attachment=Attachment(url="/files/a1", name="a.png"))

    (message,) = render(Message(contents=(media,)), PLAIN, public_url="https://gw.example.com/")

    assert message.text == "a.png: https://gw.example.com/files/a1"


@pytest.mark.parametrize(
    ("size", "native"),
    [(None, True), (999, True), (1000, True), (1001, False)],
    ids=["unknown", "less", "same", "more"],
)
def test_a_file_too_large_becomes_a_link(size, native):
    shows = Capabilities(media=frozenset({MediaKind.IMAGE}), media_bytes=1000)

    (message,) = render(Message(contents=(Media(kind=MediaKind.IMAGE, attachment=replace(IMAGE, size=size)),)), shows)

    assert isinstance(message.contents[0], Media) is native


@pytest.mark.parametrize(
    "shows",
    [
        Capabilities(media=frozenset(MediaKind), captions=False),
        Capabilities(media=frozenset(MediaKind), text_length=10),
        Capabilities(media=frozenset(MediaKind), caption_length=10),
    ],
    ids=["never", "longer than a text", "longer than a caption"],
)
def test_a_caption_that_cannot_be_shown_follows_as_text(shows):
    media = Media(kind=MediaKind.IMAGE, attachment=IMAGE, caption="A cup of green tea")

    found = [content for contents in shown(shows, media) for content in contents]

    assert found[0] == replace(media, caption="")
    assert " ".join(each.text for each in found[1:] if isinstance(each, Text)) == "A cup of green tea"


# --- buttons --------------------------------------------------------------------------------------------------------


def test_choices_that_do_not_fit_are_numbered_below_the_words():
    shows = Capabilities(buttons=1, button_urls=True)

    assert shown(shows, Text(text="Tea?"), Buttons(buttons=(YES, NO))) == [[Text(text="Tea?\n1. Yes\n2. No")]]


def test_buttons_that_open_pages_become_links_and_the_rest_stay():
    shows = Capabilities(buttons=2)

    assert shown(shows, Text(text="Tea?"), Buttons(buttons=(YES, SHOP, NO))) == [
        [Text(text="Tea?\nShop: https://shop.example.com/"), Buttons(buttons=(YES, NO))]
    ]


def test_buttons_go_with_what_is_before_them_even_alone():
    shows = replace(EVERYTHING, single_content=True, markdown=False)
    media = Media(kind=MediaKind.IMAGE, attachment=IMAGE)
    buttons = Buttons(buttons=(YES,))

    assert shown(shows, Text(text="a"), Text(text="b"), buttons, media, buttons, buttons) == [
        [Text(text="a")],
        [Text(text="b"), buttons],
        [media, buttons],
        [buttons],
    ]


def test_buttons_go_with_the_last_piece_of_a_long_text():
    shows = Capabilities(text_length=10, buttons=3)

    assert shown(shows, Text(text="one two three four"), Buttons(buttons=(YES,))) == [
        [Text(text="one two")],
        [Text(text="three four"), Buttons(buttons=(YES,))],
    ]


@pytest.mark.parametrize(
    ("shows", "text"),
    [
        (
            MARKDOWN,
            Text(text="**Tea?**\n\n1\\. a\\_b  \n2\\. Shop: <https://shop.example.com/>", markup=Markup.MARKDOWN),
        ),
        (
            HTML,
            Text(
                text="<p><strong>Tea?</strong></p><br>1. a_b<br>2. Shop: "
                '<a href="https://shop.example.com/">https://shop.example.com/</a>',
                markup=Markup.HTML,
            ),
        ),
        (PLAIN, Text(text="Tea?\n1. a_b\n2. Shop: https://shop.example.com/")),
    ],
    ids=["markdown", "html", "plain"],
)
def test_a_list_of_choices_is_written_in_the_markup_of_the_text(shows, text):
    buttons = Buttons(buttons=(Button(text="a_b"), SHOP))

    assert shown(shows, Text(text="**Tea?**", markup=Markup.MARKDOWN), buttons) == [[text]]


@pytest.mark.parametrize(
    ("shows", "native"),
    [
        (Capabilities(carousel=True, buttons=1, button_urls=True), True),
        (Capabilities(carousel=True, buttons=1), False),
        (Capabilities(carousel=True, button_urls=True), False),
        (Capabilities(carousel=True, buttons=5, button_urls=True, card_buttons=1), True),
        (Capabilities(carousel=True, buttons=5, button_urls=True, card_buttons=0), False),
    ],
)
def test_a_carousel_is_native_only_with_all_its_buttons(shows, native):
    carousel = Carousel(cards=(Card(title="Tea", buttons=(SHOP,)),))

    assert (shown(shows, carousel) == [[carousel]]) is native


# --- markup ---------------------------------------------------------------------------------------------------------

SOURCE = """\
# Tea

Green *and* **black** [here](https://x.org/a_b) or <https://x.org/c>
second line with `code_x` & 1 < 2

- one
- two
  1. deep

3. three
4. four

```py
x = 1

y = "*"
```

> said

![cup](https://x.org/c.png)"""


def test_markdown_becomes_plain_words():
    assert texts(PLAIN, SOURCE, Markup.MARKDOWN) == [
        """\
Tea

Green and black here (https://x.org/a_b) or https://x.org/c
second line with code_x & 1 < 2

- one
- two
  1. deep

3. three
4. four

x = 1

y = "*"

> said

cup (https://x.org/c.png)"""
    ]


def test_markdown_becomes_html():
    (found,) = texts(HTML, SOURCE, Markup.MARKDOWN)

    assert '<a href="https://x.org/a_b">here</a>' in found
    assert "<em>and</em> <strong>black</strong>" in found
    assert '<pre><code class="language-py">x = 1\n\ny = "*"\n</code></pre>' in found
    assert '<ol start="3">' in found
    assert "&amp; 1 &lt; 2" in found


@pytest.mark.parametrize(
    ("html", "plain", "markdown"),
    [
        ("a<b>b</b>c", "abc", "a**b**c"),
        ("<b> a </b>b", "a b", "**a** b"),
        ("<b></b>x", "x", "x"),
        ("a &lt;b&gt; &amp;amp;", "a <b> &amp;", "a \\<b\\> \\&amp;"),
        ("<p>a<p>b", "a\n\nb", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\n\nb", "a\n\nb"),
        ("a<br>b<br/>c", "a\nb\nc", "a  \nb  \nc"),
        ("<h2>a\nb</h2>", "a b", "## a b"),
        ("<ul><li>a<li><p>b</p><p>c</p></ul>", "- a\n- b\n  c", "- a\n- b\n  c"),
        ("<ol start=7><li>a</li><li>b</li></ol>", "7. a\n8. b", "7. a\n8. b"),
        ("<ol start=x><li>a</ol>", "1. a", "1. a"),
        ("<blockquote>a<br>b</blockquote>", "> a\n> b", "> a  \n> b"),
        ("<pre>a\n  b</pre>", "a\n  b", "```\na\n  b\n```"),
        ("<pre>a ``` b</pre>", "a ``` b", "````\na ``` b\n````"),
        ("<b>a<p>b</p>c</b>", "a\nb\nc", "a\nb\nc"),
        ("<code>a`b</code>", "a`b", "``a`b``"),
        ("<a href=https://x.org/>x</a>", "x (https://x.org/)", "[x](https://x.org/)"),
        ('<a href="https://x.org/(a b)">x</a>', "x (https://x.org/(a b))", "[x](<https://x.org/(a b)>)"),
        ("<a href='https://x.org'>https://x.org</a>", "https://x.org", "<https://x.org>"),
        ("<a href='mailto:a@x.org'>a@x.org</a>", "a@x.org", "[a@x.org](mailto:a@x.org)"),
        ("<a>x</a>", "x", "x"),
        ("<img src=https://x.org/i.png alt='a cup'>", "a cup (https://x.org/i.png)", "![a cup](https://x.org/i.png)"),
        ("<tr><td>a</td><td>b</td></tr>", "a | b", "a | b"),
        ("a<hr>b", "a\n\n---\n\nb", "a\n\n---\n\nb"),
        ("<!-- no -->a<!DOCTYPE html><?php x ?>b", "ab", "ab"),
        ("a<script>b</script>c<style>d</style>e<SCRIPT>f", "ace", "ace"),
        ("2 < 3 > 1 <3 <> </ x", "2 < 3 > 1 <3 <> </ x", "2 \\< 3 \\> 1 \\<3 \\<\\> \\</ x"),
        ("<unclosed attr='x", "<unclosed attr='x", "\\<unclosed attr='x"),
        ("</b>a</p>", "a", "a"),
        ("<b>a</i></b>c", "ac", "**a**c"),
        ("# a<br>1) b<br>- c<br>_d_", "# a\n1) b\n- c\n_d_", "\\# a  \n1\\) b  \n\\- c  \n\\_d\\_"),
        ("  a\n\t b ", "a b", "a b"),
    ],
)
def test_html_becomes_plain_words_and_markdown(html, plain, markdown):
    assert texts(PLAIN, html, Markup.HTML) == [plain]
    assert texts(MARKDOWN, html, Markup.HTML) == [markdown]


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ("<b>a</b> <i>b</i> <u>c</u>", "<b>a</b> <i>b</i> <u>c</u>"),
        ("<b onclick=x()>a</b>", "<b>a</b>"),
        ("<a href='javascript:x()'>a</a>", "a (javascript:x())"),
        ("<a href=' java\nscript:x()'>a</a>", "a ( java\nscript:x())"),
        ("<a href='&#106;avascript:x()'>a</a>", "a (javascript:x())"),
        ("<a href='data:text/html,x'>a</a>", "a (data:text/html,x)"),
        ("<a href='https://x.org/?a=1&amp;b=\"'>a</a>", '<a href="https://x.org/?a=1&amp;b=&quot;">a</a>'),
        ("<a href='/files/a' target=_top>a</a>", '<a href="/files/a">a</a>'),
        ("<img src=x.png onerror=x()>", '<img src="x.png">'),
        ("<svg><script>x()</script></svg>a", "a"),
        ("<form action=x><input name=y>a</form>", "a"),
        ("<p style='x'>a</p>", "<p>a</p>"),
        ("<b>a", "<b>a</b>"),
        ("<code class='language-py evil'>a</code>", "<code>a</code>"),
        ("&lt;script&gt;x()&lt;/script&gt;", "&lt;script&gt;x()&lt;/script&gt;"),
        ("<scr<script>ipt>x()</script>", "&lt;scr"),
    ],
)
def test_html_that_stays_html_is_cleaned(html, safe):
    assert texts(HTML, html, Markup.HTML) == [safe]


@pytest.mark.parametrize(
    ("markup", "shows", "kept"),
    [
        (Markup.PLAIN, replace(EVERYTHING, html=True), Markup.PLAIN),
        (Markup.MARKDOWN, replace(EVERYTHING, html=True), Markup.MARKDOWN),
        (Markup.HTML, replace(EVERYTHING, html=True), Markup.HTML),
        (Markup.MARKDOWN, HTML, Markup.HTML),
        (Markup.HTML, MARKDOWN, Markup.MARKDOWN),
        (Markup.MARKDOWN, PLAIN, Markup.PLAIN),
        (Markup.HTML, PLAIN, Markup.PLAIN),
    ],
)
def test_the_dialect_is_the_one_that_keeps_most(markup, shows, kept):
    (((text,),)) = shown(shows, Text(text="a", markup=markup))

    assert isinstance(text, Text)
    assert text.markup is kept


def test_a_very_long_text_loses_its_markup_not_its_words():
    many = LONGEST_MARKED // 2

    assert texts(PLAIN, "<b>a</b> " * many, Markup.HTML)[0].split() == ["a"] * many
    assert texts(PLAIN, "*a* " * many, Markup.MARKDOWN)[0].split() == ["*a*"] * many


@pytest.mark.parametrize(
    "text",
    [
        "> " * 500 + "end",
        "".join("  " * depth + "- x\n" for depth in range(100)) + "  " * 100 + "- end",
        "[" * 5000 + "end",
    ],
    ids=["quotes", "lists", "brackets"],
)
def test_words_nested_too_deep_are_still_said(text):
    assert "end" in texts(PLAIN, text, Markup.MARKDOWN)[0]
    assert "end" in texts(HTML, text, Markup.MARKDOWN)[0]


def test_elements_nested_too_deep_are_still_read():
    assert texts(PLAIN, "<div>" * 5000 + "end", Markup.HTML) == ["end"]
    assert texts(MARKDOWN, "<b>x" * 100, Markup.HTML)[0].count("x") == 100


# --- long text ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("0123456789", ["0123456789"]),
        ("one\n\ntwo three", ["one", "two three"]),
        ("one two\nthree", ["one two", "three"]),
        ("Oh. I see it", ["Oh. I see", "it"]),
        ("So it is. I see", ["So it is.", "I see"]),
        ("one two three", ["one two", "three"]),
        ("01234567890123", ["0123456789", "0123"]),
        ("a 01234567890123", ["a", "0123456789", "0123"]),
        ("one two three   ", ["one two", "three"]),
        ("日本語。日本語の文章です。", ["日本語。", "日本語の文章です。"]),
        ("a\nbcdefg hijkl", ["a\nbcdefg", "hijkl"]),
    ],
)
def test_text_is_split_where_a_reader_would(text, pieces):
    assert texts(Capabilities(text_length=10), text) == pieces


@pytest.mark.parametrize("whole", ["👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "e\u0301", "🏴\U000e0067\U000e0062\U000e007f", "✌️"])
def test_what_is_read_as_one_character_stays_whole(whole):
    size = units(whole)

    assert texts(Capabilities(text_length=size * 3 - 1), whole * 5) == [whole * 2, whole * 2, whole]


def test_length_counts_as_the_chat_systems_count():
    assert texts(Capabilities(text_length=4), "😀😀😀") == ["😀😀", "😀"]


def test_something_longer_than_the_limit_that_belongs_together_is_split_anyway():
    pieces = texts(Capabilities(text_length=4), "e" + "\u0301" * 10)

    assert all(units(piece) <= 4 for piece in pieces)
    assert "".join(pieces) == "e" + "\u0301" * 10


@pytest.mark.parametrize(
    ("shows", "pieces"),
    [
        (replace(MARKDOWN, text_length=14), ["**bold *and***", "***both***", "and plain"]),
        (
            replace(HTML, text_length=44),
            [
                "<p><strong>bold <em>and </em></strong></p>",
                "<p><strong><em>both</em></strong> and </p>",
                "<p>plain</p>",
            ],
        ),
    ],
    ids=["markdown", "html"],
)
def test_markup_that_is_cut_ends_and_begins_again(shows, pieces):
    assert texts(shows, "**bold *and both*** and plain", Markup.MARKDOWN) == pieces


@pytest.mark.parametrize(("dialect", "size"), [(MARKDOWN, 30), (HTML, 50)], ids=["markdown", "html"])
def test_a_link_that_is_cut_leads_there_from_both_pieces(dialect, size):
    pieces = texts(replace(dialect, text_length=size), "[look at this page](https://x.org)", Markup.MARKDOWN)

    assert len(pieces) == 2
    assert all("https://x.org" in piece for piece in pieces)


def test_an_address_that_fits_is_not_cut():
    pieces = texts(Capabilities(markdown=True, text_length=31), "see (https://x.org/a_b?c=d&amp;e=f):!!", Markup.HTML)

    assert pieces == ["see", "(<https://x.org/a_b?c=d&e=f>", "):!!"]


def test_code_that_is_cut_is_fenced_again():
    code = "```py\n" + "\n".join(f"line_{number} = {number}" for number in range(9)) + "\n```"

    pieces = texts(Capabilities(markdown=True, text_length=60), code, Markup.MARKDOWN)

    assert len(pieces) > 2
    assert all(piece.startswith("```py\n") and piece.endswith("\n```") for piece in pieces)
    assert [line for piece in pieces for line in piece.split("\n") if line.startswith("line")] == code.split("\n")[1:-1]


def test_a_list_that_is_cut_goes_on_counting():
    pieces = texts(Capabilities(markdown=True, text_length=12), "1. one\n2. two\n3. three", Markup.MARKDOWN)

    assert pieces == ["1. one", "2. two", "3. three"]


def test_markup_longer_than_the_limit_becomes_plain():
    pieces = texts(Capabilities(markdown=True, text_length=20), "[a](https://example.com/a/long/one)", Markup.MARKDOWN)

    assert "".join(pieces) == "a(https://example.com/a/long/one)"


def test_the_first_of_several_messages_keeps_the_id():
    messages = render(Message(contents=(Text(text="one two"),), id="m1"), Capabilities(text_length=4))

    assert [message.id for message in messages] == ["m1", ""]


def test_texts_that_do_not_fit_together_are_sent_one_after_another():
    shows = Capabilities(text_length=10)

    assert shown(shows, Text(text="1234"), Text(text="12345"), Text(text="1")) == [
        [Text(text="1234"), Text(text="12345")],
        [Text(text="1")],
    ]


# --- whatever is said -----------------------------------------------------------------------------------------------

patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORDS = st.text("abcäß漢", min_size=1, max_size=8) | st.sampled_from(
    ["*", "_x_", "1.", "- a", "<b", "&amp;", "`", "#", "]("]
)
URLS = st.sampled_from(["https://x.org/a_b?c=d&e=f", "http://example.com/", "https://x.org/(y)", "/files/a1"])
FILES = st.builds(Attachment, url=URLS, name=WORDS, size=st.none() | st.integers(0, 100))
BUTTON = st.builds(Button, text=WORDS, url=st.just("") | URLS)
BUTTONS = st.lists(BUTTON, min_size=1, max_size=4).map(tuple)
LINES = st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=4).map("\n".join)
MARKED = st.lists(
    st.one_of(
        WORDS,
        st.builds("**{}**".format, WORDS),
        st.builds("[{}]({})".format, st.text("abc", min_size=1), URLS.filter(lambda url: "(" not in url)),
        st.sampled_from(["\n\n", "\n", "> ", "\n- ", "\n1. ", "```\n", "`code`", "<p>", "</p>", "<b>", "<br>", "<li>"]),
    ),
    max_size=12,
).map(" ".join)
CONTENTS = st.one_of(
    st.builds(Text, text=LINES),
    st.builds(Text, text=MARKED, markup=st.sampled_from(Markup)),
    st.builds(Media, kind=st.sampled_from(MediaKind), attachment=FILES, caption=LINES),
    st.builds(Buttons, buttons=BUTTONS),
    st.builds(
        Carousel,
        cards=st.lists(
            st.builds(Card, title=WORDS, description=LINES, image=st.none() | FILES, buttons=BUTTONS | st.just(())),
            max_size=3,
        ).map(tuple),
    ),
    st.builds(Contact, name=WORDS, phone=WORDS, email=WORDS),
    st.builds(Location, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), title=WORDS),
    st.builds(Pressed, value=WORDS, text=WORDS),
)
MESSAGES = st.builds(Message, contents=st.lists(CONTENTS, max_size=4).map(tuple))
SIDES = st.builds(
    Capabilities,
    text_length=st.none() | st.integers(8, 200),
    markdown=st.booleans(),
    html=st.booleans(),
    buttons=st.integers(0, 4),
    button_urls=st.booleans(),
    carousel=st.booleans(),
    media=st.frozensets(st.sampled_from(MediaKind)),
    media_bytes=st.none() | st.integers(0, 100),
    captions=st.booleans(),
    location=st.booleans(),
    contact=st.booleans(),
    pressed=st.booleans(),
    single_content=st.booleans(),
)


def visible(markup: Markup, text: str) -> str:
    """What can be seen or followed in a text, read by other code than the one that is tested."""
    if markup is Markup.PLAIN:
        return text
    html = MarkdownIt("commonmark", {"html": False}).render(text) if markup is Markup.MARKDOWN else text
    addresses = re.findall(r'(?:href|src|alt)="([^"]*)"', html)
    words = re.sub(r"<[a-zA-Z/!][^<>]*>", "", html)
    return unescape(" ".join([words, *(each for each in addresses if each not in words)]).replace("%3C", "<"))


def said(contents: Iterable[Content]) -> str:
    """Everything that is shown of the contents."""
    found: list[str] = []
    for content in contents:
        match content:
            case Text():
                found.append(visible(content.markup, content.text))
            case Media():
                found += [content.caption, content.attachment.name, content.attachment.url]
            case Buttons():
                found += [part for button in content.buttons for part in (button.text, button.url)]
            case Carousel():
                found += [said(parts_of(card)) for card in content.cards]
            case Contact():
                found += [content.name, content.phone, content.email]
            case Location():
                found += [content.title, f"{content.latitude:.6f}", f"{content.longitude:.6f}"]
            case Pressed():
                found.append(content.text or content.value)
    return "\n".join(found)


def parts_of(card: Card) -> list[Content]:
    image = [Media(kind=MediaKind.IMAGE, attachment=card.image)] if card.image else []
    return [Text(text=card.title), Text(text=card.description), *image, Buttons(buttons=card.buttons)]


def squeezed(text: str) -> str:
    """Without white space and the signs of lists and quotes, which a cut repeats."""
    return re.sub(r"[\s>-]|\d+\.", "", text)


@patiently
@given(MESSAGES, SIDES)
@example(Message(contents=(Text(text="1.\nx"), Buttons(buttons=(YES,)))), MARKDOWN)
@example(
    Message(contents=(Text(text="[a](https://x.org/a_b?c=d&e=f) **a**", markup=Markup.HTML),)),
    Capabilities(markdown=True, text_length=31),
)
def test_nothing_said_is_ever_lost(message: Message, shows: Capabilities):
    output = squeezed("\n".join(said(each.contents) for each in render(message, shows)))

    for content in message.contents:
        for word in said([content]).split():
            assert squeezed(word) in output


@patiently
@given(MESSAGES, SIDES)
def test_a_side_gets_only_what_it_shows(message: Message, shows: Capabilities):
    for each in render(message, shows):
        assert each.contents
        assert sum(not isinstance(content, Buttons) for content in each.contents) <= 1 or not shows.single_content
        assert sum(isinstance(content, Buttons) for content in each.contents) <= 1
        for content in each.contents:
            assert fits(content, shows), content


def fits(content: Content, shows: Capabilities) -> bool:  # noqa: PLR0911 - a case per content
    match content:
        case Text(text=text, markup=markup):
            dialects = {Markup.PLAIN: True, Markup.MARKDOWN: shows.markdown, Markup.HTML: shows.html}
            return dialects[markup] and bool(text.strip()) and units(text) <= (shows.text_length or units(text))
        case Media(kind=kind, attachment=file, caption=caption):
            small = shows.media_bytes is None or (file.size or 0) <= shows.media_bytes
            return kind in shows.media and small and (shows.captions or not caption)
        case Buttons(buttons=buttons):
            return 0 < len(buttons) <= shows.buttons and (shows.button_urls or not any(each.url for each in buttons))
        case Carousel():
            return shows.carousel
        case Location():
            return shows.location
        case Contact():
            return shows.contact
        case Pressed():
            return shows.pressed


@patiently
@given(MESSAGES, SIDES)
def test_what_fits_is_left_as_it_is(message: Message, shows: Capabilities):
    for each in render(message, shows):
        assert [one_space(part) for again in render(each, shows) for part in again.contents] == [
            one_space(part) for part in each.contents
        ]


def one_space(content: Content) -> Content:
    """HTML does not tell one space from two."""
    return replace(content, text=" ".join(content.text.split())) if isinstance(content, Text) else content


class Inspector(HTMLParser):
    """Notes what a browser could be made to do."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        harmless = {"href", "src", "alt", "start", "class"}
        links = [value or "" for name, value in attrs if name in {"href", "src"}]
        if tag in {"script", "style", "iframe", "object", "svg", "form", "input", "meta", "link", "base"}:
            self.found.append(tag)
        self.found += [name for name, _ in attrs if name not in harmless]
        self.found += [
            link for link in links if re.match(r"[\x00-\x20]*[a-z\s]*script:|data:|vbscript:", link, re.IGNORECASE)
        ]


SCRAPS = "< > </ <!-- --> \" ' = &lt; &#60; x a b p / script <script> </script> style img svg href= src="
SCRAPS += " onerror= javascript: <a_href=' <a_href= <![CDATA[ ]]> <? ](javascript:x) [a ``` ` ** \\ java\tscript: \0"
NASTY = st.lists(
    st.sampled_from([*(scrap.replace("_", " ") for scrap in SCRAPS.split(" ")), " ", "\n"]), max_size=20
).map("".join)


@patiently
@given(NASTY, st.sampled_from([Markup.HTML, Markup.MARKDOWN]), st.none() | st.integers(20, 60))
def test_no_html_that_could_do_anything_comes_out(text: str, markup: Markup, limit: int | None):
    for (content,) in shown(Capabilities(html=True, text_length=limit), Text(text=text, markup=markup)):
        assert isinstance(content, Text)
        inspector = Inspector()
        inspector.feed(content.text if content.markup is Markup.HTML else "")
        inspector.close()
        assert not inspector.found, content.text


# --- what is lost, in words -----------------------------------------------------------------------------------------


def test_a_side_that_shows_all_loses_nothing():
    assert losses(EVERYTHING, EVERYTHING) == ()
    assert losses(PLAIN, EVERYTHING) == ()


@pytest.mark.parametrize(
    ("made", "shows", "lost"),
    [
        (EVERYTHING, {"buttons": 0, "button_urls": False}, "buttons become a numbered list in the text"),
        (EVERYTHING, {"buttons": 3}, "more than 3 buttons become a numbered list in the text"),
        (EVERYTHING, {"button_urls": False}, "buttons that open a page become links in the text"),
        (EVERYTHING, {"carousel": False}, "a carousel becomes one picture, text and buttons per card"),
        (EVERYTHING, {"card_buttons": 1}, "a carousel with more than 1 buttons on a card is sent card by card"),
        (EVERYTHING, {"location": False}, "a place becomes a link to a map"),
        (EVERYTHING, {"contact": False}, "a contact becomes text"),
        (EVERYTHING, {"single_content": True}, "a message of several contents is sent as several messages"),
        (
            EVERYTHING,
            {"media": frozenset(MediaKind) - {MediaKind.STICKER, MediaKind.AUDIO, MediaKind.VOICE}},
            "files shown as audio, sticker or voice become a link",
        ),
        (EVERYTHING, {"media_bytes": 20_000_000}, "files over 20 MB become a link"),
        (EVERYTHING, {"media_bytes": 500}, "files over 500 bytes become a link"),
        (EVERYTHING, {"captions": False}, "a file's caption is sent after it, as text"),
        (EVERYTHING, {"caption_length": 9}, "a file's caption over 9 characters is sent after it, as text"),
        (EVERYTHING, {"markdown": False}, "Markdown becomes plain text"),
        (EVERYTHING, {"markdown": False, "html": True}, "Markdown becomes HTML"),
        (HTML, {"html": False}, "HTML becomes Markdown"),
        (HTML, {"html": False, "markdown": False}, "HTML becomes plain text"),
        (EVERYTHING, {"text_length": 4096}, "text over 4096 characters is sent as several messages"),
    ],
)
def test_a_loss_is_named(made, shows, lost):
    assert lost in losses(made, replace(EVERYTHING, **shows))


def test_what_nobody_makes_is_not_lost():
    assert losses(PLAIN, Capabilities(text_length=None)) == ()
    assert losses(Capabilities(text_length=100), Capabilities(text_length=200)) == ()
