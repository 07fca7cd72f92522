"""Checks what no single section can see: names used twice, routes that lead nowhere, a server open to the world."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, get_type_hints

from gateway.config.validation import did_you_mean
from gateway.contracts import BotWithAgents, BusinessChannel
from gateway.kinds import Lazy
from gateway.texts import KEYS

if TYPE_CHECKING:
    from gateway.config.settings import ServerSettings
    from gateway.config.source import Address, Source
    from gateway.plugins import PluginHost

_SECTIONS = {"channels": "channel", "bots": "bot", "platforms": "agent platform", "listeners": "listener"}


def check_names(source: Source) -> None:
    """Instance names are addresses (`/hooks/{name}`), so each may stand in one section only."""
    first: dict[str, str] = {}
    for section in _SECTIONS:
        for name in _names(source, section):
            if name in first:
                place = source.place((first[name], name), at_key=True)
                message = f"the name is taken by {first[name]}.{name} ({place}); every instance needs its own"
                source.complain((section, name), message, at_key=True)
            else:
                first[name] = section


def check_routes(source: Source, host: PluginHost) -> None:
    """Every name in a route must lead somewhere, and every channel must be in exactly one route.

    Looks at what was written, not at validated values, so that one mistake in a route does not hide the others.
    """
    if not _names(source, "routes"):
        source.complain(("routes",), "there is no route, so nothing would be answered; write at least one", at_key=True)
    taken: dict[str, str] = {}
    routes = [_Route(source, host, name) for name in _names(source, "routes")]
    for check in routes:
        check.check_channels(taken)
        check.check_bot()
        check.check_handoff()
        check.check_texts()
    _warn_of_unused(source, {name for route in routes for name in route.mentioned})


def check_server(source: Source, server: ServerSettings | None) -> None:
    """Warn of what is fine on one's own machine and risky elsewhere."""
    if server is None or _is_loopback(server.host):
        return
    address: Address = ("server", "host")
    if server.public_url is None or not server.public_url.startswith("https://"):
        message = (
            f"{server.host} is reachable from other machines, without TLS; put a reverse proxy with https in front "
        )
        source.complain(address, message + "and write its address into server.public_url", warning=True)
    if server.metrics_token is None:
        message = "everybody who reaches this port can read /metrics; set server.metrics_token"
        source.complain(address, message, warning=True)


class _Route:
    """The checks of one route."""

    def __init__(self, source: Source, host: PluginHost, name: str) -> None:
        self._source = source
        self._host = host
        self._name = name
        data = source.data["routes"][name]
        self._data: dict[str, Any] = data if isinstance(data, dict) else {}
        self._channels = self._words("channels")
        self._handoff = self._words("handoff")
        bot = self._data.get("bot")
        self._bot = bot if isinstance(bot, str) else ""

    @property
    def mentioned(self) -> set[str]:
        return {*self._channels, self._bot, *self._handoff}

    def check_channels(self, taken: dict[str, str]) -> None:
        for index, channel in enumerate(self._channels):
            address = self._at("channels", index)
            if taken.get(channel) == self._name:
                self._source.complain(address, f"{channel!r} is listed twice")
            elif channel in taken:
                self._source.complain(
                    address, f"{channel!r} is in the route {taken[channel]!r} already; a channel has one"
                )
            else:
                self._must_exist(channel, ("channels",), address)
                taken[channel] = self._name

    def check_bot(self) -> None:
        if self._bot:
            self._must_exist(self._bot, ("bots",), self._at("bot"))
        elif not self._data.get("bot") and not self._data.get("handoff"):
            message = "has neither a bot nor a handoff, so nobody would answer; name one"
            self._source.complain(self._at(), message, at_key=True)

    def check_handoff(self) -> None:
        for index, target in enumerate(self._handoff):
            address = self._at("handoff", index)
            if target in self._handoff[:index]:
                self._source.complain(address, f"{target!r} is listed twice")
            elif target in _names(self._source, "channels"):
                self._check_business_channel(target, address)
            elif target in _names(self._source, "bots"):
                self._check_bot_with_agents(target, address)
            else:
                self._must_exist(target, ("platforms", "channels"), address)

    def check_texts(self) -> None:
        texts = self._data.get("texts")
        for key in texts if isinstance(texts, dict) else ():
            if key not in KEYS:
                guess = did_you_mean(key, KEYS) or f"; the keys are {', '.join(sorted(KEYS))}"
                self._source.complain(self._at("texts", key), f"there is no such text{guess}", at_key=True)

    def _check_business_channel(self, target: str, address: Address) -> None:
        kind = self._type_of("channels", target)
        offer = self._host.channels.get(kind)
        if offer is not None and has_agents(offer.kind.build, BusinessChannel) is False:
            message = f"{target!r} is a channel of type {kind!r}, which has no agents; name an agent platform"
            self._source.complain(address, message)
        elif self._channels != [target]:
            message = f"{target!r} can call agents to its own clients only; give it a route of its own"
            self._source.complain(address, message)

    def _check_bot_with_agents(self, target: str, address: Address) -> None:
        kind = self._type_of("bots", target)
        offer = self._host.bot_engines.get(kind)
        if offer is not None and has_agents(offer.kind.build, BotWithAgents) is False:
            message = f"{target!r} is a bot of type {kind!r}, which has no agents; name an agent platform"
            self._source.complain(address, message)
        elif self._bot != target:
            self._source.complain(address, f"{target!r} hands its own clients over only; name it as the bot, too")

    def _type_of(self, section: str, name: str) -> str:
        data = self._source.data[section][name]
        kind = data.get("type") if isinstance(data, dict) else None
        return kind if isinstance(kind, str) else ""

    def _must_exist(self, name: str, sections: tuple[str, ...], address: Address) -> None:
        if not name or any(name in _names(self._source, section) for section in sections):
            return
        wanted = _SECTIONS[sections[0]]
        for section, what in _SECTIONS.items():
            if name in _names(self._source, section):
                self._source.complain(address, f"{name!r} is {_a(what)}, and here {_a(wanted)} is needed")
                return
        known = _names(self._source, sections[0])
        guess = did_you_mean(name, known) or f"; there are: {', '.join(known) or 'none'}"
        self._source.complain(address, f"there is no {wanted} {name!r}{guess}")

    def _words(self, key: str) -> list[str]:
        """Return the list at `key`; what is no word keeps its place as an empty one and is reported elsewhere."""
        value = self._data.get(key)
        return [word if isinstance(word, str) else "" for word in value] if isinstance(value, list) else []

    def _at(self, *steps: str | int) -> Address:
        return ("routes", self._name, *steps)


def has_agents(build: object, wanted: type) -> bool | None:
    """Tell whether a kind builds something with agents, as the protocol says; None: it does not say."""
    try:
        built: Any = build.load() if isinstance(build, Lazy) else build
        if not isinstance(built, type):
            built = get_type_hints(built).get("return")
    except (ImportError, NameError, TypeError):
        return None
    return issubclass(built, wanted) if isinstance(built, type) and not _is_protocol(built) else None


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _is_protocol(kind: type) -> bool:
    return bool(getattr(kind, "_is_protocol", False))


def _names(source: Source, section: str) -> list[str]:
    data = source.data.get(section)
    return list(data) if isinstance(data, dict) else []


def _warn_of_unused(source: Source, used: set[str]) -> None:
    reasons = {
        "channels": "is in no route: whoever writes here gets no answer",
        "bots": "is in no route: it is never asked",
        "platforms": "is in no route's handoff: nobody is sent there",
    }
    for section, reason in reasons.items():
        for name in _names(source, section):
            if name not in used:
                source.complain((section, name), reason, at_key=True, warning=True)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
