"""What is done to a gateway from outside: Python imports this module at its start, for it lies on PYTHONPATH.

The product has no seam for tests; names are wrapped where they are. One that is gone ends the process at once, so that
no run passes because nothing was done.

FAULT_POINT=name:n           the process is killed (-9) when it passes a place (see `fault_points`) for the n-th time
FAULT_SYNCHRONOUS=NORMAL     the mutation a power cut must find
FAULT_CHECKPOINT=60          checkpoints come sooner, so that a short run has some
FAULT_HURRY=10               pauses between tries are so many times shorter
FAULT_MUTANT=name            one of `mutants` is put in
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import signal
import sys
import traceback
from pathlib import Path

from fault_points import POINTS  # type: ignore[import-not-found] # it is beside this file, on PYTHONPATH
from mutants import MUTANTS  # type: ignore[import-not-found] # as above


def _owner(module: str, path: str) -> tuple[object, str]:
    owner: object = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    return owner, name


def _fatal(point: str) -> None:
    name, _, count = point.partition(":")
    module, path, side = POINTS[name]
    owner, attribute = _owner(module, path)
    left = int(count)

    def passed(when: str) -> None:
        nonlocal left
        if when == side:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, attribute, _wrapped(getattr(owner, attribute), passed))


def _wrapped(function, passed):
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def slowly(*args: object, **kwargs: object) -> object:
            passed("before")
            found = await function(*args, **kwargs)
            passed("after")
            return found

        return slowly

    @functools.wraps(function)
    def at_once(*args: object, **kwargs: object) -> object:
        passed("before")
        found = function(*args, **kwargs)
        passed("after")
        return found

    return at_once


def _pragma(before: str, after: str) -> None:
    database = importlib.import_module("gateway.store.database")
    if before not in database._PRAGMAS:
        raise LookupError(f"{before!r} is not in the pragmas any more")
    database._PRAGMAS = database._PRAGMAS.replace(before, after)  # type: ignore[attr-defined]


def _hurry(times: float) -> None:
    dispatch = importlib.import_module("gateway.dispatch")
    dispatch.RETRY_SECONDS = tuple(min(each, 5.0) / times for each in dispatch.RETRY_SECONDS)  # type: ignore[attr-defined]


def _do_as_told() -> None:
    asked = os.environ
    sys.path.insert(0, str(Path.cwd()))  # `python -m` does so too, but later: the same gateway is meant
    if point := asked.get("FAULT_POINT"):
        _fatal(point)
    if synchronous := asked.get("FAULT_SYNCHRONOUS"):
        _pragma("synchronous = FULL", f"synchronous = {synchronous}")
    if pages := asked.get("FAULT_CHECKPOINT"):
        _pragma("wal_autocheckpoint = 4000", f"wal_autocheckpoint = {pages}")
    if times := asked.get("FAULT_HURRY"):
        _hurry(float(times))
    if mutant := asked.get("FAULT_MUTANT"):
        MUTANTS[mutant][0]()


try:
    _do_as_told()
except BaseException:  # noqa: BLE001 - Python would go on without it
    traceback.print_exc()
    sys.stderr.flush()
    os._exit(97)
