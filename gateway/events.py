"""What can happen to a conversation (events) and what is to be done about it (effects).

Events come from plugins (`Client…`, `Agent…`, `Session…`, `Bot…`) and from the gateway itself (outcomes of effects,
timers). Plugins hand theirs to `Context.receive`; only `decide` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Discriminator

from gateway.model import JsonObject, Markup, Message, Outcome, Peer, Role, Transfer

# --- from a channel: the client ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientStarted:
    """The client opened the chat or followed a deep link; the bot may greet. Ignored in a running conversation."""

    client: Peer
    payload: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    verified: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientWrote:
    """The client said something, pressed a button or sent a file. Starts a conversation if there is none."""

    client: Peer
    message: Message
    attributes: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    verified: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientChanged:
    """New facts about the client: a name, an attribute, a proven identity."""

    client: Peer
    attributes: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    verified: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientAsked:
    """The channel asks for a human on the client's behalf (a button, a system behind it that transfers by itself).

    Starts a conversation if there is none, and the handoff at once. Asked again for the same destination while the
    handoff lasts it changes nothing; for another one the dialog goes there.
    """

    client: Peer
    transfer: Transfer = field(default_factory=Transfer)
    attributes: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    verified: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientLeftAgent:
    """The client wants back to the bot, out of the queue or from an agent (the button in the banner)."""

    client: Peer


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientClosed:
    """The client ended the conversation, or its channel did (`reason`, which the agents are told, too)."""

    client: Peer
    reason: str = ""


# --- from a bot engine, unasked (an asked bot answers by returning a `BotReply`) -------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class BotSpoke:
    """A bot that answers later, or speaks by itself.

    Nothing of it happens, and `Received.stale` tells, if the bot does not have the floor or `epoch` is over.
    """

    conversation: str
    messages: tuple[Message, ...] = ()
    transfer: Transfer | None = None
    close: bool = False
    state: JsonObject | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Facts about the client the bot found out."""
    epoch: int | None = None
    """`Turn.epoch` of the turn it answers; None: speaks only if the bot has the floor."""
    answers: int | None = None
    """`Turn.cause.number` of the turn it answers, if that may still be open. With a transfer this word counts as
    answered then, as it does in a `BotReply`: the agents have it in the history, and nobody is asked about it again."""
    again_after_seconds: float = 0.0
    """See `BotReply`."""


# --- from an agent platform. `session` is the gateway's id of it, or the platform's own -------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueMoved:
    """The place in the queue changed. `position` counts from 1."""

    session: str
    position: int | None = None
    wait_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentJoined:
    """An agent took the dialog (or another one took over)."""

    session: str
    agent: Peer
    if_free: bool = False
    """True: refused with `AlreadyTaken` if a colleague has it, so that of two who take it at once one wins."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentWrote:
    """An agent said something to the client. If nobody had joined yet, this joins."""

    session: str
    agent: Peer
    message: Message


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentNoted:
    """An agent left a note for colleagues."""

    session: str
    agent: Peer
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionMoved:
    """The dialog was forwarded to another group or colleague; nobody has it until somebody joins."""

    session: str
    destination: str
    destination_name: str = ""
    agent: Peer | None = None
    """Who forwarded it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEnded:
    """The agent side is done: `outcome` is RETURNED (back to the bot, with a note) or CLOSED."""

    session: str
    outcome: Outcome = Outcome.CLOSED
    agent: Peer | None = None
    note: str = ""
    close: bool = False
    """True: the whole conversation is over, the bot does not go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientDescribed:
    """The agents' side knows more about the client: a name, attributes (e-mail, card in the CRM, tags, a rating).

    Logged as `Changed`. Taken for a session that is over, too: what agents learned is often told at the end. A channel
    may tell of its own client as well, also after the close (a rating); `session` is then the conversation's id.
    """

    session: str
    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientBlocked:
    """An agent blocked the client: the conversation is closed, nothing more is accepted. `blocked=False` lifts it."""

    session: str
    agent: Peer
    blocked: bool = True


# --- from a business channel: it has the client *and* the agents, so it speaks of the client -------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class HumanJoined:
    """An agent of the business channel took the dialog, invited or not."""

    client: Peer
    agent: Peer


@dataclass(frozen=True, kw_only=True, slots=True)
class HumanWrote:
    """An agent of the business channel spoke to the client there: a takeover if the bot had the floor."""

    client: Peer
    agent: Peer
    message: Message


@dataclass(frozen=True, kw_only=True, slots=True)
class HumanLeft:
    """The business channel gave the dialog back to the bot, or found no agent (`outcome`)."""

    client: Peer
    outcome: Outcome = Outcome.RETURNED
    note: str = ""


ClientEvent = ClientStarted | ClientWrote | ClientChanged | ClientAsked | ClientLeftAgent | ClientClosed
HumanEvent = HumanJoined | HumanWrote | HumanLeft
SessionEvent = (
    QueueMoved | AgentJoined | AgentWrote | AgentNoted | SessionMoved | SessionEnded | ClientDescribed | ClientBlocked
)
PluginEvent = ClientEvent | HumanEvent | BotSpoke | SessionEvent


# --- signals: seen or lost, never stored, never a reason for anything ------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Typing:
    """Somebody is (or stopped) writing. Goes to whoever listens, past log and store; shown for a few seconds.

    A message of the same author ends it, too, and so does a change of the floor: neither is signalled.
    """

    conversation: str
    role: Role
    active: bool = True
    text: str = ""
    """All that is written so far, where the author lets it be seen while it grows (a bot that streams). A channel that
    can shows it as a draft; what was said is only what the log has. Empty: nothing new of it, a draft stays."""
    markup: Markup = Markup.PLAIN
    """Of `text`."""
    epoch: int | None = None
    """`Turn.epoch` of the turn a bot is writing an answer to; once it is over, nothing of the sign is shown."""


# --- effects: rows carried out at least once, in order per lane -------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class AskBot:
    """Give the bot its turn because of log entry `number` (a message, a start, a return, a wait that is over)."""

    number: int
    type: Literal["ask_bot"] = "ask_bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class SendToClient:
    """Show entry `number` to the client, in as many parts as the channel needs; those before `part` are there."""

    number: int
    part: int = 0
    remote: tuple[str, ...] = ()
    """What the channel calls the parts that are there; empty where it does not say."""
    type: Literal["send_to_client"] = "send_to_client"


@dataclass(frozen=True, kw_only=True, slots=True)
class TellChannel:
    """Tell the channel of entry `number`, of a type it wants to hear of (`Capabilities.hears`)."""

    number: int
    type: Literal["tell_channel"] = "tell_channel"


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenSession:
    """Ask an agent platform to take the dialog of `session`."""

    session: str
    type: Literal["open_session"] = "open_session"


@dataclass(frozen=True, kw_only=True, slots=True)
class SendToAgent:
    """Hand the client's entry `number` to the agents of `session`; its parts before `part` are there."""

    session: str
    number: int
    part: int = 0
    remote: tuple[str, ...] = ()
    """What the platform calls the parts that are there; empty where it does not say."""
    type: Literal["send_to_agent"] = "send_to_agent"


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseSession:
    """Tell the platform that the client left `session`."""

    session: str
    remote: str = ""
    outcome: Outcome = Outcome.CLIENT_LEFT
    text: str = ""
    type: Literal["close_session"] = "close_session"


Action = Annotated[
    AskBot | SendToClient | TellChannel | OpenSession | SendToAgent | CloseSession,
    Discriminator("type"),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One thing to do outside. Effects of one (conversation, target) are one lane."""

    conversation: str
    number: int
    """Grows within the conversation; with it the id, which is the idempotency key."""
    target: str
    """The instance to call."""
    epoch: int
    """The epoch it was made in."""
    action: Action
    made_at: float
    attempts: int = 0
    due_at: float = 0.0
    """Unix seconds; not before."""
    error: str = ""
    """Why the last attempt failed."""
    delayed: bool = False
    """Its author was told that it takes longer."""

    @property
    def has_arrived(self) -> bool:
        """Whether a part of it is there and has a name there, which is worth keeping when the effect is over."""
        return any(getattr(self.action, "remote", ()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Timer:
    """Something to decide at `due_at` unless replaced or cancelled: one per (conversation, name)."""

    conversation: str
    name: str
    due_at: float
    epoch: int


# --- from the gateway itself ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class BotReplied:
    """Outcome of `AskBot`."""

    effect: Effect
    messages: tuple[Message, ...] = ()
    transfer: Transfer | None = None
    close: bool = False
    state: JsonObject | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    again_after_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionOpened:
    """Outcome of `OpenSession`: the platform accepted; `agent` if one has it already."""

    effect: Effect
    remote: str = ""
    agent: Peer | None = None
    position: int | None = None
    wait_seconds: float | None = None
    destination_name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectDone:
    """Outcome of any other effect: the other side has it."""

    effect: Effect


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectStale:
    """The effect was not carried out: its speaker lost the floor before the call."""

    effect: Effect


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectDelayed:
    """The effect has been failing for longer than its author should wait without being told."""

    effect: Effect
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectFailed:
    """The effect is given up.

    `outcome` tells what became of the session, if it is lost with it: OFFLINE or REFUSED (the platform said no),
    PLATFORM_LOST (it could not be reached). None: only this one thing did not work.
    """

    effect: Effect
    reason: str
    outcome: Outcome | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerFired:
    """A timer's time has come."""

    timer: Timer


EffectOutcome = BotReplied | SessionOpened | EffectDone | EffectStale | EffectDelayed | EffectFailed
Event = PluginEvent | EffectOutcome | TimerFired
