# mypy: allow-untyped-defs, allow-untyped-calls
"""The gateway is the desk of a Tovie bot: the six methods in, the four events out."""

from __future__ import annotations

from importlib import import_module

import pytest

from gateway import (
    AgentJoined,
    AgentWrote,
    Attachment,
    ClientBlocked,
    Floor,
    Media,
    MediaKind,
    Message,
    Outcome,
    Peer,
    Refused,
    SessionMoved,
    Transferred,
)

kit = import_module("plugins.operator-api.tests.operator_kit")
BO = Peer(id="bo", name="Bo van Ek", avatar_url="/files/0123456789012345678901/bo.png")


@pytest.fixture
async def here(tmp_path):
    async with kit.desk_of_tovie(tmp_path) as here:
        yield here


async def spoke(here, text="good day"):
    return await here.agents.context.receive(
        AgentWrote(session=here.agents.session, agent=BO, message=Message(contents=(kit.Text(text=text),)))
    )


# --- in --------------------------------------------------------------------------------------------------------------


async def test_a_transfer_opens_a_dialog_and_the_first_words_follow(here):
    answer = await here.tovie.transfers(
        first_message="hello",
        destination="sales",
        attributes={"email": "ann@example.com", "age": 33},
        hiddenAttributes='{"tier": "gold"}',
        customData='{"any": {"nested": true}}',
    )
    opening = await here.opened()
    await here.read("hello")

    assert (answer.status, answer.body) == (200, {})
    assert opening.client == Peer(id="ann", name="Ann")
    assert opening.destination == "sales"
    assert opening.attributes == {"email": "ann@example.com", "age": "33"}
    assert opening.transfer.hidden_attributes == {"tier": "gold"}
    assert opening.transfer.custom_data == {"any": {"nested": True}}
    assert opening.history == () and opening.first_message == ""
    assert (await here.transcript())[0] == "transferred"


async def test_what_is_nested_without_end_is_a_plain_string(here):
    deep = "[" * 100_000
    assert (await here.tovie.transfers(first_message="hello", customData=deep, attributes=deep)).status == 200

    assert (await here.opened()).transfer.custom_data == deep


async def test_the_group_default_means_anybody(here):
    await here.tovie.transfers(destination="default")

    assert (await here.opened()).destination == ""


async def test_the_same_transfer_again_changes_nothing(here):
    await here.tovie.transfers(first_message="hello")
    await here.tovie.transfers()
    await here.tovie.says("still here")
    await here.read("hello", "still here")

    assert len(here.agents.openings) == 1


async def test_a_transfer_elsewhere_moves_the_dialog(here):
    await here.tovie.transfers(destination="sales")
    await here.opened()
    await here.tovie.transfers(destination="service")

    assert (await here.opened(2)).destination == "service"
    assert [closing.outcome for closing in here.agents.closed] == [Outcome.RETURNED]


async def test_a_file_of_the_client(here):
    await here.tovie.transfers()
    url = here.tovie.keep("y.png", kit.PNG, "image/png")
    assert (await here.tovie.sends(url, "y.png")).status == 200

    await here.gateway.until(lambda: bool(here.agents.sent))
    [media] = here.agents.sent[0].message.contents
    assert (media.kind, media.attachment.name, media.attachment.size) == (MediaKind.IMAGE, "y.png", len(kit.PNG))
    assert media.attachment.url.startswith("/files/")


async def test_words_of_somebody_never_heard_of_reach_an_agent(here):
    assert (await here.tovie.says("hello?")).status == 200

    await here.read("hello?")


async def test_the_client_leaves(here):
    await here.tovie.transfers(first_message="hello")
    await here.opened()
    assert (await here.tovie.closes("The user closed the chat")).status == 200

    await here.gateway.until(lambda: bool(here.agents.closed))
    await here.gateway.settled()
    assert here.agents.closed[0].text == "The user closed the chat"
    assert here.tovie.events == []
    assert (await here.tovie.closes()).status == 200
    assert (await here.tovie.closes(user="nobody")).status == 200


async def test_words_that_cross_the_end_open_nothing(here):
    await here.tovie.transfers(first_message="hello")
    await here.opened()
    await here.agents.joins()
    await here.agents.ends()
    await here.told("Closed")

    answer = await here.tovie.says("one more thing")

    assert answer.status == 404 and "selectDestination" in answer.body["error"]
    assert len(here.agents.openings) == 1


# --- groups ----------------------------------------------------------------------------------------------------------


async def test_one_group_where_the_operator_names_none(here):
    assert await here.tovie.destinations() == [{"destinationId": "default", "name": "Support", "hasOnline": True}]


async def test_groups_and_who_is_online(tmp_path):
    async with kit.FakeDesk() as desk, kit.FakeTovie() as tovie:
        config = kit.being(destinations={"1": "Sales", "2": "Service"})
        config["platforms"] = {"desk": {"type": "operator-api", "url": desk.api_url}}
        async with kit.Harness(config, folder=tmp_path) as gateway:
            await tovie.connect(f"{gateway.url}/hooks/tovie/{kit.KEY}")

            assert await tovie.destinations() == [
                {"destinationId": "1", "name": "Sales", "hasOnline": True},
                {"destinationId": "2", "name": "Service", "hasOnline": False},
            ]


# --- out -------------------------------------------------------------------------------------------------------------


async def test_words_of_an_agent(here):
    await here.tovie.transfers(first_message="hello")
    await here.opened()
    await spoke(here)

    [event] = await here.told("TextMessage")
    assert event["userId"] == "ann" and event["text"] == "good day" and event["id"]
    assert event["employee"] == {
        "employeeId": "bo",
        "firstName": "Bo",
        "lastName": "van Ek",
        "avatarUrl": f"{here.gateway.url}/files/0123456789012345678901/bo.png",
    }


async def test_a_file_of_an_agent(here):
    await here.tovie.transfers()
    await here.opened()
    file = Attachment(url="/files/0123456789012345678901/x.png", name="x.png", media_type="image/png", size=2)
    media = Media(kind=MediaKind.IMAGE, attachment=file, caption="see here")
    await here.agents.context.receive(
        AgentWrote(session=here.agents.session, agent=BO, message=Message(contents=(media,)))
    )

    [event] = await here.told("FileMessage")
    assert event["url"] == f"{here.gateway.url}/files/0123456789012345678901/x.png"
    assert (event["name"], event["size"], event["comment"]) == ("x.png", "2", "see here")


async def test_the_gateways_own_words_are_not_an_agents(here):
    await here.tovie.transfers()
    await here.opened()
    await here.agents.joins()
    await spoke(here)
    await here.told("TextMessage")

    assert here.tovie.texts() == ["good day"]


async def test_unless_the_operator_wants_them(tmp_path):
    async with kit.desk_of_tovie(tmp_path, announcements=True, name="Shop") as here:
        await here.tovie.transfers()

        [event] = await here.told("TextMessage")
        assert event["text"] == "We are finding somebody to help you."
        assert event["employee"] == {"employeeId": "tovie", "firstName": "Shop", "lastName": ""}


@pytest.mark.parametrize("outcome", [Outcome.RETURNED, Outcome.CLOSED])
async def test_the_end_is_told_once_by_whoever_was_there(here, outcome):
    await here.tovie.transfers(first_message="hello")
    await here.opened()
    await here.agents.joins("cleo")
    await here.agents.ends(outcome)
    [event] = await here.told("Closed")
    await here.gateway.settled()

    assert event["employee"]["employeeId"] == "cleo"
    assert [each["type"] for each in here.tovie.told()] == ["Closed"]


async def test_refused_by_everybody_is_closed(here):
    here.agents.failures.append(Refused("nobody is online", code="offline"))
    await here.tovie.transfers()

    [event] = await here.told("Closed")
    assert event["employee"]["employeeId"] == "tovie"


async def test_blocked_is_closed_and_the_client_is_kept_out(here):
    await here.tovie.transfers()
    await here.opened()
    await here.agents.joins()
    await here.agents.context.receive(ClientBlocked(session=here.agents.session, agent=BO))
    await here.told("Closed")

    assert (await here.tovie.transfers()).status == 403


async def test_the_end_comes_after_the_last_words(here):
    await here.tovie.transfers()
    await here.opened()
    here.tovie.refuse("TextMessage", 503, times=2)
    await spoke(here, "good bye")
    await here.agents.ends()
    await here.told("Closed")

    assert [event["type"] for event in here.tovie.told()] == ["TextMessage", "Closed"]


async def test_forwarding(tmp_path):
    async with kit.desk_of_tovie(tmp_path, destinations={"sales": "Sales", "service": "Service"}) as here:
        await here.tovie.transfers(destination="sales")
        await here.opened()
        await here.agents.context.receive(AgentJoined(session=here.agents.session, agent=BO))
        moved = SessionMoved(session=here.agents.session, destination="service", destination_name="Service", agent=BO)
        await here.agents.context.receive(moved)

        [event] = await here.told("SelectDestination")
        assert event["destination"] == {"destinationId": "service", "name": "Service", "hasOnline": "true"}
        assert await here.transcript() == [
            "transferred",
            "queued",
            "system: We are finding somebody to help you.",
            "joined",
            "system: Bo van Ek is here.",
            "moved",
            "system: A colleague will take over in a moment.",
        ]


async def test_the_second_transfer_is_a_conversation_of_its_own(here):
    await here.tovie.transfers(first_message="one")
    await here.opened()
    await here.agents.joins()
    await here.agents.ends()
    await here.told("Closed")
    await here.tovie.transfers(first_message="two")
    await here.opened(2)
    await here.read("one", "two")
    await spoke(here, "again")
    await here.told("TextMessage")
    await here.agents.ends()
    await here.told("Closed", 2)

    assert [event["type"] for event in here.tovie.told()] == ["Closed", "TextMessage", "Closed"]
    assert len({event["id"] for event in here.tovie.told()}) == 3


async def test_who_asked_stands_in_the_log(here):
    await here.tovie.transfers()
    await here.opened()

    [transferred] = [entry.body for entry in await here.log() if isinstance(entry.body, Transferred)]
    assert transferred.by == "client"
    assert (await here.gateway.conversation("ann", "tovie")).floor is Floor.WAITING


async def test_the_webhook_is_replaced_and_survives(tmp_path):
    async with kit.FakeTovie() as tovie:
        async with kit.office(tmp_path, tovie) as here:
            await tovie.calls_method("setWebhook", {"url": f"{tovie.url}/elsewhere"})
            await tovie.connect(here.api_url)
        async with kit.office(tmp_path, tovie, connected=False) as here:
            tovie.api_url = here.api_url
            await tovie.transfers()
            await here.opened()
            await spoke(here)
            await here.told("TextMessage")


async def test_events_wait_until_tovie_has_named_its_address(tmp_path):
    async with kit.desk_of_tovie(tmp_path, connected=False) as here:
        here.tovie.api_url = here.api_url
        await here.tovie.transfers()
        await here.opened()
        await spoke(here)
        await here.tovie.connect(here.api_url)
        await here.told("TextMessage")

        assert here.tovie.texts() == ["good day"]
