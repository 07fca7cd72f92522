"""The options of `type: script`."""

from __future__ import annotations

from pydantic import Field

from gateway import Options


class ScriptOptions(Options):
    """Which script a bot follows."""

    file: str = Field(min_length=1, description="The script, a YAML file; relative to the config file.")
