"""The methods that show something: what they check, and what comes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from gateway.testing.telegram.faults import bad_request

if TYPE_CHECKING:
    from gateway.testing.telegram.parameters import Parameters
    from gateway.testing.telegram.state import Chat, State, StoredFile

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
DATA_BYTES = 64
MOST_BUTTONS = 100
PHOTO_BYTES = 10 * 1024 * 1024
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"BM")
FETCH_SECONDS = 5

MEDIA: Mapping[str, str] = {
    "sendphoto": "photo",
    "sendaudio": "audio",
    "senddocument": "document",
    "sendvideo": "video",
    "sendvoice": "voice",
    "sendanimation": "animation",
    "sendvideonote": "video_note",
    "sendsticker": "sticker",
}
ACTIONS = frozenset(
    {
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
        "choose_sticker", "find_location", "record_video_note", "upload_video_note",
    }
)  # fmt: skip

Content = dict[str, Any]


class Sending:
    """Carries out the methods that send, edit and delete."""

    def __init__(self, state: State) -> None:
        """`state`: where it is shown."""
        self._state = state
        self.methods: dict[str, Callable[[Parameters], Awaitable[Any]]] = {
            "sendmessage": self._message,
            "sendlocation": self._location,
            "sendvenue": self._venue,
            "sendcontact": self._contact,
            "sendchataction": self._action,
            "editmessagetext": self._edit_text,
            "editmessagereplymarkup": self._edit_markup,
            "deletemessage": self._delete,
            **{method: self._media(field) for method, field in MEDIA.items()},
        }

    async def _message(self, given: Parameters) -> Content:
        return self._show(given, _text(given))

    async def _location(self, given: Parameters) -> Content:
        return self._show(given, {"location": _point(given)})

    async def _venue(self, given: Parameters) -> Content:
        if not given.text("title"):
            raise bad_request("venue title must be non-empty")
        if not given.text("address"):
            raise bad_request("venue address must be non-empty")
        venue = {"location": _point(given), "title": given.text("title"), "address": given.text("address")}
        return self._show(given, {"venue": venue, "location": _point(given)})

    async def _contact(self, given: Parameters) -> Content:
        if not given.text("phone_number") or not given.text("first_name"):
            raise bad_request("contact phone number and first name must be non-empty")
        names = ("phone_number", "first_name", "last_name", "vcard")
        return self._show(given, {"contact": {name: given.text(name) for name in names if given.text(name)}})

    async def _action(self, given: Parameters) -> bool:
        if given.text("action") not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        self._chat(given).actions.append(given.text("action"))
        return True

    # --- files ---

    def _media(self, field: str) -> Callable[[Parameters], Awaitable[Content]]:
        async def send(given: Parameters) -> Content:
            self._chat(given)
            file = await self._file(given, field)
            if field == "photo":
                _check_photo(file)
            caption = given.text("caption") if field not in {"sticker", "video_note"} else ""
            if units(caption) > CAPTION_UNITS:
                raise bad_request("message caption is too long")
            content = media_json(field, file) | ({"caption": caption} if caption else {})
            if entities := _entities(given, "caption_entities", caption):
                content["caption_entities"] = entities
            return self._show(given, content)

        return send

    async def _file(self, given: Parameters, field: str) -> StoredFile:
        value = given.file(field)
        if not isinstance(value, str):
            return self._state.keep(value.content, name=value.name, media_type=value.media_type, folder=f"{field}s")
        if value in self._state.files:
            return self._state.files[value]
        if not value.startswith(("http://", "https://")):
            raise bad_request("wrong file identifier/HTTP URL specified")
        name = urlsplit(value).path.rpartition("/")[2] or "file"
        return self._state.keep(await _download(value), name=name, folder=f"{field}s")

    # --- changing what is shown ---

    async def _edit_text(self, given: Parameters) -> Content:
        message = self._shown(given)
        if "text" not in message:
            raise bad_request("there is no text in the message to edit")
        new = _text(given) | _markup(given)
        if all(message.get(key) == new.get(key) for key in ("text", "entities", "reply_markup")):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        for key in ("text", "entities", "reply_markup"):
            message.pop(key, None)
        message.update(new, edit_date=message["date"])
        return message

    async def _edit_markup(self, given: Parameters) -> Content:
        message = self._shown(given)
        message.pop("reply_markup", None)
        message.update(_markup(given))
        return message

    async def _delete(self, given: Parameters) -> bool:
        self._chat(given).shown.remove(self._shown(given))
        return True

    def _shown(self, given: Parameters) -> Content:
        for message in self._chat(given).shown:
            if message["message_id"] == given.number("message_id"):
                return message
        raise bad_request("message to edit not found")

    # --- showing ---

    def _chat(self, given: Parameters) -> Chat:
        if not given.text("chat_id"):
            raise bad_request("chat_id is empty")
        return self._state.chat(given.number("chat_id"), given.text("business_connection_id"))

    def _show(self, given: Parameters, content: Content) -> Content:
        chat = self._chat(given)
        markup = given.data("reply_markup")
        message = self._state.message(chat, self._state.bot, content | _markup(given))
        if chat.connection:
            owner = self._state.connections[chat.connection]["user"]
            message |= {"from": owner, "sender_business_bot": self._state.bot}
        chat.shown.append(message)
        if isinstance(markup, dict) and "keyboard" in markup:
            chat.keyboard = [[_key_text(key) for key in row] for row in markup["keyboard"]]
        elif isinstance(markup, dict) and markup.get("remove_keyboard"):
            chat.keyboard = []
        return message


def units(text: str) -> int:
    """Return the length in UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def media_json(field: str, file: StoredFile) -> Content:
    """Return the members of a message that carries this file."""
    known = {"mime_type": file.media_type, "file_name": file.name}
    length = {"duration": 1}
    sizes = {"width": 64, "height": 64}
    moving = {**file.json, **sizes, **length, **known}
    contents: dict[str, Content] = {
        "photo": {"photo": [{**file.json, "width": 32, "height": 32}, {**file.json, **sizes}]},
        "sticker": {"sticker": {**file.json, **sizes, "type": "regular", "is_animated": False, "is_video": False}},
        "voice": {"voice": {**file.json, **length, "mime_type": file.media_type}},
        "audio": {"audio": {**file.json, **length, **known}},
        "video": {"video": moving},
        "video_note": {"video_note": {**file.json, **length, "length": 64}},
        "animation": {"animation": moving, "document": {**file.json, **known}},
    }
    return contents.get(field, {"document": {**file.json, **known}})


def _text(given: Parameters) -> Content:
    if given.text("parse_mode"):
        raise bad_request("this fake reads entities only, not parse_mode")
    text = given.text("text")
    if not text.strip():
        raise bad_request("message text is empty")
    if units(text) > TEXT_UNITS:
        raise bad_request("message is too long")
    entities = _entities(given, "entities", text)
    return {"text": text, **({"entities": entities} if entities else {})}


def _entities(given: Parameters, name: str, text: str) -> list[Content]:
    entities = given.data(name) or []
    for entity in entities:
        start, length = entity.get("offset", -1), entity.get("length", 0)
        if start < 0 or length <= 0 or start + length > units(text):
            raise bad_request(f"entity beginning at UTF-16 offset {start} ends after the end of the text")
    return list(entities)


def _markup(given: Parameters) -> Content:
    """Only inline keyboards stay with the message."""
    markup = given.data("reply_markup")
    if not isinstance(markup, dict) or "inline_keyboard" not in markup:
        return {}
    buttons = [button for row in markup["inline_keyboard"] for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    for button in buttons:
        _check_button(button)
    return {"reply_markup": {"inline_keyboard": markup["inline_keyboard"]}}


def _check_button(button: Content) -> None:
    if not button.get("text"):
        raise bad_request("inline keyboard button text must be non-empty")
    if "url" in button:
        if urlsplit(button["url"]).scheme not in {"http", "https", "tg"}:
            raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Unsupported URL protocol")
    elif "callback_data" not in button:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    elif not 1 <= len(button["callback_data"].encode()) <= DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")


def _key_text(key: Any) -> str:
    return key if isinstance(key, str) else str(key["text"])


def _point(given: Parameters) -> Content:
    return {"latitude": given.real("latitude"), "longitude": given.real("longitude")}


def _check_photo(file: StoredFile) -> None:
    if file.size > PHOTO_BYTES:
        raise bad_request("file is too big")
    if not file.content.startswith(PICTURES):
        raise bad_request("IMAGE_PROCESS_FAILED")


async def _download(url: str) -> bytes:
    timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            response.raise_for_status()
            return await response.read()
    except (aiohttp.ClientError, OSError, TimeoutError):
        raise bad_request("failed to get HTTP URL content") from None
