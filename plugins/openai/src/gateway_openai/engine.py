"""The bot engine of one instance. Nothing is remembered here: what the model knows of a dialog is read from its log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import BotReply, Left, Said, Started, text_message
from gateway_openai import prompt
from gateway_openai.endpoint import Endpoint
from gateway_openai.history import Reader
from gateway_openai.talk import Means, Talk
from gateway_openai.tools import Toolbox
from gateway_openai.usage import Meter

if TYPE_CHECKING:
    from gateway import Context, Turn
    from gateway_openai.options import OpenAIOptions


class OpenAIBot:
    """A language model that answers. A turn that is asked again asks the model again."""

    def __init__(self, context: Context, options: OpenAIOptions) -> None:
        """Does no I/O."""
        meter = Meter(context, options)
        self._options = options
        self._context = context
        self._means = Means(
            context=context,
            options=options,
            endpoint=Endpoint(context, options),
            reader=Reader(context, options),
            toolbox=Toolbox(context, options, meter),
            meter=meter,
        )
        self._prompt = ""

    async def start(self) -> None:
        """Read the prompt. Raises `UserMistake`. The endpoint is not called before a client writes."""
        self._prompt = prompt.load(self._context.config_dir, self._options)

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def reply(self, turn: Turn) -> BotReply:
        """Answer a turn. Raises a `Failure`, and then nothing of the answer is said."""
        match turn.cause.body:
            case Started():
                greeting = self._options.greeting
                markup = self._means.markup
                return BotReply(messages=(text_message(greeting, markup=markup),) if greeting else ())
            case Said() | Left():
                lines = await self._means.reader.lines(turn)
                return await Talk(self._means, self._prompt, turn, lines).answer()
            case _:
                return BotReply()
