"""Sends messages: each one request, or two where Telegram wants a file in another way than the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway import Buttons, Contact, Context, Location, Media, Permanent, Receipt, Text, TooLarge
from gateway_telegram.chats import ChatAddress
from gateway_telegram.failures import NotAccepted
from gateway_telegram.files import DOCUMENT, Sources, Way, way_of
from gateway_telegram.formatting import formatted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway import Button, Outgoing
    from gateway_telegram.api import Api, Upload
    from gateway_telegram.keyboards import Keyboards
    from gateway_telegram.options import TelegramOptions

NOTHING_TO_SAY = "⬇️"
"""Stands above buttons that come without words: Telegram shows no buttons alone."""


class Outbox:
    """Sends in the name of one bot."""

    def __init__(self, context: Context, options: TelegramOptions, *, api: Api, keyboards: Keyboards) -> None:
        """`keyboards`: write the buttons."""
        self._context = context
        self._options = options
        self._api = api
        self._keyboards = keyboards
        self._sources = Sources(context)

    async def send(self, outgoing: Outgoing) -> Receipt:
        """Send one message; the core made it of one content, with buttons perhaps. Raises a `Failure`."""
        address = ChatAddress.of_client(outgoing.client.id)
        buttons = [
            each for content in outgoing.message.contents if isinstance(content, Buttons) for each in content.buttons
        ]
        contents = [content for content in outgoing.message.contents if not isinstance(content, Buttons)]
        markup = await self._keyboards.markup(buttons, address.client_id)
        sent: Any = None
        for number, content in enumerate(contents or [Text(text=NOTHING_TO_SAY)], start=1):
            last = number == max(len(contents), 1)
            params = {**address.params, "reply_markup": markup if last else None}
            sent = await self._content(content, params)
        return Receipt(remote_id=str(sent.get("message_id", "")) if isinstance(sent, dict) else "")

    async def edit(self, outgoing: Outgoing, message_id: str) -> Receipt:
        """Change the words and buttons of a message. Raises a `Failure`: words only, and while Telegram lets us."""
        match outgoing.message.contents:
            case (Text() as text,):
                buttons: Sequence[Button] = ()
            case (Text() as text, Buttons(buttons=buttons)) if self._options.keyboard == "inline":
                pass
            case _:
                raise Permanent("Telegram changes words and the buttons below them only")
        address = ChatAddress.of_client(outgoing.client.id)
        markup = await self._keyboards.markup(buttons, address.client_id)
        params = {**address.params, "message_id": int(message_id), "reply_markup": markup}
        try:
            await self._api.call("editMessageText", {**params, **self._shown(text)})
        except NotAccepted as failure:
            if not failure.as_it_was:
                raise
        return Receipt(remote_id=message_id)

    async def _content(self, content: object, params: dict[str, Any]) -> Any:
        match content:
            case Text():
                return await self._text(content, params)
            case Media():
                return await self._media(content, params)
            case Location():
                return await self._location(content, params)
            case Contact(phone=phone) if phone:
                return await self._contact(content, params)
            case Contact():
                words = "\n".join(filter(None, (content.name, content.email)))
                return await self._text(Text(text=words), params)
            case _:
                raise Permanent(f"Telegram cannot show {type(content).__name__}")

    async def _text(self, text: Text, params: dict[str, Any]) -> Any:
        return await self._api.call("sendMessage", {**params, **self._shown(text)})

    def _shown(self, text: Text) -> dict[str, Any]:
        shown = formatted(text, self._context.url)
        preview = None if self._options.link_previews else {"is_disabled": True}
        entities = [entity.as_json() for entity in shown.entities] or None
        return {"text": shown.text, "entities": entities, "link_preview_options": preview}

    async def _location(self, place: Location, params: dict[str, Any]) -> Any:
        point = {"latitude": place.latitude, "longitude": place.longitude}
        if not place.title:
            return await self._api.call("sendLocation", {**params, **point})
        address = f"{place.latitude:.5f}, {place.longitude:.5f}"
        return await self._api.call("sendVenue", {**params, **point, "title": place.title, "address": address})

    async def _contact(self, contact: Contact, params: dict[str, Any]) -> Any:
        card = {"phone_number": contact.phone, "first_name": contact.name or contact.phone, "vcard": _vcard(contact)}
        return await self._api.call("sendContact", {**params, **card})

    # --- files ---

    async def _media(self, media: Media, params: dict[str, Any]) -> Any:
        """Hand Telegram the address of a foreign file, its bytes where it cannot get them, and a document at last."""
        way, upload = way_of(media), None
        if not self._sources.is_kept(media.attachment):
            try:
                return await self._by(way, media, params, None)
            except NotAccepted as failure:
                if not failure.about_the_file:
                    raise
        upload = await self._upload(media)
        try:
            return await self._by(way, media, params, upload)
        except NotAccepted as failure:
            if way is DOCUMENT or not failure.about_the_file or failure.too_big:
                raise
        return await self._by(DOCUMENT, media, params, upload)

    async def _upload(self, media: Media) -> Upload:
        try:
            return await self._sources.upload(media.attachment)
        except TooLarge as error:
            raise Permanent(str(error)) from None

    async def _by(self, way: Way, media: Media, params: dict[str, Any], upload: Upload | None) -> Any:
        given = {**params, "caption": media.caption or None} if way.caption else dict(params)
        if upload is None:
            return await self._api.call(way.method, {**given, way.field: media.attachment.url})
        return await self._api.call(way.method, given, files={way.field: upload})


def _vcard(contact: Contact) -> str | None:
    """Return what Telegram's own fields cannot carry."""
    if not contact.email:
        return None
    lines = ("BEGIN:VCARD", "VERSION:3.0", f"FN:{contact.name}", f"TEL:{contact.phone}", f"EMAIL:{contact.email}")
    return "\r\n".join([*(line.replace("\n", " ").replace("\r", " ") for line in lines), "END:VCARD"])
