# mypy: allow-untyped-defs, allow-untyped-calls
"""What Jivo's webhooks tell: whose chat it is, who took it, that it is finished, and more about the client."""

from __future__ import annotations

from importlib import import_module

import pytest

from gateway import ClientChanged, Joined, Peer

kit = import_module("plugins.jivo-chat.tests.jivo_chat_kit")

EMAIL = {"email": "Ann@Example.com"}


@pytest.fixture
async def here(tmp_path):
    async with kit.both(tmp_path) as here:
        yield here


async def ended(here):
    await here.sees("back: closed")


async def waits(here, client="ann"):
    """Nothing has ended."""
    await here.gateway.settled()
    assert (await here.gateway.conversation(client)).handoff is not None


# --- whose chat it is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "members"),
    [
        ({}, {"user_token": "web:ann"}),
        ({}, {"client_id": "web:ann"}),
        ({}, {"visitor": {"external_id": "web:ann"}}),
        ({"email": "ann@example.com"}, {"visitor": EMAIL, "chat": None}),
        ({"phone": "+7 (958) 100-32-91"}, {"visitor": {"phone": "89581003291"}, "chat": []}),
        ({"crm_link": "https://crm/7"}, {"crm_link": "https://crm/7", "chat": {"messages": None}}),
        ({"page_url": "https://s/p"}, {"visitor": {"name": "Ann"}, "page": {"url": "https://s/p"}, "chat": {}}),
        ({}, {}),
    ],
    ids=["user_token", "client_id", "external_id", "e-mail", "phone", "CRM link", "name and page", "transcript"],
)
async def test_a_finished_chat_is_found_by(here, attributes, members):
    await here.transferred(attributes=attributes)
    await here.jivo.says("bye")
    answer = await here.jivo.finishes(**members)
    await ended(here)

    assert (answer.status, answer.body) == (200, {"result": "ok"})


async def test_a_chat_is_known_by_its_number_once_it_was_found(here):
    await here.transferred(attributes={"email": "ann@example.com"})
    await here.jivo.hook("chat_accepted", visitor={**EMAIL, "number": "17"})
    await here.sees("Bo is here.")
    await here.jivo.hook("client_updated", visitor={"number": "17", "phone": "+100"}, chat_id=None)
    await here.jivo.finishes(chat={})
    await ended(here)

    assert (await here.facts())["phone"] == "+100"


@pytest.mark.parametrize("visitor", [{"name": "web:ann"}, {"name": "Ann"}, {"email": "bob@example.com"}, {}])
async def test_what_fits_nobody_ends_nothing(here, visitor):
    await here.transferred(attributes={"email": "ann@example.com"})
    answer = await here.jivo.finishes(visitor=visitor, chat={"messages": [{"message": "?", "type": "visitor"}]})

    assert (answer.status, answer.body) == (200, {"result": "ok"})
    await waits(here)
    assert here.gateway.gateway.metrics.ignored("jivo")._value.get() == 1


async def test_what_fits_two_dialogs_ends_neither(here):
    for client in ("ann", "bob"):
        await here.transferred(client=client, history=0, attributes={"email": "shared@example.com"})
    await here.jivo.finishes(visitor={"email": "shared@example.com"})

    for client in ("ann", "bob"):
        await waits(here, client)


async def test_who_claims_the_email_of_somebody_else_does_not_get_their_chat(here):
    await here.transferred(history=0, attributes={"email": "ann@example.com"})
    await here.jivo.hook("chat_accepted", visitor={**EMAIL, "number": "17"})
    await here.transferred(client="eve", history=0)
    await here.jivo.hook("chat_accepted", client="web:eve", user_token="web:eve", visitor={"number": "18"})
    await here.ann.context.receive(ClientChanged(client=Peer(id="eve"), attributes={"email": "ann@example.com"}))
    await here.ann.leaves_agent()
    await here.jivo.until(lambda: here.jivo.chats["web:ann"].stopped)
    here.gateway.advance(7200)
    await here.jivo.hook("chat_updated", client="web:x", visitor={**EMAIL, "number": "19", "phone": "+100"})
    await here.jivo.hook("client_updated", client="web:x", visitor={**EMAIL, "number": "17", "phone": "+200"})

    assert "phone" not in await here.facts("eve")
    assert (await here.facts("ann"))["phone"] == "+200"


async def test_of_two_dialogs_the_transcript_tells_which(here):
    for client in ("ann", "bob"):
        await here.transferred(client=client, history=0)
    await here.ann.writes("It is broken", "bob")
    await here.reads("agent", "It is broken", client="web:bob")
    await here.jivo.finishes(client="web:bob")
    await here.gateway.until(lambda: "back: refused" in here.ann.texts())

    await waits(here, "ann")


async def test_the_end_of_an_older_chat_does_not_end_the_new_dialog(here):
    await here.transferred()
    await here.jivo.says("bye")
    old = list(here.jivo.chat.transcript)
    await here.ann.leaves_agent()
    await here.jivo.until(lambda: here.jivo.chat.stopped)
    here.gateway.advance(300)
    await here.transferred("agent again")
    await here.jivo.finishes(user_token="web:ann", chat={"messages": old, "rate": "positive"})

    await waits(here)
    assert (await here.facts())["rating"] == "positive"


# --- joining ---------------------------------------------------------------------------------------------------------


async def test_who_accepts_has_joined_though_the_apis_number_agents_differently(here):
    await here.transferred(attributes={"email": "ann@example.com"})
    await here.jivo.hook("chat_accepted", visitor=EMAIL)
    await here.sees("Bo is here.")
    await here.jivo.says("Hello")
    await here.jivo.hook("chat_accepted", visitor=EMAIL)
    await here.sees("Bo is here.", "Hello")
    assert here.ann.texts().count("Bo is here.") == 1
    assert here.ann.sent[-1].author.avatar_url == "https://jivo.example.com/bo.png"

    await here.jivo.hook("chat_assigned", visitor=EMAIL, assign_to={"id": 8, "name": "Cy"})
    await here.sees("Hello", "Cy is here.")
    assert [body.agent.name for body in here.logged(Joined)][-1] == "Cy"


async def test_accepting_a_dialog_that_is_over_is_nothing(here):
    await here.transferred(attributes={"email": "ann@example.com"})
    await here.jivo.says("bye")
    await here.jivo.stops()
    await ended(here)

    assert (await here.jivo.hook("chat_accepted", visitor=EMAIL)).status == 200
    assert here.ann.texts()[-1] == "back: closed"


# --- the client ------------------------------------------------------------------------------------------------------


async def test_an_accepted_chat_is_answered_with_what_we_know(here):
    facts = {"email": "ann@example.com", "page_url": "https://s/p", "crm_link": "https://crm/7", "order": "4711"}
    await here.transferred(attributes=facts, custom_data={"basket": 3}, hidden_attributes={"tier": "gold"})
    answer = await here.jivo.hook("chat_accepted", visitor={**EMAIL, "phone": "+100", "name": "Ann Lee"})

    assert answer.body == {
        "result": "ok",
        "custom_data": [
            {"title": "basket", "content": "3", "key": "basket"},
            {"title": "order", "content": "4711", "key": "order"},
        ],
        "contact_info": {"name": "Ann Lee", "phone": "+100", "email": "Ann@Example.com"},
        "crm_link": "https://crm/7",
        "page": {"url": "https://s/p"},
    }


async def test_what_an_agent_corrects_stays_so(tmp_path):
    async with kit.both(tmp_path, fields={"email": "mail"}) as here:
        await here.transferred(attributes={"mail": "ann@exmaple.com"})
        answer = await here.jivo.hook("chat_updated", user_token="web:ann", visitor=EMAIL)

        assert answer.body["contact_info"] == {"name": "Ann", "email": "Ann@Example.com"}
        assert await here.facts() == {"mail": "Ann@Example.com"}


async def test_what_agents_learned_goes_to_listeners(here):
    await here.transferred(attributes={"email": "ann@example.com"})
    await here.jivo.says("bye")
    await here.jivo.finishes(
        rate="positive",
        visitor={**EMAIL, "name": "Ann Lee", "phone": "+100", "description": "nice"},
        tags=[{"id": 1, "title": "vip"}, "odd", {"id": 2, "title": "wholesale"}],
        organization={"id": 3, "name": "Lee Ltd"},
        status={"id": 4, "title": "New"},
        assigned_agent={"id": 7, "name": "Bo"},
        department={"id": 5, "name": "Sales"},
        topic={"topic_id": 6, "title": "Orders"},
    )
    await ended(here)
    conversation = await here.gateway.conversation()

    assert conversation.client.name == "Ann Lee"
    assert conversation.attributes == {
        "email": "Ann@Example.com",
        "phone": "+100",
        "description": "nice",
        "rating": "positive",
        "tags": "vip, wholesale",
        "organization": "Lee Ltd",
        "client_status": "New",
        "assigned_agent": "Bo",
        "department": "Sales",
        "topic": "Orders",
    }


async def test_the_same_told_twice_is_told_once(here):
    await here.transferred(attributes={"email": "ann@example.com"})
    for _ in range(2):
        await here.jivo.hook("chat_updated", visitor={**EMAIL, "phone": "+100"})

    assert (await here.transcript()).count("changed") == 1


async def test_what_comes_after_the_end_is_still_told(here):
    await here.transferred()
    await here.jivo.says("bye")
    await here.jivo.stops()
    await ended(here)
    await here.jivo.finishes(rate="negative")

    assert (await here.facts())["rating"] == "negative"
    assert here.ann.texts().count("back: closed") == 1


async def test_what_only_the_transcript_has_is_told(here):
    await here.transferred()
    await here.jivo.says("Hello")
    here.jivo.chat.transcript += [
        {"message": words, "timestamp": 0, "type": "agent", "agent_id": 7}
        for words in ("Are you there?", " hello  ", "https://files.jivo/x.png")
    ]
    await here.jivo.finishes()
    await ended(here)

    assert (await here.facts())["transcript_gaps"] == "Are you there?\nhello"


async def test_events_of_attributes_calls_and_the_crm(here):
    await here.transferred(attributes={"email": "ann@example.com"})
    await here.jivo.hook("client_attribute_updated", user_token="web:ann", attributes={"12": 7, "odd": []})
    await here.jivo.hook(
        "call_event", visitor=EMAIL, call={"type": "incoming", "status": "end", "record_url": "https://rec/1"}
    )
    contacts = [
        {"contact_type": "email", "contact": "ann@example.com", "channel_type": "agent_app"},
        {"contact_type": "phone", "contact": "+100", "channel_type": "widget"},
        {"contact_type": "fax"},
    ]
    await here.jivo.hook(
        "updated_client", event_type="crm_client", name="Ann Lee", crm_link="https://crm/7", contacts=contacts
    )
    facts = await here.facts()

    assert facts["12"] == "7" and "odd" not in facts
    assert (facts["call"], facts["call_record"]) == ("incoming end", "https://rec/1")
    assert (facts["phone"], facts["crm_link"]) == ("+100", "https://crm/7")
    assert (await here.gateway.conversation()).client.name == "Ann Lee"


@pytest.mark.parametrize(
    "members",
    [
        {"event_name": "created_deal", "event_type": "crm_deal"},
        {"event_name": "something_new"},
        {"event_name": "offline_message", "message": "call me"},
        {},
    ],
)
async def test_other_events_are_acknowledged_and_counted(here, members):
    answer = await here.jivo.request("POST", here.jivo.webhooks_url, members)

    assert (answer.status, answer.body) == (200, {"result": "ok"})
    assert here.gateway.gateway.metrics.ignored("jivo")._value.get() == 1


async def test_numbers_are_remembered_over_a_restart(tmp_path):
    async with kit.FakeJivoChat() as jivo:
        async with kit.beside(tmp_path, jivo) as here:
            await here.transferred(attributes={"email": "ann@example.com"})
            await jivo.hook("chat_accepted", visitor=EMAIL)
            await here.sees("Bo is here.")
        async with kit.beside(tmp_path, jivo) as here:
            here.bot.answer = kit.transferring()
            await jivo.finishes(chat={})
            await here.sees("back: closed")


async def test_without_a_key_there_is_no_address_for_webhooks(tmp_path):
    async with kit.both(tmp_path, webhooks_key=None) as here:
        assert (await here.jivo.hook("chat_finished")).status == 404
