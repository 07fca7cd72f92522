"""The configuration: YAML and environment in, `Settings` or a list of problems out. Nothing is started here."""

from __future__ import annotations

from gateway.config.loading import Loaded, Location, disabled_plugins, load, locate
from gateway.config.settings import (
    FilesSettings,
    Instance,
    InstanceSettings,
    LogSettings,
    PluginsSettings,
    RouteSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)
from gateway.config.source import Problem

__all__ = [
    "FilesSettings",
    "Instance",
    "InstanceSettings",
    "Loaded",
    "Location",
    "LogSettings",
    "PluginsSettings",
    "Problem",
    "RouteSettings",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "disabled_plugins",
    "load",
    "locate",
]
