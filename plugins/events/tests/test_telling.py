"""What a receiver is told over real HTTP."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway import Attachment, AuthenticationFailed, Change, Media, MediaKind, Message, Text
from gateway_events.options import EventsOptions
from plugins.events.tests.kit import OLD_SECRET, SECRET, standing


async def test_a_whole_dialog_is_told_in_order(tmp_path):
    async with standing(tmp_path) as (gateway, receiver):
        await gateway.channel().begins()
        await gateway.channel().writes("agent")
        await gateway.until(lambda: bool(gateway.platform().openings))
        await gateway.platform().joins()
        await gateway.platform().writes("how can I help?")
        await gateway.platform().ends(note="solved")
        await gateway.settled()
        await gateway.channel().ends()
        await gateway.settled()
        await receiver.has_all(gateway, "ann")
        log = await gateway.log()

        assert receiver.numbers((await gateway.conversation()).id) == [entry.number for entry in log]
        assert receiver.types() == [f"conversation.{entry.body.type}" for entry in log]
        assert {"conversation.transferred", "conversation.joined", "conversation.left", "conversation.closed"} <= set(
            receiver.types()
        )


async def test_what_an_event_has(tmp_path):
    async with standing(tmp_path, headers={"Authorization": "Bearer of-the-proxy"}) as (gateway, receiver):
        await gateway.channel().writes("hi")
        await gateway.settled()
        await receiver.has_all(gateway, "ann")
        conversation, event, request = await gateway.conversation(), receiver.events[0], receiver.requests[0]

        assert request.headers["webhook-id"] == f"evt_{conversation.id}_1"
        assert request.headers["Authorization"] == "Bearer of-the-proxy"
        assert event["type"] == "conversation.said"
        assert event["timestamp"].endswith("Z")
        assert event["data"]["version"] == 1
        assert event["data"]["entry"]["body"]["message"]["contents"][0]["text"] == "hi"
        assert event["data"]["conversation"]["client"]["name"] == "Ann"
        assert event["data"]["conversation"]["route"] == "main"


async def test_files_have_an_address_the_receiver_can_reach(tmp_path):
    async with standing(tmp_path) as (gateway, receiver):
        media = Media(kind=MediaKind.IMAGE, attachment=Attachment(url="/files/k/a.png"))
        await gateway.channel().writes(Message(contents=(Text(text="look"), media)))
        await gateway.settled()
        await receiver.has_all(gateway, "ann")

        contents = receiver.events[0]["data"]["entry"]["body"]["message"]["contents"]
        assert contents[1]["attachment"]["url"] == f"{gateway.url}/files/k/a.png"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"entries": ["started", "closed"], "channels": ["web", "shop"]},
         {("web", "started"), ("web", "closed"), ("shop", "started"), ("shop", "closed")}),
        ({"channels": ["shop"], "entries": ["closed"]}, {("shop", "closed")}),
        ({"routes": ["main"], "entries": ["started"]}, {("web", "started")}),
    ],
)  # fmt: skip
async def test_only_what_is_wanted_is_told(tmp_path, options, wanted):
    async with standing(tmp_path, **options) as (gateway, receiver):
        for channel in ("web", "shop"):
            await gateway.channel(channel).begins()
            await gateway.settled()
            await gateway.channel(channel).ends()
        await receiver.until(lambda: len(receiver.events) >= len(wanted))

        found = [
            (event["data"]["conversation"]["channel"], event["data"]["entry"]["body"]["type"])
            for event in receiver.events
        ]
        assert sorted(found) == sorted(wanted)


async def test_both_secrets_sign_while_one_is_changed(tmp_path):
    async with standing(tmp_path, old_secret=OLD_SECRET) as (gateway, receiver):
        receiver.key = type(receiver.key)(OLD_SECRET)
        await gateway.channel().writes("hi")
        await gateway.settled()
        await receiver.has_all(gateway, "ann")


async def test_a_refused_signature_makes_the_instance_unhealthy(tmp_path):
    async with standing(tmp_path) as (gateway, receiver):
        receiver.answer = lambda _event: 401
        await gateway.channel().writes("hi")
        await gateway.settled()
        change = Change(conversation=await gateway.conversation(), entries=tuple(await gateway.log())[:1])
        running = gateway.gateway.instances["crm"]
        with pytest.raises(AuthenticationFailed, match="`secret`"):
            await running.call("notice", lambda: running.component.notice(change))

        assert not running.healthy


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"url": "crm.example.com"}, "not the address"),
        ({"url": "https://me:pw@crm.example.com"}, "headers"),
        ({"secret": "hunter2"}, "gateway events secret"),
        ({"entries": ["messages"]}, "said"),
        ({"headers": {"Webhook-Id": "1"}}, "another header"),
    ],
)
def test_options_that_cannot_work_are_refused(options, complaint):
    with pytest.raises(ValidationError, match=complaint):
        EventsOptions(**{"url": "https://crm.example.com", "secret": SECRET, **options})
