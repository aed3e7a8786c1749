"""How far a multipart upload has come, in a small file, so that it goes on after a restart."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import structlog

log = structlog.get_logger(__name__)


class Part(msgspec.Struct, frozen=True):
    """A part that the target has, checked. size in bytes; crc is its CRC-64."""

    number: int
    etag: str
    size: int
    crc: int


class Checkpoint(msgspec.Struct):
    """A multipart upload at the target, and the parts of it that are done."""

    upload_id: str
    part_size: int
    parts: list[Part] = []


class Checkpoints:
    """One file an upload in `directory`. Losing one costs sending parts again, nothing else."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self, *names: str) -> Checkpoint | None:
        """The checkpoint of the upload that `names` stand for; None when there is none to use."""
        try:
            return msgspec.json.decode(self._file(names).read_bytes(), type=Checkpoint)
        except (OSError, msgspec.DecodeError):
            return None

    def save(self, checkpoint: Checkpoint, *names: str) -> None:
        """Keep it, if the disk takes it."""
        file = self._file(names)
        beside = file.with_suffix(".new")
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.encode(checkpoint))
            os.replace(beside, file)
        except OSError as error:
            log.warning("upload_checkpoint_not_saved", error=str(error))

    def drop(self, *names: str) -> None:
        """Forget it."""
        self._file(names).unlink(missing_ok=True)

    def _file(self, names: tuple[str, ...]) -> Path:
        digest = hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape"))
        return self._directory / f"{digest.hexdigest()[:32]}.json"
