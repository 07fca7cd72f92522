"""What the gateway finds here: one kind of bot engine, `openai`."""

from __future__ import annotations

from gateway import BotEngineKind, hookimpl
from gateway_openai.engine import OpenAIBot
from gateway_openai.options import OpenAIOptions
from gateway_openai.prompt import check

SAMPLE = """\
type: openai
key: { $env: OPENAI_API_KEY }
model: gpt-4o-mini
prompt: You answer for a shop that sells pottery. If you cannot help, call a human.
# url: http://127.0.0.1:11434/v1 # any server of the same kind, such as Ollama or vLLM; a local one needs no key
"""

KIND = BotEngineKind(
    name="openai",
    summary="A language model behind any OpenAI-compatible endpoint: streaming, tools, handoff to people.",
    options=OpenAIOptions,
    sample=SAMPLE,
    build=OpenAIBot,
    check=check,
)


@hookimpl
def register_bot_engines() -> list[BotEngineKind[OpenAIOptions]]:
    """Offer the bot engine."""
    return [KIND]
