from __future__ import annotations

import sys

import pytest

from gateway import Options, hookimpl
from gateway.plugins import PluginHost
from tests.unit.plugin_fakes import bot, channel, entry_point, listener, module, platform, plugin


class Office(Options):
    timeout_seconds: int = 1


def problems(host):
    return {plugin.name: [str(problem) for problem in plugin.problems] for plugin in host.plugins if plugin.problems}


@pytest.fixture
def good(monkeypatch):
    """A plugin that must survive whatever is wrong with its neighbours; its name sorts last."""
    return plugin(monkeypatch, "zebra", register_channels=[channel("stripes")])


def test_kinds_come_from_every_hook_with_their_plugin(monkeypatch):
    commands = lambda group: None  # noqa: E731
    point = plugin(
        monkeypatch,
        "all",
        register_channels=[channel("wire")],
        register_bot_engines=(bot("echo"),),
        register_agent_platforms=iter([platform("office")]),
        register_listeners=[listener("ear")],
        register_commands=[commands],
    )

    host = PluginHost([point])

    assert list(host.channels) == ["wire"]
    assert list(host.bot_engines) == ["echo"]
    assert list(host.agent_platforms) == ["office"]
    assert list(host.listeners) == ["ear"]
    assert [offer.add for offer in host.commands] == [commands]
    assert host.channels["wire"].label == "plugin 'all' of gateway-all 1.0"
    assert host.plugins[0].offers == (
        ("channel", "wire"),
        ("bot engine", "echo"),
        ("agent platform", "office"),
        ("listener", "ear"),
        ("commands", ""),
    )
    assert host.problems == ()
    assert host.summary("channel", "wire") == "The wire."


def test_plugins_are_sorted_by_name_and_two_hosts_are_strangers(monkeypatch):
    points = [plugin(monkeypatch, name, register_channels=[channel(name)]) for name in ("c", "a", "b")]

    assert [each.name for each in PluginHost(points).plugins] == ["a", "b", "c"]
    assert list(PluginHost(points[:1]).channels) == ["c"]


def test_an_entry_point_visible_twice_is_one_plugin(monkeypatch):
    point = plugin(monkeypatch, "a", register_channels=[channel("a")])

    host = PluginHost([point, point])

    assert len(host.plugins) == 1
    assert problems(host) == {}


def test_a_class_instance_can_be_a_plugin(monkeypatch):
    class Plugin:
        @hookimpl
        def register_channels(self):
            return [channel("wire")]

        @property
        def trap(self):
            raise RuntimeError

    module(monkeypatch, "fake_object", plugin=Plugin())

    assert list(PluginHost([entry_point("object", "fake_object:plugin")]).channels) == ["wire"]


def test_a_disabled_plugin_is_not_even_imported(good):
    point = entry_point("broken", "a_module_nobody_has")

    host = PluginHost([point, good], disabled=["broken"])

    assert problems(host) == {}
    assert [each.disabled for each in host.plugins] == [True, False]
    assert list(host.channels) == ["stripes"]


def test_a_missing_module_names_the_distribution_and_the_command_that_helps(good):
    host = PluginHost([entry_point("shop", "a_module_nobody_has"), good])

    assert problems(host) == {
        "shop": [
            (
                "cannot be imported: module 'a_module_nobody_has' is missing. "
                "Install it again with what it needs: pip install --force-reinstall gateway-shop"
            )
        ]
    }
    assert list(host.channels) == ["stripes"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise ValueError('no key')", "ValueError: no key (noisy_plugin.py:1)"),
        ("import sys; sys.exit(3)", "SystemExit: 3 (noisy_plugin.py:1)"),
        ("from gateway import no_such_name", "ImportError: cannot import name 'no_such_name' from 'gateway'"),
    ],
)
def test_an_import_that_fails_is_told_and_stops_nobody(source, said, good, tmp_path, monkeypatch):
    (tmp_path / "noisy_plugin.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "noisy_plugin", raising=False)

    host = PluginHost([entry_point("noisy", "noisy_plugin"), good])

    [text] = problems(host)["noisy"]
    assert text.startswith(f"cannot be imported: {said}")
    assert text.endswith("Report it to the authors of gateway-noisy, or list 'noisy' in plugins.disabled")
    assert "noisy_plugin.py" in host.problems[0][1].traceback
    assert list(host.channels) == ["stripes"]


def raising():
    raise RuntimeError("out of ink")


def generating():
    yield channel("first")
    raise TypeError("out of paper")


async def asynchronous():
    return []


def wants(something):
    return []


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        (raising, "hook register_channels raised RuntimeError: out of ink (test_plugins.py:"),
        (generating, "hook register_channels raised TypeError: out of paper (test_plugins.py:"),
        (asynchronous, "hook register_channels is `async def`, and hooks run before there is an event loop. Make it a"),
        (wants, "cannot be registered: PluginValidationError: Plugin 'gateway-bad:bad' for hook 'register_channels'"),
        (lambda: None, "hook register_channels must return a list (TypeError: 'NoneType' object is not iterable"),
        (channel, "hook register_channels must return a list (TypeError: 'ChannelKind' object is not iter"),
        (lambda: ["wire"], "hook register_channels offers 'wire', which is no ChannelKind. Report it to the authors"),
        (lambda: [bot("echo")], "hook register_channels offers BotEngineKind(name='echo'"),
        (
            lambda: [channel("Wire 2")],
            "hook register_channels offers a kind named 'Wire 2': use small letters, digits and dashes, a letter first",
        ),
        (
            lambda: [channel("x", options=dict)],
            "hook register_channels offers kind 'x', whose options are no subclass of gateway.Options",
        ),
        (
            lambda: [channel("x", options=Office)],
            "hook register_channels offers kind 'x' with the option 'timeout_seconds', a key that belongs to the core",
        ),
        (lambda: [channel("x"), channel("x")], "hook register_channels offers channel 'x' twice; the first is used"),
    ],
)
def test_a_bad_hook_is_told_and_stops_nobody(hook, said, good, monkeypatch):
    module(monkeypatch, "fake_bad", register_channels=hookimpl(hook))

    host = PluginHost([entry_point("bad", "fake_bad"), good])

    [text] = problems(host)["bad"]
    assert text.startswith(said)
    assert "stripes" in host.channels


def test_the_other_hooks_of_a_plugin_with_one_bad_hook_count(monkeypatch):
    module(
        monkeypatch,
        "fake_half",
        register_channels=hookimpl(raising),
        register_listeners=hookimpl(lambda: [listener("ear")]),
    )

    host = PluginHost([entry_point("half", "fake_half")])

    assert list(host.listeners) == ["ear"]
    assert len(problems(host)["half"]) == 1


def test_a_misspelt_hook_comes_with_a_guess(good, monkeypatch):
    module(monkeypatch, "fake_typo", register_chanels=hookimpl(lambda: [channel("x")]))

    host = PluginHost([entry_point("typo", "fake_typo"), good])

    assert problems(host) == {
        "typo": [
            (
                "there is no hook 'register_chanels'; did you mean 'register_channels'? "
                "The hooks are register_channels, register_bot_engines, register_agent_platforms, "
                "register_listeners, register_commands"
            )
        ]
    }
    assert list(host.channels) == ["stripes"]


def test_a_hook_without_its_mark_is_recognised(monkeypatch):
    module(monkeypatch, "fake_bare", register_channels=lambda: [channel("x")])

    assert problems(PluginHost([entry_point("bare", "fake_bare")])) == {
        "bare": ["register_channels is not marked as a hook. Put `@gateway.hookimpl` above it"]
    }


def test_a_plugin_without_hooks_is_told_so(monkeypatch):
    module(monkeypatch, "fake_empty")

    assert problems(PluginHost([entry_point("empty", "fake_empty")])) == {
        "empty": [
            (
                "fake_empty implements no hook. Write a function such as `register_channels` with `@gateway.hookimpl` "
                "above it, or correct the entry point 'empty'"
            )
        ]
    }


def test_a_kind_that_two_plugins_offer_is_offered_by_neither(good, monkeypatch):
    one = plugin(monkeypatch, "one", register_channels=[channel("wire"), channel("mine")])
    two = plugin(monkeypatch, "two", register_channels=[channel("wire")], register_listeners=[listener("wire")])

    host = PluginHost([one, two, good])

    cure = "Uninstall one of the distributions, or list 'one' or 'two' in plugins.disabled"
    assert problems(host) == {
        "one": [f"offers channel 'wire', and so does plugin 'two' of gateway-two 1.0; neither is used. {cure}"],
        "two": [f"offers channel 'wire', and so does plugin 'one' of gateway-one 1.0; neither is used. {cure}"],
    }
    assert list(host.channels) == ["mine", "stripes"]
    assert list(host.listeners) == ["wire"]
    assert host.plugins[1].offers == (("listener", "wire"),)


def test_disabling_one_of_two_settles_their_conflict(monkeypatch):
    one = plugin(monkeypatch, "one", register_channels=[channel("wire")])
    two = plugin(monkeypatch, "two", register_channels=[channel("wire")])

    host = PluginHost([one, two], disabled=["one"])

    assert host.channels["wire"].distribution == "gateway-two"
    assert problems(host) == {}


def test_what_is_no_function_adds_no_commands(monkeypatch):
    host = PluginHost([plugin(monkeypatch, "cmd", register_commands=["ls"])])

    assert problems(host)["cmd"][0].startswith("hook register_commands offers 'ls', which is no function.")
