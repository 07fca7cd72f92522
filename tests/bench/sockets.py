"""What an idle widget costs, and how fast the socket layer below it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

from tests.bench import setups
from tests.bench.crowd import Crowd, in_words
from tests.bench.figures import Estimate, at_least, at_most, estimate, in_turn
from tests.bench.generator import Generator
from tests.bench.servers import Server, Servers
from tests.bench.table import Bench, CannotRun, Line, Row, Target

GOAL = 10_000
STEPS = 5
"""Memory is measured after each so many sockets, for an interval."""
WARM = 200
"""Sockets before the first measurement: pools and caches are filled by them."""
SPARE_FILES = 500
NOBODY = "http://127.0.0.1:9"
"""The bot of a server that asks none."""
ECHO_SOCKETS = 100
ECHO_BYTES = 200

IDLE = Target("10,000 idle widgets on one process: kB each", at_most(16, " kB"), digits=1)
ECHO = Target("echoes of the bare socket layer per second and core", at_least(35_000), digits=0)


def measure(bench: Bench) -> Iterator[Line]:
    """Open many and look at the memory; then let a hundred talk."""
    count = min(bench.sockets, _most_sockets())
    if count < STEPS:
        raise CannotRun(f"a process may open {count + WARM + SPARE_FILES} files only (ulimit -n)")
    with Servers(bench.room("sockets")) as servers:
        peer, crowd = Generator(servers), Crowd(servers)
        gateway = servers.gateway("gateway", setups.widget(peer.url))
        ours = _kilobytes(crowd, gateway, count, "/site/socket", "/site/session")
        total = gateway.rss_kb() / 1024
    with Servers(bench.room("bare-sockets")) as servers:
        floor = _kilobytes(Crowd(servers), servers.program("socket_floor", NOBODY), count, "/echo")
    words = f"{count:,} sockets, {total:,.0f} MB in all; a bare aiohttp socket {floor.middle:.1f} kB"
    yield Line(IDLE, ours, words, count < GOAL)
    yield _echoes(bench)


def _kilobytes(crowd: Crowd, server: Server, count: int, path: str, sessions: str = "") -> Estimate:
    """Return what a socket adds to the process: over all of them, and the spread of the steps."""

    def more(sockets: int) -> int:
        crowd.open("idle", server, sockets, path, sessions)
        return server.rss_kb()

    step = count // STEPS
    sizes = [more(WARM), *(more(step) for _ in range(STEPS))]
    spread = estimate([(after - before) / step for before, after in itertools.pairwise(sizes)])
    return Estimate((sizes[-1] - sizes[0]) / (step * STEPS), spread.low, spread.high)


def _echoes(bench: Bench) -> Line:
    with Servers(bench.room("echoes")) as servers:
        crowd = Crowd(servers)
        crowd.open("echo", servers.program("socket_floor", NOBODY), ECHO_SOCKETS, "/echo")
        talk = partial(
            crowd.talk, "echo", seconds=bench.seconds, window=ECHO_SOCKETS, bytes=ECHO_BYTES, expect='"text":"hop:'
        )
        talk()  # warms up
        found = in_turn({"echo": talk}, bench.rounds)["echo"]
    return Line(ECHO, estimate([1e6 / each.cpu_us for each in found]), in_words("observed", found))


def _most_sockets() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_FILES - WARM


ROW = Row(
    "sockets",
    "Idle: visitors of the real widget that have said hello, each with a token of its own; growth of the process's "
    f"resident memory after the first {WARM}. Echo: bare aiohttp WebSockets (its own heartbeat, no "
    f"compression), {ECHO_SOCKETS} sockets with one frame of {ECHO_BYTES} bytes under way each; frames per second of "
    "the server's CPU time, so that a slow generator does not count.",
    (IDLE, ECHO),
    measure,
)
