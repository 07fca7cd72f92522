"""Fits a message to what a side can show. Pure; nothing said is ever dropped, only shown more plainly."""

from __future__ import annotations

from gateway.render.losses import losses
from gateway.render.message import render_message as render

__all__ = ["losses", "render"]
