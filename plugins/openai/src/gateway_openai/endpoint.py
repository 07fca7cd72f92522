"""Asking the endpoint: one request, its answer as a stream or as a whole, and what its failures mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from gateway import Permanent, Rejected, Remote, Temporary, read_json
from gateway_openai.options import COMPLETIONS
from gateway_openai.sse import data_of
from gateway_openai.wire import Answer, Assembly, Broken, Error, NotUnderstood, error_of

if TYPE_CHECKING:
    from gateway import Context, Failure, RemoteStream
    from gateway_openai.options import OpenAIOptions

WHO = "the model's endpoint"
CURE = "correct the options `key` and `url`"
ANSWER_BYTES = 16 * 1024 * 1024
"""A stream wraps every few letters into some 200 bytes."""
DONE = "[DONE]"
STREAM_OPTIONS = "stream_options"
UNKNOWN = {404: "it does not know the address or the model; correct the options `url` and `model`"}
UNREADABLE = f"the answer of {WHO} cannot be read; if every one is like that, correct the option `url`"

OnText = Callable[[str], None]


class TooLong(Permanent):
    """The request does not fit the model; a shorter one may."""


class Endpoint:
    """The endpoint of one instance."""

    def __init__(self, context: Context, options: OpenAIOptions) -> None:
        """Does no I/O."""
        self._url = f"{options.url}{COMPLETIONS}"
        self._stream = options.stream
        self._wants_usage = True
        """ASSUMED: a server that does not know `stream_options` refuses them by name; then usage is not asked for."""
        headers = {name: value.get_secret_value() for name, value in options.headers.items()}
        if options.key is not None:
            headers["Authorization"] = f"Bearer {options.key.get_secret_value()}"
        self._remote = Remote(
            context,
            who=WHO,
            cure=CURE,
            headers=headers,
            timeout_seconds=options.request_seconds,
            answer_bytes=ANSWER_BYTES,
        )

    async def ask(self, body: Mapping[str, Any], on_text: OnText) -> Answer:
        """Make one request; `on_text` is told all the text so far whenever there is more.

        Raises `TooLong`; `Temporary` for whatever was cut off or cannot be read; `Permanent` for what the endpoint
        refuses; `AuthenticationFailed`.
        """
        try:
            assembly = await self._assembled_somehow(body, on_text)
        except Rejected as rejected:
            raise meaning(rejected) from None
        except Broken as broken:
            raise broken_off(broken.error) from None
        except (NotUnderstood, ValueError):
            raise Temporary(UNREADABLE) from None
        if not assembly.finish:
            raise Temporary(f"{WHO} broke off in the middle of its answer")
        return assembly.answer()

    async def _assembled_somehow(self, body: Mapping[str, Any], on_text: OnText) -> Assembly:
        try:
            return await self._assembled(body, on_text)
        except Rejected as rejected:
            if not self._wants_usage or STREAM_OPTIONS.encode() not in rejected.body:
                raise
            self._wants_usage = False
            return await self._assembled(body, on_text)

    async def _assembled(self, body: Mapping[str, Any], on_text: OnText) -> Assembly:
        assembly = Assembly()
        if not self._stream:
            assembly.take(read_json((await self._remote.post(self._url, body)).body))
            assembly.end()
            return assembly
        usage = {STREAM_OPTIONS: {"include_usage": True}} if self._wants_usage else {}
        wanted = {**body, "stream": True, **usage}
        async with self._remote.streamed(self._url, wanted) as stream:
            async for data in _pieces(stream):
                if data.strip() == DONE:
                    assembly.end()
                    break
                before = assembly.text
                assembly.take(read_json(data))
                if assembly.text != before:
                    on_text(assembly.text)
        return assembly


async def _pieces(stream: RemoteStream) -> AsyncIterator[str]:
    """Yield the chunks of an answer; one that came whole, for servers that do not stream, is the only one."""
    if "event-stream" in stream.headers.get("Content-Type", ""):
        async for data in data_of(stream.chunks):
            yield data
    else:
        yield b"".join([chunk async for chunk in stream.chunks]).decode()
        yield DONE


def meaning(rejected: Rejected) -> Failure:
    """Return what a refusal means, by what the endpoint says of it."""
    error = error_of(rejected.body)
    if error.is_filtered:
        return Permanent(f"a content filter of {WHO} held the question back")
    if error.is_too_long:
        return TooLong(f"the conversation is too long for the model, also when shortened ({rejected.reason})")
    told = filter(None, [rejected.reason, str(error), UNKNOWN.get(rejected.status)])
    return Permanent(": ".join(told))


def broken_off(error: Error) -> Failure:
    """Return what an error in the middle of an answer means."""
    if error.is_filtered:
        return Permanent(f"a content filter of {WHO} held the answer back")
    if error.is_too_long:
        return TooLong("the conversation is too long for the model, also when shortened")
    told = str(error)
    return Temporary(f"{WHO} broke off in the middle of its answer{': ' if told else ''}{told}")
