"""The README tells the truth: its bot runs, its examples are good."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from gateway import to_json
from gateway.testing import Harness
from gateway_webhook.options import WebhookOptions
from gateway_webhook.reply import Replies
from gateway_webhook.request import TurnRequest
from plugins.webhook.tests.kit import SECRET, config
from plugins.webhook.tests.test_failures import Here

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
[BOT] = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
REQUEST, REPLY = re.findall(r"^```json\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


async def test_the_bot_of_the_readme_runs(tmp_path):
    environment = {**os.environ, "BOT_SECRET": SECRET, "PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", BOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        port = int((await process.stdout.readline()).split()[-1])
        url = f"http://127.0.0.1:{port}/"
        async with Harness(config(url), folder=tmp_path, memory=True) as gateway:
            for text in ("hello", "still there?", "a human, please"):
                await gateway.channel().writes(text)
                await gateway.settled()

            assert [text.splitlines()[0] for text in gateway.channel().texts()[:3]] == [
                "No. 1: hello", "No. 2: still there?", "One moment.",
            ]  # fmt: skip
            assert len(gateway.platform().openings) == 1
    finally:
        process.kill()
        await process.wait()


def test_the_request_shown_is_one():
    shown = json.loads(REQUEST)

    assert TurnRequest.model_validate(shown).model_dump(mode="json") == shown
    assert set(shown) == set(TurnRequest.model_fields)


def test_the_replies_shown_are_understood():
    reply = Replies(Here()).read(REPLY.encode())
    rows = re.findall(r"^\| `([\[{\"].*?)`(?:;? \|)", README, flags=re.MULTILINE)

    assert len(rows) == 7
    for row in rows:
        assert Replies(Here()).read(row.encode()) is not None
    assert {content.type for content in reply.messages[1].contents} == {
        "media", "text", "location", "contact", "carousel", "buttons",
    }  # fmt: skip
    assert None not in to_json(reply.transfer).values()


def test_every_option_is_explained():
    assert [name for name in WebhookOptions.model_fields if f"| `{name}` |" not in README] == []
