from __future__ import annotations

from gateway import lazily
from gateway.config.wiring import has_agents
from gateway.contracts import BusinessChannel


class Business:
    def __init__(self, context, options):
        self.given = (context, options)

    async def open(self, opening):
        """Nobody is invited here."""

    async def close(self, closing):
        """Nobody is there."""


class Plain:
    """Has nobody."""


def test_what_is_lazy_is_imported_when_it_is_called():
    imported = []

    @lazily
    def build():
        imported.append(Business)
        return Business

    assert imported == []
    assert build("context", options="options").given == ("context", "options")
    assert imported == [Business]


def test_a_kind_that_is_built_lazily_still_tells_whether_it_has_agents():
    assert has_agents(lazily(lambda: Business), BusinessChannel) is True
    assert has_agents(lazily(lambda: Plain), BusinessChannel) is False


def test_a_kind_that_cannot_be_imported_does_not_tell_whether_it_has_agents():
    def broken():
        raise ModuleNotFoundError(name="lost")

    assert has_agents(lazily(broken), BusinessChannel) is None
