"""The test kit, for the gateway's own tests and for yours: fakes of all sides and a whole gateway inside a test."""

from __future__ import annotations

from gateway.testing.fakes import FakeBot, FakeChannel, FakePlatform, echo
from gateway.testing.harness import SIMPLE, Clock, Harness, in_words, plugin_host

__all__ = [
    "SIMPLE",
    "Clock",
    "FakeBot",
    "FakeChannel",
    "FakePlatform",
    "Harness",
    "echo",
    "in_words",
    "plugin_host",
]
