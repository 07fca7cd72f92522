"""Who is turned away for too many mistakes, and who never is."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gateway.callers import MOST_SOURCES, Callers
from gateway.errors import TooMany

PROXY = ip_network("10.0.0.0/8")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def mistaken(callers, remote, times=1, **headers):
    for _ in range(times):
        callers.mistaken(remote, headers)


def is_heard(callers, remote, **headers):
    try:
        callers.expect_patience(remote, headers)
    except TooMany:
        return False
    return True


def forwarded(*hops):
    return {"X-Forwarded-For": ", ".join(hops)}


def test_too_many_mistakes_are_answered_with_the_time_to_wait():
    clock = Clock()
    callers = Callers(mistakes_per_minute=6, now=clock)
    mistaken(callers, "8.8.8.5", 6)

    with pytest.raises(TooMany) as told:
        callers.expect_patience("8.8.8.5", {})
    assert told.value.retry_after_seconds == 10
    assert is_heard(callers, "8.8.8.6")
    clock.now = 10
    assert is_heard(callers, "8.8.8.5")


def test_nobody_is_turned_away_for_what_a_neighbour_in_a_private_network_did():
    callers = Callers(mistakes_per_minute=1)
    for remote in ("127.0.0.1", "10.1.2.3", "192.168.0.9", "::1", "fd00::1", "unix:", None):
        mistaken(callers, remote, 9)
        assert is_heard(callers, remote)


def test_behind_a_proxy_that_is_named_the_caller_counts():
    callers = Callers(mistakes_per_minute=1, proxies=[PROXY])
    mistaken(callers, "10.0.0.1", 2, **forwarded("1.1.1.1", "8.8.8.8", "10.0.0.2"))

    assert not is_heard(callers, "10.0.0.1", **forwarded("8.8.8.8"))
    assert is_heard(callers, "10.0.0.1", **forwarded("1.1.1.1")), "what a caller writes itself is not believed"
    assert is_heard(callers, "10.0.0.1", **forwarded("8.8.8.8, 9.9.9.9"))


def test_without_a_named_proxy_the_header_says_nothing():
    callers = Callers(mistakes_per_minute=1)
    mistaken(callers, "8.8.8.8", 2, **forwarded("9.9.9.9"))

    assert is_heard(callers, "9.9.9.9")
    assert not is_heard(callers, "8.8.8.8", **forwarded("7.7.7.7"))


@pytest.mark.parametrize("written", ["8.8.8.8:5000", "::ffff:8.8.8.8", '"8.8.8.8"', "[::ffff:8.8.8.8]:443"])
def test_an_address_may_be_written_in_many_ways(written):
    callers = Callers(mistakes_per_minute=1, proxies=[PROXY])
    mistaken(callers, "10.0.0.1", 2, **forwarded(written))

    assert not is_heard(callers, "8.8.8.8")


@pytest.mark.parametrize("written", ["", "unknown", "_hidden", "8.8.8", "\udcff", "%", ","])
def test_what_is_no_address_is_nobody(written):
    callers = Callers(mistakes_per_minute=1, proxies=[PROXY])
    mistaken(callers, "10.0.0.1", 9, **forwarded(written))

    assert is_heard(callers, "10.0.0.1", **forwarded(written))


def test_a_network_of_ipv6_is_one_caller():
    callers = Callers(mistakes_per_minute=1)
    mistaken(callers, "2a00:1450:4001:80b::200e", 2)

    assert not is_heard(callers, "2a00:1450:4001:80b::1")
    assert is_heard(callers, "2a00:1450:4001:80c::1")


def test_what_is_remembered_is_bounded():
    callers = Callers(mistakes_per_minute=1)
    for number in range(MOST_SOURCES + 100):
        mistaken(callers, f"8.{number // 65536}.{number // 256 % 256}.{number % 256}")

    assert len(callers._left) == MOST_SOURCES


def test_zero_means_no_limit():
    callers = Callers(mistakes_per_minute=0)
    mistaken(callers, "8.8.8.8", 9)

    assert is_heard(callers, "8.8.8.8")
