"""The OSS target against an OSS that checks: whole files, parts, resuming, and each refusal."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.config.settings import Target
from core.upload.oss import MULTIPART_ABOVE, PART_SIZE, OssTarget
from core.upload.target import Stage, Stored, UploadError
from tests.sim.oss import Fault, OssServer


def nothing(_stage: Stage) -> None:
    pass


def target(
    oss: OssServer, tmp_path: Path, timeouts: tuple[float, float] = (5, 5), **changes: Any
) -> OssTarget:
    settings = {
        "name": "main", "type": "oss", "bucket": "bucket", "endpoint": oss.endpoint,
        "ak": "LTAItest", "sk": "secret-of-the-test", **changes,
    }  # fmt: skip
    checkpoints = tmp_path / "checkpoints"
    return OssTarget(Target.model_validate(settings), checkpoints, timeouts=timeouts)


def make(tmp_path: Path, size: int) -> Path:
    path = tmp_path / "file.csv"
    path.write_bytes(os.urandom(size))
    return path


async def put(
    to: OssTarget, path: Path, key: str = "reports/file.csv", step: Any = nothing
) -> Stored:
    return await asyncio.to_thread(to.put, path, key, "v1", step)


async def refused(to: OssTarget, path: Path, **options: Any) -> UploadError:
    with pytest.raises(UploadError) as caught:
        await put(to, path, **options)
    return caught.value


@pytest.mark.parametrize("size", [0, 1, 100_000, MULTIPART_ABOVE])
@pytest.mark.parametrize("region", ["", "cn-test", "oss-cn-test"])
async def test_the_same_bytes_stand_there(
    oss: OssServer, tmp_path: Path, size: int, region: str
) -> None:
    path = make(tmp_path, size)
    stages: list[Stage] = []
    stored = await put(target(oss, tmp_path, region=region), path, step=stages.append)
    assert oss.body("reports/file.csv") == path.read_bytes()
    assert stored.size == size
    assert stages[-1] == "verifying"
    assert stages.count("verifying") == 1
    assert oss.seen[0].signed == ("v4" if region else "v1")
    assert len(oss.seen) == 1


@pytest.mark.parametrize("size", [MULTIPART_ABOVE + 1, 2 * PART_SIZE])
@pytest.mark.parametrize("region", ["", "cn-test"])
async def test_large_files_go_in_parts(
    oss: OssServer, tmp_path: Path, size: int, region: str
) -> None:
    path = make(tmp_path, size)
    stored = await put(target(oss, tmp_path, region=region), path, key="目录/大 文件.csv")
    assert oss.body("目录/大 文件.csv") == path.read_bytes()
    assert stored.size == size
    assert oss.count("part") == 2
    assert oss.storage.objects["bucket", "目录/大 文件.csv"].content_type == "text/csv"
    assert list((tmp_path / "checkpoints").iterdir()) == []


async def test_what_was_cut_off_goes_on(oss: OssServer, tmp_path: Path) -> None:
    path = make(tmp_path, 3 * PART_SIZE)
    oss.faults = [Fault("no_crc", on="init"), Fault("no_crc", on="part"), Fault("reset", on="part")]
    failure = await refused(target(oss, tmp_path), path)
    assert (failure.reason, failure.retryable) == ("network", True)
    await put(target(oss, tmp_path), path)  # a new process
    assert oss.body("reports/file.csv") == path.read_bytes()
    assert [seen.operation for seen in oss.seen] == [
        "init", "part", "part", "part", "part", "complete",
    ]  # fmt: skip


async def test_a_lost_upload_begins_anew(oss: OssServer, tmp_path: Path) -> None:
    path = make(tmp_path, 2 * PART_SIZE)
    oss.faults = [Fault("status", on="complete", status=500)]
    assert (await refused(target(oss, tmp_path), path)).retryable
    oss.storage.uploads.clear()
    failure = await refused(target(oss, tmp_path), path)
    assert failure.retryable
    assert "NoSuchUpload" in str(failure)
    await put(target(oss, tmp_path), path)
    assert oss.body("reports/file.csv") == path.read_bytes()


async def test_a_broken_part_is_not_kept(oss: OssServer, tmp_path: Path) -> None:
    path = make(tmp_path, 2 * PART_SIZE)
    oss.faults = [Fault("wrong_crc", on="part")]
    failure = await refused(target(oss, tmp_path), path)
    assert (failure.reason, failure.retryable) == ("bad_digest", True)
    assert oss.storage.uploads == {}
    await put(target(oss, tmp_path), path)
    assert oss.body("reports/file.csv") == path.read_bytes()


@pytest.mark.parametrize("when", ["sending", "verifying"])
@pytest.mark.parametrize("size", [3_000_000, MULTIPART_ABOVE + 1])
async def test_what_is_stopped_leaves_nothing(
    oss: OssServer, tmp_path: Path, size: int, when: str
) -> None:
    def stop(stage: Stage) -> None:
        if stage == when:
            raise UploadError("canceled", "enough", retryable=False)

    failure = await refused(target(oss, tmp_path), make(tmp_path, size), step=stop)
    assert failure.reason == "canceled"
    assert oss.storage.objects == {}
    assert oss.storage.uploads == {}


@pytest.mark.parametrize(
    ("fault", "reason", "retryable"),
    [
        (Fault("status", status=403, code="AccessDenied"), "auth", False),
        (Fault("status", status=403, code="SecurityTokenExpired"), "auth", False),
        (Fault("status", status=404, code="NoSuchBucket"), "not_found", False),
        (Fault("status", status=503, code="ServiceUnavailable"), "throttled", True),
        (Fault("status", status=429, code="TooManyRequests"), "throttled", True),
        (Fault("status", status=400, code="InvalidDigest"), "bad_digest", True),
        (Fault("status", status=400, code="RequestTimeout"), "network", True),
        (Fault("status", status=500, code="InternalError"), "other", True),
        (Fault("status", status=400, code="InvalidArgument"), "other", False),
        (Fault("wrong_crc"), "bad_digest", True),
        (Fault("reset"), "network", True),
        (Fault("slow"), "network", True),
    ],
)
async def test_refusals_have_classes(
    oss: OssServer, tmp_path: Path, fault: Fault, reason: str, retryable: bool
) -> None:
    oss.faults = [Fault(**vars(fault))]
    failure = await refused(target(oss, tmp_path, timeouts=(1, 0.2)), make(tmp_path, 1000))
    assert (failure.reason, failure.retryable) == (reason, retryable)
    assert str(failure).startswith(f"{reason}: ")


async def test_throttling_says_when(oss: OssServer, tmp_path: Path) -> None:
    oss.faults = [Fault("status", status=503, code="SlowDown", retry_after="7")]
    assert (await refused(target(oss, tmp_path), make(tmp_path, 10))).retry_after == 7


@pytest.mark.parametrize("changes", [{"ak": "LTAIother"}, {"sk": "guess"}])
async def test_wrong_keys(
    oss: OssServer, tmp_path: Path, changes: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    failure = await refused(target(oss, tmp_path, **changes), make(tmp_path, 10))
    assert (failure.reason, failure.retryable) == ("auth", False)
    assert "secret-of-the-test" not in caplog.text + str(failure)


async def test_a_bucket_that_is_not_there(oss: OssServer, tmp_path: Path) -> None:
    failure = await refused(target(oss, tmp_path, bucket="nothere"), make(tmp_path, 10))
    assert (failure.reason, failure.retryable) == ("not_found", False)


async def test_a_clock_that_is_off(oss: OssServer, tmp_path: Path) -> None:
    oss.clock_offset = timedelta(hours=1)
    failure = await refused(target(oss, tmp_path), make(tmp_path, 10))
    assert failure.reason == "auth"
    assert "RequestTimeTooSkewed" in str(failure)


async def test_nobody_listens(oss: OssServer, tmp_path: Path) -> None:
    to = target(oss, tmp_path, endpoint="http://127.0.0.1:1")
    failure = await refused(to, make(tmp_path, 10))
    assert (failure.reason, failure.retryable) == ("network", True)


async def test_a_storage_without_checksums_is_asked_for_the_size(
    oss: OssServer, tmp_path: Path
) -> None:
    oss.faults = [Fault("no_crc")]
    assert (await put(target(oss, tmp_path), make(tmp_path, 10))).size == 10
    assert oss.count("head") == 1


@pytest.mark.parametrize("changes", [{"bucket": "NO_BUCKET"}, {"endpoint": "not an address"}])
async def test_settings_that_cannot_work(
    oss: OssServer, tmp_path: Path, changes: dict[str, str]
) -> None:
    with pytest.raises(UploadError) as caught:
        await refused(target(oss, tmp_path, **changes), make(tmp_path, 10))
    assert not caught.value.retryable


@pytest.mark.parametrize("path_style", [False, True])
async def test_addressing(
    oss: OssServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path_style: bool
) -> None:
    monkeypatch.setenv("http_proxy", oss.endpoint)  # so that any name leads here
    to = target(oss, tmp_path, endpoint="oss.test", disable_ssl=True, force_path_style=path_style)
    path = make(tmp_path, 10)
    await put(to, path)
    assert oss.seen[0].host == ("oss.test" if path_style else "bucket.oss.test")
    assert oss.body("reports/file.csv") == path.read_bytes()


async def test_ssl_is_the_default(oss: OssServer, tmp_path: Path) -> None:
    to = target(oss, tmp_path, endpoint=oss.endpoint.removeprefix("http://"))
    assert (await refused(to, make(tmp_path, 10))).reason == "network"
    assert oss.seen == []
