"""The core's own HTTP surface: what docs/reference/openapi.yaml says is so, whatever is asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.conftest import EXAMPLES
from tests.fuzz.entries import ENTRIES
from tests.fuzz.mutations import METHODS, as_json, odd, segments, values
from tests.fuzz.wire import Request

FUZZ = settings.get_profile("fuzz")
pytestmark = pytest.mark.timeout(0 if EXAMPLES else 120)
FILE = Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml"
WHOLE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
OPERATIONS = [
    (path, verb, operation)
    for path, item in WHOLE["paths"].items()
    for verb, operation in item.items()
    if verb != "parameters"
]
SAMPLES = {"listener": "x", "conversation": "x", "number": 1}


def described(operation, answer):
    """Return what the description says about an answer's status; None: nothing."""
    found = operation["responses"].get(str(answer.status)) or operation["responses"].get(f"{answer.status // 100}XX")
    if found and "$ref" in found:
        return WHOLE["components"]["responses"][found["$ref"].rpartition("/")[2]]
    return found


def check(operation, answer):
    """Compare an answer with its description."""
    said = described(operation, answer)
    assert said is not None, answer
    for name, header in said.get("headers", {}).items():
        jsonschema.validate(int(answer.headers[name.lower()]), header["schema"])
    schema = said.get("content", {}).get("application/json", {}).get("schema")
    if schema and answer.body:
        jsonschema.validate(json.loads(answer.body), {**schema, "components": WHOLE["components"]})


def test_every_route_of_the_core_is_described(surface):
    application = surface.harness.gateway._web._runner.app
    instances = tuple(f"/{name}" for name in surface.harness.gateway.instances)
    served = {
        re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.resource.canonical)
        for route in application.router.routes()
        if not route.resource.canonical.startswith(instances)
    }
    assert served == {path if not path.startswith("/admin/") else "/admin/{tail}" for path in WHOLE["paths"]}


@pytest.mark.parametrize(
    ("path", "verb", "operation"), OPERATIONS, ids=[f"{verb} {path}" for path, verb, _ in OPERATIONS]
)
def test_whatever_is_asked_the_answer_is_as_described(surface, path, verb, operation):
    headers = st.sampled_from(
        [{}, ENTRIES["admin"].headers(surface, b""), {b"Accept": b"application/openmetrics-text"}]
    )
    body = (
        st.one_of(values(SAMPLES), st.just(SAMPLES), odd).map(as_json) if "requestBody" in operation else st.just(b"")
    )
    names = st.sampled_from(["rest", "tg", "jivobot", "tovie", "nobody", "mine"]) | st.text(min_size=1, max_size=9)

    @FUZZ
    @given(names, body, headers)
    def fuzz(name, body, headers):
        filled = re.sub(r"\{\w+\}", lambda _: quote(name, safe=""), path)
        if filled.startswith("/hooks/..") or "/." in filled:
            return  # another address
        request = Request(path=filled.encode(), method=verb.upper().encode(), headers=headers, body=body)
        check(operation, surface.send(request))

    fuzz()


@FUZZ
@given(
    st.sampled_from(METHODS),
    st.lists(segments, max_size=4),
    st.sampled_from([b"", b"hooks", b"files", b"admin", b"health"]),
)
def test_no_path_and_no_verb_is_a_fault(surface, verb, parts, first):
    surface.send(Request(path=b"/" + b"/".join([first, *parts]), method=verb))
