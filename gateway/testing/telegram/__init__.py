"""A fake of Telegram's Bot API: a real HTTP server on the loopback, and people who write to the bot.

`async with FakeTelegram() as telegram:` gives `telegram.url` (for the option `api_url`) and `telegram.token`;
`telegram.person("Ann")` gives somebody who writes, presses and reads. See `FakeTelegram`.
"""

from __future__ import annotations

from gateway.testing.telegram.faults import Fault
from gateway.testing.telegram.people import BusinessAccount, Person
from gateway.testing.telegram.server import Call, FakeTelegram

__all__ = ["BusinessAccount", "Call", "FakeTelegram", "Fault", "Person"]
