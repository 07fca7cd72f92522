"""Counts what the model costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Counted

if TYPE_CHECKING:
    from gateway import Context
    from gateway_openai.options import OpenAIOptions, Prices
    from gateway_openai.wire import Answer, Usage

TOKENS = Counted(
    name="tokens", meaning="Tokens used, by model and direction: input, cached, output.", labels=("model", "direction")
)
COST = Counted(name="cost", meaning="What the tokens cost, by the prices in the options.", labels=("model",))
ANSWERS = Counted(name="answers", meaning="Answers of the model, by how they ended.", labels=("model", "finish"))
TOOL_CALLS = Counted(name="tool_calls", meaning="Tools the model asked for, by result.", labels=("tool", "result"))

MILLION = 1_000_000
FINISHES = frozenset({"stop", "tool_calls", "length", "content_filter"})


class Meter:
    """The counters of one instance."""

    def __init__(self, context: Context, options: OpenAIOptions) -> None:
        """`options` name the model and its prices."""
        self._context = context
        self._model = options.model
        self._prices = options.prices

    def answered(self, answer: Answer) -> None:
        """Count one answer. An endpoint that does not tell its tokens is not guessed at."""
        finish = answer.finish if answer.finish in FINISHES else "other"
        self._context.count(ANSWERS, 1, self._model, finish)
        if answer.usage is None:
            return
        for direction in ("input", "cached", "output"):
            self._context.count(TOKENS, getattr(answer.usage, direction), self._model, direction)
        if self._prices:
            self._context.count(COST, _cost(answer.usage, self._prices), self._model)

    def tool(self, name: str, result: str) -> None:
        """Count a tool call: `ok`, `failed`, or `mistake` of the model."""
        self._context.count(TOOL_CALLS, 1, name, result)


def _cost(usage: Usage, prices: Prices) -> float:
    cached = prices.input if prices.cached is None else prices.cached
    return (usage.input * prices.input + usage.cached * cached + usage.output * prices.output) / MILLION
