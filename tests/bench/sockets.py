"""What an idle widget costs, and how fast the socket layer below it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.bench import setups
from tests.bench.crowd import Crowd, in_words
from tests.bench.figures import Estimate, at_least, at_most, estimate, in_turn
from tests.bench.generator import Generator
from tests.bench.servers import Server, Servers
from tests.bench.table import Bench, CannotRun, Line, Row, Target

STEPS = 5
"""Memory is measured after each so many sockets, for an interval."""
WARM = 200
"""Sockets before the first measurement: pools and caches are filled by them."""
SPARE_FILES = 500
ECHO_SOCKETS = 100
ECHO_BYTES = 200

IDLE = Target("idle widgets on one process: kB each", at_most(16, " kB"), digits=1)
ECHO = Target("echoes of the bare socket layer per second and core", at_least(35_000), digits=0)


def measure(bench: Bench) -> Iterator[Line]:
    """Open many and look at the memory; then let a hundred talk."""
    with Servers(bench.room("sockets")) as servers:
        peer, crowd = Generator(servers), Crowd(servers)
        yield _idle(bench, crowd, servers.gateway("gateway", setups.widget(peer.url)))
    with Servers(bench.room("echoes")) as servers:
        crowd = Crowd(servers)
        crowd.open("echo", servers.program("socket_floor", "http://127.0.0.1:9"), ECHO_SOCKETS, "/echo")
        talk = partial(
            crowd.talk, "echo", seconds=bench.seconds, window=ECHO_SOCKETS, bytes=ECHO_BYTES, expect='"text":"hop:'
        )
        talk()  # warms up
        found = in_turn({"echo": talk}, bench.rounds)["echo"]
        yield Line(ECHO, estimate([1e6 / each.cpu_us for each in found]), in_words("observed", found))


def _idle(bench: Bench, crowd: Crowd, gateway: Server) -> Line:
    count = min(bench.sockets, _most_sockets())
    if count < STEPS:
        raise CannotRun(f"a process may open {count + SPARE_FILES} files only (ulimit -n)")

    def more(sockets: int) -> int:
        crowd.open("idle", gateway, sockets, "/site/socket", "/site/session")
        return gateway.rss_kb()

    begun = last = more(WARM)
    each = []
    for _ in range(STEPS):
        now = more(count // STEPS)
        each.append((now - last) / (count // STEPS))
        last = now
    spread = estimate(each)
    found = Estimate((last - begun) / (count // STEPS * STEPS), spread.low, spread.high)
    return Line(IDLE, found, f"{count:,} sockets that have said hello; {last / 1024:,.0f} MB in all")


def _most_sockets() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_FILES - WARM


ROW = Row(
    "sockets",
    "Idle: visitors of the real widget that have said hello, each with a token of its own; growth of the process's "
    f"resident memory after the first {WARM}. Echo: aiohttp WebSockets as the widget sets them up (heartbeat, no "
    f"compression), {ECHO_SOCKETS} sockets with one frame of {ECHO_BYTES} bytes under way each; frames per second of "
    "the server's CPU time, so that a slow generator does not count.",
    (IDLE, ECHO),
    measure,
)
