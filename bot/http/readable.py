"""Files that a call may name: those under a watched directory or among the configured logs.

Links are resolved first, so that none leads out.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat

from core.config.settings import Settings
from core.errors import InvalidInput, NotFound, PermissionDenied, Problem

TAIL = 1024 * 1024  # bytes; of a longer file its end is read
_GLOB = re.compile(r"[*?\[]")


async def read_readable(settings: Settings, path: str) -> str:
    """The (end of the) text of a file.

    PermissionDenied outside the configured places, NotFound when it is not there, InvalidInput
    when it is no regular file.
    """
    return await asyncio.to_thread(_read, settings, path)


def _read(settings: Settings, path: str) -> str:
    real = os.path.realpath(path)
    encoding = _encoding_of(settings, real)
    if encoding is None:
        raise PermissionDenied("the path lies outside files.watch_dir and logs.paths")
    try:
        with open(real, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _unreadable("is no regular file")
            file.seek(max(0, status.st_size - TAIL))
            return file.read(TAIL).decode(encoding, "replace")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("there is no such file") from error
    except OSError as error:
        raise _unreadable(error.strerror or "cannot be read") from error


def _open(path: str, flags: int) -> int:
    # A named pipe would else hold the thread until someone writes into it.
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _encoding_of(settings: Settings, real: str) -> str | None:
    """The encoding of the log that the path belongs to, utf-8 in a watched directory, or None."""
    for log in settings.logs:
        if any(_lies_in(real, _root(pattern)) for pattern in log.paths):
            return log.encoding
    watched = (root for source in settings.files for root in source.watch_dir)
    return "utf-8" if any(_lies_in(real, os.path.realpath(root)) for root in watched) else None


def _root(pattern: str) -> str:
    """The directory that a pattern of paths starts from; of a plain path the file itself."""
    found = _GLOB.search(pattern)
    fixed = pattern if found is None else os.path.dirname(pattern[: found.start()])
    return os.path.realpath(fixed or ".")


def _lies_in(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _unreadable(why: str) -> InvalidInput:
    return InvalidInput("the file cannot be read", [Problem("path", why)])
