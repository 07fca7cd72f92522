"""Places in the gateway where it can be killed."""

from __future__ import annotations

POINTS = {
    "batch.before": ("gateway.store.batch", "_transact", "before"),
    "commit.before": ("gateway.store.batch", "Batch.flush", "after"),
    "commit.after": ("gateway.store.batch", "_transact", "after"),
    "settle.before": ("gateway.engine", "Engine._settle", "before"),
    "settle.after": ("gateway.engine", "Engine._settle", "after"),
    "call.before": ("gateway.remote", "Remote._call", "before"),
    "call.after": ("gateway.remote", "Remote._call", "after"),
    "outcome.before": ("gateway.engine", "Engine.outcome", "before"),
    "handoff.opening": ("gateway.carry", "Carrier._open", "before"),
    "handoff.opened": ("gateway.carry", "Carrier._open", "after"),
    "handoff.event": ("gateway.engine", "Engine._from_session", "before"),
    "handoff.happened": ("gateway.engine", "Engine._from_session", "after"),
    "handoff.closing": ("gateway.carry", "Carrier._close", "before"),
    "handoff.closed": ("gateway.carry", "Carrier._close", "after"),
    "timer": ("gateway.engine", "Engine.fired", "before"),
    "start.store": ("gateway.store.sqlite", "SqliteStore.open", "after"),
    "start.lanes": ("gateway.dispatch", "Dispatcher.start", "before"),
    "start.done": ("gateway.dispatch", "Dispatcher.start", "after"),
    "stop.asked": ("gateway.runtime", "Gateway.stop", "before"),
    "stop.lanes": ("gateway.dispatch", "Dispatcher.stop", "after"),
    "stop.store": ("gateway.store.writer", "Writer._finish", "before"),
    "stop.done": ("gateway.store.writer", "Writer._finish", "after"),
}
"""Name -> module, function, and on which side of it."""
