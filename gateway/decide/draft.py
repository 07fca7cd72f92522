"""A decision being made: the rules in this package write into a `Draft`, and only here a conversation changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.conversation import Conversation, Floor, changed
from gateway.entries import Body, Changed, Delivery, DeliveryState, Entry, Said
from gateway.events import Action, AskBot, Effect, SendToAgent, SendToClient, TellChannel, Timer
from gateway.model import Button, Buttons, Message, Peer, Role, text_message

if TYPE_CHECKING:
    from gateway.decide.policy import Policy

GATEWAY = Peer(id="gateway")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is to be committed in one step."""

    conversation: Conversation
    entries: tuple[Entry, ...] = ()
    effects: tuple[Effect, ...] = ()
    timers: tuple[Timer, ...] = ()
    cancelled_timers: tuple[str, ...] = ()
    cancelled_lanes: Mapping[str, range] = field(default_factory=dict)
    """Target -> the effect numbers of which those still pending are dropped."""
    stale: bool = False
    """The event came from somebody who no longer has the floor: nothing of it took effect."""
    changes: bool = True
    """False: everything is as it was before, but for the version."""


class Draft:
    """Collects what changes. One per decision; never outlives it."""

    def __init__(self, conversation: Conversation, policy: Policy, now: float) -> None:
        """Begin with the conversation as it is."""
        self.conversation = changed(conversation)
        self._before = conversation
        self.policy = policy
        self.now = now
        self.stale = False
        self._is_touched = False
        self._entries: list[Entry] = []
        self._effects: list[Effect] = []
        self._timers: dict[str, Timer | None] = {}
        self._cancelled: dict[str, range] = {}

    # --- the state -----------------------------------------------------------------------------------------------

    def change(self, **changes: Any) -> None:
        """Change fields of the conversation: a copy that nobody else has before the decision is made.

        So it may be changed where it stands. A new value for each change was a quarter of what a message costs.
        """
        self.conversation.__dict__.update(changes)
        self._is_touched = True

    def give_floor(self, floor: Floor) -> None:
        """Change who may speak: the epoch grows, and what the former speaker still has in hand becomes stale."""
        if floor is self.conversation.floor:
            return
        epoch = self.conversation.epoch + 1
        human_epoch = epoch if floor is Floor.AGENT else self.conversation.human_epoch
        self.change(floor=floor, epoch=epoch, human_epoch=human_epoch)
        self.wait_no_more()

    def learn(self, attributes: Mapping[str, str], client: Peer | None = None) -> None:
        """Take over facts about the client; what is news in a running conversation goes into its log."""
        known = self.conversation
        news = {key: value for key, value in attributes.items() if known.attributes.get(key) != value}
        renamed = client if client != known.client else None
        if not news and not renamed:
            return
        self.change(attributes={**known.attributes, **news}, client=renamed or known.client)
        if known.head:
            self.log(Changed(attributes=news, client=renamed))

    # --- the log -------------------------------------------------------------------------------------------------

    def log(self, body: Body) -> int:
        """Append an entry; return its number."""
        number = self.conversation.head + 1
        self.change(head=number)
        floor, epoch = self.conversation.floor, self.conversation.epoch
        self._entries.append(Entry(number=number, at=self.now, floor=floor, epoch=epoch, body=body))
        if body.type in self.policy.shows.hears:
            self.act(self.policy.channel, TellChannel(number=number))
        return number

    def report(self, effect: Effect, state: DeliveryState, reason: str = "") -> None:
        """Log what became of a message, for its author; effects without a message have none."""
        action = effect.action
        if isinstance(action, SendToClient | SendToAgent | AskBot):
            self.log(Delivery(number=action.number, to=effect.target, state=state, reason=reason))

    # --- effects and timers --------------------------------------------------------------------------------------

    def act(self, target: str, action: Action) -> None:
        """Add an effect at the end of the lane to `target`."""
        conversation = self.conversation
        number = conversation.effects + 1
        self.change(effects=number)
        self._effects.append(
            Effect(
                conversation=conversation.id,
                number=number,
                target=target,
                epoch=conversation.epoch,
                action=action,
                made_at=self.now,
                due_at=self.now,
            )
        )

    def drop_lane(self, target: str, *, since: int = 0) -> None:
        """Drop what is still pending towards `target`, from effect `since` on, also what this decision has added.

        Where the bot has the agents, too, its lane holds both: what is void there is held back by the fence alone.
        """
        if target == self.policy.bot and target in self.policy.chain:
            return
        numbers = range(since, self.conversation.effects + 1)
        self._cancelled[target] = numbers
        self._effects = [each for each in self._effects if each.target != target or each.number not in numbers]

    def set_timer(self, name: str, seconds: float) -> None:
        """Start or restart a timer; 0 seconds means there is none."""
        due_at = self.now + seconds
        timer = Timer(conversation=self.conversation.id, name=name, due_at=due_at, epoch=self.conversation.epoch)
        self._timers[name] = timer if seconds else None

    def cancel_timers(self, *names: str) -> None:
        """Stop these timers, where they run."""
        self._timers |= dict.fromkeys(names)

    def wait_for_client(self, seconds: float) -> None:
        """Give the bot a turn if the client says nothing for so long; what is asked for last counts."""
        self.change(again_at=self.now + seconds)
        self.set_timer("again", seconds)

    def wait_no_more(self) -> None:
        """The client spoke, or somebody else may: the bot's wait is over without a turn."""
        if self.conversation.again_at is not None:
            self.change(again_at=None)
            self.cancel_timers("again")

    # --- words for the client ------------------------------------------------------------------------------------

    def say(self, role: Role, author: Peer, message: Message, *, source: str = "", answers: int = 0) -> None:
        """Log words for the client and, unless the channel shows the log itself, have them sent."""
        number = self.log(Said(role=role, author=author, message=message, source=source, answers=answers))
        self.change(active_at=self.now)
        if not self.policy.shows.tails_log:
            self.act(self.policy.channel, SendToClient(number=number))

    def notify(self, text: str, *, button: str = "", answers: int = 0) -> None:
        """Say something to the client in the gateway's own name, on every channel. An empty text says nothing."""
        message = text_message(text)
        if button:
            message = Message(contents=(*message.contents, Buttons(buttons=(Button(text=button),))))
        if text:
            self.say(Role.SYSTEM, GATEWAY, message, answers=answers)

    def announce(self, key: str, *, button: str = "", **facts: str | int) -> None:
        """Tell the client in words what a log-tailing channel shows by itself."""
        if not self.policy.shows.tails_log:
            self.notify(self.text(key, **facts), button=button)

    def text(self, key: str, **facts: str | int) -> str:
        """Return one of the route's texts in the client's language."""
        return self.policy.texts.get(key, self.conversation.language, **facts)

    # --- the result ----------------------------------------------------------------------------------------------

    def decision(self) -> Decision:
        """Return what was collected."""
        collected = self._entries or self._effects or self._timers or self._cancelled or self._before.version == 0
        changes = bool(collected) or (self._is_touched and self.conversation != self._before)
        timers = self._timers.items()
        self.change(version=self.conversation.version + 1)
        return Decision(
            conversation=self.conversation,
            entries=tuple(self._entries),
            effects=tuple(self._effects),
            timers=tuple([timer for _, timer in timers if timer]) if timers else (),
            cancelled_timers=tuple([name for name, timer in timers if timer is None]) if timers else (),
            cancelled_lanes=self._cancelled,
            stale=self.stale,
            changes=changes,
        )
