"""Which files of a watched directory are wanted. Every call touches the disk: use a thread."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator

import structlog

from core.config.settings import FileSource

log = structlog.get_logger(__name__)
Version = tuple[int, int]  # size in bytes, mtime in nanoseconds
# What programs write to before a file gets its name.
_UNFINISHED = (".tmp", ".part", ".crdownload", ".download", ".swp", "~")


class Eligible:
    """The rules of one source: endings, exclusions, nothing hidden, nothing unfinished.

    Links to files count when they lead to a file below the same root; links to directories are
    not followed. Paths are given out with the root's links resolved.
    """

    def __init__(self, settings: FileSource) -> None:
        self.roots = [os.path.abspath(root) for root in settings.watch_dir]
        self._source = settings.name
        self._excluded = settings.watch_exclude
        self._endings = tuple("." + ext.lower().removeprefix(".") for ext in settings.file_ext)
        self._ignored = settings.ignore
        self._complaints: set[str] = set()

    def root_error(self, root: str) -> str:
        """Why a root cannot be read; empty when it can."""
        try:
            with os.scandir(root):
                return ""
        except OSError as error:
            return error.strerror or str(error)

    def look(self, path: str) -> tuple[str, Version] | None:
        """A file that was named by a notice, with its path as it is given out; None when it is
        not wanted, no file, or gone."""
        for root in self.roots:
            if path.startswith(root.rstrip("/") + "/"):
                real = os.path.realpath(root)
                here = os.path.join(real, os.path.relpath(path, root))
                if not self._is_reached(real, os.path.dirname(here)):
                    return None
                version = self._version(real, here)
                return (here, version) if version else None
        return None

    def version(self, path: str) -> Version | None:
        """A file that `look` or `scan` gave out, as it is now; None when it is gone."""
        try:
            status = os.stat(path)
        except OSError:
            return None
        return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None

    def scan(self) -> Iterator[tuple[str, Version]]:
        """Every wanted file of all roots."""
        for root in self.roots:
            real = os.path.realpath(root)
            yield from self._walk(real, real)

    def scan_below(self, directory: str) -> Iterator[tuple[str, Version]]:
        """Every wanted file below a directory that was named by a notice."""
        for root in self.roots:
            if directory.startswith(root.rstrip("/") + "/"):
                real = os.path.realpath(root)
                here = os.path.join(real, os.path.relpath(directory, root))
                if self._is_reached(real, here):
                    yield from self._walk(real, here)
                return

    def _walk(self, root: str, directory: str) -> Iterator[tuple[str, Version]]:
        left = [directory]
        while left:
            current = left.pop()
            try:
                entries = list(os.scandir(current))
            except OSError as error:
                if current != root:
                    self._complain("directory_unreadable", current, str(error))
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not self._is_excluded(root, entry.path):
                        left.append(entry.path)
                elif version := self._version(root, entry.path):
                    yield entry.path, version

    def _is_reached(self, root: str, directory: str) -> bool:
        """Whether a walk from the root would come to the directory: no links, nothing excluded."""
        if directory == root:
            return True
        if os.path.realpath(directory) != directory:
            return False
        below = os.path.relpath(directory, root).split("/")
        paths = (os.path.join(root, *below[: n + 1]) for n in range(len(below)))
        return not any(self._is_excluded(root, path) for path in paths)

    def _is_excluded(self, root: str, directory: str) -> bool:
        excluded = (os.path.normpath(os.path.join(root, name)) for name in self._excluded)
        return os.path.basename(directory).startswith(".") or directory in excluded

    def _version(self, root: str, path: str) -> Version | None:
        if not self._is_named_right(root, path):
            return None
        if os.path.islink(path) and not os.path.realpath(path).startswith(root + "/"):
            return None
        return self.version(path)

    def _is_named_right(self, root: str, path: str) -> bool:
        name = os.path.basename(path)
        if name.startswith(".") or name.lower().endswith(_UNFINISHED):
            return False
        if self._endings and not name.lower().endswith(self._endings):
            return False
        below = os.path.relpath(path, root)
        if any(fnmatch.fnmatchcase(t, g) for g in self._ignored for t in (name, below)):
            return False
        try:
            path.encode()
        except UnicodeEncodeError:
            self._complain("file_name_not_utf8", os.fsencode(path).decode("utf-8", "replace"), "")
            return False
        return True

    def _complain(self, event: str, path: str, error: str) -> None:
        if path not in self._complaints and len(self._complaints) < 1000:
            self._complaints.add(path)
            log.warning(event, source=self._source, path=path, error=error)
