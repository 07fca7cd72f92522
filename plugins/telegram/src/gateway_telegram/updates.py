"""The parts of an `Update` this channel reads; everything else is ignored.

https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "business_connection",
    "business_message",
    "edited_business_message",
)
"""The kinds Telegram is asked for."""


class Wire(BaseModel):
    """Something Telegram sent; new members do not disturb."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class User(Wire):
    """A person or a bot."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


class Chat(Wire):
    """Where a message stands: `private`, `group`, `supergroup` or `channel`."""

    id: int
    type: str = ""


class MessageEntity(Wire):
    """A stretch of text with a meaning. Offset and length count UTF-16 units."""

    type: str
    offset: int = Field(ge=0)
    length: int = Field(ge=0)
    url: str = ""
    language: str = ""


class File(Wire):
    """Any kind of file: photo sizes, documents, voice, stickers and so on share these members."""

    file_id: str
    file_size: int | None = None
    file_name: str = ""
    mime_type: str = ""
    width: int = 0
    height: int = 0
    title: str = ""
    performer: str = ""
    emoji: str = ""
    is_animated: bool = False
    is_video: bool = False


class Place(Wire):
    """A point on the map."""

    latitude: FiniteFloat
    longitude: FiniteFloat


class Venue(Wire):
    """A place with a name."""

    location: Place
    title: str = ""
    address: str = ""


class SharedContact(Wire):
    """A business card."""

    phone_number: str
    first_name: str = ""
    last_name: str = ""


class InlineButton(Wire):
    """A button below a message."""

    text: str = ""
    callback_data: str = ""


class InlineKeyboard(Wire):
    """The buttons below a message, row by row."""

    inline_keyboard: tuple[tuple[InlineButton, ...], ...] = ()


class Message(Wire):
    """A message. An inaccessible one (too old for Telegram) has nothing but chat and id."""

    message_id: int
    chat: Chat
    from_user: User | None = Field(default=None, alias="from")
    sender_business_bot: User | None = None
    business_connection_id: str = ""
    text: str = ""
    entities: tuple[MessageEntity, ...] = ()
    caption: str = ""
    photo: tuple[File, ...] = ()
    document: File | None = None
    voice: File | None = None
    audio: File | None = None
    video: File | None = None
    video_note: File | None = None
    animation: File | None = None
    sticker: File | None = None
    location: Place | None = None
    venue: Venue | None = None
    contact: SharedContact | None = None
    dice: dict[str, Any] | None = None
    poll: dict[str, Any] | None = None
    story: dict[str, Any] | None = None
    game: dict[str, Any] | None = None
    paid_media: dict[str, Any] | None = None
    checklist: dict[str, Any] | None = None
    reply_markup: InlineKeyboard | None = None


class CallbackQuery(Wire):
    """Somebody pressed an inline button."""

    id: str
    from_user: User = Field(alias="from")
    message: Message | None = None
    data: str = ""


class ChatMember(Wire):
    """What somebody is in a chat: `kicked` in a private chat means that the client blocked the bot."""

    status: str


class ChatMemberUpdated(Wire):
    """The bot's own standing in a chat changed."""

    chat: Chat
    from_user: User = Field(alias="from")
    new_chat_member: ChatMember


class BusinessConnection(Wire):
    """Somebody connected the bot to a business account, changed that, or ended it."""

    id: str
    user: User
    is_enabled: bool = True


class Update(Wire):
    """One thing that happened; at most one of its members is set."""

    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    business_message: Message | None = None
    edited_business_message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: ChatMemberUpdated | None = None
    business_connection: BusinessConnection | None = None


class WebhookInfo(Wire):
    """What Telegram knows of a webhook."""

    url: str = ""
    pending_update_count: int = 0
    last_error_date: int = 0
    """Unix seconds, of Telegram's newest failure to deliver; kept when it works again."""
    last_error_message: str = ""
