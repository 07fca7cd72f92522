"""The channel: one instance of the Chat API, its addresses, and what it posts to the caller's webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import Receipt, Remote
from gateway_chat_api.asking import Asking
from gateway_chat_api.ledger import Ledger
from gateway_chat_api.listing import Listings
from gateway_chat_api.methods import Methods
from gateway_chat_api.questions import Questions
from gateway_chat_api.record import Record
from gateway_chat_api.wire import Cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aiohttp.web import AbstractRouteDef

    from gateway import Context, News, Outgoing
    from gateway_chat_api.options import ChatApiOptions


class ChatApiChannel:
    """Clients that come by HTTP: `SendsMessages`, `SupportsNews`, `SupportsRoutes`."""

    def __init__(self, context: Context, options: ChatApiOptions) -> None:
        """See `ChannelKind.build`."""
        self._context = context
        self._options = options
        self._questions = Questions()
        self._record = Record(context)
        self._ledger = Ledger(context.storage)
        asking = Asking(context, options, questions=self._questions, record=self._record, ledger=self._ledger)
        listings = Listings(context, questions=self._questions, record=self._record, ledger=self._ledger)
        self._methods = Methods(context, options, asking=asking, listings=listings)
        headers = {name: value.get_secret_value() for name, value in options.webhook_headers.items()}
        cure = "correct the options `webhook` and `webhook_headers`"
        self._webhook = Remote(context, who="the webhook", cure=cure, where="webhook", headers=headers)
        self._unwatch: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Begin to hear of commits."""
        self._unwatch = self._context.conversations.watch(self._questions.notice)

    async def stop(self) -> None:
        """Answer who still waits, with what there is."""
        self._unwatch()
        self._questions.end_all()

    def routes(self) -> Iterable[AbstractRouteDef]:
        """Return the methods of the API and its description."""
        return self._methods.routes()

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Post what was said, unless it was given in an answer. An item holds a whole entry, so its first part does."""
        if self._options.webhook is None or outgoing.part:
            return Receipt()
        await self._questions.settled(outgoing.conversation, outgoing.number)
        client, place = outgoing.client.id, Cursor(outgoing.conversation, outgoing.number)
        if place not in await self._ledger.given(client):
            await self._post(client, place, key=outgoing.id)
        return Receipt(remote_id=str(place))

    async def tell(self, news: News) -> None:
        """Post what became of the dialog."""
        if self._options.webhook and self._options.webhook_status:
            place = Cursor(news.conversation.id, news.entry.number)
            await self._post(news.conversation.client.id, place, key=news.id)

    async def _post(self, client: str, place: Cursor, *, key: str) -> None:
        item = await self._record.item(place.conversation, client, place.number)
        if item and self._options.webhook:
            token = self._options.token.get_secret_value()
            await self._webhook.post(self._options.webhook.get_secret_value(), [{"token": token, **item}], key=key)
