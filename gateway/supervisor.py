"""One wrapper per plugin instance: its start policy, time limit, concurrency, health, and what its faults mean.

Plugins stay short because of it: they raise what they know, and everything else is sorted here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import aiohttp
import structlog

from gateway.capabilities import Capabilities
from gateway.contracts import Component, SupportsAvailability, SupportsTyping
from gateway.errors import AuthenticationFailed, Failure, GatewayError, Permanent, Temporary, UserMistake

log = structlog.get_logger()

ResultT = TypeVar("ResultT")

START_RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Pauses between the tries to start an instance whose policy is `retry`; the last one repeats."""


class State(StrEnum):
    """Where an instance is in its life."""

    STARTING = "starting"
    UP = "up"
    UNHEALTHY = "unhealthy"
    """Running, but its credentials are refused."""
    RETRYING = "retrying"
    DISABLED = "disabled"
    STOPPED = "stopped"


class OnStartFailure(StrEnum):
    """The operator's choice of what happens when an instance cannot start."""

    FAIL = "fail"
    RETRY = "retry"
    DISABLE = "disable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How an instance is run: the core's own keys of its config block."""

    on_start_failure: OnStartFailure = OnStartFailure.FAIL
    timeout_seconds: float = 30.0
    concurrency: int = 64


class Running:
    """A built instance and its life."""

    def __init__(
        self, *, name: str, kind: str, component: Component, terms: Terms, shows: Capabilities | None = None
    ) -> None:
        """`shows`: what the side behind it can show; bots and listeners show nothing."""
        self.name = name
        self.kind = kind
        self.component: Any = component
        """The plugin's object. What it supports is asked here once; `isinstance` of a Protocol is slow."""
        self.availability = component if isinstance(component, SupportsAvailability) else None
        self.typing = component if isinstance(component, SupportsTyping) else None
        self.shows = shows or Capabilities()
        self.state = State.STARTING
        self.reason = ""
        self._terms = terms
        self._slots = asyncio.Semaphore(terms.concurrency)
        self._retrying: asyncio.Task[None] | None = None

    @property
    def timeout_seconds(self) -> float:
        """How long a call may take."""
        return self._terms.timeout_seconds

    @property
    def ready(self) -> bool:
        """Whether it can be called."""
        return self.state in {State.UP, State.UNHEALTHY}

    @property
    def healthy(self) -> bool:
        """Whether it runs as it should; what the operator chose to do without is no fault."""
        return self.state in {State.UP, State.DISABLED}

    async def start(self) -> None:
        """Start it; by its policy a failure is raised, retried in the background, or disables it."""
        failure = await self._try_start()
        if failure is None:
            return
        match self._terms.on_start_failure:
            case OnStartFailure.FAIL:
                msg = f"{self.name!r} ({self.kind}) could not start: {failure}"
                raise UserMistake(msg) from None
            case OnStartFailure.RETRY:
                self.state = State.RETRYING
                self._retrying = asyncio.create_task(self._keep_trying())
            case OnStartFailure.DISABLE:
                self.state = State.DISABLED

    async def stop(self, *, within_seconds: float) -> None:
        """Stop it, whatever it has to say about that; one that will not end is left behind."""
        self.state = State.STOPPED
        if self._retrying:
            self._retrying.cancel()
        stopping = asyncio.create_task(self._stop_quietly())
        _, unfinished = await asyncio.wait({stopping}, timeout=within_seconds)
        for task in unfinished:
            task.cancel()
            log.error("instance.stop_failed", instance=self.name, reason=f"took longer than {within_seconds:.1f} s")

    async def _stop_quietly(self) -> None:
        if self._retrying:
            await asyncio.wait({self._retrying})  # not while it is being started
        try:
            await self.component.stop()
        except Exception:
            log.exception("instance.stop_failed", instance=self.name)

    async def call(self, what: str, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Make one call to the plugin within its limits. Raises a `Failure`, and nothing else."""
        if not self.ready:
            msg = f"{self.name} is {self.state}: {self.reason}"
            raise Temporary(msg)
        async with self._slots:
            result = await self._classified(what, call)
        if self.state is State.UNHEALTHY:
            self._became(State.UP, "")
        return result

    async def hint(self, what: str, call: Callable[[], Awaitable[object]]) -> None:
        """Make a call that may as well be lost. It takes no place among the calls that count."""
        if self.ready:
            with suppress(Failure):
                await self._classified(what, call)

    async def _classified(self, what: str, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        seconds = self._terms.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await call()
        except AuthenticationFailed as failure:
            self._became(State.UNHEALTHY, failure.reason)
            raise
        except Failure:
            raise
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            msg = f"plugin kind {self.kind!r} gave the call up"
            raise Temporary(msg) from None
        except TimeoutError:
            msg = f"no answer within {seconds:g} s"
            raise Temporary(msg) from None
        except (aiohttp.ClientError, OSError) as error:
            msg = f"cannot be reached: {type(error).__name__}"
            raise Temporary(msg) from error
        except Exception as error:
            log.exception("plugin.bug", instance=self.name, kind=self.kind, call=what)
            msg = f"a fault in plugin kind {self.kind!r}: {type(error).__name__}"
            raise Permanent(msg) from error

    async def _try_start(self) -> str | None:
        """Start it; return why not."""
        try:
            async with asyncio.timeout(self._terms.timeout_seconds):
                await self.component.start()
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            reason = "gave its start up"
        except TimeoutError:
            reason = f"did not start within {self._terms.timeout_seconds:g} s"
        except GatewayError as error:
            reason = str(error)
        except (aiohttp.ClientError, OSError) as error:
            reason = _without_address(error)
        except Exception as error:
            log.exception("plugin.bug", instance=self.name, kind=self.kind, call="start")
            reason = f"a fault in the plugin: {type(error).__name__}; the log has the details"
        else:
            self._became(State.UP, "")
            return None
        self.reason = reason
        return reason

    async def _keep_trying(self) -> None:
        attempt = 0
        while True:
            log.warning("instance.start_failed", instance=self.name, kind=self.kind, reason=self.reason)
            await asyncio.sleep(START_RETRY_SECONDS[min(attempt, len(START_RETRY_SECONDS) - 1)])
            attempt += 1
            if await self._try_start() is None:
                return

    def _became(self, state: State, reason: str) -> None:
        if (self.state, self.reason) != (state, reason):
            write = log.info if state is State.UP else log.error
            write("instance.state", instance=self.name, kind=self.kind, state=state.value, reason=reason)
        self.state, self.reason = state, reason


def _is_being_cancelled() -> bool:
    """Tell whether it is the gateway that cancels; else a plugin let slip that something of its own was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _without_address(error: Exception) -> str:
    """Say what went wrong on the way. Not aiohttp's words: they may name the address, and that may hold a token."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{type(error).__name__}: answered {error.status}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__
