"""What browsers are told: plain JSON of dialogs and entries, without what agents may not see."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway import Closed, Declined, Entry, Left, Transferred, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway import Peer, Transfer
    from gateway_desk.board import Dialog, Line
    from gateway_desk.teams import Teams

Json = dict[str, Any]


def entry_json(entry: Entry) -> Json:
    """Return an entry as an agent may see it."""
    if isinstance(entry.body, Transferred):
        entry = replace(entry, body=replace(entry.body, transfer=_visible(entry.body.transfer)))
    json: Json = to_json(entry)
    return json


def card_json(dialog: Dialog, teams: Teams) -> Json:
    """Return what the list, the head and the side panel show of a dialog."""
    conversation, handoff = dialog.conversation, dialog.handoff
    lines = dialog.sorted_lines()
    return {
        "session": dialog.session,
        "conversation": conversation.id,
        "channel": conversation.channel,
        "client": peer_json(conversation.client),
        "verified": conversation.verified,
        "language": conversation.language,
        "attributes": {**conversation.attributes, **handoff.transfer.attributes},
        "transfer": to_json(_visible(handoff.transfer)),
        "destination": handoff.destination,
        "destination_name": teams.name_of(handoff.destination) or handoff.destination_name,
        "state": _state(dialog),
        "agent": peer_json(handoff.agent) if handoff.agent and not dialog.waiting else None,
        "since": handoff.since,
        "joined_at": handoff.joined_at,
        "unanswered_since": handoff.unanswered_since,
        "position": handoff.queue_position if dialog.waiting else None,
        "first": dialog.first,
        "head": dialog.end,
        "last": _line_json(lines),
        "client_lines": [line.number for line in lines if line.role == "client"][-99:],
        "failures": sorted(dialog.failures)[-99:],
        "ended": _ending_json(dialog.ended),
        "blocked": conversation.blocked,
    }


def peer_json(peer: Peer) -> Json:
    """Return a person."""
    return {"id": peer.id, "name": peer.name, "avatar": peer.avatar_url}


def _visible(transfer: Transfer) -> Transfer:
    return replace(transfer, hidden_attributes={}, custom_data=None)


def _state(dialog: Dialog) -> str:
    if dialog.ended:
        return "ended"
    if not dialog.waiting:
        return "joined"
    return "message" if dialog.handoff.transfer.one_time_message else "waiting"


def _line_json(lines: Sequence[Line]) -> Json | None:
    if not lines:
        return None
    last = lines[-1]
    return {"number": last.number, "at": last.at, "role": last.role, "text": last.text, "kind": last.kind}


def _ending_json(ended: Entry | None) -> Json | None:
    if ended is None:
        return None
    match ended.body:
        case Left(outcome=outcome) | Declined(outcome=outcome):
            how = str(outcome)
        case Closed(by=by):
            how = f"closed_by_{by}"
        case _:
            how = "moved_on"
    return {"at": ended.at, "how": how}
