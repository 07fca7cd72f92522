"""The tutorial about plugins, block by block, as a reader would follow it."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import pytest
import yaml
from aiohttp import ClientSession

from gateway.config import load
from gateway.plugins import GROUP, PluginHost
from gateway.runtime import Gateway
from tests.docs.reading import ROOT, blocks

PAGE = ROOT / "docs" / "tutorial" / "first-plugin.md"


@pytest.fixture
def folder(tmp_path):
    """The folder the reader has at the end."""
    for block in blocks(PAGE, "python", "yaml", "toml"):
        assert block.name, f"{block}: every block of this page is a file"
        file = tmp_path / block.name
        file.parent.mkdir(exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
    return tmp_path / "gateway-pager"


@pytest.fixture
def plugin(folder, monkeypatch):
    """The plugin as the entry point of its pyproject.toml names it."""
    monkeypatch.syspath_prepend(str(folder))
    import tomllib

    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (name, value), *_ = project["entry-points"]["gateway"].items()
    yield EntryPoint(name=name, value=value, group=GROUP)
    sys.modules.pop(value, None)


def console(beginning: str) -> list[str]:
    """Return the commands of the page that begin so."""
    lines = [line.removeprefix("$ ") for block in blocks(PAGE, "console") for line in block.text.splitlines()]
    return [line for line in lines if line.startswith(beginning)]


def curl(line: str, port: int) -> tuple[str, dict[str, str], str]:
    """Return (address, headers, body) of a call of curl, at another port."""
    _, address, _, header, _, body = shlex.split(line)
    name, _, value = header.partition(": ")
    return address.replace(":8090", f":{port}"), {name: value}, body


async def test_the_plugin_runs_as_the_page_says(folder, plugin):
    host = PluginHost([*entry_points(group=GROUP, name="script"), plugin])
    assert host.problems == ()
    service = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _on_any_port(folder / "service.py"), stdout=asyncio.subprocess.PIPE
    )
    try:
        port = int(await service.stdout.readline())
        settings = _settings(folder, host, service_port=port)
        gateway = Gateway(settings)
        await gateway.start()
        try:
            async with ClientSession() as http:
                for line in (*console("curl"), console("curl")[0]):
                    address, headers, body = curl(line, gateway.port)
                    async with http.post(address, headers=headers, data=body) as answer:
                        assert answer.status == 200
            async with asyncio.timeout(20):
                first, second = await service.stdout.readline(), await service.stdout.readline()
        finally:
            await gateway.stop()
    finally:
        service.kill()
        rest, _ = await service.communicate()

    text = PAGE.read_text(encoding="utf-8")
    for printed in (first, second):
        assert f"`{printed.decode().strip()}`" in text
    assert rest == b""


def test_its_own_test_passes(folder, plugin):
    command = [sys.executable, "-m", "pytest", "-q", str(folder / "test_pager.py"), "-o", "asyncio_mode=auto"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_list_of_plugins_says_what_the_page_says(plugin):
    text = PAGE.read_text(encoding="utf-8")
    (offer,) = PluginHost([plugin]).channels.values()

    assert f"`channel {offer.kind.name}: {offer.kind.summary}`" in text
    assert import_module(plugin.value).__doc__


def _on_any_port(script) -> str:
    """Return the page's service, listening where there is room, and saying where."""
    code = script.read_text(encoding="utf-8")
    last = 'HTTPServer(("127.0.0.1", int(sys.argv[1])), Service).serve_forever()'
    assert last in code
    return code.replace(
        last,
        'server = HTTPServer(("127.0.0.1", 0), Service); print(server.server_port, flush=True); server.serve_forever()',
    )


def _settings(folder, host, *, service_port):
    config = yaml.safe_load((folder / "gateway.yaml").read_text(encoding="utf-8"))
    config["server"]["port"] = 0
    config["channels"]["beeper"]["url"] = config["channels"]["beeper"]["url"].replace(":8091", f":{service_port}")
    file = folder / "running.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    loaded = load(file, host, {"PAGER_TOKEN": "not-a-secret-at-all"})
    assert loaded.settings is not None, loaded.problems
    return loaded.settings
