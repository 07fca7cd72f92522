"""All rows, in the order of the table."""

from __future__ import annotations

from tests.bench import big_store, features, hop, latency, long_log, overload, peers, sockets, starting, widget
from tests.bench.table import Row

ROWS: tuple[Row, ...] = (
    hop.ROW,
    latency.ROW,
    overload.ROW,
    peers.ROW,
    features.ROW,
    widget.ROW,
    sockets.ROW,
    big_store.ROW,
    long_log.ROW,
    starting.ROW,
    starting.RECOVERY,
)


def chosen(names: str) -> list[Row]:
    """Return the rows of these names, separated by commas; all for none. Raises `ValueError` for an unknown name."""
    known = {row.name: row for row in ROWS}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in asked if name not in known]:
        raise ValueError(f"there is no row {', '.join(unknown)}; there are {', '.join(known)}")
    return [row for row in ROWS if not asked or row.name in asked]
