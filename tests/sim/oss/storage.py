"""Buckets, objects and uploads in parts, as OSS keeps them."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field

import crcmod

_crc64 = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF, rev=True)


def crc64(body: bytes) -> int:
    """CRC-64/XZ (ECMA-182), which OSS answers in x-oss-hash-crc64ecma."""
    return int(_crc64(body))


@dataclass(frozen=True)
class StoredObject:
    """What stands under a key."""

    body: bytes
    etag: str
    content_type: str = ""

    @property
    def crc(self) -> int:
        """Of the body."""
        return crc64(self.body)


@dataclass
class Multipart:
    """An upload in parts that is not complete."""

    bucket: str
    key: str
    content_type: str
    parts: dict[int, StoredObject] = field(default_factory=dict)


class OssFault(Exception):
    """OSS's refusal: HTTP status and code."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Storage:
    """All buckets. `writes` counts how often each key got a new object."""

    def __init__(self, buckets: tuple[str, ...]) -> None:
        self.buckets = set(buckets)
        self.objects: dict[tuple[str, str], StoredObject] = {}
        self.uploads: dict[str, Multipart] = {}
        self.writes: dict[tuple[str, str], int] = {}

    def put(self, bucket: str, key: str, body: bytes, content_type: str) -> StoredObject:
        """An object in one request."""
        return self._keep(bucket, key, StoredObject(body, _md5(body), content_type))

    def begin(self, bucket: str, key: str, content_type: str) -> str:
        """An upload in parts; returns its id."""
        id_ = uuid.uuid4().hex.upper()
        self.uploads[id_] = Multipart(bucket, key, content_type)
        return id_

    def put_part(self, id_: str, key: str, number: int, body: bytes) -> StoredObject:
        """A part; the last one of a number wins."""
        if not 1 <= number <= 10_000:
            raise OssFault(400, "InvalidArgument")
        part = StoredObject(body, _md5(body))
        self.upload(id_, key).parts[number] = part
        return part

    def upload(self, id_: str, key: str) -> Multipart:
        """An upload in parts that is under way."""
        found = self.uploads.get(id_)
        if found is None or found.key != key:
            raise OssFault(404, "NoSuchUpload")
        return found

    def complete(self, id_: str, key: str, wanted: list[tuple[int, str]]) -> StoredObject:
        """The parts become the object. Numbers must rise, etags fit, parts be 100 KB or more."""
        upload = self.upload(id_, key)
        if [n for n, _ in wanted] != sorted({n for n, _ in wanted}):
            raise OssFault(400, "InvalidPartOrder")
        for number, etag in wanted:
            part = upload.parts.get(number)
            if part is None or part.etag != etag.strip('"'):
                raise OssFault(400, "InvalidPart")
            if number != wanted[-1][0] and len(part.body) < 100 * 1024:
                raise OssFault(400, "EntityTooSmall")
        del self.uploads[id_]
        body = b"".join(upload.parts[number].body for number, _ in wanted)
        etags = "".join(upload.parts[number].etag for number, _ in wanted)
        etag = f"{_md5(etags.encode())}-{len(wanted)}"
        return self._keep(upload.bucket, key, StoredObject(body, etag, upload.content_type))

    def abort(self, id_: str, key: str) -> None:
        """The parts are let go."""
        self.upload(id_, key)
        del self.uploads[id_]

    def _keep(self, bucket: str, key: str, stored: StoredObject) -> StoredObject:
        self.objects[bucket, key] = stored
        self.writes[bucket, key] = self.writes.get((bucket, key), 0) + 1
        return stored


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest().upper()
