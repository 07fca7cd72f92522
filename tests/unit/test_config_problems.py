# ruff: noqa: E501 - the messages stand here as users see them, on one line
"""Every way to get the configuration wrong, with the exact words. Positions are part of the words."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel, Field, SecretStr

from gateway import Options
from gateway.config import load
from gateway.plugins import PluginHost
from tests.unit.plugin_fakes import Business, Staffed, bot, channel, entry_point, listener, platform, plugin

GOOD = """\
channels:
  site: { type: wire, url: https://a }
bots:
  faq: { type: echo }
platforms:
  desk: { type: office }
routes:
  main: { channels: [site], bot: faq, handoff: [desk] }
"""


class Member(BaseModel):
    token: SecretStr = Field(min_length=16)


class Crew(Options):
    members: tuple[Member, ...] = Field(min_length=1, description="Who may sign in.")


@pytest.fixture
def host(monkeypatch):
    def missing(folder, options):
        return [f"faq.yaml:3:7: there is no step {word!r}" for word in options.words]

    return PluginHost(
        [
            plugin(
                monkeypatch,
                "kinds",
                register_channels=[channel("wire"), channel("biz", build=Business)],
                register_bot_engines=[
                    bot("echo", check=missing),
                    bot("shaky", check=lambda folder, options: 1 / 0),
                    bot("staffed", build=Staffed),
                ],
                register_agent_platforms=[platform("office"), platform("crew", options=Crew)],
                register_listeners=[listener("ear")],
            ),
            plugin(monkeypatch, "one", register_channels=[channel("twin")]),
            plugin(monkeypatch, "two", register_channels=[channel("twin")]),
            entry_point("fax", "a_module_nobody_has"),
            entry_point("pager", "a_module_nobody_has"),
        ],
        disabled=["pager"],
    )


@dataclass
class Case:
    """`config` stands alone, or `change` replaces a text in GOOD, or `more` is added to it."""

    said: list[str]
    config: str | None = None
    change: tuple[str, str] | None = None
    more: str = ""
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def text(self):
        text = GOOD if self.config is None else self.config
        if self.change:
            assert self.change[0] in text
            text = text.replace(*self.change)
        return text + self.more


CASES = {
    # --- the file
    "tab": Case(
        config="routes:\n\tmain: {}\n",
        said=[
            "gateway.yaml:2:1: is not YAML: found character '\\t' that cannot start any token (indent with spaces, not tabs)"
        ],
    ),
    "broken yaml": Case(
        config="server: { port: 1\nroutes: {}\n",
        said=["gateway.yaml:2:7: is not YAML: expected ',' or '}', but got ':'"],
    ),
    "empty": Case(
        config="# nothing\n", said=["gateway.yaml: is empty; `gateway example` prints a configuration to start from"]
    ),
    "a list": Case(
        config="- channels\n", said=["gateway.yaml:1:1: must be a mapping with keys such as `channels:` and `routes:`"]
    ),
    "unknown section": Case(
        more="serevr: {}\n", said=["gateway.yaml:9:1: serevr: unknown section; did you mean 'server'?"]
    ),
    "strange section": Case(
        more="weather: {}\n",
        said=[
            "gateway.yaml:9:1: weather: unknown section; the sections are server, store, log, files, plugins, channels, bots, platforms, listeners, routes"
        ],
    ),
    "duplicate key": Case(
        more="log: { level: info, level: debug }\n",
        said=["gateway.yaml:9:21: log.level: the key stands here for the second time; the first is at line 9"],
    ),
    "duplicate instance": Case(
        change=("  site:", "  site: { type: wire, url: https://b }\n  site:"),
        said=["gateway.yaml:3:3: channels.site: the key stands here for the second time; the first is at line 2"],
    ),
    "a section that is no mapping": Case(
        more="log: debug\n",
        said=["gateway.yaml:9:6: log: must be a mapping with keys such as format, level"],
    ),
    "instances as a list": Case(
        more="listeners: [ear]\n", said=["gateway.yaml:9:12: listeners: must be a mapping of names to settings"]
    ),
    "an alias inside itself": Case(
        more="log: &a { level: *a }\n", said=["gateway.yaml:9:6: log.level: contains itself through an alias"]
    ),
    "a key that is a list": Case(more="log: { [a]: b }\n", said=["gateway.yaml:9:8: log: a key must be a word"]),
    # --- single values
    "port": Case(
        more="server: { port: 80800 }\n", said=["gateway.yaml:9:17: server.port: must be at most 65535, not 80800"]
    ),
    "port in words": Case(
        more="server: { port: http }\n", said=["gateway.yaml:9:17: server.port: must be a whole number, not 'http'"]
    ),
    "unknown key": Case(
        more="server: { prot: 80 }\n", said=["gateway.yaml:9:11: server.prot: unknown key; did you mean 'port'?"]
    ),
    "very unknown key": Case(
        more="log: { colour: red }\n", said=["gateway.yaml:9:8: log.colour: unknown key; known here: format, level"]
    ),
    "public url": Case(
        more="server: { public_url: 'https://a/b' }\n",
        said=[
            "gateway.yaml:9:23: server.public_url: must be an address such as https://gateway.example.com, without a path"
        ],
    ),
    "log level": Case(
        more="log: { level: inof }\n",
        said=[
            "gateway.yaml:9:15: log.level: must be 'debug', 'info', 'warning' or 'error', not 'inof'; did you mean 'info'?"
        ],
    ),
    "short metrics token": Case(
        more="server: { metrics_token: hunter2 }\n",
        said=["gateway.yaml:9:26: server.metrics_token: must have at least 16 characters"],
    ),
    "negative seconds": Case(
        change=("handoff: [desk]", "handoff: [desk], idle_timeout_seconds: -1"),
        said=["gateway.yaml:8:78: routes.main.idle_timeout_seconds: must be at least 0, not -1"],
    ),
    "history in words": Case(
        change=("handoff: [desk]", "handoff: [desk], history: all"),
        said=["gateway.yaml:8:65: routes.main.history: must be a whole number, not 'all'"],
    ),
    "offline choice": Case(
        change=("handoff: [desk]", "handoff: [desk], when_offline: waits"),
        said=[
            "gateway.yaml:8:70: routes.main.when_offline: must be 'bot' or 'wait', not 'waits'; did you mean 'wait'?"
        ],
    ),
    # --- instances
    "no type": Case(
        change=("type: office", ""),
        said=["gateway.yaml:6:3: platforms.desk.type: is required; installed agent platform types: crew, office"],
    ),
    "unknown type": Case(
        change=("type: wire", "type: telegram"),
        said=[
            "gateway.yaml:2:17: channels.site.type: unknown channel type 'telegram'. Installed channel types: biz, wire. Its plugin is missing: pip install gateway-telegram"
        ],
    ),
    "misspelt type that is not installed": Case(  # whoever takes the misspelt name for a package could be anybody
        change=("type: wire", "type: telegrm"),
        said=[
            "gateway.yaml:2:17: channels.site.type: unknown channel type 'telegrm'; did you mean 'telegram'? Installed channel types: biz, wire. Is its plugin installed?"
        ],
    ),
    "misspelt type": Case(
        change=("type: wire", "type: wier"),
        said=[
            "gateway.yaml:2:17: channels.site.type: unknown channel type 'wier'; did you mean 'wire'? Installed channel types: biz, wire"
        ],
    ),
    "type of another section": Case(
        change=("type: wire", "type: office"),
        said=[
            "gateway.yaml:2:17: channels.site.type: unknown channel type 'office'; it is a kind of agent platform: move it to `platforms`"
        ],
    ),
    "type of a broken plugin": Case(
        change=("type: wire", "type: fax"),
        said=[
            "gateway.yaml:2:17: channels.site.type: unknown channel type 'fax'; plugin 'fax' of gateway-fax 1.0: cannot be imported: module 'a_module_nobody_has' is missing. Install it again with what it needs: pip install --force-reinstall gateway-fax"
        ],
    ),
    "type of a disabled plugin": Case(
        change=("type: wire", "type: pager"),
        said=[
            "gateway.yaml:2:17: channels.site.type: unknown channel type 'pager'; the plugin 'pager' is listed in plugins.disabled"
        ],
    ),
    "type of two plugins": Case(
        change=("type: wire", "type: twin"),
        said=[
            "gateway.yaml:2:17: channels.site.type: unknown channel type 'twin'; plugin 'one' of gateway-one 1.0: offers channel 'twin', and so does plugin 'two' of gateway-two 1.0; neither is used. Uninstall one of the distributions, or list 'one' or 'two' in plugins.disabled"
        ],
    ),
    "type is a number": Case(
        change=("type: wire", "type: 5"), said=["gateway.yaml:2:17: channels.site.type: must be text, not 5"]
    ),
    "instance is no mapping": Case(
        change=("{ type: office }", "office"),
        said=["gateway.yaml:6:9: platforms.desk: must be a mapping with at least a `type`"],
    ),
    "missing option": Case(
        change=(", url: https://a", ""), said=["gateway.yaml:2:3: channels.site.url: is required: Where to call"]
    ),
    "misspelt option": Case(
        change=("url: https://a", "url: https://a, retires: 2"),
        said=["gateway.yaml:2:39: channels.site.retires: unknown key; did you mean 'retries'?"],
    ),
    "misspelt core key": Case(
        change=("url: https://a", "url: https://a, timeout_second: 2"),
        said=["gateway.yaml:2:39: channels.site.timeout_second: unknown key; did you mean 'timeout_seconds'?"],
    ),
    "wrong option": Case(
        change=("url: https://a", "url: https://a, retries: many"),
        said=["gateway.yaml:2:48: channels.site.retries: must be a whole number, not 'many'"],
    ),
    "start policy": Case(
        change=("url: https://a", "url: https://a, on_start_failure: retyr"),
        said=[
            "gateway.yaml:2:57: channels.site.on_start_failure: must be 'fail', 'retry' or 'disable', not 'retyr'; did you mean 'retry'?"
        ],
    ),
    "reserved name": Case(
        change=("site", "metrics"),
        said=["gateway.yaml:2:3: channels.metrics: the gateway uses the name itself (/metrics); take another one"],
    ),
    "bad name": Case(
        change=("site", "My_Site"),
        said=[
            "gateway.yaml:2:3: channels.My_Site: 'My_Site' cannot be a name: use small letters, digits and dashes, a letter first"
        ],
    ),
    "name used twice": Case(
        change=("  desk:", "  faq: { type: office }\n  desk:"),
        said=[
            "gateway.yaml:6:3: platforms.faq: the name is taken by bots.faq (gateway.yaml:4:3); every instance needs its own"
        ],
    ),
    "a kind's own check": Case(
        change=("type: echo", "type: echo, words: [hi, ho]"),
        said=["faq.yaml:3:7: bots.faq: there is no step 'hi'", "faq.yaml:3:7: bots.faq: there is no step 'ho'"],
    ),
    "a kind's check that fails": Case(
        change=("type: echo", "type: shaky"),
        said=["gateway.yaml:4:8: bots.faq: the check of type 'shaky' failed: ZeroDivisionError: division by zero"],
    ),
    # --- secrets
    "unset variable": Case(
        change=("https://a", "https://a, token: { $env: TOKEN }"),
        said=["gateway.yaml:2:46: channels.site.token: the environment variable TOKEN is not set"],
    ),
    "unset variable in a list that must not be empty": Case(
        change=("{ type: office }", "{ type: crew, members: [{ token: { $env: TOKEN } }] }"),
        said=["gateway.yaml:6:42: platforms.desk.members[0].token: the environment variable TOKEN is not set"],
    ),
    "empty variable": Case(
        change=("https://a", "https://a, token: { $env: TOKEN }"),
        environ={"TOKEN": ""},
        said=["gateway.yaml:2:46: channels.site.token: the environment variable TOKEN is empty"],
    ),
    "missing file": Case(
        change=("https://a", "https://a, token: { $file: /no/such/file }"),
        said=[
            "gateway.yaml:2:46: channels.site.token: the secret file /no/such/file cannot be read: No such file or directory"
        ],
    ),
    "secret with more": Case(
        change=("https://a", "https://a, token: { $env: A, default: b }"),
        said=[
            "gateway.yaml:2:46: channels.site.token: a secret is written { $env: NAME } or { $file: path }, with nothing else"
        ],
    ),
    "unknown source of secrets": Case(
        change=("https://a", "https://a, token: { $vault: A }"),
        said=[
            "gateway.yaml:2:46: channels.site.token: a secret is written { $env: NAME } or { $file: path }, with nothing else"
        ],
    ),
    "secret without a name": Case(
        change=("https://a", "https://a, token: { $env: }"),
        said=["gateway.yaml:2:46: channels.site.token: $env needs the name of a variable"],
    ),
    "a wrong secret is not shown": Case(
        change=("https://a", "https://a, retries: { $env: COUNT }"),
        environ={"COUNT": "sesame"},
        said=["gateway.yaml:2:48: channels.site.retries: must be a whole number"],
    ),
    "a wrong literal secret is not shown": Case(
        change=("https://a", "https://a, token: [sesame]"),
        said=["gateway.yaml:2:46: channels.site.token: must be text"],
    ),
    # --- routes
    "no routes": Case(
        config="channels: {}\n",
        said=["gateway.yaml:1:1: routes: there is no route, so nothing would be answered; write at least one"],
    ),
    "no channel in a route": Case(
        change=("[site]", "[]"),
        said=[
            "gateway.yaml:2:3: warning: channels.site: is in no route: whoever writes here gets no answer",
            "gateway.yaml:8:21: routes.main.channels: must have 1 or more entries",
        ],
    ),
    "dangling channel": Case(
        change=("[site]", "[site, shop]"),
        said=["gateway.yaml:8:28: routes.main.channels[1]: there is no channel 'shop'; there are: site"],
    ),
    "misspelt bot": Case(
        change=("bot: faq", "bot: fag"),
        said=[
            "gateway.yaml:4:3: warning: bots.faq: is in no route: it is never asked",
            "gateway.yaml:8:34: routes.main.bot: there is no bot 'fag'; did you mean 'faq'?",
        ],
    ),
    "a channel as bot": Case(
        change=("bot: faq", "bot: site"),
        said=[
            "gateway.yaml:4:3: warning: bots.faq: is in no route: it is never asked",
            "gateway.yaml:8:34: routes.main.bot: 'site' is a channel, and here a bot is needed",
        ],
    ),
    "a bot as channel": Case(
        change=("[site]", "[site, faq]"),
        said=["gateway.yaml:8:28: routes.main.channels[1]: 'faq' is a bot, and here a channel is needed"],
    ),
    "dangling handoff": Case(
        change=("[desk]", "[desk, center]"),
        said=["gateway.yaml:8:55: routes.main.handoff[1]: there is no agent platform 'center'; there are: desk"],
    ),
    "handoff to a channel without agents": Case(
        change=("[desk]", "[desk, site]"),
        said=[
            "gateway.yaml:8:55: routes.main.handoff[1]: 'site' is a channel of type 'wire', which has no agents; name an agent platform"
        ],
    ),
    "handoff to somebody else's business channel": Case(
        change=("bots:", "  jivo: { type: biz, url: https://b }\nbots:"),
        more="  jivo: { channels: [jivo], bot: faq, handoff: [jivo] }\n  more: { channels: [site], handoff: [jivo] }\n",
        said=[
            "gateway.yaml:11:22: routes.more.channels[0]: 'site' is in the route 'main' already; a channel has one",
            "gateway.yaml:11:39: routes.more.handoff[0]: 'jivo' can call agents to its own clients only; give it a route of its own",
        ],
    ),
    "handoff to a bot without agents": Case(
        change=("[desk]", "[desk, faq]"),
        said=[
            "gateway.yaml:8:55: routes.main.handoff[1]: 'faq' is a bot of type 'echo', which has no agents; name an agent platform"
        ],
    ),
    "handoff to agents of a bot that is not asked": Case(
        change=("bots:", "bots:\n  tovie: { type: staffed }"),
        more="  more: { channels: [site], bot: faq, handoff: [tovie] }\n",
        said=[
            "gateway.yaml:10:22: routes.more.channels[0]: 'site' is in the route 'main' already; a channel has one",
            "gateway.yaml:10:49: routes.more.handoff[0]: 'tovie' hands its own clients over only; name it as the bot, too",
        ],
    ),
    "handoff twice": Case(
        change=("[desk]", "[desk, desk]"), said=["gateway.yaml:8:55: routes.main.handoff[1]: 'desk' is listed twice"]
    ),
    "channel twice": Case(
        change=("[site]", "[site, site]"), said=["gateway.yaml:8:28: routes.main.channels[1]: 'site' is listed twice"]
    ),
    "channel in two routes": Case(
        more="  other: { channels: [site], bot: faq }\n",
        said=["gateway.yaml:9:23: routes.other.channels[0]: 'site' is in the route 'main' already; a channel has one"],
    ),
    "nobody answers": Case(
        change=(", bot: faq, handoff: [desk]", ""),
        said=[
            "gateway.yaml:4:3: warning: bots.faq: is in no route: it is never asked",
            "gateway.yaml:6:3: warning: platforms.desk: is in no route's handoff: nobody is sent there",
            "gateway.yaml:8:3: routes.main: has neither a bot nor a handoff, so nobody would answer; name one",
        ],
    ),
    "unknown text": Case(
        change=("handoff: [desk]", "handoff: [desk], texts: { queud: Wait! }"),
        said=["gateway.yaml:8:65: routes.main.texts.queud: there is no such text; did you mean 'queued'?"],
    ),
    "a text's language": Case(
        change=("handoff: [desk]", "handoff: [desk], texts: { left: { english: Hi } }"),
        said=["gateway.yaml:8:73: routes.main.texts.left.english: 'english' is no language; write it like en or pt-BR"],
    ),
    "a channel in no route": Case(
        change=("bots:", "  shop: { type: wire, url: https://b }\nbots:"),
        said=["gateway.yaml:3:3: warning: channels.shop: is in no route: whoever writes here gets no answer"],
    ),
    # --- the server
    "open to the world": Case(
        more="server: { host: 0.0.0.0 }\n",
        said=[
            "gateway.yaml:9:17: warning: server.host: 0.0.0.0 is reachable from other machines, without TLS; put a reverse proxy with https in front and write its address into server.public_url",
            "gateway.yaml:9:17: warning: server.host: everybody who reaches this port can read /metrics; set server.metrics_token",
        ],
    ),
    # --- the environment
    "override of an unknown section": Case(
        environ={"GATEWAY_SERVR__PORT": "1"},
        said=[
            "environment variable GATEWAY_SERVR__PORT: names no section; the sections are server, store, log, files, plugins, channels, bots, platforms, listeners, routes"
        ],
    ),
    "override of an unknown key": Case(
        environ={"GATEWAY_SERVER__PROT": "1"},
        said=["environment variable GATEWAY_SERVER__PROT: server.prot: unknown key; did you mean 'port'?"],
    ),
    "override with a wrong value": Case(
        environ={"GATEWAY_SERVER__PORT": "http"},
        said=["environment variable GATEWAY_SERVER__PORT: server.port: must be a whole number, not 'http'"],
    ),
    "override of a section in words": Case(
        environ={"GATEWAY_LOG": "debug"},
        said=['environment variable GATEWAY_LOG: a whole section is written as JSON, such as {"port": 9000}'],
    ),
    "override of a list in words": Case(
        environ={"GATEWAY_PLUGINS__DISABLED": "a,b"},
        said=[
            (
                "environment variable GATEWAY_PLUGINS__DISABLED: plugins.disabled: must be a list, "
                'written as JSON: ["one", "two"], not \'a,b\''
            )
        ],
    ),
    "override with broken JSON": Case(
        environ={"GATEWAY_SERVER": "{port"},
        said=[
            "environment variable GATEWAY_SERVER: begins like JSON and is none: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        ],
    ),
    # --- all at once
    "everything": Case(
        config=(
            "server: { port: x, host: 1 }\n"
            "channels:\n"
            "  site: { type: wier }\n"
            "  shop: { type: wire, token: { $env: NO } }\n"
            "routes:\n"
            "  main: { channels: [site, nobody], history: -5 }\n"
        ),
        said=[
            "gateway.yaml:1:17: server.port: must be a whole number, not 'x'",
            "gateway.yaml:1:26: server.host: must be text, not 1",
            "gateway.yaml:3:17: channels.site.type: unknown channel type 'wier'; did you mean 'wire'? Installed channel types: biz, wire",
            "gateway.yaml:4:3: channels.shop.url: is required: Where to call",
            "gateway.yaml:4:3: warning: channels.shop: is in no route: whoever writes here gets no answer",
            "gateway.yaml:4:30: channels.shop.token: the environment variable NO is not set",
            "gateway.yaml:6:3: routes.main: has neither a bot nor a handoff, so nobody would answer; name one",
            "gateway.yaml:6:28: routes.main.channels[1]: there is no channel 'nobody'; there are: site, shop",
            "gateway.yaml:6:46: routes.main.history: must be at least 0, not -5",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_mistake_is_told_in_these_words(case, host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gateway.yaml").write_text(case.text, encoding="utf-8")

    loaded = load("gateway.yaml", host, case.environ)

    assert [str(problem) for problem in loaded.problems] == case.said
    assert (loaded.settings is None) == any(problem.severity == "error" for problem in loaded.problems)


def test_the_good_one_is_good(host, tmp_path):
    (tmp_path / "gateway.yaml").write_text(GOOD, encoding="utf-8")

    assert load(tmp_path / "gateway.yaml", host, {}).problems == ()


def test_no_file(host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    loaded = load("gateway.yaml", host, {})

    assert loaded.settings is None
    assert [str(problem) for problem in loaded.problems] == [
        "gateway.yaml: there is no such file; `gateway example > gateway.yaml` makes one"
    ]
