"""Upload: one file on its way to object storage."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

UploadState = Literal["pending", "uploading", "succeeded", "failed", "canceled"]


class Upload(msgspec.Struct, kw_only=True):
    """People see it as `UPL-<number>`.

    source: the `files` entry's name; path: the local file; key: the object's key at `target`.
    version: size and mtime_ns of the file that was promised, so that a rewrite is a new upload.
    node: the machine that has the file, where several share a database; else empty.
    """

    id: str
    number: int
    source: str
    target: str
    path: str
    key: str
    size: int
    version: str
    node: str = ""
    state: UploadState = "pending"
    stage: str = "queued"
    attempts: int = 0
    error: str = ""
    etag: str = ""
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None

    @property
    def short_id(self) -> str:
        """`UPL-7`."""
        return f"UPL-{self.number}"
