"""Target: a directory. An object is a file that appears whole, by rename, after fsync."""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.errors import InvalidInput
from core.upload.key import check_key
from core.upload.target import Step, Stored, UploadError, open_file, unreadable

_PIECE = 1024 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}


class LocalTarget:
    """Objects as files under `root`, which is made when it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put(self, path: Path, key: str, version: str, step: Step) -> Stored:
        """See Target.put. The etag is the content's MD5, as OSS and S3 give it."""
        with open_file(path) as file, _writing(key):
            place = self._place(key)
            part = place.parent / f".tocsin-{uuid.uuid4().hex}.part"
            try:
                stored = _copy(path, file, part, step)
                part.replace(place)
            finally:
                part.unlink(missing_ok=True)
            _sync_directories(place.parent, self._root)
        return stored

    def _place(self, key: str) -> Path:
        """Where `key` stands; its directories are made. Links may not lead out of the root."""
        try:
            check_key(key)
        except InvalidInput as error:
            raise UploadError("other", str(error), retryable=False) from error
        place = self._root / key
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.parent.resolve().is_relative_to(self._root.resolve()):
            raise UploadError("other", f"{key} leads out of {self._root}", retryable=False)
        return place


def _copy(path: Path, file: BinaryIO, part: Path, step: Step) -> Stored:
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    # A new file of ours, never a link somebody placed; the umask has the last word on its mode.
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with open(descriptor, "wb", buffering=0) as out:
        while piece := _read(path, file):
            step("sending")
            digest.update(piece)
            view = memoryview(piece)
            while view:
                view = view[out.write(view) :]
            size += len(piece)
        os.fsync(descriptor)
        step("verifying")
        if os.fstat(descriptor).st_size != size:
            raise UploadError("bad_digest", f"{part} is not {size} bytes long", retryable=True)
    return Stored(digest.hexdigest(), size)


def _read(path: Path, file: BinaryIO) -> bytes:
    try:
        return file.read(_PIECE)
    except OSError as error:
        raise unreadable(path, error) from error


def _sync_directories(directory: Path, root: Path) -> None:
    """Make the new name durable, and those of the directories that lead to it."""
    while True:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if directory in {root, directory.parent}:
            return
        directory = directory.parent


@contextmanager
def _writing(key: str) -> Iterator[None]:
    """The operating system's refusals, as failures of this target."""
    try:
        yield
    except OSError as error:
        text = f"{key} cannot be written: {error.strerror}"
        if error.errno in _FULL:
            raise UploadError("disk_full", text, retryable=True) from error
        if error.errno in _REFUSED:
            raise UploadError("auth", text, retryable=False) from error
        raise UploadError("other", text, retryable=error.errno not in _IN_THE_WAY) from error
