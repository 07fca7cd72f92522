"""A script made ready to run: each block a flat list of operations, so that a place in it is one number."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from gateway_script.actions import Action, Ask, Close, Goto, If, OneOf, Say, Set, Transfer
from gateway_script.clauses import Condition
from gateway_script.names import RESERVED_STEPS, is_attribute
from gateway_script.parts import ButtonPart, Part
from gateway_script.patterns import captures
from gateway_script.script import Rule, Script, When


@dataclass(frozen=True, slots=True)
class Do:
    """Carry out a simple action, then the next operation."""

    action: Say | Set | Transfer | Goto | Close


@dataclass(frozen=True, slots=True)
class Question:
    """Ask and wait. Answered: the next operation; given up: operation `give_up`."""

    key: str
    """Names the question in the bot's memory. Made of names, not numbers, so that it survives edits around it."""
    ask: Ask
    give_up: int


@dataclass(frozen=True, slots=True)
class Branch:
    """Go on if the condition holds, else at `otherwise`."""

    condition: Condition
    otherwise: int


@dataclass(frozen=True, slots=True)
class Choose:
    """Go on at one of `targets`: another one at each turn."""

    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """Go on at `to`."""

    to: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The answer never came: say `texts.give_up` unless the script has words of its own, and stop."""

    silent: bool


Operation: TypeAlias = Do | Question | Branch | Choose | Jump | GiveUp


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What the engine runs."""

    script: Script
    blocks: Mapping[str, tuple[Operation, ...]]
    questions: Mapping[str, tuple[str, int]]
    """Key of each question -> its block and number in it."""
    variables: frozenset[str]
    """Every name the script gives a value."""
    presses: Mapping[str, str]
    """Value of each button with a `goto` -> the block it leads to."""


def compiled(script: Script) -> Program:
    """Make a checked script ready to run."""
    blocks = {name: Compiler(name).block(actions) for name, actions in named_blocks(script)}
    return Program(
        script=script,
        blocks=blocks,
        questions={
            operation.key: (name, number)
            for name, operations in blocks.items()
            for number, operation in enumerate(operations)
            if isinstance(operation, Question)
        },
        variables=frozenset(variables_in(script)),
        presses={value_of(button): block_of_step(button.goto) for button in buttons_in(script) if button.goto},
    )


def named_blocks(script: Script) -> Iterator[tuple[str, list[Action]]]:
    """Yield every block with the name it is known by at run time."""
    for name, actions in (("start", script.start), ("fallback", script.fallback)):
        if actions:
            yield name, actions
    for name, actions in script.steps.items():
        yield block_of_step(name), actions
    for rule in script.rules:
        yield block_of_rule(rule), rule.do
    for outcome in type(script.on_return).model_fields:
        if actions := getattr(script.on_return, outcome):
            yield block_of_outcome(outcome), actions


def block_of_step(step: str) -> str:
    """Return the block `goto: step` leads to."""
    return step if step in RESERVED_STEPS else f"step:{step}"


def block_of_rule(rule: Rule) -> str:
    """Return a rule's block: named by what it listens to, so that moving rules around harms no running dialog."""
    heard = rule.when.model_dump_json() + (rule.if_.model_dump_json() if rule.if_ else "")
    return f"rule:{zlib.crc32(heard.encode()):08x}"


def block_of_outcome(outcome: str) -> str:
    """Return the block for the end of a transfer."""
    return f"return:{outcome}"


def value_of(button: ButtonPart) -> str:
    """Return what a button says to the bot."""
    return button.value or button.goto or button.text


def buttons_in(script: Script) -> Iterator[ButtonPart]:
    """Yield every button of a script, card buttons too."""
    return (part for part in parts_of(script) if isinstance(part, ButtonPart))


def variables_in(script: Script) -> Iterator[str]:
    """Yield every name the script gives a value."""
    yield from script.variables
    for part in parts_of(script):
        if isinstance(part, Ask):
            yield from (part.save, *captures(part.expect.regex or ""))
        elif isinstance(part, Set):
            yield from (name for name in part.set if not is_attribute(name))
        elif isinstance(part, When):
            yield from (name for pattern in part.regex or () for name in captures(pattern))


def parts_of(value: object) -> Iterator[Part]:
    """Yield every part of a script, from the outside in."""
    if isinstance(value, Part):
        yield value
        value = [getattr(value, name) for name in type(value).model_fields]
    if isinstance(value, dict):
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from parts_of(item)


@dataclass
class Compiler:
    """Flattens one block."""

    name: str
    operations: list[Operation] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)

    def block(self, actions: list[Action]) -> tuple[Operation, ...]:
        """Return the operations of a block."""
        self.add(actions)
        return tuple(self.operations)

    def add(self, actions: list[Action]) -> None:
        """Append the operations of some actions."""
        for action in actions:
            if isinstance(action, Ask):
                self.question(action)
            elif isinstance(action, If):
                self.branch(action)
            elif isinstance(action, OneOf):
                self.choose(action)
            else:
                self.operations.append(Do(action))

    def hole(self) -> int:
        """Leave a place for an operation whose target is not known yet."""
        self.operations.append(Jump(0))
        return len(self.operations) - 1

    def question(self, ask: Ask) -> None:
        """Ask; on an answer jump over what is done without one."""
        here, over = self.hole(), self.hole()
        self.operations[here] = Question(self.key(ask), ask, len(self.operations))
        if ask.otherwise:
            self.add(ask.otherwise)
        self.operations.append(GiveUp(silent=bool(ask.otherwise)))
        self.operations[over] = Jump(len(self.operations))

    def key(self, ask: Ask) -> str:
        """Name a question by its block and variable, and a number if that is not enough."""
        name = f"{self.name}/{ask.save}"
        self.keys[name] = count = self.keys.get(name, 0) + 1
        return name if count == 1 else f"{name}#{count}"

    def branch(self, action: If) -> None:
        """If, then, else."""
        here = self.hole()
        self.add(action.then)
        if action.else_ is None:
            self.operations[here] = Branch(action.if_, len(self.operations))
            return
        over = self.hole()
        self.operations[here] = Branch(action.if_, len(self.operations))
        self.add(action.else_)
        self.operations[over] = Jump(len(self.operations))

    def choose(self, action: OneOf) -> None:
        """Alternatives; each jumps to the common end."""
        here = self.hole()
        targets, ends = [], []
        for alternative in action.one_of:
            targets.append(len(self.operations))
            self.add(alternative)
            ends.append(self.hole())
        self.operations[here] = Choose(tuple(targets))
        for end in ends:
            self.operations[end] = Jump(len(self.operations))
