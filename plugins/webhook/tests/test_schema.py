"""The published schemas are what the models say, and judge as they do."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from gateway_webhook.commands import webhook
from gateway_webhook.options import WebhookOptions
from gateway_webhook.schema import SCHEMAS, schema_text
from plugins.webhook.tests.kit import standing

FOLDER = Path(__file__).parents[1] / "schema"


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_the_schema_is_up_to_date(name):
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == schema_text(name), (
        f"run: gateway webhook schema {name} > plugins/webhook/schema/{name}.json"
    )


@pytest.mark.parametrize("name", list(SCHEMAS))
async def test_the_schema_is_served(tmp_path, name):
    async with standing(tmp_path) as (gateway, _bot), aiohttp.ClientSession() as http:
        async with http.get(f"{gateway.url}/mine/schema/{name}.json") as response:
            assert response.content_type == "application/schema+json"
            assert await response.text() == schema_text(name)
        async with http.get(f"{gateway.url}/mine/schema/secret.json") as response:
            assert response.status == 404


def test_every_type_is_described():
    for name in SCHEMAS:
        definitions = json.loads(schema_text(name))["$defs"]
        assert [
            title for title, each in definitions.items() if not each.get("description") and "enum" not in each
        ] == []


def test_the_commands():
    made = CliRunner().invoke(webhook, ["secret"]).output.strip()

    assert WebhookOptions(url="https://bot.example.com", secret=made).secret.get_secret_value() == made
    assert CliRunner().invoke(webhook, ["schema", "reply"]).output == schema_text("reply")
