"""Target: Aliyun OSS through oss2. Small files in one request, large ones in parts.

Every byte is covered by OSS's CRC-64 of what it stored; large files go on after a restart with
the parts that are left. https://www.alibabacloud.com/help/en/oss/developer-reference/putobject
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, BinaryIO

import oss2
from oss2.models import PartInfo

from core.config.settings import Target as TargetSettings
from core.upload.checkpoint import Checkpoint, Checkpoints, Part
from core.upload.oss_errors import LOST, classify
from core.upload.target import Step, Stored, UploadError, open_file

MULTIPART_ABOVE = 10 * 1024 * 1024
PART_SIZE = 8 * 1024 * 1024
CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
_CONNECTIONS = 64

# It logs the answers to wrong signatures, strings to sign included; each is raised to us anyway.
logging.getLogger("oss2").setLevel(logging.CRITICAL)


class OssTarget:
    """A bucket. With a region requests are signed with version 4, else with version 1."""

    def __init__(
        self,
        settings: TargetSettings,
        checkpoints: Path,
        *,
        timeouts: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> None:
        """checkpoints: a directory of ours; timeouts: to connect and to read, in seconds."""
        sign = oss2.AuthV4 if settings.region else oss2.Auth
        try:
            self._bucket = oss2.Bucket(
                sign(settings.ak, settings.sk),
                _address(settings),
                settings.bucket,
                session=oss2.Session(pool_size=_CONNECTIONS),
                connect_timeout=timeouts,
                region=settings.region.removeprefix("oss-") or None,
                is_path_style=settings.force_path_style,
            )
        except oss2.exceptions.ClientError as error:
            raise classify(error) from error
        self._name = settings.bucket
        self._checkpoints = Checkpoints(checkpoints)

    def put(self, path: Path, key: str, version: str, step: Step) -> Stored:
        """See Target.put. The etag is OSS's."""
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            try:
                if size <= MULTIPART_ABOVE:
                    return self._put_whole(file, size, key, step)
                return self._put_parts(file, size, key, version, step)
            except oss2.exceptions.OssError as error:
                raise classify(error) from error

    def _put_whole(self, file: BinaryIO, size: int, key: str, step: Step) -> Stored:
        """One request. When `step` objects to the last piece, OSS never gets a whole body."""

        def on_read(done: int, total: int) -> None:
            step("verifying" if done >= total else "sending")

        if size == 0:
            step("verifying")
            result = self._bucket.put_object(key, b"")
        else:
            result = self._bucket.put_object(key, file, progress_callback=on_read)
        return self._stored(result, key, size)

    def _put_parts(self, file: BinaryIO, size: int, key: str, version: str, step: Step) -> Stored:
        names = (self._name, key, version)
        checkpoint = self._checkpoints.load(*names) or self._begin(size, key, names)
        try:
            self._send_parts(file, size, key, checkpoint, names, step)
            step("verifying")
            done = [PartInfo(p.number, p.etag, p.size, part_crc=p.crc) for p in checkpoint.parts]
            result = self._bucket.complete_multipart_upload(key, checkpoint.upload_id, done)
        except oss2.exceptions.OssError as error:
            failure = classify(error)
            if error.code in LOST or failure.reason == "bad_digest" or not failure.retryable:
                self._forget(key, checkpoint, names)
            raise failure from error
        except UploadError as why:
            if not why.retryable:
                self._forget(key, checkpoint, names)
            raise
        self._checkpoints.drop(*names)
        return self._stored(result, key, size)

    def _begin(self, size: int, key: str, names: tuple[str, ...]) -> Checkpoint:
        headers = {"Content-Type": oss2.content_type_by_name(key) or "application/octet-stream"}
        begun = self._bucket.init_multipart_upload(key, headers=headers)
        checkpoint = Checkpoint(begun.upload_id, oss2.determine_part_size(size, PART_SIZE))
        self._checkpoints.save(checkpoint, *names)
        return checkpoint

    def _send_parts(
        self,
        file: BinaryIO,
        size: int,
        key: str,
        checkpoint: Checkpoint,
        names: tuple[str, ...],
        step: Step,
    ) -> None:
        """Send what is left, in order; each part that OSS confirmed is remembered."""
        file.seek(sum(part.size for part in checkpoint.parts))
        for number in range(len(checkpoint.parts) + 1, -(-size // checkpoint.part_size) + 1):
            length = min(checkpoint.part_size, size - (number - 1) * checkpoint.part_size)
            piece = oss2.SizedFileAdapter(file, length)
            result = self._bucket.upload_part(
                key,
                checkpoint.upload_id,
                number,
                piece,
                progress_callback=lambda _done, _total: step("sending"),
            )
            checkpoint.parts.append(Part(number, result.etag, length, result.crc or 0))
            self._checkpoints.save(checkpoint, *names)

    def _forget(self, key: str, checkpoint: Checkpoint, names: tuple[str, ...]) -> None:
        """Let go of the parts; OSS would bill them for ever."""
        self._checkpoints.drop(*names)
        try:
            self._bucket.abort_multipart_upload(key, checkpoint.upload_id)
        except oss2.exceptions.OssError:
            return  # the failure that led here is the one to tell

    def _stored(self, result: Any, key: str, size: int) -> Stored:
        """The answer to the last request; a storage that sent no CRC-64 is asked for the size."""
        etag = str(result.etag)
        if result.crc is None:
            size = int(self._bucket.head_object(key).content_length)
        return Stored(etag, size)


def _address(settings: TargetSettings) -> str:
    if settings.endpoint.startswith(("http://", "https://")):
        return settings.endpoint
    return f"{'http' if settings.disable_ssl else 'https'}://{settings.endpoint}"
