"""Replies of a script as messages, and what else they ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from mimetypes import guess_type
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from gateway import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Contact,
    Location,
    Markup,
    Media,
    MediaKind,
    Message,
    Text,
    Transfer,
)
from gateway_tovie.switch import is_call, transfer_in
from gateway_tovie.wire import Answer, Json, first_words, number, objects, seconds, words

if TYPE_CHECKING:
    from gateway import Context
    from gateway_tovie.options import TovieOptions

Content = Text | Media | Location | Contact | Buttons | Carousel

LONGEST_NAME = 40
FILE_SCHEMES = frozenset({"http", "https"})
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
NOT_OF_A_CHAT = frozenset({"context-switch", "context-return", "dtmf", "crmIntegration"})
"""Documented types that say nothing to the client of a chat."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """A `timeout` reply: how long, and the script's state to go on in."""

    seconds: float
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Speech:
    """An answer, read."""

    messages: tuple[Message, ...] = ()
    transfer: Transfer | None = None
    wait: Wait | None = None
    close: bool = False
    buttons: Mapping[str, Json]
    """Text on a button -> its other members, which go back with the press."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing follows from it."""
        return not (self.messages or self.transfer or self.wait or self.close)


class Replies:
    """Reads answers for one instance."""

    def __init__(self, context: Context, options: TovieOptions) -> None:
        self._context = context
        self._options = options

    def read(self, answer: Answer) -> Speech:
        """Return what an answer says. What cannot be shown is counted; nothing of an answer fails the rest."""
        reading = _Reading(self._context.ignored, close_on_hangup=self._options.close_on_hangup)
        for reply in answer.replies:
            reading.take(reply)
        if answer.too_many:
            self._context.ignored("replies past the hundredth of an answer")
        return Speech(
            messages=tuple(Message(contents=tuple(contents)) for contents in reading.messages),
            transfer=reading.transfer,
            wait=reading.wait,
            close=reading.close or (answer.ends_session and self._options.close_on_end_session),
            buttons=reading.buttons,
        )


class _Reading:
    """One answer being read, reply by reply."""

    def __init__(self, ignored: Callable[[str], None], *, close_on_hangup: bool) -> None:
        self.messages: list[list[Content]] = []
        self.transfer: Transfer | None = None
        self.wait: Wait | None = None
        self.close = False
        self.buttons: dict[str, Json] = {}
        self._ignored = ignored
        self._close_on_hangup = close_on_hangup

    def take(self, reply: Json) -> None:
        """Take a reply. Types: https://help.cloud.tovie.ai/platform/bot-replies/overview."""
        kind = words(reply.get("type"))
        match kind:
            case "buttons" | "inlineButtons":
                self._offer(objects(reply.get("buttons")))
            case "switch":
                self._switch(reply)
            case "timeout":
                self._timeout(reply)
            case "hangup":
                self.close = self.close or self._close_on_hangup
            case _ if content := CONTENTS.get(kind, _nothing)(reply):
                self._say(*content)
            case _:
                self._pass_over(kind)

    def _say(self, *contents: Content) -> None:
        self.messages.append(list(contents))

    def _pass_over(self, kind: str) -> None:
        why = "" if kind in NOT_OF_A_CHAT or kind not in CONTENTS else " that says nothing"
        self._ignored(f"reply {kind[:LONGEST_NAME] or 'without a type'}{why}")

    def _offer(self, offered: list[Json]) -> None:
        """Buttons stand below the words before them."""
        buttons = tuple(_button(each) for each in offered if words(each.get("text")))
        if not buttons:
            self._ignored("reply buttons that says nothing")
            return
        for each in offered:
            if more := {name: value for name, value in each.items() if name not in {"text", "url"}}:
                self.buttons[words(each.get("text"))] = more
        if not self.messages:
            self.messages.append([])
        contents = self.messages[-1]
        if contents and isinstance(last := contents[-1], Buttons):
            contents[-1] = Buttons(buttons=(*last.buttons, *buttons))
        else:
            contents.append(Buttons(buttons=buttons))

    def _switch(self, reply: Json) -> None:
        if not is_call(reply):
            self.transfer = transfer_in(reply)
            return
        self._ignored("reply switch of a telephone call")
        if phone := words(reply.get("phoneNumber")):
            self._say(Contact(phone=phone))

    def _timeout(self, reply: Json) -> None:
        """ASSUMED: of several the shortest counts, as the client's silence ends only once."""
        wait, state = seconds(reply.get("interval")), words(reply.get("targetState"))
        if wait is None or not state:
            self._ignored("reply timeout that says nothing")
        elif self.wait is None or wait < self.wait.seconds:
            self.wait = Wait(seconds=wait, state=state)


# --- contents --------------------------------------------------------------------------------------------------------


def _nothing(_reply: Json) -> tuple[Content, ...]:
    return ()


def _text(reply: Json) -> tuple[Content, ...]:
    text = words(reply.get("text"))
    return (Text(text=text, markup=_markup(reply.get("markup"))),) if text.strip() else ()


def _markup(value: Any) -> Markup:
    try:
        return Markup(words(value).lower() or Markup.PLAIN)
    except ValueError:
        return Markup.PLAIN


def _html(reply: Json) -> tuple[Content, ...]:
    """ASSUMED: an `htmlResponse` has its HTML in one of these members."""
    text = first_words(reply, "html", "htmlResponse", "text", "body", "content")
    return (Text(text=text, markup=Markup.HTML),) if text.strip() else ()


def _raw(reply: Json) -> tuple[Content, ...]:
    """An object for one messenger's own interface. ASSUMED: of that, the words are good for all."""
    body = reply.get("body")
    text = first_words(body, "text", "caption") if isinstance(body, Mapping) else words(body)
    return (Text(text=text),) if text.strip() else ()


def _media(kind: MediaKind, urls: tuple[str, ...], names: tuple[str, ...]) -> Callable[[Json], tuple[Content, ...]]:
    def read(reply: Json) -> tuple[Content, ...]:
        file = _attachment(first_words(reply, *urls), first_words(reply, *names), kind)
        caption = words(reply.get("text"))
        if file is None:
            return (Text(text=caption),) if caption.strip() else ()
        return (Media(kind=kind, attachment=file, caption=caption),)

    return read


def _attachment(url: str, name: str, kind: MediaKind) -> Attachment | None:
    if _scheme(url) not in FILE_SCHEMES:
        return None
    name = name or unquote(urlsplit(url).path).rpartition("/")[2] or "file"
    media_type = guess_type(name)[0] or guess_type(urlsplit(url).path)[0] or f"{kind.value}/*"
    return Attachment(url=url, name=name, media_type=media_type)


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def _location(reply: Json) -> tuple[Content, ...]:
    latitude, longitude = number(reply.get("lat")), number(reply.get("lon"))
    if latitude is None or longitude is None:
        return ()
    return (Location(latitude=latitude, longitude=longitude, title=words(reply.get("text"))),)


def _carousel(reply: Json) -> tuple[Content, ...]:
    cards = tuple(_card(each) for each in objects(reply.get("content")))
    return (*_text({"text": reply.get("text")}), *((Carousel(cards=cards),) if cards else ()))


def _card(data: Json) -> Card:
    image = _attachment(words(data.get("image")), "", MediaKind.IMAGE)
    label = words(data.get("btnText"))
    button = (_button({"text": label, "url": data.get("url")}),) if label else ()
    return Card(title=words(data.get("title")), description=words(data.get("description")), image=image, buttons=button)


def _button(data: Json) -> Button:
    """A link that leads to no page, mail or telephone is none: the button then says its text."""
    text, url = words(data.get("text")), words(data.get("url"))
    if _scheme(url) in LINK_SCHEMES:
        return Button(text=text, url=url)
    return Button(text=text, value=words(data.get("callback_data")))


CONTENTS: Mapping[str, Callable[[Json], tuple[Content, ...]]] = {
    "text": _text,
    "htmlResponse": _html,
    "raw": _raw,
    "image": _media(MediaKind.IMAGE, ("imageUrl", "url"), ("imageName", "name")),
    "audio": _media(MediaKind.AUDIO, ("audioUrl", "url"), ("audioName", "name")),
    "video": _media(MediaKind.VIDEO, ("videoUrl", "url"), ("videoName", "name")),
    "file": _media(MediaKind.DOCUMENT, ("fileUrl", "url"), ("fileName", "name")),
    "location": _location,
    "carousel": _carousel,
}
"""What a type shows. ASSUMED: the members of `video` are like those of `audio`, and agents' files come as `file`."""
