"""What a simulation shows and what can be done in it. One `Stage` per fake; the page knows nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import web

_MARKED = re.compile(
    r"\*\*(?P<bold>[^*\n]+)\*\*|\*(?P<italic>[^*\s][^*\n]*)\*|`(?P<code>[^`\n]+)`|\[(?P<label>[^\]\n]+)\]\((?P<url>[^)\s]+)\)"
)

Who = Literal["me", "them", "event"]
"""Who a line is from: somebody on this side, the gateway, or nobody because it happened."""


class NotNow(Exception):
    """What was asked for cannot be done; the text tells the person at the page why, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of several values."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Something to fill in before an act."""

    name: str
    label: str
    type: Literal["text", "long", "number", "choice", "check"] = "text"
    value: str = ""
    """What stands there at first; of a check: `yes` or empty."""
    choices: tuple[Choice, ...] = ()
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """A button beside a chat, or above all of them. With fields it asks for those first."""

    name: str
    label: str
    icon: str = ""
    """One of the page's: see `static/dom.js`."""
    fields: tuple[Field, ...] = ()
    hint: str = ""
    """What it does on the wire, in a sentence."""
    danger: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """Something to press at a line, or in place of the keyboard. With a `url` it is a link."""

    label: str
    act: str = ""
    value: str = ""
    """Given to the act as the field `value`."""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Words of one look."""

    text: str
    marks: tuple[str, ...] = ()
    """`bold`, `italic`, `strike`, `code`, `pre`, `quote`."""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file in a line. Its address is the stage's own (`file:<key>`, see `Stage.file`) or any other."""

    url: str
    name: str = ""
    media_type: str = ""
    size: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a transcript."""

    id: str
    who: Who
    name: str = ""
    second: bool = False
    """Of two kinds of people on this side, such as clients and agents, it is the other kind: it looks different."""
    spans: tuple[Span, ...] = ()
    files: tuple[File, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    """In rows."""
    at: float = 0
    """Unix seconds."""
    waiting: bool = False
    """Not taken by the gateway yet."""
    problem: str = ""
    """Why it came to nothing."""
    retry: Button | None = None
    """How to try again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Composer:
    """Where a person writes. The act `write` is given `text`, `speaker` and the files."""

    hint: str
    speakers: tuple[Choice, ...] = ()
    """Who can write here, if there are several."""
    speaker: str = ""
    """Whose turn it is: chosen whenever it changes. Empty: whoever wrote last."""
    files: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """One dialog."""

    id: str
    title: str
    status: str = ""
    """A few words on how it stands."""
    mood: Literal["", "good", "warn", "bad"] = ""
    """The colour of those."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What is known of whoever it is with."""
    lines: tuple[Line, ...] = ()
    acts: tuple[Act, ...] = ()
    composer: Composer | None = None
    over: str = ""
    """Without a composer: why nothing can be written, and what to do."""
    opening: str = ""
    """What to do while nothing has been said."""
    keys: tuple[tuple[Button, ...], ...] = ()
    """Buttons in place of the keyboard."""
    typing: float = 0
    """The other side types until then, in unix seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """Something that is on or off, such as whether a group has somebody online. Flipped by the act `switch`."""

    name: str
    label: str
    on: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something in the way, and its cure."""

    text: str
    cure: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """What belongs into the gateway's configuration."""

    config: str
    """YAML."""
    environ: Mapping[str, str]
    """Secrets, as environment variables the YAML names."""
    steps: tuple[str, ...] = ()
    """What to do then, a sentence each."""
    ready_made: str = ""
    """Name of a complete configuration below `config/simulate/`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file a person chose."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What an act was given."""

    chat: str = ""
    """Empty for acts above all chats."""
    values: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Upload, ...] = ()

    def text(self, name: str, default: str = "") -> str:
        """Return a field's value, without space around it."""
        return self.values.get(name, default).strip()

    def checked(self, name: str) -> bool:
        """Return whether a check is set."""
        return bool(self.values.get(name))


class Stage(Protocol):
    """One fake and its people. Everything runs on one event loop; nothing here has to be thread-safe."""

    name: str
    """As in `gateway simulate <name>`."""
    title: str
    """What is simulated: `Telegram`."""
    part: str
    """Whom the person plays, in a sentence."""
    chat_word: str
    """What a chat is called here, in the plural: `Dialogs`."""
    empty: str
    """What to do while there is no chat."""
    calls: Sequence[str]
    """Names of calls that come in, to choose one that is refused."""

    def routes(self) -> Iterable[web.RouteDef]:
        """Return what the fake serves. Paths that begin with `/-/`, and `/` itself, belong to the page."""
        ...

    async def begin(self, url: str, *, gateway: str, traces: Sequence[aiohttp.TraceConfig]) -> None:
        """Be found at `url`, with the gateway at another. `traces` belong into the fake's client sessions."""
        ...

    async def end(self) -> None:
        """Let go of everything."""
        ...

    async def gateway_is_up(self) -> None:
        """The gateway answers, for the first time or again."""
        ...

    def named(self, path: str, body: Any) -> str:
        """Return what a call that comes in is called; `body`: its JSON, or None."""
        ...

    def is_quiet(self, call: str, answer: Any = None) -> bool:
        """Tell whether calls of this name are too many to be shown at first. `answer`: the JSON, once there is one."""
        ...

    def refusal(self, status: int, retry_after: int) -> Any:
        """Return the JSON with which the other side refuses. `retry_after` in seconds; 0: none."""
        ...

    def setup(self) -> Setup:
        """Return what belongs into the gateway's configuration."""
        ...

    def notices(self) -> Iterable[Notice]:
        """Return what is in the way."""
        ...

    def switches(self) -> Iterable[Switch]:
        """Return what is on or off."""
        ...

    def acts(self) -> Iterable[Act]:
        """Return what can be done above all chats."""
        ...

    def chats(self) -> Iterable[Chat]:
        """Return the chats, newest activity first. Called after each exchange and each act."""
        ...

    async def act(self, name: str, given: Given) -> str:
        """Do something; return the id of the chat to show, or empty. Raises `NotNow`."""
        ...

    def file(self, key: str) -> tuple[bytes, str] | None:
        """Return content and media type of `file:<key>` in a line."""
        ...


def marked(text: str) -> tuple[Span, ...]:
    """Return Markdown's bold and italic words, code and links as spans; everything else as it stands."""
    spans: list[Span] = []
    at = 0
    for match in _MARKED.finditer(text):
        spans += plain(text[at : match.start()])
        name, words = next((name, words) for name, words in match.groupdict().items() if words and name != "url")
        spans.append(Span(text=words, marks=() if name == "label" else (name,), url=match["url"] or ""))
        at = match.end()
    return (*spans, *plain(text[at:]))


def plain(text: str) -> tuple[Span, ...]:
    """Return words without a look."""
    return (Span(text=text),) if text else ()
