"""One turn of a dialog: what the client said goes in, what the bot says and does comes out. No I/O, no clock, no chance."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway import BotReply, Buttons, Left, Message, Said, Started, Turn, text_message
from gateway import Transfer as TransferRequest

from gateway_script import memory as memories
from gateway_script.answers import answer
from gateway_script.conditions import holds
from gateway_script.facts import Facts
from gateway_script.hearing import Heard, hear, matches
from gateway_script.memory import Asked, Memory
from gateway_script.program import (
    Branch,
    Choose,
    Do,
    GiveUp,
    Jump,
    Program,
    Question,
    block_of_outcome,
    block_of_rule,
    block_of_step,
)
from gateway_script.rendering import Renderer
from gateway_script.script import ButtonPart, Close, Goto, MessagePart, Say, Set, Transfer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway import Attachment

    from gateway_script.program import Operation
    from gateway_script.script import Ask, Rule

MOST_OPERATIONS = 500
MOST_MESSAGES = 30
"""In one turn: a script that goes round in circles stops here."""

LONGEST_PAYLOAD = 200
LEFT_TEXTS = {"offline": "offline", "refused": "offline", "wait_timeout": "timeout", "agent_timeout": "timeout"}
"""What is said by default after each outcome; `texts.returned` after the others."""


def reply(program: Program, turn: Turn, stored: Mapping[str, Attachment]) -> BotReply:
    """Answer a turn."""
    return Dialog.of(program, turn, stored).answer()


@dataclass
class Dialog:
    """A turn being answered."""

    program: Program
    turn: Turn
    memory: Memory
    facts: Facts
    renderer: Renderer
    messages: list[Message] = field(default_factory=list)
    offered: dict[str, str] = field(default_factory=dict)
    transfer: TransferRequest | None = None
    close: bool = False
    moved: bool = False
    """The dialog went elsewhere: nothing of what was before is taken up again."""
    operations: int = 0

    @classmethod
    def of(cls, program: Program, turn: Turn, stored: Mapping[str, Attachment]) -> Dialog:
        """Take up the dialog where its memory says it is."""
        memory = memories.load(turn.state, program.variables)
        facts = Facts(turn, memory, program.script.variables)
        return cls(program, turn, memory, facts, Renderer(facts, stored))

    def answer(self) -> BotReply:
        """Do what the cause of the turn asks for."""
        self.memory.turns += 1
        match self.turn.cause.body:
            case Said(message=message):
                self.hear(hear(message, self.memory.offered))
            case Started(payload=payload):
                self.greet(payload)
            case Left() as left:
                self.come_back(left)
            case _:
                self.say_text(self.program.script.texts.trouble)
        return self.reply()

    def reply(self) -> BotReply:
        """Return what came out."""
        self.memory.offered = self.offered
        return BotReply(
            messages=tuple(self.messages),
            state=self.memory.dump(),
            transfer=self.transfer,
            close=self.close,
            attributes=self.facts.attributes,
        )

    # --- why the bot is asked ----------------------------------------------------------------------------------------

    def greet(self, payload: str) -> None:
        """The chat was opened, perhaps by a deep link."""
        self.memory.payload = payload[:LONGEST_PAYLOAD]
        for rule in self.program.script.rules if payload else ():
            if payload in (rule.when.start or ()) and self.is_open(rule):
                self.run(block_of_rule(rule))
                return
        self.start()

    def come_back(self, left: Left) -> None:
        """An agent, or the attempt to get one, is over: the bot speaks first, whatever the script says."""
        self.memory.asked = None
        self.memory.outcome = left.outcome.value
        self.memory.agent_name = left.agent.name if left.agent else ""
        self.memory.agent_note = left.note[: memories.LONGEST_VALUE]
        blocks = (block_of_outcome(left.outcome.value), block_of_outcome("otherwise"))
        if block := next((block for block in blocks if block in self.program.blocks), None):
            self.run(block)
        if not self.messages:
            texts = self.program.script.texts
            self.say_text(getattr(texts, LEFT_TEXTS.get(left.outcome.value, "returned")))

    def hear(self, heard: Heard) -> None:
        """The client said something: an answer to a question, or something new."""
        self.memory.text = heard.text[: memories.LONGEST_VALUE]
        asked, lost = self.memory.asked, False
        if asked is not None:
            question = self.question(asked)
            if question is not None:
                self.hear_answer(asked, question, heard)
                return
            self.memory.asked, lost = None, True
        self.hear_anything(heard, lost=lost)

    def hear_anything(self, heard: Heard, *, lost: bool) -> None:
        """Nothing was asked (or what was asked is no longer in the script): buttons, rules, fallback."""
        if self.press(heard) or self.follow(heard):
            return
        if lost:
            self.say_text(self.program.script.texts.lost)
            self.start()
        else:
            self.fall_back()

    def hear_answer(self, asked: Asked, question: Question, heard: Heard) -> None:
        """A question is open: certain rules first, then the answer, then any rule, then another try."""
        saved = answer(question.ask, heard)
        if saved is None and self.press(heard):
            return
        if self.follow(heard, only_always=saved is not None):
            self.take_up(asked, question)
        elif saved is not None:
            self.memory.asked, self.memory.misses = None, 0
            for name, value in saved.items():
                self.facts.set(name, value)
            self.resume(asked, 1)
        else:
            self.try_again(asked, question)

    def take_up(self, asked: Asked, question: Question) -> None:
        """After a digression the question comes again, unless the dialog moved elsewhere."""
        if not (self.moved or self.transfer or self.close or self.memory.asked is not asked):
            self.ask(question.ask)

    def try_again(self, asked: Asked, question: Question) -> None:
        """The answer does not fit."""
        asked.tries += 1
        ask = question.ask
        if asked.tries >= ask.tries:
            self.memory.asked = None
            self.resume(asked, question.give_up - self.program.questions[asked.question][1])
        elif ask.retry:
            self.say(ask.retry, ask)
        else:
            self.say(MessagePart(say=self.program.script.texts.retry), ask)

    def press(self, heard: Heard) -> bool:
        """Follow a button with a `goto`."""
        if heard.pressed is None or heard.pressed not in self.program.presses:
            return False
        self.leave()
        self.run(self.program.presses[heard.pressed])
        return True

    def follow(self, heard: Heard, *, only_always: bool = False) -> bool:
        """Follow the first rule that listens to this."""
        for rule in self.program.script.rules:
            if only_always and not rule.always:
                continue
            captures = matches(rule.when, heard)
            if captures is not None and self.is_open(rule, captures):
                self.memory.misses = 0
                for name, value in captures.items():
                    self.facts.set(name, value)
                self.run(block_of_rule(rule))
                return True
        return False

    def is_open(self, rule: Rule, captures: Mapping[str, str] | None = None) -> bool:
        """Tell whether the rule's condition holds, with what its pattern caught."""
        if rule.if_ is None:
            return True
        before = dict(self.memory.variables)
        for name, value in (captures or {}).items():
            self.facts.set(name, value)
        held = holds(rule.if_, self.facts)
        self.memory.variables = before
        return held

    def fall_back(self) -> None:
        """Nothing fits."""
        self.memory.misses += 1
        if "fallback" in self.program.blocks:
            self.run("fallback")
        else:
            self.say_text(self.program.script.texts.fallback)

    def start(self) -> None:
        """Begin at the beginning."""
        if "start" in self.program.blocks:
            self.run("start")
        else:
            self.say_text(self.program.script.texts.greeting)

    # --- running blocks ------------------------------------------------------------------------------------------------

    def question(self, asked: Asked) -> Question | None:
        """Return the question waited for, if the script still has it."""
        block, number = self.program.questions.get(asked.question, ("", 0))
        found = self.program.blocks[block][number] if block else None
        return found if isinstance(found, Question) else None

    def resume(self, asked: Asked, offset: int) -> None:
        """Go on behind a question."""
        block, number = self.program.questions[asked.question]
        self.run(block, number + offset)

    def leave(self) -> None:
        """The dialog goes elsewhere."""
        self.moved, self.memory.asked, self.memory.misses = True, None, 0

    def run(self, block: str, number: int = 0) -> None:
        """Carry out a block from operation `number` on, and whatever it leads to."""
        place: tuple[str, int] | None = (block, number)
        while place is not None and self.operations < MOST_OPERATIONS:
            self.operations += 1
            block, number = place
            operations = self.program.blocks.get(block, ())
            place = self.step(operations[number], block, number) if number < len(operations) else None

    def step(self, operation: Operation, block: str, number: int) -> tuple[str, int] | None:
        """Carry out one operation; returns where to go on, or None to wait for the client."""
        match operation:
            case Jump(to=to):
                return block, to
            case Branch(condition=condition, otherwise=otherwise):
                return block, number + 1 if holds(condition, self.facts) else otherwise
            case Choose(targets=targets):
                return block, targets[self.pick(f"{block}.{number}", len(targets))]
            case Question() as question:
                self.memory.asked = Asked(question.key)
                self.ask(question.ask)
                return None
            case GiveUp(silent=silent):
                if not silent:
                    self.say_text(self.program.script.texts.give_up)
                return None
            case Do(action=action):
                return self.do(action, (block, number + 1))

    def do(self, action: Say | Set | Transfer | Goto | Close, then: tuple[str, int]) -> tuple[str, int] | None:
        """Carry out one action; returns where to go on."""
        match action:
            case Set(set=values):
                for name, template in values.items():
                    self.facts.set(name, self.facts.fill(template))
            case Goto(goto=step):
                self.leave()
                return block_of_step(step), 0
            case Transfer(transfer=part):
                self.transfer = self.renderer.transfer(part)
                if not part.one_time_message:
                    self.leave()
                    return None
            case Close(close=words):
                self.say_text(words or "")
                self.close = True
                self.leave()
                return None
            case _:
                self.say(action)
        return then

    def pick(self, place: str, count: int) -> int:
        """Choose an alternative: the next one at each turn, beginning elsewhere in each conversation."""
        seed = zlib.crc32(f"{self.turn.conversation.id} {place}".encode())
        return (seed + self.memory.turns) % count

    # --- speaking --------------------------------------------------------------------------------------------------------

    def ask(self, ask: Ask) -> None:
        """Put a question, with its choices as buttons."""
        self.say(ask.ask, ask)

    def say(self, part: MessagePart, ask: Ask | None = None) -> None:
        """Say a message, with the choices of the question it belongs to."""
        if ask and ask.choices and not part.buttons:
            buttons = [ButtonPart(text=choice.text, value=choice.saved) for choice in ask.choices]
            part = part.model_copy(update={"buttons": buttons})
        message = self.renderer.message(part)
        if message is not None and len(self.messages) < MOST_MESSAGES:
            self.messages.append(message)
            self.offered = offered_by(message) or self.offered

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
