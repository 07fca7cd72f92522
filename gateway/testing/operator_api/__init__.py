"""Fakes of both sides of the Operator API (https://help.cloud.tovie.ai/platform/operator_api): a desk, and Tovie."""

from __future__ import annotations

from gateway.testing.operator_api.desk import Dialog, FakeDesk
from gateway.testing.operator_api.tovie import FakeTovie
from gateway.testing.side import Answer, Call, Hold

__all__ = ["Answer", "Call", "Dialog", "FakeDesk", "FakeTovie", "Hold"]
