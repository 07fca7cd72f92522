"""Whose chat a webhook is about.

No documentation tells what identifies a client of the Chat API in Jivo's webhooks. So everything that may is looked
at, the surest first, and what fits two dialogs fits none: to end the wrong client's dialog would be worse than to wait
for a time-out.

1. The id we gave, wherever Jivo may repeat it.
2. A number of Jivo's own (chat, client, visitor) that an earlier event has shown to be this client's.
3. Contact data: e-mail, phone, link to the CRM; name and page together.
4. The transcript: what its visitor wrote is what we wrote for the client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import History, Role, Said

if TYPE_CHECKING:
    from gateway import Context, Conversation
    from gateway_jivo_chat.dialogs import Dialog, Dialogs
    from gateway_jivo_chat.hookwire import Hook
    from gateway_jivo_chat.options import JivoChatOptions

PHONE_DIGITS = 10
"""So many from the right are compared: the country's prefix is written in many ways."""
ENTRIES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A dialog an event may be about."""

    dialog: Dialog
    conversation: Conversation


class Matching:
    """Finds the dialog of an event, and remembers the numbers in it."""

    def __init__(self, context: Context, options: JivoChatOptions, dialogs: Dialogs) -> None:
        self._context = context
        self._fields = options.fields
        self._dialogs = dialogs
        self._history = History(context, options.labels)

    async def find(self, hook: Hook) -> Dialog | None:
        """Return the newest dialog of the client an event is about; None if nobody can tell."""
        found = await self._by_ids(hook) or await self._by_marks(hook) or await self._by_content(hook)
        if found:
            await self._dialogs.mark(hook.marks, found.sender)
        return found

    async def _by_ids(self, hook: Hook) -> Dialog | None:
        for each in hook.ids:
            if found := await self._dialogs.of(each) or await self._dialogs.get(each):
                return found
        return None

    async def _by_marks(self, hook: Hook) -> Dialog | None:
        for kind, number in hook.marks.items():
            if found := await self._dialogs.marked(kind, number):
                return found
        return None

    async def _by_content(self, hook: Hook) -> Dialog | None:
        candidates = [each for each in await self._candidates() if await self._may_be(hook, each.dialog)]
        only = _only(candidates, lambda each: self._same_contacts(hook, each.conversation))
        return only or await self._by_transcript(hook, candidates)

    async def _may_be(self, hook: Hook, dialog: Dialog) -> bool:
        """Tell whether a client is not known by another number: anybody can claim somebody else's e-mail."""
        known = await self._dialogs.numbers(dialog.sender)
        return all(known.get(kind, number) == number for kind, number in hook.client_marks.items())

    async def _candidates(self) -> list[Candidate]:
        """The newest dialog of each client."""
        newest = {
            each.sender: each for each in sorted(await self._dialogs.candidates(), key=lambda each: each.opened_at)
        }
        found = [(each, await self._context.conversations.get(each.conversation)) for each in newest.values()]
        return [Candidate(dialog=dialog, conversation=known) for dialog, known in found if known]

    # --- contacts ---

    def _same_contacts(self, hook: Hook, conversation: Conversation) -> bool:
        known = self._contacts(conversation)
        if known["email"] and known["email"].casefold() in {each.casefold() for each in hook.emails}:
            return True
        if (digits := _digits(known["phone"])) and digits in {_digits(each) for each in hook.phones}:
            return True
        if known["crm_link"] and known["crm_link"] == hook.crm_link:
            return True
        name, page = conversation.client.name, known["url"]
        return bool(name and page) and (name, page) == (hook.visitor.name, hook.page.url)

    def _contacts(self, conversation: Conversation) -> dict[str, str]:
        transfer = conversation.handoff.transfer.attributes if conversation.handoff else {}
        known: Mapping[str, str] = {**conversation.attributes, **transfer}
        return {field: known.get(self._fields.get(field, field), "") for field in ("email", "phone", "crm_link", "url")}

    # --- the transcript ---

    async def _by_transcript(self, hook: Hook, candidates: list[Candidate]) -> Dialog | None:
        """The one with most lines in common; a chat that ended before a dialog began is none of it."""
        written = {_bare(each) for each in hook.chat.said_by("visitor")} - {""}
        newest = hook.chat.newest
        if not written:
            return None
        scores = [
            (len(written & await self._written(each)), each.dialog)
            for each in candidates
            if newest is None or newest >= int(each.dialog.opened_at) - SLACK_SECONDS
        ]
        best = max((score for score, _ in scores), default=0)
        found = [dialog for score, dialog in scores if score == best]
        return found[0] if best and len(found) == 1 else None

    async def _written(self, candidate: Candidate) -> set[str]:
        """What Jivo got of a conversation, as it may stand in a transcript."""
        head = candidate.conversation.head + 1
        entries = await self._context.conversations.entries(candidate.conversation.id, before=head, limit=ENTRIES)
        said = [(entry, entry.body) for entry in entries if isinstance(entry.body, Said)]
        words = [body.message.text for _, body in said if body.role is Role.CLIENT]
        return {_bare(each) for each in (*words, *(self._history.line(entry) for entry, _ in said))} - {""}


SLACK_SECONDS = 30
"""How far the clocks of both sides may be apart."""


def is_older(hook: Hook, dialog: Dialog) -> bool:
    """Tell whether a chat was over before a dialog began: the same client's dialog before."""
    newest = hook.chat.newest
    return newest is not None and newest < int(dialog.opened_at) - SLACK_SECONDS


def _only(candidates: list[Candidate], fits: Callable[[Candidate], bool]) -> Dialog | None:
    found = [each.dialog for each in candidates if fits(each)]
    return found[0] if len(found) == 1 else None


def _digits(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS else ""


def _bare(words: str) -> str:
    return " ".join(words.split()).casefold()
