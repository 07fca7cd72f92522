from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gateway.testing import Harness
from gateway.testing.telegram import FakeTelegram
from gateway_telegram.options import TelegramOptions
from gateway_telegram.plugin import KIND
from plugins.telegram.tests.kit import config

TOKEN = "7654321098:AAF-a_token_of_nobody_for_the_tests"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"token": "7654321098"}, "not a bot token"),
        ({"token": f" {TOKEN}"}, "not a bot token"),
        ({"token": f"{TOKEN}/../x"}, "not a bot token"),
        ({"api_url": "api.telegram.org"}, "write it like https://api.telegram.org"),
        ({"api_url": "https://bot.example?x=1"}, "write it like https://api.telegram.org"),
        ({"mode": "both"}, "'polling' or 'webhook'"),
        ({"poll_seconds": 51}, "less than or equal to 50"),
        ({"allowed_chats": ["ann"]}, "valid integer"),
        ({"tokn": "x"}, "Extra inputs"),
    ],
)
def test_mistakes_are_explained(options, says):
    with pytest.raises(ValidationError, match=says):
        TelegramOptions(**{"token": TOKEN, **options})


def test_a_mistyped_token_is_not_repeated(tmp_path):
    mistyped = f"{TOKEN} "
    whole = config(FakeTelegram(), token=mistyped)

    with pytest.raises(AssertionError, match=r"channels.tg.token: .*not a bot token") as raised:
        Harness(whole, folder=tmp_path)

    assert TOKEN not in str(raised.value)


def test_a_local_server():
    options = TelegramOptions(token=TOKEN, api_url="http://127.0.0.1:8081/")

    assert options.api_url == "http://127.0.0.1:8081"
    assert options.bot_id == "7654321098"
    assert "AAF" not in repr(options)


def test_samples_are_right():
    for text in (KIND.sample, (Path(__file__).parents[1] / "sample.yaml").read_text(encoding="utf-8")):
        sample = yaml.safe_load(text)

        assert sample.pop("type") == KIND.name
        assert sample.pop("token") == {"$env": "TELEGRAM_TOKEN"}
        TelegramOptions(token=TOKEN, **sample)


def test_the_readme_names_every_option():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")

    assert [name for name in TelegramOptions.model_fields if f"| `{name}` |" not in readme] == []
