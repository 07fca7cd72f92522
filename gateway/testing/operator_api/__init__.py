"""Fakes of both sides of the Operator API (https://help.cloud.tovie.ai/platform/operator_api): a desk, and Tovie."""

from __future__ import annotations

from gateway.testing.operator_api.desk import Dialog, FakeDesk
from gateway.testing.operator_api.server import Answer, Call, Hold
from gateway.testing.operator_api.tovie import FakeTovie

__all__ = ["Answer", "Call", "Dialog", "FakeDesk", "FakeTovie", "Hold"]
