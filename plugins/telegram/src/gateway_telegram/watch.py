"""Looks now and then whether Telegram still calls the webhook: a bot nobody calls is silent, and nobody is told why.

It only tells (`/health/ready`). Setting the webhook again would be a fight with whoever took it, and which of the two
programs is to have the bot is for a person to say; the next start sets it in any case.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway import AuthenticationFailed, Failure
from gateway_telegram.background import Background
from gateway_telegram.updates import WebhookInfo

if TYPE_CHECKING:
    from gateway import Context
    from gateway_telegram.api import Api

LOOK_SECONDS = 60.0


class Watch:
    """Looks after the webhook of one bot."""

    def __init__(self, context: Context, *, api: Api) -> None:
        """`api`: of the bot."""
        self._context = context
        self._api = api
        self._background = Background()
        self._url = ""
        self._failed_at = 0

    def start(self, url: str, info: WebhookInfo) -> None:
        """Begin. `url`: what Telegram is to call; `info`: as it is now."""
        self._url, self._failed_at = url, info.last_error_date
        self._background.start(self._run())

    async def stop(self) -> None:
        """End."""
        await self._background.stop()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        try:
            info = WebhookInfo.model_validate(await self._api.call("getWebhookInfo"))
        except AuthenticationFailed as failure:
            self._context.unhealthy(failure.reason)
        except Exception as error:  # noqa: BLE001 - not to know is no reason to stop looking
            reason = error.reason if isinstance(error, Failure) else type(error).__name__
            self._context.log.warning("telegram.webhook_not_checked", reason=reason)
        else:
            self._judge(info)

    def _judge(self, info: WebhookInfo) -> None:
        """Telegram keeps its last error for ever, so only a new one counts, and only while something waits for it."""
        failing = info.last_error_date > self._failed_at and info.pending_update_count > 0
        self._failed_at = max(self._failed_at, info.last_error_date)
        if wrong := wrong_address(info, self._url):
            self._context.unhealthy(wrong)
        elif failing:
            self._context.unhealthy(f"Telegram cannot reach {self._url}: {info.last_error_message}")
        elif not info.pending_update_count:
            self._context.healthy()


def wrong_address(info: WebhookInfo, url: str) -> str:
    """Say whom Telegram calls instead of us; empty: it calls us."""
    if info.url == url:
        return ""
    return (
        f"Telegram calls {info.url or 'nobody'} and not {url}; another program uses the same bot. "
        "Stop it, and start this gateway again"
    )
