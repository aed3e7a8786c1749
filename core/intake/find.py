"""Files by glob patterns, and the directories in which such files may appear."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable

import msgspec


class Found(msgspec.Struct, frozen=True):
    """A regular file, and the first pattern that it was found by."""

    path: str
    pattern: str
    device: int
    inode: int
    size: int

    @property
    def key(self) -> tuple[int, int]:
        """What the file system knows the file by."""
        return self.device, self.inode


def find(patterns: Iterable[str]) -> dict[tuple[int, int], Found]:
    """The files that any pattern names, each once however many names it has. Blocking."""
    found: dict[tuple[int, int], Found] = {}
    for pattern in patterns:
        for path in sorted(glob.iglob(pattern, recursive=True)):
            try:
                status = os.stat(path)
            except OSError:  # it went between the two calls, or its link leads nowhere
                continue
            if stat.S_ISREG(status.st_mode):
                one = Found(path, pattern, status.st_dev, status.st_ino, status.st_size)
                found.setdefault(one.key, one)
    return found


def directories(patterns: Iterable[str]) -> tuple[set[str], set[str]]:
    """Where to watch: directories by themselves, and directories with all that is below them."""
    flat: set[str] = set()
    deep: set[str] = set()
    for pattern in patterns:
        base, name = os.path.split(pattern)
        if not glob.has_magic(base) and name != "**":
            flat.add(base)
            continue
        while glob.has_magic(base):
            base = os.path.dirname(base)
        deep.add(base)
    return flat, deep
