"""The browser fixtures themselves."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from playwright.async_api import Error

if TYPE_CHECKING:
    from aiohttp.pytest_plugin import AiohttpServer
    from playwright.async_api import Page

pytestmark = pytest.mark.browser


async def test_a_page_reaches_the_loopback_address(page: Page, aiohttp_server: AiohttpServer):
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="<h1>Hello</h1>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", hello)
    server = await aiohttp_server(app)

    response = await page.goto(f"http://127.0.0.1:{server.port}/")

    assert response is not None
    assert response.status == HTTPStatus.OK
    assert await page.get_by_role("heading").inner_text() == "Hello"


async def test_a_page_reaches_nobody_else(page: Page):
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("http://example.com/")
