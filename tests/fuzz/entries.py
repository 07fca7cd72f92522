"""Where something comes in, and valid samples of each wire format: the table all fuzzing starts from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from standardwebhooks import Webhook

from tests.fuzz.surface import AGENT_TOKEN, HOOKS_KEY, KEY, ORIGIN, OTHER_KEY, SECRET, Surface
from tests.fuzz.wire import Request

Json = dict[str, Any]
_ids = count(1)


def _no_headers(_surface: Surface, _body: bytes) -> Mapping[bytes, bytes]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One place that takes a body."""

    path: Callable[[Surface], str]
    samples: Callable[[Surface], Sequence[Any]]
    """Valid bodies; asked anew each time, as a session may be over by then."""
    headers: Callable[[Surface, bytes], Mapping[bytes, bytes]] = _no_headers

    def request(self, surface: Surface, body: bytes, **more: Any) -> Request:
        headers = {**self.headers(surface, body), **more.pop("headers", {})}
        return Request(**{"path": self.path(surface).encode(), "body": body, "headers": headers, **more})


def _at(path: str) -> Callable[[Surface], str]:
    return lambda _surface: path


# --- Telegram --------------------------------------------------------------------------------------------------------

USER = {"id": 7, "is_bot": False, "first_name": "Ann", "last_name": "Lee", "username": "ann", "language_code": "en"}
CHAT = {"id": 7, "type": "private", "first_name": "Ann"}
FILE = {"file_id": "f1", "file_unique_id": "u1", "file_size": 10, "mime_type": "image/png", "file_name": "a.png"}


def _telegram(_surface: Surface) -> Sequence[Json]:
    message = {"message_id": 5, "from": USER, "chat": CHAT, "date": 1_700_000_000}
    bold = [
        {"type": "bold", "offset": 0, "length": 2},
        {"type": "text_link", "offset": 1, "length": 4, "url": "http://a.b"},
    ]
    query = {"id": "q", "from": USER, "message": message, "chat_instance": "1", "data": "x"}
    place = {"latitude": 1.5, "longitude": 2.5}
    member = {"chat": CHAT, "from": USER, "date": 1, "old_chat_member": {"status": "member", "user": USER}}
    return [
        {"update_id": next(_ids), kind: content}
        for kind, content in (
            ("message", {**message, "text": "👋 hello", "entities": bold}),
            (
                "message",
                {**message, "text": "/start abc", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]},
            ),
            ("message", {**message, "contact": {"phone_number": "+1", "first_name": "Bo"}}),
            (
                "message",
                {**message, "venue": {"location": place, "title": "Bar", "address": "Street"}, "location": place},
            ),
            ("message", {**message, "caption": "see", "photo": [{**FILE, "width": 1, "height": 1}]}),
            ("edited_message", {**message, "text": "hi", "edit_date": 1_700_000_001}),
            ("callback_query", query),
            ("business_message", {**message, "business_connection_id": "b", "text": "hi"}),
            ("my_chat_member", {**member, "new_chat_member": {"status": "kicked", "user": USER, "until_date": 0}}),
        )
    ]


def _telegram_headers(surface: Surface, _body: bytes) -> Mapping[bytes, bytes]:
    return {b"X-Telegram-Bot-Api-Secret-Token": surface.component("tg")._secret.encode()}


# --- Jivo ------------------------------------------------------------------------------------------------------------


def _jivo_bot(_surface: Surface) -> Sequence[Json]:
    about = {
        "agents_online": True,
        "sender": {"id": 1, "name": "Ann", "url": "https://shop.example.com", "has_contacts": False},
        "channel": {"id": "w1", "type": "widget"},
    }
    agent = {"agent": {"id": 7, "name": "Bo Ek", "photo": "https://a.example.com/p.png"}}
    said = {"type": "TEXT", "text": "hello", "timestamp": 1_700_000_000}
    place = {"type": "LOCATION", "latitude": 1.5, "longitude": "2.5"}
    rate = {"rating": "good", "comment": "fine", "timestamp": 1_700_000_000}
    return [
        {"event": event, "id": f"e{next(_ids)}", "client_id": "1", "chat_id": "2", "site_id": 3, **members}
        for event, members in (
            ("CLIENT_MESSAGE", {**about, "message": said}),
            ("CLIENT_MESSAGE", {**about, "message": {**said, "text": "/start x", "button_id": 5}}),
            ("CLIENT_MESSAGE", {**about, "message": place}),
            ("CLIENT_MESSAGE", {**about, "message": {"type": "MARKDOWN", "content": "*a*", "text": "a"}}),
            ("AGENT_JOINED", agent),
            ("AGENT_MESSAGE", {**agent, "message": said}),
            ("AGENT_UNAVAILABLE", {}),
            ("CLIENT_RATED", {**about, "rate": rate}),
            ("CHAT_CLOSED", {}),
        )
    ]


BO = {"id": "agent-7", "name": "Bo", "photo": "https://jivo.example.com/bo.png"}


def _jivo_client(surface: Surface) -> str:
    surface.session("two")
    return "two:ann"


def _jivo_messages(surface: Surface) -> Sequence[Json]:
    keys = [{"id": "1", "text": "One"}, {"id": "2", "text": "Two"}]
    said = (
        {"type": "text", "text": "hello"},
        {"type": "location", "latitude": 1.5, "longitude": 2.5},
        {"type": "rate", "text": "How was it?"},
        {"type": "keyboard", "text": "Which?", "keyboard": keys},
        {"type": "typein"},
        {"type": "seen"},
        {"type": "stop"},
    )
    client = _jivo_client(surface)
    return [
        {
            "sender": BO,
            "recipient": {"id": client},
            "message": {"id": f"j{next(_ids)}", "date": 1_700_000_000, **each},
        }
        for each in said
    ]


def _jivo_hooks(surface: Surface) -> Sequence[Json]:
    client = _jivo_client(surface)
    common = {
        "widget_id": "W",
        "user_token": client,
        "visitor": {
            "number": "5",
            "name": "Ann",
            "email": "a@b.c",
            "phone": "+1",
            "description": "d",
            "chats_count": 1,
        },
        "chat_id": 5,
        "agent": {"id": 7, "name": "Bo", "email": "bo@example.com"},
        "organization": {"title": "Org"},
        "status": {"id": 1, "title": "New"},
        "tags": [{"id": 1, "title": "vip"}],
        "page": {"url": "https://a.b", "title": "t"},
    }
    lines = [{"message": "hi", "timestamp": 1, "type": "visitor"}, {"message": "yes", "timestamp": 2, "type": "agent"}]
    contacts = [{"contact_type": "email", "contact": "a@b.c"}]
    return [
        {"event_name": "chat_accepted", **common},
        {"event_name": "chat_assigned", "assign_to": {"id": 8, "name": "Cy"}, **common},
        {"event_name": "client_attribute_updated", "attributes": {"size": 5, "colour": "red"}, **common},
        {
            "event_name": "call_event",
            "call": {"type": "incoming", "status": "end", "record_url": "https://a.b"},
            **common,
        },
        {"event_type": "crm_client", "event_name": "update", "client_id": 5, "name": "Ann", "contacts": contacts},
        {"event_name": "chat_updated", **common},
        {"event_name": "chat_finished", **common, "chat": {"messages": lines, "blacklisted": False, "rate": "good"}},
    ]


# --- the Operator API ------------------------------------------------------------------------------------------------


def _desk_events(surface: Surface) -> Sequence[Json]:
    employee = {"employeeId": "7", "firstName": "Bo", "lastName": "Ek", "avatarUrl": "https://desk.example.com/bo.png"}
    group = {"destinationId": "1", "name": "Sales", "hasOnline": "true"}
    user = surface.session("web")
    return [
        {"id": str(next(_ids)), "userId": user, "type": kind, "employee": employee, **members}
        for kind, members in (
            ("TextMessage", {"text": "hello"}),
            ("FileMessage", {"url": "http://127.0.0.1:1/x", "name": "x.txt", "size": "2", "comment": "c"}),
            ("SelectDestination", {"destination": group}),
            ("Closed", {}),
        )
    ]


def _method(name: str, *samples: Json) -> Entry:
    return Entry(path=_at(f"/hooks/tovie/{OTHER_KEY}/{name}"), samples=lambda _: samples)


SELECTION = {
    "userId": "ann",
    "userName": "Ann",
    "destinationId": "default",
    "attributes": {"email": "ann@example.com", "age": 33},
    "hiddenAttributes": '{"tier": "gold"}',
    "customData": '{"any": {"nested": true}}',
}


# --- bots, chats, the core -------------------------------------------------------------------------------------------


def _callback(surface: Surface) -> str:
    conversation = surface.conversation("three")
    return str(surface.component("mine")._callbacks.of_conversation(conversation)).removeprefix(ORIGIN)


def _signed(_surface: Surface, body: bytes) -> Mapping[bytes, bytes]:
    """Sign what can be signed: the library wants text."""
    now, number = datetime.now(UTC), f"b{next(_ids)}"
    signature = Webhook(SECRET).sign(number, now, body.decode(errors="replace"))
    given = {"webhook-id": number, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    return {name.encode(): value.encode() for name, value in given.items()}


BOT_REPLIES: Sequence[Any] = (
    {"text": "hello", "buttons": ["One", {"text": "Two", "value": "2"}]},
    ["one", {"text": "two"}],
    {
        "messages": [{"contents": [{"type": "text", "text": "**hi**", "markup": "markdown"}]}],
        "state": {"step": 1},
        "attributes": {"size": 5},
    },
    {"contents": [{"type": "location", "latitude": 1.5, "longitude": 2.5, "title": "t"}]},
    {"text": "bye", "transfer": {"destination": "x", "attributes": {"a": "b"}, "custom_data": {"x": [1]}}},
)


def _activities(surface: Surface) -> str:
    conversation = surface.conversation("four")
    return f"/hooks/framework/{surface.component('framework')._secret}/v3/conversations/{conversation}/activities"


ACTIVITIES: Sequence[Json] = (
    {
        "type": "message",
        "text": "**hello**",
        "textFormat": "markdown",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.hero",
                "content": {
                    "title": "One",
                    "images": [{"url": "http://127.0.0.1:1/x.png"}],
                    "buttons": [{"type": "imBack", "title": "Yes", "value": "yes"}],
                },
            },
            {"contentType": "image/png", "contentUrl": "http://127.0.0.1:1/x.png", "name": "x.png"},
        ],
        "suggestedActions": {"actions": [{"type": "imBack", "title": "No", "value": "no"}]},
    },
    {"type": "typing"},
    {"type": "event", "name": "handoff.initiate", "value": {"skill": "x"}},
)


def _items(surface: Surface) -> Sequence[Any]:
    surface.conversation("five")
    replies = [
        {"type": "text", "text": "hello", "markup": "html"},
        {"type": "buttons", "buttons": [{"text": "Yes"}]},
        {"type": "image", "imageUrl": "http://127.0.0.1:1/x.png"},
    ]
    item = {
        "token": KEY,
        "clientId": "five:ann",
        "questionId": f"q{next(_ids)}",
        "timestamp": "2030-01-01T00:00:00.000",
    }
    return [[{**item, "data": {"replies": replies, "answer": "hello"}}], [{**item, "event": "x"}, item]]


ASK = {"clientId": "ann", "query": "hello", "cid": "c1", "messageId": "m1", "data": {"name": "Ann", "language": "en"}}
ASKED_FILE = {
    "clientId": "ann",
    "event": "fileEvent",
    "data": [{"url": "http://127.0.0.1:1/a", "name": "a", "size": 5}],
}


def _bearer(surface: Surface) -> Mapping[bytes, bytes]:
    asked = Request(path=b"/site/session", body=b"{}", headers={b"Origin": ORIGIN.encode()})
    return {b"Authorization": b"Bearer " + surface.send(asked).json()["token"].encode()}


def _visitor(surface: Surface, _body: bytes) -> Mapping[bytes, bytes]:
    """A new visitor for each: one who sends too fast is only told so."""
    return {b"Origin": ORIGIN.encode(), **_bearer(surface)}


def _page(_surface: Surface, _body: bytes) -> Mapping[bytes, bytes]:
    return {b"Origin": ORIGIN.encode()}


def visitor_frames(_surface: Surface | None = None) -> Sequence[Json]:
    """Frames of the widget."""
    about = {"attributes": {"name": "Ann", "plan": "gold"}, "language": "en"}
    frame = f"f{next(_ids)}"
    return [
        {"type": "say", "id": frame, "text": "hello", **about},
        {"type": "say", "id": f"{frame}p", "pressed": {"value": "1", "text": "One"}},
        {"type": "start", "id": f"{frame}s", **about},
        {"type": "change", "id": f"{frame}c", **about},
        {"type": "typing", "active": True},
        {"type": "ping"},
    ]


def _admin(surface: Surface, _body: bytes) -> Mapping[bytes, bytes]:
    admin = surface.harness.gateway._admin
    assert admin is not None
    return {b"Authorization": f"Bearer {admin._token}".encode()}


def agent_frames(session: str) -> Sequence[Json]:
    """Frames of the desk."""
    ref = f"ref{next(_ids):06}"
    about = {"session": session, "ref": ref}
    return [
        {"type": "status", "ref": f"{ref}s", "online": True},
        {"type": "follow", "session": session, "after": 0},
        {"type": "take", **about},
        {"type": "write", "session": session, "ref": f"{ref}w", "text": "hello", "files": []},
        {"type": "note", "session": session, "ref": f"{ref}n", "text": "note"},
        {"type": "typing", "session": session, "active": True},
        {"type": "unfollow", "session": session},
        {"type": "forward", "session": session, "ref": f"{ref}f", "to": "anna", "note": "n"},
        {"type": "ping"},
    ]


ENTRIES: Mapping[str, Entry] = {
    "telegram": Entry(path=_at("/hooks/tg"), samples=_telegram, headers=_telegram_headers),
    "jivo": Entry(path=_at(f"/hooks/jivobot/{KEY}"), samples=_jivo_bot),
    "jivo-chat messages": Entry(path=_at(f"/hooks/jivo/{KEY}"), samples=_jivo_messages),
    "jivo-chat webhooks": Entry(path=_at(f"/hooks/jivo/{HOOKS_KEY}"), samples=_jivo_hooks),
    "operator-api events": Entry(
        path=lambda surface: f"/hooks/center/{surface.component('center')._secret}", samples=_desk_events
    ),
    "operator-api selectDestination": _method("selectDestination", SELECTION),
    "operator-api sendText": _method("sendText", {"userId": "bea", "text": "hello"}),
    "operator-api sendFile": _method("sendFile", {"userId": "bea", "url": "http://127.0.0.1:1/x", "fileName": "x"}),
    "operator-api setWebhook": _method("setWebhook", {"url": "http://127.0.0.1:1/hook"}),
    "operator-api closeChat": _method("closeChat", {"userId": "cy", "text": "bye"}),
    "webhook callback": Entry(path=_callback, samples=lambda _: BOT_REPLIES, headers=_signed),
    "bot-framework": Entry(path=_activities, samples=lambda _: ACTIVITIES),
    "tovie": Entry(path=_at(f"/hooks/jaicp/{HOOKS_KEY}"), samples=_items),
    "chat-api": Entry(path=_at(f"/rest/chatapi/{KEY}"), samples=lambda _: [ASK, ASKED_FILE]),
    "chat-api async": Entry(path=_at(f"/rest/chatapi/{KEY}/async"), samples=lambda _: [ASK, ASKED_FILE]),
    "widget session": Entry(
        path=_at("/site/session"), samples=lambda _: [{"token": "", "identity": ""}], headers=_page
    ),
    "widget frames": Entry(path=_at("/site/frames"), samples=visitor_frames, headers=_visitor),
    "desk sign-in": Entry(path=_at("/desk/session"), samples=lambda _: [{"token": AGENT_TOKEN}], headers=_page),
    "admin": Entry(
        path=_at("/admin/dead-letters/replay"), samples=lambda _: [{"conversation": "x", "number": 1}], headers=_admin
    ),
    "admin listeners": Entry(
        path=_at("/admin/listeners/replay"),
        samples=lambda _: [{"listener": "x", "conversation": "x", "number": 1}],
        headers=_admin,
    ),
}
