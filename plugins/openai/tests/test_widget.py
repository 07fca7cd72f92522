"""All the way to a browser: what the widget's socket hears while the model writes."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientSession

from gateway.testing import Harness
from gateway_openai import draft as drafts
from plugins.openai.tests.kit import Endpoint, config, words


def told(frame):
    """A frame in short: a draft, the end of one, or what was said."""
    if frame["type"] == "typing":
        return frame.get("text") or frame["active"]
    said = [entry["body"] for entry in frame.get("entries", ()) if entry["body"]["type"] == "said"]
    return [f"{body['role']}: {body['message']['contents'][0]['text']}" for body in said]


async def test_a_browser_sees_the_answer_grow_and_then_the_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(drafts, "EVERY_SECONDS", 0.0)
    async with Endpoint() as model:
        whole = {**config(model.url), "channels": {"web": {"type": "widget"}}}
        async with Harness(whole, folder=tmp_path, memory=True) as gateway, ClientSession() as http:
            headers = {"Origin": gateway.url}
            async with http.post(f"{gateway.url}/web/session", json={}, headers=headers) as answer:
                token = (await answer.json())["token"]
            broken = model.answers(words("It is ", "lost", hold=1, cut=True))
            good = model.answers(words("It is ", "on its way.", hold=1))
            heard: list[Any] = []
            async with http.ws_connect(f"{gateway.url}/web/socket", headers=headers) as socket:
                await socket.send_json({"type": "hello", "token": token})
                await socket.send_json({"type": "say", "id": "m1", "text": "Where is it?"})
                while not heard or heard[-1] != ["bot: It is on its way."]:
                    told_now = told(await socket.receive_json(timeout=20))
                    heard += [told_now] if told_now or told_now is False else []
                    if told_now == "It is":
                        (good if broken.released.is_set() else broken).released.set()

    whole_drafts = ("It is lost", "It is on its way.")  # seen, or already over when the socket was ready for them
    said = [["client: Where is it?"], "It is", False, "It is", ["bot: It is on its way."]]
    assert [each for each in heard if each not in whole_drafts and each is not True] == said
