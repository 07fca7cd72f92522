"""The README and the schema tell the truth."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import get_args

import aiohttp
from click.testing import CliRunner

from gateway.testing import Harness
from gateway_events.commands import events
from gateway_events.event import Event, schema_text
from gateway_events.options import EntryType, EventsOptions
from plugins.events.tests.kit import SECRET, config, standing

FOLDER = Path(__file__).parents[1]
README = (FOLDER / "README.md").read_text(encoding="utf-8")
[RECEIVER] = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
[EVENT] = re.findall(r"^```json\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


async def test_the_receiver_of_the_readme_runs(tmp_path):
    environment = {**os.environ, "EVENTS_SECRET": SECRET, "PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RECEIVER,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = int((await process.stdout.readline()).split()[-1])
        async with Harness(config(f"http://127.0.0.1:{port}/"), folder=tmp_path) as gateway:
            await gateway.channel().writes("hi")

            assert await process.stdout.readline() == b"Ann 1 conversation.said\n"
            assert await process.stdout.readline() == b"Ann 2 conversation.said\n"
    finally:
        process.kill()
        await process.wait()


def test_the_event_shown_is_one():
    shown = json.loads(EVENT)

    assert Event.model_validate(shown).model_dump(mode="json") == shown


def test_every_option_and_type_is_explained():
    assert [name for name in EventsOptions.model_fields if f"| `{name}` |" not in README] == []
    assert [name for name in get_args(EntryType) if f"| `conversation.{name}` |" not in README] == []


def test_every_type_there_is_can_be_chosen():
    body = json.loads(schema_text())["$defs"]["Entry"]["properties"]["body"]

    assert set(body["discriminator"]["mapping"]) == set(get_args(EntryType))


def test_the_schema_is_up_to_date():
    assert (FOLDER / "schema" / "event.json").read_text(encoding="utf-8") == schema_text(), (
        "run: gateway events schema > plugins/events/schema/event.json"
    )


async def test_the_schema_is_served(tmp_path):
    async with (
        standing(tmp_path) as (gateway, _receiver),
        aiohttp.ClientSession() as http,
        http.get(f"{gateway.url}/crm/schema/event.json") as response,
    ):
        assert await response.text() == schema_text()


def test_the_commands():
    made = CliRunner().invoke(events, ["secret"]).output.strip()

    assert EventsOptions(url="https://crm.example.com", secret=made).secret.get_secret_value() == made
    assert CliRunner().invoke(events, ["schema"]).output == schema_text()
