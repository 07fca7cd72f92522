"""Carries out a program's operations within one turn. No I/O, no clock, no chance."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway import Buttons, Message, text_message
from gateway import Transfer as TransferRequest
from gateway_script.actions import Close, Goto, Say, Set, Transfer
from gateway_script.conditions import holds
from gateway_script.memory import Asked
from gateway_script.parts import ButtonPart, MessagePart
from gateway_script.program import Branch, Choose, Do, GiveUp, Jump, Question, block_of_step

if TYPE_CHECKING:
    from gateway_script.actions import Ask
    from gateway_script.facts import Facts
    from gateway_script.memory import Memory
    from gateway_script.program import Program
    from gateway_script.rendering import Renderer

MOST_OPERATIONS = 500
MOST_MESSAGES = 30
"""In one turn: a script that goes round in circles stops here."""

Place = tuple[str, int]
"""A block and the number of an operation in it."""


@dataclass
class Run:
    """What is said and done in one turn."""

    program: Program
    memory: Memory
    facts: Facts
    renderer: Renderer
    conversation: str
    messages: list[Message] = field(default_factory=list)
    transfer: TransferRequest | None = None
    close: bool = False
    moved: bool = False
    """The dialog went elsewhere: nothing of what was before is taken up again."""
    operations: int = 0

    def run(self, block: str, number: int = 0) -> None:
        """Carry out a block from operation `number` on, and whatever it leads to, until the client's word is needed."""
        place: Place | None = (block, number)
        while place is not None and self.operations < MOST_OPERATIONS:
            self.operations += 1
            place = self.step(*place)

    def step(self, block: str, number: int) -> Place | None:
        """Carry out one operation; returns where to go on, or None to wait for the client."""
        operations = self.program.blocks.get(block, ())
        if number >= len(operations):
            return None
        operation = operations[number]
        if isinstance(operation, Do):
            return self.do(operation.action, (block, number + 1))
        if isinstance(operation, Question | GiveUp):
            self.wait(operation)
            return None
        return block, self.target(operation, block, number)

    def target(self, operation: Branch | Choose | Jump, block: str, number: int) -> int:
        """Return the operation to go on with in the same block."""
        match operation:
            case Branch(condition=condition, otherwise=otherwise):
                return number + 1 if holds(condition, self.facts) else otherwise
            case Choose(targets=targets):
                return targets[self.pick(f"{block}.{number}", len(targets))]
            case Jump(to=to):
                return to

    def wait(self, operation: Question | GiveUp) -> None:
        """Ask, or stop asking."""
        match operation:
            case Question(key=key, ask=ask):
                self.memory.asked = Asked(key)
                self.ask(ask)
            case GiveUp(silent=False):
                self.say_text(self.program.script.texts.give_up)

    def do(self, action: Say | Set | Transfer | Goto | Close, then: Place) -> Place | None:
        """Carry out one action; returns where to go on."""
        match action:
            case Set(set=values):
                for name, template in values.items():
                    self.facts.set(name, self.facts.fill(template))
            case Goto(goto=step):
                self.leave()
                return block_of_step(step), 0
            case Transfer():
                return self.hand_over(action, then)
            case Close(close=words):
                self.say_text(words or "")
                self.close = True
                self.leave()
                return None
            case _:
                self.say(action)
        return then

    def hand_over(self, action: Transfer, then: Place) -> Place | None:
        """Ask for a human; only a one-time message lets the bot go on."""
        self.transfer = self.renderer.transfer(action.transfer)
        if action.transfer.one_time_message:
            return then
        self.leave()
        return None

    def leave(self) -> None:
        """The dialog goes elsewhere."""
        self.moved, self.memory.asked = True, None

    def pick(self, place: str, count: int) -> int:
        """Choose an alternative: the next one at each turn, beginning elsewhere in each conversation."""
        seed = zlib.crc32(f"{self.conversation} {place}".encode())
        return (seed + self.memory.turns) % count

    def ask(self, ask: Ask) -> None:
        """Put a question, with its choices as buttons."""
        self.say(ask.ask, ask)

    def retry(self, ask: Ask) -> None:
        """Say that an answer does not fit, with the choices again."""
        self.say(ask.retry or MessagePart(say=self.program.script.texts.retry), ask)

    def say(self, part: MessagePart, ask: Ask | None = None) -> None:
        """Say a message, with the choices of the question it belongs to."""
        if ask and ask.choices and not part.buttons:
            buttons = [ButtonPart(text=choice.text, value=choice.value) for choice in ask.choices]
            part = part.model_copy(update={"buttons": buttons})
        message = self.renderer.message(part)
        if message is not None and len(self.messages) < MOST_MESSAGES:
            self.messages.append(message)
            if offered := offered_by(message):
                self.memory.offered, self.memory.offered_at = offered, self.memory.turns

    def say_text(self, template: str) -> None:
        """Say plain words."""
        if words := self.facts.fill(template).strip():
            self.messages.append(text_message(words))


def offered_by(message: Message) -> dict[str, str]:
    """Return the buttons below a message, text -> value."""
    return {
        button.text: button.value
        for content in message.contents
        if isinstance(content, Buttons)
        for button in content.buttons
        if not button.url
    }
