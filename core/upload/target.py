"""What every kind of object storage offers, and how it says that it did not take a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import msgspec

from core.errors import DeliveryError

Reason = Literal[
    "network", "throttled", "auth", "not_found", "bad_digest", "local_file_gone", "disk_full",
    "canceled", "other",
]  # fmt: skip
Stage = Literal["sending", "verifying"]
Step = Callable[[Stage], None]
"""Called by a target as it goes on: `sending` between pieces, `verifying` once, when every byte
was read and before the object gets its name. What it raises ends the transfer, and then nothing
new stands under the key."""


class UploadError(DeliveryError):
    """A file was not taken. `code` is the Reason: the class of the failure, a metric label.

    `retryable` says whether the same file may be taken later. After a failure that cannot be
    retried a target keeps nothing of the attempt; after one that can, it may keep finished parts.
    """

    def __init__(
        self, reason: Reason, text: str, *, retryable: bool, retry_after: float | None = None
    ) -> None:
        super().__init__(text, code=reason, retryable=retryable, retry_after=retry_after)
        self.reason: Reason = reason


class Stored(msgspec.Struct, frozen=True):
    """What stands under the key now. size in bytes; etag as the target gives it."""

    etag: str
    size: int


class Target(Protocol):
    """Object storage. Its methods block and are called in threads, several at once."""

    def put(self, path: Path, key: str, version: str, step: Step) -> Stored:
        """Store the file `path` under `key`, whole or not at all.

        version: names the file's content, so that a later call may go on where one was cut off.
        Raises UploadError, or what `step` raises.
        """
        ...


def open_file(path: Path) -> BinaryIO:
    """The local file, open for reading. UploadError when it is gone or cannot be read."""
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise UploadError("local_file_gone", f"{path} is gone", retryable=False) from error
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> UploadError:
    """The failure to report when reading the local file failed."""
    return UploadError("other", f"{path} cannot be read: {error.strerror}", retryable=True)
