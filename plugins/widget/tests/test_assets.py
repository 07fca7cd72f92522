from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

import gateway_widget
from gateway_widget.bundle import bundle
from gateway_widget.options import WidgetOptions
from gateway_widget.texts import LANGUAGES, TEXT_KEYS
from plugins.widget.tests.stage import Caller, Stage

STATIC = Path(gateway_widget.__file__).parent / "static" / "widget"
BUDGET = 25_000


@pytest.fixture
def assets():
    return Stage(WidgetOptions(title="Ask us", avatar="https://gw.example.com/files/abc/face.png")).channel._assets


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_whole_widget_fits_the_budget(assets, language):
    """All that one visitor loads, as it goes over the wire."""
    loaded = [assets.entry, assets.get("chat.js"), assets.get("style.css"), assets.get(f"lang/{language}.json")]

    assert sum(len(asset.packed) for asset in loaded) <= BUDGET


def test_there_is_nothing_else_to_load(assets):
    assert set(assets.names) == {"chat.js", "style.css", *(f"lang/{language}.json" for language in LANGUAGES)}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_says_everything(language):
    texts = json.loads((STATIC / "lang" / f"{language}.json").read_text(encoding="utf-8"))
    english = json.loads((STATIC / "lang" / "en.json").read_text(encoding="utf-8"))

    assert set(texts) == TEXT_KEYS
    assert [key for key, text in texts.items() if not text.strip()] == []
    places = {key: set(re.findall(r"{(\w+)}", text)) for key, text in texts.items()}
    assert places == {key: set(re.findall(r"{(\w+)}", text)) for key, text in english.items()}


def test_the_languages_asked_for_are_there():
    assert {"en", "ru", "pt", "es", "de", "ar"} <= LANGUAGES


def test_no_text_is_left_unused():
    source = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js"))

    assert [key for key in TEXT_KEYS if not re.search(rf"\b{key}\b", source)] == []


def test_nothing_is_ever_parsed_as_html():
    source = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js"))

    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", source) == []


async def test_parts_are_kept_for_ever(stage):
    version = stage.channel._assets.version
    async with Caller(stage).get(f"v/{version}/chat.js") as response:
        assert response.status == 200
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.content_type == "text/javascript"


async def test_an_old_version_gets_the_new_file_for_now(stage):
    async with Caller(stage).get("v/0ld/chat.js") as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-cache"


async def test_the_entry_is_asked_for_again(stage):
    async with Caller(stage).get("widget.js") as response:
        etag = response.headers["ETag"]
        assert response.headers["Cache-Control"] == "no-cache"
    async with Caller(stage).get("widget.js", headers={"If-None-Match": etag}) as response:
        assert response.status == 304


async def test_without_gzip_the_same_comes_plain(stage):
    path = stage.url("widget.js")
    async with stage.client.get(path, headers={"Accept-Encoding": "identity"}) as plain:
        assert "Content-Encoding" not in plain.headers
        text = await plain.read()
    async with stage.client.get(path) as packed:
        assert await packed.read() == text
    assert gzip.decompress(stage.channel._assets.entry.packed) == text


@pytest.mark.parametrize("path", ["v/x/none.js", "v/x/../options.py", "v/x/lang/xx.json", "demo/none.css"])
async def test_nothing_else_is_served(stage, path):
    async with Caller(stage).get(path) as response:
        assert response.status == 404


async def test_the_demo_runs_under_a_strict_policy(stage):
    async with Caller(stage).get("") as response:
        policy = response.headers["Content-Security-Policy"]
        page = await response.text()

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert 'src="widget.js"' in page


def test_modules_are_joined_in_order():
    modules = {
        "main": 'import { b } from "./b.js";\nexport const a = b + 1;\n',
        "b": "// one\nexport const b = 1;\n",
        "unused": "export const c = 1;\n",
    }

    joined = bundle(modules, "main")

    assert joined.index("$b =") < joined.index("$main =")
    assert "// one" not in joined
    assert "unused" not in joined
    assert joined.endswith("export const { a } = $main;\n")


def test_a_form_of_import_it_does_not_know_is_an_error():
    with pytest.raises(ValueError, match="cannot join"):
        bundle({"main": 'import * as b from "./b.js";\n'}, "main")
