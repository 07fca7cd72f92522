"""What Jivo's webhooks tell: who took a chat, that it is finished, and what agents learned about the client."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from gateway import AgentJoined, ClientDescribed, Role, Said, SessionEnded, Stage, UnknownConversation
from gateway_jivo_chat import wire
from gateway_jivo_chat.hookwire import MOST_TEXT, Hook, facts, name_of
from gateway_jivo_chat.lenient import read
from gateway_jivo_chat.matching import Matching, is_older
from gateway_jivo_chat.seats import handoff_of, seated

if TYPE_CHECKING:
    from gateway import Context, Conversation, Mailboxes, Peer
    from gateway_jivo_chat.dialogs import Dialog, Dialogs
    from gateway_jivo_chat.options import JivoChatOptions

KNOWN = frozenset(
    {
        "chat_accepted",
        "chat_updated",
        "chat_finished",
        "chat_assigned",
        "client_updated",
        "client_attribute_updated",
        "offline_message",
        "call_event",
        "crm_client",
    }
)
"""Events about a client; of those of the CRM, only this type is."""
ANSWERED = frozenset({"chat_accepted", "chat_updated"})
"""Events whose answer may tell Jivo more about the client."""

LONGEST_NAME = 60
ENTRIES = 500

OK = {"result": "ok"}


class Hooks:
    """Takes the webhooks of one channel. All of them may be repeated."""

    def __init__(self, context: Context, options: JivoChatOptions, dialogs: Dialogs, turns: Mailboxes) -> None:
        """`turns`: one thing at a time per client, so that the end does not overtake a message with a slow file."""
        self._context = context
        self._options = options
        self._dialogs = dialogs
        self._turns = turns
        self._matching = Matching(context, options, dialogs)

    async def take(self, body: Any) -> dict[str, Any]:
        """Let it happen; return what is answered. Raises `BadInput` for what is no event."""
        hook = read(Hook, body)
        if hook.what not in KNOWN:
            self._context.ignored(f"webhook {hook.what[:LONGEST_NAME] or 'without a name'}")
            return OK
        dialog = await self._matching.find(hook)
        if dialog is None:
            self._context.ignored(f"webhook {hook.what} of nobody we know")
            return OK
        async with self._turns.turn(dialog.sender):
            await self._describe(hook, dialog)
            await self._act(hook, dialog)
        return await self._answer(hook, dialog) if hook.event_name in ANSWERED else OK

    async def _act(self, hook: Hook, dialog: Dialog) -> None:
        match hook.event_name:
            case "chat_accepted":
                await self._joined(dialog, hook.agent.peer())
            case "chat_assigned":
                await self._joined(dialog, hook.assign_to.peer() or hook.agent.peer())
            case "chat_finished":
                await self._finished(hook, dialog)
            case _:
                pass

    async def _joined(self, dialog: Dialog, agent: Peer | None) -> None:
        handoff = await handoff_of(self._context, dialog)
        if agent is None or handoff is None:
            return
        agent = await seated(self._context, dialog, agent)
        if handoff.stage is Stage.JOINED and handoff.agent and agent.id == handoff.agent.id:
            return
        await self._tell(AgentJoined(session=dialog.session, agent=agent))

    async def _finished(self, hook: Hook, dialog: Dialog) -> None:
        """The chat is closed in Jivo: the dialog is over, unless it is another one that was closed."""
        if is_older(hook, dialog):
            return
        agent = hook.agent.peer()
        agent = await seated(self._context, dialog, agent) if agent else None
        await self._tell(SessionEnded(session=dialog.session, agent=agent))
        await self._dialogs.end(dialog, stopped=False)

    async def _tell(self, event: AgentJoined | SessionEnded | ClientDescribed) -> None:
        try:
            await self._context.receive(event)
        except UnknownConversation:
            return  # It is over already, as the agent's `stop` was here first; or it was erased.

    # --- the client ---

    async def _describe(self, hook: Hook, dialog: Dialog) -> None:
        known = self._told(hook)
        if gaps := await self._gaps(hook, dialog):
            known["transcript_gaps"] = gaps
        described = ClientDescribed(session=dialog.session, name=name_of(hook), attributes=known)
        if described.name or known:
            await self._tell(described)

    def _told(self, hook: Hook) -> dict[str, str]:
        """What an event says, under the names the options have for what Jivo has a field for."""
        fields = {str(field): name for field, name in self._options.fields.items()}
        return {fields.get(key, key): value for key, value in facts(hook).items()}

    async def _gaps(self, hook: Hook, dialog: Dialog) -> str:
        """Return what agents said by Jivo's transcript and nobody has told us."""
        written = hook.chat.said_by("agent")
        if hook.event_name != "chat_finished" or not written or is_older(hook, dialog):
            return ""
        conversation = await self._context.conversations.get(dialog.conversation)
        heard = Counter(await self._heard(conversation)) if conversation else Counter[str]()
        missing = []
        for words in written:
            if heard[_bare(words)] > 0:
                heard[_bare(words)] -= 1
            elif not words.startswith(("https://", "http://")):  # A file, which we know by another address.
                missing.append(words)
        return "\n".join(missing)[:MOST_TEXT]

    async def _heard(self, conversation: Conversation) -> list[str]:
        entries = await self._context.conversations.entries(
            conversation.id, before=conversation.head + 1, limit=ENTRIES
        )
        said = [entry.body for entry in entries if isinstance(entry.body, Said) and entry.body.role is Role.AGENT]
        return [_bare(each.message.text) for each in said]

    async def _answer(self, hook: Hook, dialog: Dialog) -> dict[str, Any]:
        """Return what we know of the client, for the agent's panel. What the agent has just corrected stays so."""
        conversation = await self._context.conversations.get(dialog.conversation)
        if conversation is None:
            return OK
        handoff = conversation.handoff
        transfer = handoff.transfer if handoff and handoff.session == dialog.session else None
        known = {**conversation.attributes, **(transfer.attributes if transfer else {}), **self._told(hook)}
        fields = {field: known.get(name, "") for field, name in self._options.fields.items()}
        rest = {key: value for key, value in known.items() if key not in {*self._options.fields.values(), *_OURS}}
        contacts = {"name": conversation.client.name, "phone": fields.get("phone"), "email": fields.get("email")}
        page = {"url": fields.get("url"), "title": fields.get("title")}
        told = {
            "custom_data": wire.custom_items(rest, transfer.custom_data if transfer else None),
            "contact_info": {key: value for key, value in contacts.items() if value},
            "crm_link": fields.get("crm_link"),
            "page": {key: value for key, value in page.items() if value} if page["url"] else None,
        }
        return {**OK, **{key: value for key, value in told.items() if value}}


_OURS = frozenset(
    {"description", "organization", "client_status", "department", "topic", "assigned_agent", "tags", "rating"}
    | {"blacklisted", "call", "call_record", "transcript_gaps"}
)
"""Attributes that come from Jivo are not told to it as news."""


def _bare(words: str) -> str:
    return " ".join(words.split()).casefold()
