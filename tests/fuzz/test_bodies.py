"""Whatever is posted to an entry: no fault, no hang, nothing left behind."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.conftest import EXAMPLES
from tests.fuzz.entries import ENTRIES
from tests.fuzz.mutations import METHODS, TYPES, as_json, bodies, changed_at, odd_ones, segments, text_bytes

SPARSE = 211
"""Without FUZZ_EXAMPLES, one in so many; a prime, so that every odd value has its turn in some place."""
STEP = max(1, SPARSE // EXAMPLES) if EXAMPLES else SPARSE

FUZZ = settings.get_profile("fuzz")
pytestmark = [pytest.mark.timeout(0 if EXAMPLES else 120)]


@pytest.mark.parametrize("name", ENTRIES)
def test_the_samples_are_taken(surface, name):
    entry = ENTRIES[name]
    for sample in entry.samples(surface):
        answer = surface.send(entry.request(surface, json.dumps(sample).encode()))
        assert answer.status == 200, (sample, answer)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_body_like_a_valid_one_breaks_nothing(surface, name):
    entry = ENTRIES[name]

    @FUZZ
    @given(st.data())
    def fuzz(data):
        sample = data.draw(st.sampled_from(list(entry.samples(surface))))
        surface.send(entry.request(surface, data.draw(bodies(sample))))

    fuzz()


@pytest.mark.parametrize("name", ENTRIES)
def test_an_odd_value_in_any_place_breaks_nothing(surface, name):
    entry = ENTRIES[name]
    for number, sample in enumerate(entry.samples(surface)):
        for path, value in odd_ones(sample)[::STEP]:
            odd = changed_at(entry.samples(surface)[number], path, value)
            surface.send(entry.request(surface, as_json(odd)))


@pytest.mark.parametrize("name", ENTRIES)
def test_a_request_with_odd_verb_path_or_headers_breaks_nothing(surface, name):
    entry = ENTRIES[name]
    verbs = st.just(b"POST") | st.sampled_from(METHODS)
    names = st.sampled_from([*entry.headers(surface, b""), b"Authorization", b"Cookie", b"Origin", b"Idempotency-Key"])
    types = st.sampled_from(TYPES).map(lambda kind: {b"Content-Type": kind})

    @FUZZ
    @given(verbs, segments, st.booleans(), st.dictionaries(names, text_bytes, max_size=3), types)
    def fuzz(verb, segment, instead, headers, content_type):
        body = json.dumps(entry.samples(surface)[0]).encode()
        request = entry.request(surface, body, method=verb, headers={**headers, **content_type})
        base = request.path.rpartition(b"/")[0] if instead else request.path
        odd = entry.request(surface, body, method=verb, path=base + b"/" + segment, headers={**headers, **content_type})
        surface.send(odd)
        surface.send(request)

    fuzz()
