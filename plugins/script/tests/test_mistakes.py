"""Every mistake in a script is told with its place, in words that help. The cases stand in mistakes.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway_script.loading import load

CASES = Path(__file__).with_name("mistakes.txt").read_text(encoding="utf-8")


def cases():
    for case in CASES.split("### ")[1:]:
        title, _, rest = case.partition("\n")
        source, _, lines = rest.partition("\n=>\n")
        yield pytest.param(source, lines.strip().splitlines(), id=title)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kettle.png").write_bytes(b"png")
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "pictures").mkdir()
    return tmp_path


@pytest.mark.parametrize(("source", "lines"), list(cases()))
def test_a_mistake_is_told(folder, source, lines):
    (folder / "faq.yaml").write_text(source, encoding="utf-8")

    assert load(Path("faq.yaml")).mistakes == lines


def test_there_are_many_cases():
    assert len(list(cases())) >= 80


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "faq.yaml:1:1: there is no such file; the option `file` is relative to the config file"),
        (b"start: \xff", "faq.yaml:1:1: the file is not UTF-8 (byte 8); save it as UTF-8"),
        (b"#" * 2_000_001, "faq.yaml:1:1: the script is larger than 2000000 bytes; split it into several bots"),
        (b"start: \x07\n", "faq.yaml:1:8: an invisible control character; delete it"),
    ],
    ids=["missing", "not UTF-8", "too large", "control character"],
)
def test_a_file_that_cannot_be_read(folder, content, line):
    if content is not None:
        (folder / "faq.yaml").write_bytes(content)

    assert load(Path("faq.yaml")).mistakes == [line]


def test_a_folder_is_no_script(folder):
    assert load(Path("pictures")).mistakes == ["pictures:1:1: the file cannot be read: Is a directory"]


def test_aliases_cannot_multiply_without_end(folder):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    (folder / "faq.yaml").write_text("\n".join(lines), encoding="utf-8")

    assert load(Path("faq.yaml")).mistakes[0] == ("faq.yaml:1:1: more than 50000 values; are aliases multiplying them?")


def test_a_mistake_elsewhere_is_named_with_its_whole_path(folder, tmp_path_factory):
    file = tmp_path_factory.mktemp("elsewhere") / "faq.yaml"
    file.write_text("strat: hi\n", encoding="utf-8")

    assert load(file).mistakes == [f"{file}:1:1: strat: unknown key; did you mean 'start'?"]
