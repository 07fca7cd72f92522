"""One turn of a dialog: why the bot is asked goes in, what it says and does comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import BotReply, Left, Said, Started, Turn
from gateway_script import memory as memories
from gateway_script.answers import answer
from gateway_script.conditions import holds
from gateway_script.facts import Facts
from gateway_script.hearing import Heard, hear, matches
from gateway_script.program import Program, Question, block_of_outcome, block_of_rule
from gateway_script.rendering import Renderer
from gateway_script.running import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway import Attachment
    from gateway_script.memory import Asked, Memory
    from gateway_script.script import Rule

LONGEST_PAYLOAD = 200
LEFT_TEXTS = {"offline": "offline", "refused": "offline", "wait_timeout": "timeout", "agent_timeout": "timeout"}
"""What is said by default after each outcome; `texts.returned` after the others."""


def reply(program: Program, turn: Turn, stored: Mapping[str, Attachment]) -> BotReply:
    """Answer a turn. `stored`: what the gateway keeps of the local files the script names."""
    memory = memories.load(turn.state, program.variables)
    facts = Facts(turn, memory, program.script.variables)
    run = Run(program, memory, facts, Renderer(facts, stored), turn.conversation.id)
    Dialog(program, memory, facts, run).take(turn)
    return BotReply(
        messages=tuple(run.messages),
        state=memory.dump(),
        transfer=run.transfer,
        close=run.close,
        attributes=facts.attributes,
    )


@dataclass(frozen=True, slots=True)
class Dialog:
    """A turn being answered."""

    program: Program
    memory: Memory
    facts: Facts
    run: Run

    def take(self, turn: Turn) -> None:
        """Do what the cause of the turn asks for."""
        self.memory.turns += 1
        match turn.cause.body:
            case Said(message=message):
                self.hear(hear(message, self.memory.offered, numbered=self.memory.just_offered))
                self.break_silence()
            case Started(payload=payload):
                self.greet(payload)
            case Left() as left:
                self.come_back(left)
            case _:
                self.run.say_text(self.program.script.texts.trouble)

    # --- why the bot is asked ------------------------------------------------------------------------------------

    def greet(self, payload: str) -> None:
        """The chat was opened, perhaps by a deep link."""
        self.memory.payload = payload[:LONGEST_PAYLOAD]
        for rule in self.program.script.rules if payload else ():
            if payload in (rule.when.start or ()) and self.is_open(rule, {}):
                self.run.run(block_of_rule(rule))
                return
        self.start()

    def come_back(self, left: Left) -> None:
        """An agent, or the attempt to get one, is over: the bot speaks first, whatever the script says."""
        self.memory.asked = None
        self.memory.outcome = left.outcome.value
        self.memory.agent_name = left.agent.name[: memories.LONGEST_VALUE] if left.agent else ""
        self.memory.agent_note = left.note[: memories.LONGEST_VALUE]
        blocks = (block_of_outcome(left.outcome.value), block_of_outcome("otherwise"))
        if block := next((block for block in blocks if block in self.program.blocks), None):
            self.run.run(block)
        if not self.run.messages:
            self.run.say_text(getattr(self.program.script.texts, LEFT_TEXTS.get(left.outcome.value, "returned")))

    def hear(self, heard: Heard) -> None:
        """The client said something: an answer to a question, or something new."""
        self.memory.text = heard.text[: memories.LONGEST_VALUE]
        asked = self.memory.asked
        question = self.question(asked) if asked else None
        if asked and question:
            self.hear_answer(asked, question, heard)
            return
        self.memory.asked = None
        if self.press(heard) or self.follow(heard):
            return
        if asked:
            self.run.say_text(self.program.script.texts.lost)
            self.start()
        else:
            self.fall_back()

    def break_silence(self) -> None:
        """Whoever says something hears something, even where the script has no words for it."""
        if not (self.run.messages or self.run.transfer or self.run.close):
            self.run.say_text(self.program.script.texts.done)

    # --- while a question is open --------------------------------------------------------------------------------

    def question(self, asked: Asked) -> Question | None:
        """Return the question waited for, if the script still has it."""
        block, number = self.program.questions.get(asked.question, ("", 0))
        found = self.program.blocks[block][number] if block else None
        return found if isinstance(found, Question) else None

    def hear_answer(self, asked: Asked, question: Question, heard: Heard) -> None:
        """A question is open: rules that are always heard, then the answer, then any rule, then another try."""
        elsewhere = heard.touched and heard.pressed in self.program.presses and not question.ask.choices
        saved = None if elsewhere else answer(question.ask, heard, self.facts.fill)
        if saved is None and self.press(heard):
            return
        if self.follow(heard, only_always=saved is not None):
            self.take_up(asked, question)
        elif saved is not None:
            self.accept(asked, saved)
        else:
            self.try_again(asked, question)

    def accept(self, asked: Asked, saved: Mapping[str, str]) -> None:
        """The answer fits: remember it and go on behind the question."""
        self.memory.asked, self.memory.misses = None, 0
        for name, value in saved.items():
            self.facts.set(name, value)
        block, number = self.program.questions[asked.question]
        self.run.run(block, number + 1)

    def take_up(self, asked: Asked, question: Question) -> None:
        """After a digression the question comes again, unless the dialog moved elsewhere."""
        if self.memory.asked is asked and not self.run.moved:
            self.run.ask(question.ask)

    def try_again(self, asked: Asked, question: Question) -> None:
        """The answer does not fit."""
        asked.tries += 1
        if asked.tries < question.ask.tries:
            self.run.retry(question.ask)
        else:
            self.memory.asked = None
            self.run.run(self.program.questions[asked.question][0], question.give_up)

    # --- anything else -------------------------------------------------------------------------------------------

    def press(self, heard: Heard) -> bool:
        """Follow a button with a `goto`."""
        if heard.pressed is None or heard.pressed not in self.program.presses:
            return False
        self.memory.misses = 0
        self.run.leave()
        self.run.run(self.program.presses[heard.pressed])
        return True

    def follow(self, heard: Heard, *, only_always: bool = False) -> bool:
        """Follow the first rule that listens to this."""
        for rule in self.program.script.rules:
            if only_always and not rule.always:
                continue
            captures = matches(rule.when, heard)
            if captures is not None and self.is_open(rule, captures):
                self.memory.misses = 0
                self.run.run(block_of_rule(rule))
                return True
        return False

    def is_open(self, rule: Rule, captures: Mapping[str, str]) -> bool:
        """Tell whether the rule's condition holds with what its pattern caught; if so, that is remembered."""
        before = dict(self.memory.variables)
        for name, value in captures.items():
            self.facts.set(name, value)
        if rule.if_ is None or holds(rule.if_, self.facts):
            return True
        self.memory.variables = before
        return False

    def fall_back(self) -> None:
        """Nothing fits."""
        self.memory.misses += 1
        if "fallback" in self.program.blocks:
            self.run.run("fallback")
        else:
            self.run.say_text(self.program.script.texts.fallback)

    def start(self) -> None:
        """Begin at the beginning."""
        if "start" in self.program.blocks:
            self.run.run("start")
        else:
            self.run.say_text(self.program.script.texts.greeting)
