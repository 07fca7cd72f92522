"""Those who write to the bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gateway.testing.telegram.sending import media_json
from gateway.testing.telegram.state import Chat

if TYPE_CHECKING:
    from gateway.testing.telegram.server import FakeTelegram

Json = dict[str, Any]


class Person:
    """Somebody with the bot in their list of chats. What they do becomes an update; what they see is `shown`."""

    def __init__(self, telegram: FakeTelegram, user: Json) -> None:
        """`user`: as Telegram describes them."""
        self._telegram = telegram
        self.user = user
        self.chat = Chat(user=user)
        telegram.state.chats["", self.id] = self.chat

    @property
    def id(self) -> int:
        """Their id, which is the chat's too."""
        return int(self.user["id"])

    @property
    def shown(self) -> Sequence[Json]:
        """The bot's messages, oldest first."""
        return self.chat.shown

    def texts(self) -> list[str]:
        """Return the words of the bot's messages."""
        return [str(message.get("text", message.get("caption", ""))) for message in self.shown]

    # --- words ---

    def writes(self, text: str, entities: Sequence[Mapping[str, Any]] = ()) -> Json:
        """Say something; return the message."""
        marked = {"entities": [dict(each) for each in entities]} if entities else {}
        return self.sends({"text": text, **marked})

    def starts(self, payload: str = "") -> Json:
        """Press the start button, or follow `t.me/<bot>?start=<payload>`."""
        command = {"type": "bot_command", "offset": 0, "length": 6}
        return self.writes(f"/start {payload}".strip(), [command])

    def edits(self, message: Mapping[str, Any], text: str) -> None:
        """Correct what was said."""
        edited = {**message, "text": text, "edit_date": message["date"]}
        edited.pop("entities", None)
        self._telegram.push("edited_message", edited)

    def sends(self, content: Mapping[str, Any]) -> Json:
        """Send a message of any content, in Telegram's own words; return the message."""
        self.chat.known = True
        message = self._telegram.state.message(self.chat, self.user, dict(content))
        self._telegram.push("message", message)
        return message

    # --- files and the like ---

    def sends_file(
        self, field: str, content: bytes, *, name: str = "", caption: str = "", size: int = 0, media_type: str = ""
    ) -> Json:
        """Send a `photo`, `document`, `voice`, `audio`, `video`, `video_note`, `animation` or `sticker`.

        `size` is told instead of the real one.
        """
        name = name or f"{field}.bin"
        file = self._telegram.state.keep(content, name=name, media_type=media_type, folder=f"{field}s", size=size)
        return self.sends(media_json(field, file) | ({"caption": caption} if caption else {}))

    def sends_location(self, latitude: float, longitude: float) -> Json:
        """Send a place."""
        return self.sends({"location": {"latitude": latitude, "longitude": longitude}})

    def sends_contact(self, phone: str, first_name: str) -> Json:
        """Send a business card."""
        return self.sends({"contact": {"phone_number": phone, "first_name": first_name}})

    # --- buttons ---

    def presses(self, text: str) -> str:
        """Press the newest button with these words; return the id of the press, or of the message it types."""
        for message in reversed(self.shown):
            for row in message.get("reply_markup", {}).get("inline_keyboard", ()):
                for button in row:
                    if button["text"] == text and "callback_data" in button:
                        return self.presses_button(message, button["callback_data"])
        if any(text in row for row in self.chat.keyboard):
            return str(self.writes(text)["message_id"])
        msg = f"there is no button {text!r}"
        raise LookupError(msg)

    def presses_button(self, message: Json, data: str) -> str:
        """Press a button below a message by its data; return the id of the press."""
        press = f"press{next(self._telegram.state.numbers)}"
        self._telegram.state.presses[press] = False
        query = {"id": press, "from": self.user, "message": message, "chat_instance": "1", "data": data}
        self._telegram.push("callback_query", query)
        return press

    # --- standing ---

    def blocks(self) -> None:
        """Block the bot."""
        self.chat.blocked = True
        self._stands("member", "kicked")

    def unblocks(self) -> None:
        """Let the bot write again."""
        self.chat.blocked = False
        self._stands("kicked", "member")

    def _stands(self, old: str, new: str) -> None:
        bot = self._telegram.state.bot

        def member(status: str) -> Json:
            return {"status": status, "user": bot, **({"until_date": 0} if status == "kicked" else {})}

        change = {"chat": self.chat.json, "from": self.user, "date": 1, "old_chat_member": member(old)}
        self._telegram.push("my_chat_member", {**change, "new_chat_member": member(new)})


class BusinessAccount:
    """A business account that lets the bot answer for it."""

    def __init__(self, telegram: FakeTelegram, owner: Person, connection: str) -> None:
        """`connection`: the id of the connection."""
        self._telegram = telegram
        self.owner = owner
        self.connection = connection
        telegram.state.connections[connection] = self._json(enabled=True)
        telegram.push("business_connection", self._json(enabled=True))

    def chat(self, client: Person) -> Chat:
        """Return the account's chat with a client; `shown` has what the bot said there."""
        key = (self.connection, client.id)
        if key not in self._telegram.state.chats:
            self._telegram.state.chats[key] = Chat(user=client.user, connection=self.connection, known=True)
        return self._telegram.state.chats[key]

    def client_writes(self, client: Person, text: str) -> Json:
        """A client writes to the account."""
        return self._happens(client, client.user, text)

    def owner_writes(self, client: Person, text: str) -> Json:
        """The owner answers from their own telephone."""
        return self._happens(client, self.owner.user, text)

    def bot_message_returns(self, client: Person, text: str) -> Json:
        """Telegram tells the bot of what the bot itself sent in the account's name."""
        chat = self.chat(client)
        content = {"text": text, "sender_business_bot": self._telegram.state.bot}
        message = self._telegram.state.message(chat, self.owner.user, content)
        self._telegram.push("business_message", message)
        return message

    def ends(self) -> None:
        """The owner takes the bot off the account."""
        self._telegram.state.connections[self.connection] = self._json(enabled=False)
        self._telegram.push("business_connection", self._json(enabled=False))

    def _happens(self, client: Person, sender: Json, text: str) -> Json:
        message = self._telegram.state.message(self.chat(client), sender, {"text": text})
        self._telegram.push("business_message", message)
        return message

    def _json(self, *, enabled: bool) -> Json:
        user = self.owner.user
        known = {"id": self.connection, "user": user, "user_chat_id": user["id"], "date": 1}
        return {**known, "is_enabled": enabled, "rights": {"can_reply": True}}
