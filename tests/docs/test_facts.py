"""What the hand-written pages say about addresses, metrics, buttons, scripts and code is so."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from aiohttp import ClientSession

from gateway.config.settings import ServerSettings
from gateway.metrics import Metrics
from gateway.plugins import PluginHost
from gateway.testing import Harness
from tests.docs.reading import ROOT, all_blocks, blocks, text_of

TUTORIAL = ROOT / "docs" / "tutorial" / "first-conversation.md"
EMBEDDING = ROOT / "docs" / "how-to" / "embed-the-widget.md"
PROMETHEUS = ROOT / "docs" / "how-to" / "prometheus.md"
HTTP = ROOT / "docs" / "reference" / "http.md"

SCRIPT_KEYS = {"variables", "start", "rules", "fallback", "steps", "on_return"}


# --- HTTP ---


async def test_every_address_of_the_core_is_documented(tmp_path):
    async with Harness(folder=tmp_path, memory=True) as running:
        application = running.gateway._web.application()
        paths = {resource.canonical for resource in application.router.resources()}
    text = text_of(HTTP).replace("any `/hooks/{instance}` and below", "`/hooks/{instance}` `/hooks/{instance}/{tail}`")

    assert {path for path in paths if f"{path}`" not in text} == set()


@pytest.mark.parametrize("kind", ["widget", "desk"])
async def test_every_address_of_a_plugin_is_documented(tmp_path, kind):
    config = {
        "channels": {"site": {"type": "widget", "demo": True}},
        "bots": {"bot": {"type": "fake"}},
        "platforms": {"desk": {"type": "desk", "agents": [{"id": "a", "name": "A", "token": "a-token-for-the-tests"}]}},
        "routes": {"main": {"channels": ["site"], "bot": "bot", "handoff": ["desk"]}},
    }
    async with Harness(config, folder=tmp_path, memory=True) as running:
        instance = next(each for each in running.gateway.instances.values() if each.kind == kind)
        paths = {route.path for route in instance.component.routes()}
    section = text_of(HTTP).partition(f"## The {kind}")[2].partition("\n## ")[0]
    named = {code.rpartition(" ")[2] for code in re.findall(r"`([^`\n]+)`", section)}

    assert {path for path in paths if _plain(path) not in {_plain(name) for name in named}} == set()


def _plain(path: str) -> str:
    """Return a path as both sides write it: without slashes outside, patterns, and the name of the last part."""
    bare = re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path).strip("/")
    return {"": ".", "demo/{name}": "demo/…"}.get(bare, bare)


def test_the_limits_named_are_the_limits():
    assert ServerSettings().shutdown_seconds == 20
    assert "(20 by default)" in text_of(ROOT / "docs" / "how-to" / "service.md")


# --- metrics ---


def known_metrics() -> set[str]:
    text = Metrics().render()[0].decode()
    names = set(re.findall(r"^# HELP (\w+)", text, re.MULTILINE))
    return {f"{name}{suffix}" for name in names for suffix in ("", "_bucket", "_count", "_sum", "_total")}


def test_every_metric_is_counted_somewhere():
    declared = {name for name in vars(Metrics()) if name not in {"registry", "plugins", "_build_info"}}
    code = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "gateway").rglob("*.py") if file.name != "metrics.py"
    )

    assert {name for name in declared if f"etrics.{name}" not in code} == set()


def test_metrics_in_rules_and_queries_exist():
    named = set(re.findall(r"\bgateway_[a-z_]+\b", text_of(PROMETHEUS)))

    assert len(named) > 8
    assert named - known_metrics() == set()


def test_alert_rules_are_complete():
    (rules,) = [yaml.safe_load(block.text) for block in blocks(PROMETHEUS, "yaml") if "groups" in block.text]
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]

    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    assert all(rule["expr"] and rule["annotations"]["summary"] for rule in alerts)


# --- the tutorial ---


def test_buttons_in_the_tutorial_exist():
    buttons = re.findall(r"\*\*([A-Z][^*]+)\*\*", text_of(TUTORIAL))
    texts = "".join(
        file.read_text(encoding="utf-8")
        for file in [
            ROOT / "config" / "demo" / "shop.yaml",
            *ROOT.glob("plugins/desk/src/**/texts/en.js"),
            *ROOT.glob("plugins/widget/src/**/lang/en.json"),
        ]
    )

    assert buttons
    assert [button for button in buttons if button not in texts] == []


def test_the_token_in_the_tutorial_opens_the_desk():
    config = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text(encoding="utf-8"))
    (anna,) = [agent for agent in config["platforms"]["desk"]["agents"] if agent["name"].startswith("Anna")]

    assert f"`{anna['token']}`" in text_of(TUTORIAL)


# --- scripts ---


def scripts():
    found = []
    for block in all_blocks("yaml"):
        data = yaml.safe_load(block.text)
        if block.page.is_relative_to(ROOT / "docs") and isinstance(data, dict) and set(data) <= SCRIPT_KEYS:
            found.append(block)
    return found


@pytest.mark.parametrize("block", scripts(), ids=str)
def test_a_script_on_a_page_is_right(block, tmp_path):
    kind = PluginHost().bot_engines["script"].kind
    assert kind.check is not None
    (tmp_path / "script.yaml").write_text(block.text, encoding="utf-8")

    assert list(kind.check(str(tmp_path), kind.options(file="script.yaml"))) == []


def test_there_are_scripts():
    assert len(scripts()) >= 3


# --- identity ---


async def test_the_identity_code_proves_an_identity(tmp_path):
    (code,) = blocks(EMBEDDING, "python")
    names: dict = {}
    exec(compile(code.text, str(code), "exec", dont_inherit=True), names)
    key = "a-key-of-more-than-thirty-two-characters"
    config = {
        "channels": {"site": {"type": "widget", "jwt": key}},
        "bots": {"bot": {"type": "fake"}},
        "routes": {"main": {"channels": ["site"], "bot": "bot"}},
    }
    proof = names["chat_identity"]({"id": "7", "name": "Ann", "email": "ann@example.com"}, key)
    async with Harness(config, folder=tmp_path, memory=True) as running, ClientSession() as http:
        headers = {"Origin": running.url}
        body = json.dumps({"identity": proof})
        async with http.post(f"{running.url}/site/session", data=body, headers=headers) as answer:
            session = await answer.json()

    assert (session["verified"], session["name"]) == (True, "Ann")


# --- a strict site ---


@pytest.mark.browser
async def test_the_policy_on_the_page_is_enough(tmp_path, browser, aiohttp_server):
    """A site of another origin, with exactly the policy and the line of the page."""
    from aiohttp import web

    policy, line = _policy_and_line()

    async def shop(_request):
        page = f"<!doctype html><html lang=en><title>Shop</title><body>{line}</body></html>"
        return web.Response(text=page, content_type="text/html", headers={"Content-Security-Policy": policy})

    application = web.Application()
    application.router.add_get("/", shop)
    site = await aiohttp_server(application, host="127.0.0.1")
    origin = str(site.make_url("/")).rstrip("/")
    config = {
        "channels": {"site": {"type": "widget", "origins": [origin]}},
        "bots": {"bot": {"type": "fake"}},
        "routes": {"main": {"channels": ["site"], "bot": "bot"}},
    }
    async with Harness(config, folder=tmp_path, memory=True) as running:
        socket = running.url.replace("http:", "ws:")
        policy = policy.replace("wss://gw.example.com", socket).replace("https://gw.example.com", running.url)
        line = line.replace("https://gw.example.com", running.url)
        page = await browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        await page.goto(origin)
        chat = page.locator("gateway-chat")
        await chat.get_by_role("button").first.click()
        await chat.get_by_role("textbox").fill("hi")
        await chat.get_by_role("textbox").press("Enter")
        await chat.get_by_text("echo hi").wait_for()

    assert [complaint for complaint in complaints if "404" not in complaint] == []  # the site has no icon


def _policy_and_line() -> tuple[str, str]:
    (policy,) = [block.text.strip() for block in blocks(EMBEDDING, "") if "Content-Security-Policy" in block.text]
    line = next(block.text.strip() for block in blocks(EMBEDDING, "html"))
    return policy.partition(": ")[2], line
