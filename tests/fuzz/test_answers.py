"""What others answer when they are called is input, too: whatever it is, the effect ends and nothing breaks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.conftest import EXAMPLES
from tests.fuzz.entries import ACTIVITIES, BOT_REPLIES
from tests.fuzz.mutations import bodies
from tests.fuzz.surface import Surface

FUZZ = settings.get_profile("fuzz")
pytestmark = pytest.mark.timeout(0 if EXAMPLES else 120)

SAMPLES = {
    "three": [*BOT_REPLIES],
    "four": [{"activities": [*ACTIVITIES]}],
    "five": [
        {
            "questionId": "q",
            "data": {"replies": [{"type": "text", "text": "hello"}, {"type": "buttons", "buttons": [{"text": "Yes"}]}]},
        }
    ],
}


def test_the_channels_lead_to_the_bots_that_are_asked(surface):
    bots = {name: surface.harness.gateway.policies[name].bot for name in SAMPLES}

    assert bots == {"three": "mine", "four": "framework", "five": "jaicp"}


@pytest.mark.parametrize("channel", SAMPLES)
def test_an_answer_of_a_bot_like_a_valid_one_breaks_nothing(surface: Surface, channel):
    @FUZZ
    @given(st.data())
    def fuzz(data):
        answer = data.draw(st.sampled_from(SAMPLES[channel]).flatmap(bodies))
        status = data.draw(st.sampled_from([200, 200, 200, 200, 201, 204, 302, 400, 410]))
        content_type = data.draw(st.sampled_from(["application/json", "application/json", "text/html"]))
        surface.outside.says = {"body": answer, "status": status, "content_type": content_type}
        try:
            surface.run(surface.harness.channel(channel).writes("hello", "zoe"))
            surface.check((channel, status, answer))
        finally:
            surface.outside.says = None

    fuzz()
