"""A visitor's message to the bot and back over a WebSocket."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.bench import setups
from tests.bench.crowd import Crowd, in_words
from tests.bench.figures import at_least, in_turn, ratios
from tests.bench.generator import Generator
from tests.bench.servers import Servers
from tests.bench.table import Bench, Line, Row, Target

WINDOW = 64
VISITORS = 512
"""So many that none comes near the widget's limit of 8 messages a second."""
ANSWER = "you said hop:"

TARGETS = {
    "lean": Target("the same, bot asked with the lean client", at_least(0.85, " ×")),
    "aiohttp": Target("the same, bot asked with aiohttp", at_least(0.85, " ×")),
}


def measure(bench: Bench) -> Iterator[Line]:
    """Compare the rates of closed loops."""
    visitors = WINDOW if bench.quick else VISITORS
    with Servers(bench.room("widget")) as servers:
        peer, crowd = Generator(servers), Crowd(servers)
        crowd.open("floor", servers.program("socket_floor", peer.url), visitors, "/bot")
        for client in TARGETS:
            gateway = servers.gateway(client, setups.widget(peer.url, client))
            crowd.open(client, gateway, visitors, "/site/socket", "/site/session")
        slices = {
            name: partial(crowd.talk, name, seconds=bench.seconds, window=WINDOW, expect=ANSWER)
            for name in ("floor", *TARGETS)
        }
        in_turn(slices, 1)  # warms up
        found = in_turn(slices, bench.rounds)
    floor = [each.per_second for each in found["floor"]]
    for client, target in TARGETS.items():
        words = f"{in_words('gateway', found[client])}; {in_words('bare socket', found['floor'])}"
        yield Line(target, ratios([each.per_second for each in found[client]], floor), words)


ROW = Row(
    "widget",
    f"Closed loop, {WINDOW} messages under way among {VISITORS} visitors of the real widget: from a frame to the bot's "
    "words in a frame; before them the visitor's own words and the acknowledgement come back as well. Floor: an "
    "aiohttp WebSocket without compression, one POST to the bot with aiohttp, one frame back.",
    tuple(TARGETS.values()),
    measure,
)
