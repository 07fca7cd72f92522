"""Writes the reference pages that repeat what the code says, so that they cannot say anything else.

`python docs/generate.py` writes them, `python docs/generate.py --check` tells which are out of date (exit code 1).
The tests run the check. What explains, rather than lists, is written by hand in the other pages.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.plugins import PluginHost
from generating.configuration import config_page, kinds_page
from generating.markdown import tidy
from generating.operation import cli_page, log_page, metrics_page
from generating.plugin_api import api_page, hooks_page

REFERENCE = Path(__file__).resolve().parent / "reference"
BANNER = "<!-- Made by docs/generate.py from the code. Change the code, then run it again. -->\n"


def pages() -> dict[str, str]:
    """Return all generated pages: file name -> contents."""
    host = _whole_host()
    made: dict[str, Callable[[], str]] = {
        "config.md": config_page,
        "kinds.md": lambda: kinds_page(host),
        "cli.md": cli_page,
        "metrics.md": metrics_page,
        "hooks.md": hooks_page,
        "log-events.md": log_page,
        "plugin-api.md": api_page,
    }
    return {name: tidy(BANNER + "\n" + page()) for name, page in made.items()}


def _whole_host() -> PluginHost:
    host = PluginHost()
    if host.problems:
        sys.exit("\n".join(f"{plugin.label}: {problem}" for plugin, problem in host.problems))
    return host


def main() -> None:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    check = parser.parse_args().check
    stale = []
    for name, text in pages().items():
        file = REFERENCE / name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            file.write_text(text, encoding="utf-8")
    if check and stale:
        sys.exit(f"out of date: {', '.join(stale)}; run `python docs/generate.py`")
    print(f"written: {', '.join(stale)}" if stale else "nothing to do")


if __name__ == "__main__":
    main()
