"""A Telegram bot as a channel of the integration gateway."""
