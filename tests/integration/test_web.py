"""The gateway's own HTTP surface, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from gateway import (
    ChannelKind,
    ClientWrote,
    Context,
    Options,
    Peer,
    Unauthorized,
    WebhookRequest,
    WebhookResponse,
    hookimpl,
    text_message,
)
from gateway.testing import Harness, plugin_host
from gateway.testing.fakes import FakeChannel, Nothing

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


class Hooked(FakeChannel):
    """A channel with a webhook."""

    def __init__(self, context: Context, options: Options) -> None:
        super().__init__(context, Nothing())

    async def webhook(self, request: WebhookRequest) -> WebhookResponse:
        if request.tail == "in-its-own-words":
            return WebhookResponse(status=403, body=b'{"fault": "no"}')
        if request.tail != "right-token":
            raise Unauthorized("wrong token")
        update = request.json()
        if update == {}:
            return WebhookResponse(status=410, body=b"gone", content_type="text/plain")
        event = ClientWrote(client=Peer(id=update.get("client", "ann")), message=text_message(update["text"]))
        await self.context.receive(event, key=str(update["id"]))
        return WebhookResponse(body=b"{}")


HOOKED = ChannelKind(name="hooked", summary="A channel with a webhook", options=Nothing, build=Hooked)


@hookimpl
def register_channels() -> Iterable[ChannelKind[Nothing]]:
    return [HOOKED]


@dataclass
class Site:
    gateway: Harness
    http: aiohttp.ClientSession

    async def upload(self, data: bytes, name: str, media_type: str = "") -> str:
        async def chunks() -> AsyncIterator[bytes]:
            yield data

        saved = await self.gateway.gateway.files.save(chunks(), name=name, media_type=media_type)
        return saved.url


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    config = {
        "server": {"port": 0, "max_body_bytes": 2048, "metrics_token": "a-long-metrics-token"},
        "channels": {"web": {"type": "hooked"}},
        "bots": {"bot": {"type": "fake"}},
        "routes": {"main": {"channels": ["web"], "bot": "bot"}},
    }
    host = plugin_host(f"{__name__}")
    async with (
        Harness(config, folder=tmp_path, host=host) as gateway,
        aiohttp.ClientSession(gateway.url) as http,
    ):
        yield Site(gateway, http)


async def test_live_and_ready(site: Site) -> None:
    assert (await site.http.get("/health/live")).status == 200
    answer = await site.http.get("/health/ready")
    body = await answer.json()

    assert answer.status == 200
    assert body["instances"] == {"web": {"state": "up"}, "bot": {"state": "up"}}


async def test_not_ready_says_which_and_why(site: Site) -> None:
    running = site.gateway.gateway.instances["web"]
    running.state, running.reason = running.state.UNHEALTHY, "the token is refused"
    answer = await site.http.get("/health/ready")

    assert answer.status == 503
    assert (await answer.json())["instances"]["web"] == {"state": "unhealthy", "reason": "the token is refused"}


async def test_metrics_need_their_token(site: Site) -> None:
    assert (await site.http.get("/metrics")).status == 401
    answer = await site.http.get("/metrics", headers={"Authorization": "Bearer a-long-metrics-token"})

    assert answer.status == 200
    assert 'gateway_instance_up{instance="web",kind="hooked"} 1.0' in await answer.text()


async def test_a_webhook_is_answered_after_its_commit(site: Site) -> None:
    answer = await site.http.post("/hooks/web/right-token", json={"id": 1, "text": "hi"})

    assert answer.status == 200
    assert (await site.gateway.transcript())[0] == "client: hi"


async def test_a_repeated_webhook_happens_once(site: Site) -> None:
    for _ in range(3):
        await site.http.post("/hooks/web/right-token", json={"id": 1, "text": "hi"})
    await site.gateway.settled()

    assert await site.gateway.transcript() == ["client: hi", "bot: echo hi"]


async def test_half_a_character_anywhere_in_a_webhook_harms_nothing(site: Site) -> None:
    body = b'{"id": "\\uD83D", "client": "\\ud83d", "text": "hi \\ud83d\\ude00 \\uDE00", "\\ud83d": "\\ud83d"}'
    answers = [await site.http.post("/hooks/web/right-token", data=body) for _ in range(2)]

    assert [answer.status for answer in answers] == [200, 200]
    await site.gateway.settled()
    assert await site.gateway.transcript("?") == ["client: hi 😀 ?", "bot: echo hi 😀 ?"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/hooks/web/wrong", b"{}", 401),
        ("/hooks/web/right-token", b"{not json", 400),
        ("/hooks/web/right-token", b"[" * 2000, 400),
        ("/hooks/web/right-token", b"x" * 5000, 413),
        ("/hooks/nobody", b"{}", 404),
        ("/hooks/bot", b"{}", 404),
        ("/hooks/web/right-token", b"[]", 500),
        ("/admin/dead-letters/replay", b"{}", 401),
    ],
)
async def test_what_is_refused(site: Site, path: str, body: bytes, status: int) -> None:
    answer = await site.http.post(path, data=body)

    assert answer.status == status


@pytest.mark.parametrize(("path", "instance"), [("/hooks/web/wrong", "web"), ("/hooks/webb/right-token", "gateway")])
async def test_a_wrong_address_is_logged_with_the_instance_but_not_with_its_secret(
    site: Site, path: str, instance: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await site.http.post(path, data=b"{}")

    [line] = [line for line in capsys.readouterr().out.splitlines() if "request.refused" in line]
    assert f"instance={instance} " in line and "/hooks/{instance}/{tail}" in line
    assert "right-token" not in line


async def test_a_refusal_in_a_protocols_own_words_is_counted(site: Site) -> None:
    answer = await site.http.post("/hooks/web/in-its-own-words", data=b"{}")

    assert (answer.status, await answer.json()) == (403, {"fault": "no"})
    metrics = site.gateway.gateway.metrics.render()[0].decode()
    assert [line for line in metrics.splitlines() if 'instance="web"' in line and '"403"' in line and "1.0" in line]


async def test_a_fault_is_answered_without_details(site: Site) -> None:
    answer = await site.http.post("/hooks/web/right-token", data=b"[]")

    assert await answer.json() == {"error": "a fault in the gateway; its log has the details"}


async def test_an_image_is_served_to_be_shown(site: Site) -> None:
    answer = await site.http.get(await site.upload(PNG, "cat.png"))

    assert answer.status == 200
    assert answer.content_type == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert await answer.read() == PNG


@pytest.mark.parametrize("name", ["page.html", "page.htm", "page.xhtml", "tool.exe", "script.js", "page"])
async def test_what_a_browser_might_run_is_a_download(site: Site, name: str) -> None:
    answer = await site.http.get(await site.upload(b"<script>alert(1)</script>", name, "text/html"))

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.content_type != "text/html"


@pytest.mark.parametrize(
    "path", ["/files/x/y", "/files/..%2f..%2fsecret/x", "/files/AAAAAAAAAAAAAAAAAAAAAA/..%2fsecret"]
)
async def test_no_path_leads_out_of_the_files(site: Site, path: str) -> None:
    assert (await site.http.get(path)).status == 404


@pytest.mark.parametrize(
    ("claimed", "bytes_", "found"),
    [
        ("image/png", b"<script>alert(1)</script>", "application/octet-stream"),
        ("text/html", PNG, "image/png"),
        ("text/plain", b"just words", "text/plain"),
        ("", PNG, "image/png"),
    ],
)
async def test_bytes_are_believed_more_than_claims(site: Site, claimed: str, bytes_: bytes, found: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield bytes_

    saved = await site.gateway.gateway.files.save(chunks(), name="file.png", media_type=claimed)

    assert saved.media_type == found


@pytest.mark.parametrize("line", [b"GET /metrics", b"POST /admin/dead-letters/drop"])
async def test_a_token_that_is_no_text_is_simply_wrong(site: Site, line: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.gateway.gateway.port)
    writer.write(line + b" HTTP/1.1\r\nHost: gateway\r\nContent-Length: 0\r\nAuthorization: Bearer \xff\r\n\r\n")
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_nothing_is_replayed_before_the_lanes_are_taken_up(site: Site) -> None:
    site.gateway.gateway.engine.open = False

    assert (await site.http.post("/admin/dead-letters/replay", json={})).status == 503
