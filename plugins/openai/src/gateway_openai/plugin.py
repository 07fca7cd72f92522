"""What the gateway finds here: one kind of bot engine, `openai`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotEngineKind, hookimpl, lazily
from gateway_openai.options import OpenAIOptions
from gateway_openai.prompt import check

if TYPE_CHECKING:
    from gateway_openai.engine import OpenAIBot

SAMPLE = """\
type: openai
key: { $env: OPENAI_API_KEY }
model: gpt-4o-mini
prompt: You answer for a shop that sells pottery. If you cannot help, call a human.
# url: http://127.0.0.1:11434/v1 # any server of the same kind, such as Ollama or vLLM; a local one needs no key
"""


@lazily
def _engine() -> type[OpenAIBot]:
    from gateway_openai.engine import OpenAIBot

    return OpenAIBot


KIND = BotEngineKind(
    name="openai",
    summary="A language model behind any OpenAI-compatible endpoint: streaming, tools, handoff to people.",
    options=OpenAIOptions,
    sample=SAMPLE,
    build=_engine,
    check=check,
)


@hookimpl
def register_bot_engines() -> list[BotEngineKind[OpenAIOptions]]:
    """Offer the bot engine."""
    return [KIND]
