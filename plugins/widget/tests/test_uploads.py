from __future__ import annotations

import jwt
import pytest

from gateway import MediaKind
from gateway_widget.options import WidgetOptions
from plugins.widget.tests.stage import Caller, Stage

KEY = "k" * 32


async def test_a_file_is_kept_and_said(stage):
    visitor = await stage.visitor()
    status, upload = await visitor.upload(b"pixels", "cat.png", "image/png")
    answer = await visitor.say("Look", files=[upload["ticket"]])

    text, media = stage.context.events[0].message.contents
    assert (status, answer["type"]) == (200, "ack")
    assert text.text == "Look"
    assert media.kind is MediaKind.IMAGE
    assert (media.attachment.name, media.attachment.size) == ("cat.png", 6)
    assert stage.context.files.files[media.attachment.url] == (b"pixels", "image/png")


@pytest.mark.parametrize(
    ("name", "media_type", "kind"),
    [
        ("a.mp4", "video/mp4", MediaKind.VIDEO),
        ("a.mp3", "audio/mpeg", MediaKind.AUDIO),
        ("a.pdf", "application/pdf", MediaKind.DOCUMENT),
        ("a.svg", "image/svg+xml", MediaKind.DOCUMENT),
    ],
)
async def test_kinds(stage, name, media_type, kind):
    visitor = await stage.visitor()
    _, upload = await visitor.upload(name=name, media_type=media_type)
    await visitor.say("", files=[upload["ticket"]])

    assert stage.context.events[0].message.contents[0].kind is kind


async def test_somebody_elses_file_is_refused(stage):
    owner, thief = await stage.visitor(), await stage.visitor()
    _, upload = await owner.upload()

    assert (await thief.say("mine", files=[upload["ticket"]]))["reason"] == "files: somebody else sent this file"


@pytest.mark.parametrize("ticket", ["", "x", "x.y", "/files/secret"])
async def test_a_made_up_file_is_refused(stage, ticket):
    visitor = await stage.visitor()

    assert (await visitor.say("mine", files=[ticket]))["code"] == "bad_input"
    assert (await visitor.say("mine", files=[visitor.session["token"]]))["code"] == "bad_input"


async def test_a_large_file_is_refused_before_it_is_read():
    async with Stage(WidgetOptions(upload_bytes=1000)) as stage:
        visitor = await stage.visitor()
        status, answer = await visitor.upload(b"x" * 1001)

    assert (status, answer["code"]) == (413, "too_large")
    assert "1000 bytes" in answer["reason"]


async def test_a_large_file_of_untold_length_is_refused_too():
    async def drip():
        for _ in range(20):
            yield b"x" * 100

    async with Stage(WidgetOptions(upload_bytes=1000)) as stage:
        visitor = await stage.visitor()
        status, answer = await visitor.upload(drip())

    assert (status, answer["code"]) == (413, "too_large")
    assert stage.context.files.files == {}


async def test_the_gateways_own_limit_counts_too():
    async with Stage(WidgetOptions(upload_bytes=10**9)) as stage:
        assert stage.channel._uploads.max_bytes == stage.context.files.max_bytes


async def test_uploads_can_be_switched_off():
    async with Stage(WidgetOptions(uploads=False)) as stage:
        status, answer = await (await stage.visitor()).upload()

    assert (status, answer["reason"]) == (400, "this chat takes no files")


async def test_an_upload_needs_a_token(stage):
    async with Caller(stage).post("files?name=x", data=b"x") as response:
        assert response.status == 401


# --- sessions ------------------------------------------------------------------------------------------------------


async def test_a_returning_visitor_stays_the_same(stage):
    visitor = await stage.visitor()
    first = visitor.session
    stage.context.clock.skip(days=60)
    await visitor.arrive(token=first["token"])

    assert visitor.session["visitor"] == first["visitor"]
    assert visitor.session["seconds"] == pytest.approx(90 * 86_400, abs=5)


async def test_a_lapsed_visitor_is_told_so(stage):
    visitor = await stage.visitor()
    stage.context.clock.skip(days=91)
    async with visitor.post("session", json={"token": visitor.session["token"]}) as response:
        assert response.status == 401
        assert (await response.json())["code"] == "expired"


async def test_a_proven_client_is_the_same_on_every_device():
    async with Stage(WidgetOptions(jwt=KEY)) as stage:
        claims = {"sub": "42", "name": "Ann", "email": "ann@example.com", "exp": stage.context.now() + 60}
        phone, desk = [await stage.visitor(identity=jwt.encode(claims, KEY)) for _ in range(2)]
        await phone.say("From my phone", attributes={"email": "forged@example.com"})
        async with desk.socket() as line:
            await line.hear("hello")

    event = stage.context.events[0]
    assert (event.client.id, event.client.name, event.verified) == ("u.42", "Ann", True)
    assert event.attributes["email"] == "ann@example.com"
    assert await line.numbers(1) == [1]


@pytest.mark.parametrize("asked", [{"identity": "x.y.z"}, {"token": "x.y"}, {"token": 7}, {"identity": ["x"]}])
async def test_a_wrong_claim_makes_nobody(stage, asked):
    async with Caller(stage).post("session", json=asked) as response:
        assert response.status in {400, 401}
        assert "token" not in await response.json()


@pytest.mark.parametrize("body", [b"{", b"[]", b"7"])
async def test_a_session_is_asked_for_in_json(stage, body):
    async with Caller(stage).post("session", data=body) as response:
        assert response.status == 400
