"""What the model may do besides speaking: call a human, end the conversation, note facts, use the operator's tools."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from jsonschema import Draft202012Validator

from gateway import Failure, Remote, Transfer, read_json
from gateway_openai import wire

if TYPE_CHECKING:
    from gateway import Context
    from gateway_openai.options import HttpTool, OpenAIOptions
    from gateway_openai.usage import Meter
    from gateway_openai.wire import ToolCall

FACT_LENGTH = 500
SUMMARY_LENGTH = 4_000
REASON_LENGTH = 500
DONE = "done"

Arguments: TypeAlias = Mapping[str, Any]


class Mistake(Exception):
    """The model asked for something that is not there, or in a way that makes no sense; the text is for the model."""


@dataclass(kw_only=True, slots=True)
class Deeds:
    """What the model did in a turn. It takes effect with the turn's answer, or not at all."""

    transfer: Transfer | None = None
    close: bool = False
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether the turn ends with it: the model need not be asked again."""
        return self.transfer is not None or self.close


Run: TypeAlias = Callable[[Arguments, Deeds, str], Awaitable[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """One tool: how the model is told of it, and what it does with checked arguments, the deeds and a key."""

    name: str
    description: str
    parameters: Arguments
    run: Run


class Toolbox:
    """The tools of one instance."""

    def __init__(self, context: Context, options: OpenAIOptions, meter: Meter) -> None:
        """Does no I/O."""
        self._log = context.log
        self._meter = meter
        built_in = [
            *([_transfer(options.destinations)] if options.transfer else []),
            *([CLOSE] if options.close else []),
            *([_remember(options.remember)] if options.remember else []),
        ]
        tools = [*built_in, *(_http(context, tool) for tool in options.tools)]
        self._tools = {tool.name: tool for tool in tools}
        self._checks = {tool.name: Draft202012Validator(tool.parameters) for tool in tools}

    @property
    def declared(self) -> list[dict[str, Any]]:
        """The tools as a request declares them."""
        return [wire.tool(tool.name, tool.description, tool.parameters) for tool in self._tools.values()]

    async def use(self, call: ToolCall, deeds: Deeds, turn_id: str) -> str:
        """Do what the model asks for; return what it is told. Raises `Mistake`.

        What fails outside is told to the model, which can say so to the client; it is not a fault of the turn.
        """
        tool = self._tools.get(call.name)
        if tool is None:
            self._meter.tool("other", "mistake")
            raise Mistake(f"there is no such tool; there are: {', '.join(self._tools) or 'none'}")
        arguments = self._arguments(tool, call)
        try:
            answer = await tool.run(arguments, deeds, _key(turn_id, call.name, arguments))
        except Failure as failure:
            self._log.warning("openai.tool_failed", tool=tool.name, reason=failure.reason)
            self._meter.tool(tool.name, "failed")
            return json.dumps({"error": failure.reason})
        self._meter.tool(tool.name, "ok")
        return answer

    def _arguments(self, tool: Tool, call: ToolCall) -> Arguments:
        try:
            arguments = read_json(call.arguments or "{}")
        except ValueError:
            arguments = None
        trouble = next(self._checks[tool.name].iter_errors(arguments), None)
        if trouble is None and isinstance(arguments, dict):
            return arguments
        self._meter.tool(tool.name, "mistake")
        place = "$" + "".join(f"[{step!r}]" for step in trouble.absolute_path) if trouble else "$"
        raise Mistake(f"the arguments are not as declared: {place}: {trouble.message if trouble else 'no object'}")


def _key(turn_id: str, name: str, arguments: Arguments) -> str:
    """Return the same key for the same call of a turn: a turn that is asked again does nothing twice."""
    call = json.dumps([turn_id, name, arguments], sort_keys=True)
    return hashlib.sha256(call.encode()).hexdigest()[:32]


# --- the bot's own ---------------------------------------------------------------------------------------------------


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _string(description: str, length: int) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": length}


def _transfer(destinations: Mapping[str, str]) -> Tool:
    properties = {
        "reason": _string("Why a human is needed, in a few words.", REASON_LENGTH),
        "summary": _string("What the client wants and what happened so far, for the human.", SUMMARY_LENGTH),
    }
    if destinations:
        groups = "; ".join(f"{name}: {meaning}" for name, meaning in destinations.items())
        description = f"Who should take it. {groups}"
        properties["destination"] = {"type": "string", "enum": list(destinations), "description": description}
    return Tool(
        name="transfer_to_agent",
        description="Hand the conversation over to a human agent, who then talks to the client instead of you. Use it "
        "when the client asks for a human or you cannot help.",
        parameters=_object(properties, "reason", "summary"),
        run=_run_transfer,
    )


async def _run_transfer(arguments: Arguments, deeds: Deeds, _: str) -> str:
    deeds.transfer = Transfer(
        destination=arguments.get("destination", ""), reason=arguments["reason"], summary=arguments["summary"]
    )
    return DONE


async def _run_close(_: Arguments, deeds: Deeds, __: str) -> str:
    deeds.close = True
    return DONE


CLOSE = Tool(
    name="close_conversation",
    description="End the conversation. Use it only when the client has said good-bye; say yours in the same message.",
    parameters=_object({}),
    run=_run_close,
)


def _remember(facts: Mapping[str, str]) -> Tool:
    async def run(arguments: Arguments, deeds: Deeds, _: str) -> str:
        deeds.attributes.update(arguments)
        return DONE

    return Tool(
        name="remember",
        description="Note facts about the client, exactly as the client told them.",
        parameters={
            **_object({name: _string(meaning, FACT_LENGTH) for name, meaning in facts.items()}),
            "minProperties": 1,
        },
        run=run,
    )


# --- the operator's --------------------------------------------------------------------------------------------------


def _http(context: Context, options: HttpTool) -> Tool:
    headers = {name: value.get_secret_value() for name, value in options.headers.items()}
    who = f"the tool {options.name}"
    remote = Remote(
        context, who=who, cure=f"correct `headers` of {who}", headers=headers, timeout_seconds=options.seconds
    )

    async def run(arguments: Arguments, _: Deeds, key: str) -> str:
        if options.method == "GET":
            answer = await remote.get(options.url, params={name: _plain(value) for name, value in arguments.items()})
        else:
            answer = await remote.post(options.url, arguments, key=key)
        return answer.body.decode(errors="replace")[: options.characters] or DONE

    return Tool(name=options.name, description=options.description, parameters=options.parameters, run=run)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
