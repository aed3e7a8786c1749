"""The watched directories: which files may be uploaded, from which source, under which key."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from core.config.settings import FileSource, Settings
from core.errors import InvalidInput, NotFound, PermissionDenied
from core.text import say
from core.upload.key import object_key


class Promise(msgspec.Struct, frozen=True):
    """A file as it was seen, and where it is to stand. Fields as in core.model.upload.Upload."""

    source: str
    target: str
    path: str
    key: str
    size: int
    version: str
    node: str = ""


def version_of(path: str | Path) -> str:
    """Names the content of a file by its size and mtime. Raises OSError."""
    status = os.stat(path)
    return f"{status.st_size}:{status.st_mtime_ns}"


class Roots:
    """Looks at files; every call touches the disk, so it belongs in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.sources: dict[str, FileSource] = {source.name: source for source in settings.files}
        self._prefixes = {target.name: target.prefix for target in settings.targets}
        self._language = settings.language
        self._node = settings.node if settings.database.url else ""

    def source_of(self, path: str) -> FileSource:
        """The source whose root holds `path`, the innermost one when roots lie in each other.

        PermissionDenied when none does.
        """
        real = _real(path, self._language)
        holding = [
            (len(root), source)
            for source in self.sources.values()
            for root in _roots(source)
            if _lies_in(real, root)
        ]
        if not holding:
            raise PermissionDenied(say("upload.outside", self._language, path=path))
        return max(holding, key=lambda found: found[0])[1]

    def promise(self, source: FileSource, path: str) -> Promise:
        """The file `path` of `source` as it is now.

        Links are resolved; a linked file keeps its own name. Raises PermissionDenied when it lies
        outside the source's roots, NotFound when it is gone, InvalidInput when it is no file or
        has a name that cannot be a key.
        """
        real = _real(path, self._language)
        here = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        inside = [r for r in _roots(source) if _lies_in(real, r) and _lies_in(here, r)]
        if not inside:
            raise PermissionDenied(say("upload.outside", self._language, path=path))
        try:
            status = os.stat(here)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(say("upload.no_file", self._language, path=path)) from error
        except OSError as error:
            raise InvalidInput(f"{path}: {error.strerror}") from error
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInput(say("upload.not_regular", self._language, path=path))
        relpath = os.path.relpath(here, max(inside, key=len))
        return Promise(
            source=source.name,
            target=source.target,
            path=here,
            key=object_key(self._prefixes.get(source.target, ""), source.name, relpath),
            size=status.st_size,
            version=f"{status.st_size}:{status.st_mtime_ns}",
            node=self._node,
        )


def _real(path: str, language: str) -> str:
    if not path or "\0" in path:
        raise InvalidInput(say("upload.not_a_path", language))
    return os.path.realpath(path)


def _roots(source: FileSource) -> list[str]:
    return [os.path.realpath(root) for root in source.watch_dir]


def _lies_in(path: str, root: str) -> bool:
    return path.startswith(root.rstrip("/") + "/")
