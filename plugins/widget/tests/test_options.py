from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from gateway_widget.options import WidgetOptions
from gateway_widget.plugin import KIND


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"origins": ["shop.example.com"]}, "write it like https://shop.example.com"),
        ({"origins": ["https://shop.example.com/"]}, "write https://shop.example.com"),
        ({"origins": ["https://shop.example.com/chat"]}, "more than an origin"),
        ({"accent": "teal"}, "pattern"),
        ({"language": "xx"}, "no texts in 'xx'"),
        ({"texts": {"xx": {}}}, "no texts in 'xx'"),
        ({"texts": {"en": {"titel": "Hi"}}}, "no text is called 'titel'"),
        ({"jwt": "short"}, "at least 32 characters"),
        ({"upload_bytes": 0}, "greater than 0"),
        ({"colour": "#000000"}, "Extra inputs"),
    ],
)
def test_mistakes_are_explained(options, says):
    with pytest.raises(ValidationError, match=says):
        WidgetOptions(**options)


@pytest.mark.parametrize(
    ("pattern", "origin", "allowed"),
    [
        ("https://shop.example.com", "https://shop.example.com", True),
        ("https://shop.example.com", "https://SHOP.example.com", True),
        ("https://shop.example.com", "http://shop.example.com", False),
        ("https://shop.example.com", "https://shop.example.com:8443", False),
        ("https://shop.example.com", "https://shop.example.com.evil.net", False),
        ("https://*.example.com", "https://a.b.example.com", True),
        ("https://*.example.com", "https://example.com", False),
        ("https://*.example.com", "https://evil.net/.example.com", False),
        ("https://*.example.com", "https://evilexample.com", False),
        ("http://localhost:3000", "http://localhost:3000", True),
        ("https://shop.example.com", "null", False),
    ],
)
def test_origins(pattern, origin, allowed):
    assert WidgetOptions(origins=(pattern,)).allows(origin) is allowed


def test_the_key_is_not_shown():
    assert "k" * 32 not in repr(WidgetOptions(jwt="k" * 32))


def test_every_option_is_described():
    assert [name for name, field in WidgetOptions.model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    "sample", [KIND.sample, (Path(__file__).parents[1] / "sample.yaml").read_text(encoding="utf-8")]
)
def test_the_samples_are_valid(sample):
    options = yaml.safe_load(sample)

    assert options.pop("type") == KIND.name
    WidgetOptions(**options)


def test_the_readme_knows_every_option():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")

    assert [name for name in WidgetOptions.model_fields if f"`{name}`" not in readme] == []
