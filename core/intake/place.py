"""How far a log's files have been read. It is kept in the journal's positions, one row a log."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

HEAD_SIZE = 1024


class Place(msgspec.Struct):
    """One file and how far it was read.

    A file is known by its device, inode and first bytes: names change, and inodes are used
    again. head: the digest of its first `head_size` bytes. offset: bytes that are done with;
    a line that is not complete yet is not. skipping: the rest of an overlong line comes next.
    gone_at: since when the file has not been seen, as a Unix time; 0 while it is there.
    """

    path: str
    device: int
    inode: int
    offset: int = 0
    skipping: bool = False
    head: str = ""
    head_size: int = 0
    gone_at: float = 0

    @property
    def key(self) -> tuple[int, int]:
        """What the file system knows the file by."""
        return self.device, self.inode


class Places(msgspec.Struct):
    """All files of a log. patterns: the paths that were followed when this was kept."""

    patterns: list[str] = []
    files: list[Place] = []


def digest(head: bytes) -> str:
    """What the first bytes of a file are compared by."""
    return hashlib.blake2b(head, digest_size=12).hexdigest()


def from_stored(value: Any) -> Places:
    """What the journal kept."""
    return msgspec.convert(value, Places)


def to_stored(places: Places) -> Any:
    """As the journal keeps it."""
    return msgspec.to_builtins(places)
