"""From an update to what it means: which client, and which event. Pure, but for the files and buttons it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gateway import Peer, Text
from gateway_telegram.chats import ChatAddress
from gateway_telegram.contents import contents_of

if TYPE_CHECKING:
    from gateway_telegram.contents import Said
    from gateway_telegram.updates import CallbackQuery, ChatMemberUpdated, Message, Update, User

PENCIL = "✏️"
Edits = Literal["mark", "plain", "ignore"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """The client as an update shows them."""

    address: ChatAddress
    name: str = ""
    language: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def peer(self) -> Peer:
        """The client as the gateway sees them."""
        return Peer(id=self.address.client_id, name=self.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wrote:
    """The client said something."""

    client: Client
    contents: tuple[Said, ...]
    message_id: str
    typed: str = ""
    """The whole text, where it may be the words of a button."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StartPressed:
    """The client opened the chat, perhaps by a deep link."""

    client: Client
    payload: str
    message_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ButtonPressed:
    """The client pressed an inline button."""

    client: Client
    query: CallbackQuery


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockedBot:
    """The client blocked the bot."""

    client: Client


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnerWrote:
    """The owner of a business account answered the client with their own hands."""

    client: Client
    owner: Peer
    contents: tuple[Said, ...]
    message_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored:
    """Nothing for the gateway; `why` is logged once."""

    why: str


Meaning = Wrote | StartPressed | ButtonPressed | BlockedBot | OwnerWrote | Ignored


def meaning_of(update: Update, *, edits: Edits = "mark") -> Meaning:
    """Return what an update means to the gateway."""
    if message := update.message or update.business_message:
        return _message(message)
    if message := update.edited_message or update.edited_business_message:
        return _edited(message, edits)
    if update.callback_query:
        return _pressed(update.callback_query)
    if update.my_chat_member:
        return _standing(update.my_chat_member)
    if update.business_connection:
        state = "enabled" if update.business_connection.is_enabled else "disabled"
        return Ignored(why=f"business connection {state}")
    return Ignored(why="update of an unknown kind")


def _message(message: Message) -> Meaning:
    if not _is_private(message):
        return Ignored(why=f"message in a {message.chat.type}")
    if message.sender_business_bot:
        return Ignored(why="own message in a business chat")
    contents = contents_of(message)
    if not contents:
        return Ignored(why="service message")
    message_id, author = str(message.message_id), message.from_user
    if message.business_connection_id and author and author.id != message.chat.id:
        owner = Peer(id=str(author.id), name=author.name)
        client = Client(address=_address(message))  # Nothing is known of the client from the owner's words.
        return OwnerWrote(client=client, owner=owner, contents=contents, message_id=message_id)
    client = _client(_address(message), author)
    command, _, payload = message.text.partition(" ")
    if command == "/start" and not message.business_connection_id:
        return StartPressed(client=client, payload=payload.strip(), message_id=message_id)
    return Wrote(client=client, contents=contents, message_id=message_id, typed=message.text)


def _edited(message: Message, edits: Edits) -> Meaning:
    """A moving live location is edited all the time; the client has said it once."""
    if edits == "ignore" or message.location:
        return Ignored(why="edited message")
    meaning = _message(message)
    if isinstance(meaning, StartPressed):  # A command is not obeyed a second time.
        return Ignored(why="edited message")
    return _marked(meaning) if edits == "mark" and isinstance(meaning, Wrote | OwnerWrote) else meaning


def _marked(meaning: Wrote | OwnerWrote) -> Meaning:
    """Say it again with a pencil before it."""
    first = meaning.contents[0]
    if isinstance(first, Text):
        contents: tuple[Said, ...] = (Text(text=f"{PENCIL} {first.text}", markup=first.markup), *meaning.contents[1:])
    else:
        contents = (Text(text=PENCIL), *meaning.contents)
    if isinstance(meaning, OwnerWrote):
        return OwnerWrote(client=meaning.client, owner=meaning.owner, contents=contents, message_id=meaning.message_id)
    return Wrote(client=meaning.client, contents=contents, message_id=meaning.message_id)


def _pressed(query: CallbackQuery) -> Meaning:
    if query.message is None:
        return ButtonPressed(client=_client(ChatAddress(chat=query.from_user.id), query.from_user), query=query)
    if not _is_private(query.message):
        return Ignored(why=f"button in a {query.message.chat.type}")
    if query.message.chat.id != query.from_user.id:
        return Ignored(why="button pressed by the owner of a business account")
    return ButtonPressed(client=_client(_address(query.message), query.from_user), query=query)


def _standing(change: ChatMemberUpdated) -> Meaning:
    if change.chat.type != "private":
        return Ignored(why=f"added to or removed from a {change.chat.type}")
    if change.new_chat_member.status != "kicked":
        return Ignored(why="bot unblocked")  # They write when they want something.
    return BlockedBot(client=_client(ChatAddress(chat=change.chat.id), change.from_user))


def _is_private(message: Message) -> bool:
    return message.chat.type in {"private", ""}  # Inaccessible messages may come without a type.


def _address(message: Message) -> ChatAddress:
    return ChatAddress(chat=message.chat.id, connection=message.business_connection_id)


def _client(address: ChatAddress, user: User | None) -> Client:
    if user is None:
        return Client(address=address)
    attributes = {"username": f"@{user.username}"} if user.username else {}
    return Client(address=address, name=user.name, language=user.language_code, attributes=attributes)
