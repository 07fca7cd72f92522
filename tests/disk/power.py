"""What a power cut leaves: rebuilt from a record of all that a process wrote and flushed below a folder.

`kill -9` cannot show a missing flush: the system keeps what a dead process wrote. `recorder.c` is loaded into the
process and records; a cut is a place in that record. The disk after it holds what was flushed before, and of the rest
nothing, or any part.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

COMPILER = shutil.which("cc") or shutil.which("gcc")
MISSING = "" if sys.platform == "linux" and COMPILER else "platform: needs Linux and a C compiler"
"""Why nothing can be recorded here; empty: it can."""

HEAD = "<cIQI"
Record = tuple[bytes, str, int, bytes]
"""Kind (W write, T truncate, S flush, U unlink, R rename, A mark of the observer's), path, offset, data."""

Files = dict[str, bytearray]


def compiled(source: Path, folder: Path) -> Path:
    """Compile a library to be preloaded."""
    library = folder / f"{source.stem}.so"
    subprocess.run([str(COMPILER), "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library


def recorder(folder: Path) -> Path:
    """Compile the recorder."""
    return compiled(Path(__file__).with_name("recorder.c"), folder)


def recording(library: Path, *, folder: Path, log: Path) -> dict[str, str]:
    """Return the environment in which a process is recorded."""
    return {"LD_PRELOAD": str(library), "RECORD_FOLDER": str(folder), "RECORD_LOG": str(log)}


def mark(log: int, text: str) -> None:
    """Put a mark of an observer into a record (open for appending): what is before it was before what they saw."""
    data = text.encode()
    os.write(log, struct.pack(HEAD, b"A", 0, 0, len(data)) + data)


def records(log: bytes) -> Iterator[Record]:
    """Read a record, up to where the process died."""
    at = 0
    while at + struct.calcsize(HEAD) <= len(log):
        kind, path_size, offset, data_size = struct.unpack_from(HEAD, log, at)
        at += struct.calcsize(HEAD)
        path, data = log[at : at + path_size].decode(), log[at + path_size : at + path_size + data_size]
        at += path_size + data_size
        yield kind, path, offset, data


@dataclass(slots=True)
class Disk:
    """What is on the disk for sure, and what may be."""

    kept: Files = field(default_factory=dict)
    pending: dict[str, list[tuple[bytes, int, bytes]]] = field(default_factory=dict)

    def apply(self, kind: bytes, path: str, offset: int, data: bytes) -> None:
        """Let a record happen."""
        match kind:
            case b"A":
                pass
            case b"S":
                content = self.kept.setdefault(path, bytearray())
                for change in self.pending.pop(path, []):
                    _write(content, change)
            case b"U":
                self.kept.pop(path, None)
                self.pending.pop(path, None)
            case b"R":
                self._rename(path, data.decode())
            case _:
                self.pending.setdefault(path, []).append((kind, offset, data))

    def _rename(self, path: str, to: str) -> None:
        """The name is taken for kept: what is flushed in a folder later, keeps its names."""
        self.kept.pop(to, None)
        self.pending.pop(to, None)
        if path in self.kept:
            self.kept[to] = self.kept.pop(path)
        if path in self.pending:
            self.pending[to] = self.pending.pop(path)

    def after_a_cut(self, kept_part: float, chance: random.Random) -> Files:
        """Return the files; of what was not flushed, any part may have reached the disk."""
        files = {path: bytearray(content) for path, content in self.kept.items()}
        for path, changes in self.pending.items():
            for change in changes:
                if chance.random() < kept_part:
                    _write(files.setdefault(path, bytearray()), change)
        return files


def _write(content: bytearray, change: tuple[bytes, int, bytes]) -> None:
    kind, offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if kind == b"T":
        del content[offset:]
    else:
        content[offset : offset + len(data)] = data


def lay_out(files: Mapping[str, bytearray], folder: Path, *, instead_of: Path) -> None:
    """Make a folder of the files that lay below another one."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        file = folder / Path(name).relative_to(instead_of)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
