"""One wrapper per plugin instance: its start policy, time limit, concurrency, health, and what its faults mean.

Plugins stay short because of it: they raise what they know, and everything else is sorted here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import aiohttp
import structlog

from gateway.capabilities import Capabilities
from gateway.contracts import Component, SupportsAvailability, SupportsEdits, SupportsTyping, SupportsWebhook
from gateway.errors import AuthenticationFailed, Failure, GatewayError, Permanent, Temporary, UserMistake
from gateway.transport import trouble

log = structlog.get_logger()

ResultT = TypeVar("ResultT")

LONGEST_PAUSE_SECONDS = 60.0
"""How long a pause for everyone lasts at most; then one call finds out whether it has to go on."""

WAY_OUT = "\n  start that first and see whether its address is right, or go on without it by on_start_failure: retry"

START_RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Pauses between the tries to start an instance whose policy is `retry`; the last one repeats."""


class State(StrEnum):
    """Where an instance is in its life."""

    STARTING = "starting"
    UP = "up"
    UNHEALTHY = "unhealthy"
    """Running, but its credentials are refused, or it says itself that it hears nothing."""
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


class Held(Temporary):
    """The instance was not called: the other side has asked that nobody calls it for a while."""


class Running:
    """A built instance and its life."""

    def __init__(
        self,
        *,
        name: str,
        kind: str,
        component: Component,
        terms: Terms,
        shows: Capabilities | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`shows`: what the side behind it can show; bots and listeners show nothing."""
        self.name = name
        self.kind = kind
        self.component: Any = component
        """The plugin's object. What it supports is asked here once; `isinstance` of a Protocol is slow."""
        self.availability = component if isinstance(component, SupportsAvailability) else None
        self.edits = component if isinstance(component, SupportsEdits) else None
        self.typing = component if isinstance(component, SupportsTyping) else None
        self.webhook = component if isinstance(component, SupportsWebhook) else None
        self.shows = shows or Capabilities()
        self.state = State.STARTING
        self.reason = ""
        self._terms = terms
        self._now = now
        self._refused = ""
        """Why its credentials are refused; empty: they are not."""
        self._reported = ""
        """What it says itself is wrong; empty: nothing."""
        self._paused: tuple[float, str] = (0.0, "")
        """Until when (unix seconds) it is not to be called, and why."""
        self._may_pass = False
        """Whether what kept it from starting may be over by itself."""
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
                msg = f"{self.name!r} ({self.kind}) could not start: {failure}{WAY_OUT if self._may_pass else ''}"
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
            self._check_pause()
            result = await self._classified(what, call)
        if self._refused:
            self._refused = ""
            self._judge()
        return result

    async def hint(self, what: str, call: Callable[[], Awaitable[object]]) -> None:
        """Make a call that may as well be lost. It takes no place among the calls that count."""
        if self.ready:
            with suppress(Failure):
                self._check_pause()
                await self._classified(what, call)

    # --- health --------------------------------------------------------------------------------------------------

    def report(self, reason: str) -> None:
        """Take the instance's own word for what is wrong with it; empty: nothing any more."""
        self._reported = reason
        if self.ready:
            self._judge()

    def _judge(self) -> None:
        """Say how it is. A call that ends after the stop makes nothing alive again."""
        if self.state is State.STOPPED:
            return
        reason = self._refused or self._reported
        self._became(State.UNHEALTHY if reason else State.UP, reason)

    def _check_pause(self) -> None:
        """Raise `Held` while nobody may call. Looked at when everything else the call waited for is behind it."""
        until, reason = self._paused
        left = until - self._now()
        if left > 0:
            raise Held(reason, retry_after_seconds=left)

    def _pause(self, failure: Temporary) -> None:
        seconds = min(failure.retry_after_seconds or 0.0, LONGEST_PAUSE_SECONDS)
        until = self._now() + seconds
        if seconds > 0 and until > self._paused[0]:
            self._paused = (until, failure.reason)
            log.warning("instance.paused", instance=self.name, seconds=round(seconds, 1), reason=failure.reason)

    async def _classified(self, what: str, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        seconds = self._terms.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                return await call()
        except AuthenticationFailed as failure:
            self._refused = failure.reason
            self._judge()
            raise
        except Temporary as failure:
            if failure.everyone:
                self._pause(failure)
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
            msg = f"cannot be reached: {trouble(error)}"
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
            self._may_pass, reason = True, f"did not start within {self._terms.timeout_seconds:g} s"
        except GatewayError as error:
            self._may_pass, reason = isinstance(error, Temporary), str(error)
        except (aiohttp.ClientError, OSError) as error:
            self._may_pass, reason = True, _without_address(error)
        except Exception as error:
            log.exception("plugin.bug", instance=self.name, kind=self.kind, call="start")
            reason = f"a fault in the plugin: {type(error).__name__}; the log has the details"
        else:
            self._refused = ""
            self._judge()
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
    if isinstance(error, OSError) and error.strerror and not isinstance(error, aiohttp.ClientConnectorError):
        return f"{type(error).__name__}: {error.strerror}"
    return trouble(error)
