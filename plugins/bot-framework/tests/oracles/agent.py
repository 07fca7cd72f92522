"""Runs in an environment with the Microsoft 365 Agents SDK: a real agent, anonymous, on a free port of the loopback.

It prints its port, then the types and names of what it is sent, a line each.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-subclassing-any
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import asyncio
import sys

from aiohttp import web
from microsoft_agents.activity import (
    ActionTypes,
    Activity,
    Attachment,
    CardAction,
    CardImage,
    HeroCard,
    SuggestedActions,
)
from microsoft_agents.hosting.aiohttp import CloudAdapter, jwt_authorization_middleware, start_agent_process
from microsoft_agents.hosting.core import ActivityHandler, CardFactory, MessageFactory
from microsoft_agents.hosting.core.authorization import AgentAuthConfiguration, ClaimsIdentity


def tell(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Nobody:
    """Connections for an agent that calls nobody by name."""

    def get_token_provider(self, *_):
        raise LookupError("anonymous")


def hero(title):
    return CardFactory.hero_card(
        HeroCard(
            title=title,
            text=f"The {title} one",
            images=[CardImage(url=f"https://shop.example.com/{title}.png")],
            buttons=[CardAction(type=ActionTypes.im_back, title="Take it", value=f"take {title}")],
        )
    )


def choose():
    message = MessageFactory.text("Which?")
    red = CardAction(type=ActionTypes.im_back, title="Red", value="red")
    shop = CardAction(type=ActionTypes.open_url, title="Shop", value="https://shop.example.com")
    message.suggested_actions = SuggestedActions(actions=[red, shop])
    return message


def picture():
    file = Attachment(content_type="image/png", content_url="https://shop.example.com/red.png", name="red.png")
    return MessageFactory.attachment(file, text="**Look**")


def handoff():
    return Activity(type="event", name="handoff.initiate", value={"Skill": "billing", "order": "17"})


TRICKS = {
    "choose": lambda: [choose()],
    "cards": lambda: [MessageFactory.carousel([hero("red"), hero("blue")])],
    "picture": lambda: [picture()],
    "agent": lambda: [MessageFactory.text("One moment."), handoff()],
    "bye": lambda: [MessageFactory.text("Bye."), Activity(type="endOfConversation")],
    "type": lambda: [Activity(type="typing"), MessageFactory.text("typed")],
}


async def change(turn_context):
    """Say something, and something else in its place; inline nobody tells the id that needs."""
    sent = await turn_context.send_activity("one moment")
    if sent.id:
        message = MessageFactory.text("here it is")
        message.id = sent.id
        await turn_context.update_activity(message)


async def remind(turn_context):
    """Speak unasked, as the SDK lets an anonymous agent."""

    async def say(context):
        await context.send_activity("you wanted to know")

    continuation = turn_context.activity.get_conversation_reference().get_continuation_activity()
    await turn_context.adapter.continue_conversation_with_claims(ClaimsIdentity(), continuation, say, "nobody")


class Echo(ActivityHandler):
    """Says what it hears, and does a trick at a word."""

    reminding = None

    async def on_turn(self, turn_context):
        activity = turn_context.activity
        tell(f"{activity.type} {activity.name or activity.text or ''}".strip())
        await super().on_turn(turn_context)

    async def on_members_added_activity(self, members_added, turn_context):
        for member in members_added:
            if member.id != turn_context.activity.recipient.id:
                await turn_context.send_activity(f"Welcome, {member.name or 'stranger'}")

    async def on_message_activity(self, turn_context):
        activity = turn_context.activity
        if activity.text in TRICKS:
            await turn_context.send_activities(TRICKS[activity.text]())
        elif activity.text == "file":
            names = [f"{each.name} {each.content_type}" for each in activity.attachments or []]
            await turn_context.send_activity(", ".join(names))
        elif activity.text == "change":
            await change(turn_context)
        elif activity.text == "remind me":
            self.reminding = asyncio.create_task(remind(turn_context))
        elif activity.text == "fail":
            raise RuntimeError("told to")
        else:
            await turn_context.send_activity(f"You said: {activity.text}")

    async def on_event(self, turn_context):
        value = turn_context.activity.value
        lines = [
            f"{line['from']['role']}: {line['text']}"
            for attachment in turn_context.activity.attachments or []
            for line in attachment.content["activities"]
        ]
        await turn_context.send_activity(f"{value['state']} ({value['message']}); {' / '.join(lines)}")


async def messages(request):
    return await start_agent_process(request, request.app["agent"], request.app["adapter"])


async def main():
    app = web.Application(middlewares=[jwt_authorization_middleware])
    app["agent_configuration"] = AgentAuthConfiguration(anonymous_allowed=True)
    app["agent"] = Echo()
    app["adapter"] = CloudAdapter(connection_manager=Nobody())
    app.router.add_post("/api/messages", messages)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tell(str(runner.addresses[0][1]))
    await asyncio.Event().wait()


asyncio.run(main())
