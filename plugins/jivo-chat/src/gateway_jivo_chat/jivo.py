"""The two calls Jivo takes: an event, and the question who is online."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from gateway import Lookup, Permanent, Refused, Rejected, Remote
from gateway_jivo_chat import wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway import Context
    from gateway_jivo_chat.options import JivoChatOptions

LONGEST_REASON = 200
SHORTEST_SECRET = 8
"""A shorter part of the channel's address opens nothing, and may be a word."""
ADDRESS = re.compile(r"\w+://\S+")
OR_DO_NOT_ASK = "correct the option `url`, or set `ask_online: false`"


class Jivo:
    """One channel. Every method raises a `Failure`."""

    def __init__(self, context: Context, options: JivoChatOptions) -> None:
        self._context = context
        self._url = options.url
        self._secrets = _secrets(options)
        cure = "correct the option `url`: copy it from the channel's settings in Jivo"
        self._remote = Remote(context, who="Jivo", cure=cure)
        self._online = Lookup(
            self._ask, now=context.now, fresh_seconds=options.online_seconds, failed=self._nobody_can_tell
        )
        self._complained = False
        self._takes_custom_data = True

    async def post(self, sender: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        """Tell Jivo something about a client. What it refuses for good, it says why in plain text."""
        bare = {key: value for key, value in sender.items() if key != "custom_data"}
        try:
            if len(bare) == len(sender) or not self._takes_custom_data:
                await self._post(bare, message)
            else:
                await self._post_with_custom_data(sender, bare, message)
        except Rejected as failure:
            if failure.gone:
                raise Refused("Jivo no longer has this channel; correct the option `url`") from None
            raise Permanent(self._reason(failure)) from None

    async def _post_with_custom_data(
        self, sender: Mapping[str, Any], bare: Mapping[str, Any], message: Mapping[str, Any]
    ) -> None:
        """ASSUMED: its form is one Jivo takes. If that is wrong, a client must not stay without an agent for it."""
        try:
            await self._post(sender, message)
        except Rejected as failure:
            if failure.gone:
                raise
            await self._post(bare, message)
            self._takes_custom_data = False
            cure = "set the option `custom_data` to another form, or to `none`"
            self._context.log.warning("jivo_chat.custom_data_refused", reason=self._reason(failure), cure=cure)

    async def _post(self, sender: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        headers = {"Content-Type": wire.CONTENT_TYPE}
        await self._remote.post(self._url.get_secret_value(), wire.event(sender, message), headers=headers)

    async def is_online(self) -> bool:
        """Tell whether an agent is online, as of some seconds ago."""
        return await self._online.answer()

    async def ask(self) -> None:
        """Ask who is online, so that the answer is there when it is needed."""
        await self._online.refresh()

    async def stop(self) -> None:
        """Ask no more."""
        await self._online.stop()

    async def _ask(self) -> bool:
        parts = urlsplit(self._url.get_secret_value())
        try:
            answer = await self._remote.get(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/status")))
        except Rejected as failure:
            raise Permanent(f"Jivo refuses it (status {failure.status}); {OR_DO_NOT_ASK}") from None
        online = wire.is_online(answer.body)
        if online is None and not self._complained:
            self._complained = True
            self._context.log.warning("jivo_chat.status_not_understood", cure=OR_DO_NOT_ASK)
        return online is not False

    def _nobody_can_tell(self, reason: str) -> None:
        self._context.log.info("jivo_chat.status_unknown", reason=reason)

    def _reason(self, failure: Rejected) -> str:
        """Return Jivo's own words where there are some, on one line, without addresses and the secrets in ours."""
        words = ADDRESS.sub("***", failure.body.decode(errors="replace"))
        for secret in self._secrets:
            words = words.replace(secret, "***")
        words = " ".join("".join(c if c.isprintable() else " " for c in words).split())[:LONGEST_REASON]
        return f"{failure.reason}: {words}" if words else failure.reason


def _secrets(options: JivoChatOptions) -> list[str]:
    """Return what may open something, the longest first. A server in between may repeat what it was asked for."""
    parts = urlsplit(options.url.get_secret_value())
    keys = [key.get_secret_value() for key in (options.key, options.webhooks_key) if key]
    pieces = re.split(r"[/&=]", f"{parts.path}&{parts.query}")
    found = {*keys, *pieces, *map(unquote, pieces)}
    return sorted((each for each in found if len(each) >= SHORTEST_SECRET), key=len, reverse=True)
