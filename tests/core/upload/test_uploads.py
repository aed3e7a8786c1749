"""The whole way of a file: offered, promised, sent, retried, ended, and what is told of it."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core import metrics
from core.clock import utc_now
from core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from core.store.schema import tasks
from core.task import Task
from core.upload.oss import MULTIPART_ABOVE, PART_SIZE
from tests.core.upload.station import Station
from tests.sim.oss import Fault, OssServer

Build = Any


def denied(times: int = 1) -> Fault:
    return Fault("status", status=403, code="AccessDenied", times=times)


def broken(times: int = 1) -> Fault:
    return Fault("status", status=500, code="InternalError", times=times)


def counted(**labels: str) -> float:
    return metrics.REGISTRY.get_sample_value("tocsin_uploads_total", labels) or 0.0


async def task_states(station: Station) -> list[str]:
    query = select(tasks.c.state).order_by(tasks.c.number)
    return await station.db.read(lambda c: list(c.execute(query).scalars()))


async def test_a_file_goes_to_the_local_target(build: Build) -> None:
    async with build() as station:
        path = station.write("2026/日报 1.csv", os.urandom(2_500_000))
        before = counted(target="main", outcome="succeeded", reason="")
        upload = await station.offer(path)
        assert upload.short_id == "UPL-1"
        done = await station.until(1, "succeeded")
        assert (station.objects / "reports/2026/日报 1.csv").read_bytes() == path.read_bytes()
        assert (done.stage, done.attempts, done.error) == ("done", 1, "")
        assert done.etag
        assert done.finished_at is not None
        await station.queue.idle()
        assert [u.number for u in station.finished] == [1]
        assert station.events == []
        assert counted(target="main", outcome="succeeded", reason="") == before + 1
        assert await station.uploads.queue_ratio() == 0


@pytest.mark.parametrize("size", [1000, MULTIPART_ABOVE + 1])
async def test_a_file_goes_to_oss(build: Build, oss: OssServer, size: int) -> None:
    async with build(oss.endpoint, target={"prefix": "daily/"}) as station:
        path = station.write("a.csv", os.urandom(size))
        await station.offer(path)
        await station.until(1, "succeeded")
        assert oss.body("daily/reports/a.csv") == path.read_bytes()


async def test_many_files(build: Build, oss: OssServer) -> None:
    async with build(oss.endpoint, upload_workers=8) as station:
        content = {f"{n}.csv": os.urandom(n * 100) for n in range(40)}
        for name, body in content.items():
            await station.offer(station.write(name, body))
        await station.queue.idle()
        assert {k: oss.body(f"reports/{k}") for k in content} == content


async def test_the_same_version_is_promised_once(build: Build) -> None:
    async with build() as station:
        path = station.write("a.csv", b"one")
        ids = {(await station.offer(path)).id for _ in range(3)}
        await station.until(1, "succeeded")
        again = await station.offer(path)
        assert ids == {again.id}
        assert again.state == "succeeded"
        await station.queue.idle()
        assert await task_states(station) == ["succeeded"]


async def test_a_rewrite_is_a_new_upload_and_putting_back_too(build: Build) -> None:
    async with build() as station:
        path = station.write("a.csv", b"one")
        first = path.stat()
        await station.offer(path)
        await station.until(1, "succeeded")
        await station.offer(station.write("a.csv", b"two!"))
        await station.until(2, "succeeded")
        assert (station.objects / "reports/a.csv").read_bytes() == b"two!"
        station.write("a.csv", b"one")
        os.utime(path, ns=(first.st_atime_ns, first.st_mtime_ns))
        assert (await station.offer(path)).number == 1
        await station.queue.idle()
        assert (station.objects / "reports/a.csv").read_bytes() == b"one"


async def test_a_newer_version_overtakes_one_that_waits(build: Build) -> None:
    async with build(start=False) as station:
        await station.offer(station.write("a.csv", b"one"))
        await station.offer(station.write("a.csv", b"two!"))
        first = await station.row(1)
        assert (first.state, first.stage) == ("canceled", "changed")
        await station.queue.start()
        await station.until(2, "succeeded")
        await station.queue.idle()
        assert (station.objects / "reports/a.csv").read_bytes() == b"two!"
        assert await task_states(station) == ["canceled", "succeeded"]
        assert station.events == []


async def test_failures_are_retried(build: Build, oss: OssServer) -> None:
    oss.faults = [broken(), Fault("reset"), Fault("wrong_crc")]
    async with build(oss.endpoint) as station:
        path = station.write("a.csv", os.urandom(5000))
        await station.offer(path)
        done = await station.until(1, "succeeded", "failed")
        assert (done.state, done.attempts, done.error) == ("succeeded", 4, "")
        assert oss.body("reports/a.csv") == path.read_bytes()
        await station.queue.idle()
        assert station.events == []
        assert await station.uploads.failure_ratio(utc_now()) == 0  # under five attempts


async def test_a_waiting_retry_says_why(build: Build, oss: OssServer) -> None:
    oss.faults = [broken()]
    async with build(oss.endpoint, upload_retry_delays=["1h"]) as station:
        await station.offer(station.write("a.csv", b"x"))
        await oss.arrived.wait()
        async with asyncio.timeout(5):
            while (row := await station.row(1)).stage != "retrying":
                await asyncio.sleep(0.005)
        assert row.state == "pending"
        assert row.error.startswith("other: 500 InternalError")


async def test_a_refusal_fails_at_once(build: Build, oss: OssServer) -> None:
    oss.faults = [denied()]
    before = counted(target="main", outcome="failed", reason="auth")
    async with build(oss.endpoint) as station:
        await station.offer(station.write("a.csv", b"x"))
        failed = await station.until(1, "failed")
        await station.queue.idle()
        assert failed.attempts == 1
        assert failed.error.startswith("auth: 403 AccessDenied")
        assert await task_states(station) == ["failed"]
        assert [u.state for u in station.finished] == ["failed"]
        assert counted(target="main", outcome="failed", reason="auth") == before + 1
        assert (await station.offer(station.watched / "a.csv")).state == "failed"


async def test_attempts_end(build: Build, oss: OssServer) -> None:
    oss.faults = [broken(100)]
    async with build(oss.endpoint, upload_retry_delays=["1ms"] * 7) as station:
        await station.offer(station.write("a.csv", b"x"))
        assert (await station.until(1, "failed")).attempts == 8
        assert await station.uploads.failure_ratio(utc_now()) == 1
        assert await station.uploads.failure_ratio(utc_now() + timedelta(minutes=11)) == 0


async def test_retries_can_be_switched_off(build: Build, oss: OssServer) -> None:
    oss.faults = [broken()]
    async with build(oss.endpoint, upload_retry_enabled=False) as station:
        await station.offer(station.write("a.csv", b"x"))
        assert (await station.until(1, "failed")).attempts == 1


async def test_failing_and_recovering_is_one_alert(build: Build, oss: OssServer) -> None:
    oss.faults = [denied(2)]
    async with build(oss.endpoint) as station:
        for name in ("a", "b", "c"):
            await station.offer(station.write(f"{name}.csv", b"token=sk-0123456789abcdefghij"))
            await station.queue.idle()
        first, second, third = station.events
        assert [e.status for e in station.events] == ["firing", "firing", "resolved"]
        assert len({e.dedup_key for e in station.events}) == 1
        assert first.source == "file:reports"
        assert first.severity == "warning"
        assert first.labels == {
            "alertname": "UploadFailed", "source": "reports", "target": "main", "reason": "auth",
        }  # fmt: skip
        assert first.annotations["count"] == "1"
        assert second.annotations["count"] == "2"
        assert "b.csv" in second.annotations["summary"]
        assert "AccessDenied" in second.annotations["error"]
        assert "secret-of-the-test" not in str(station.events)
        assert third.labels["alertname"] == "UploadFailed"
        await station.offer(station.write("d.csv", b"x"))
        await station.queue.idle()
        assert len(station.events) == 3


async def test_a_file_that_is_gone(build: Build) -> None:
    async with build(start=False) as station:
        path = station.write("a.csv", b"x")
        await station.offer(path)
        path.unlink()
        await station.queue.start()
        failed = await station.until(1, "failed")
        assert failed.error.startswith("local_file_gone: ")
        await station.queue.idle()
        assert station.events[0].labels["reason"] == "local_file_gone"


@pytest.mark.parametrize("size", [MULTIPART_ABOVE, 2 * PART_SIZE])
async def test_a_file_that_changes_while_it_is_sent(
    build: Build, oss: OssServer, size: int
) -> None:
    oss.faults = [Fault("hold", on="part" if size > MULTIPART_ABOVE else "put")]
    async with build(oss.endpoint) as station:
        path = station.write("a.csv", b"1" * size)
        await station.offer(path)
        async with asyncio.timeout(5):
            while not oss.storage.uploads if size > MULTIPART_ABOVE else not oss.arrived.is_set():
                await asyncio.sleep(0.005)
        newer = os.urandom(size + 1)
        station.write("a.csv", newer)
        oss.released.set()
        assert (await station.until(1, "canceled")).stage == "changed"
        done = await station.until(2, "succeeded")
        assert done.path == str(path)
        assert oss.body("reports/a.csv") == newer
        assert oss.storage.writes["bucket", "reports/a.csv"] == 1  # the old one never stood there
        assert oss.storage.uploads == {}
        await station.queue.idle()
        assert station.events == []


async def test_two_versions_are_never_on_their_way_together(build: Build, oss: OssServer) -> None:
    oss.faults = [Fault("hold", on="put")]
    async with build(oss.endpoint) as station:
        await station.offer(station.write("a.csv", b"one"))
        await oss.arrived.wait()
        await station.offer(station.write("a.csv", b"two!"))
        await asyncio.sleep(0.05)
        assert (await station.row(2)).state == "pending"
        oss.released.set()
        await station.until(2, "succeeded")
        assert oss.body("reports/a.csv") == b"two!"


async def test_cancel_what_waits(build: Build) -> None:
    async with build(start=False) as station:
        await station.offer(station.write("a.csv", b"x"))
        canceled = await station.uploads.cancel(1)
        assert canceled.state == "canceled"
        await station.queue.start()
        await station.queue.idle()
        assert (await station.row(1)).state == "canceled"
        assert not station.objects.exists()
        assert (await station.offer(station.watched / "a.csv")).state == "canceled"
        with pytest.raises(Conflict, match="UPL-1"):
            await station.uploads.cancel(1)
        with pytest.raises(NotFound):
            await station.uploads.cancel(9)


async def test_cancel_what_runs_and_try_again(build: Build, oss: OssServer) -> None:
    oss.faults = [Fault("hold", on="put")]
    async with build(oss.endpoint) as station:
        await station.offer(station.write("a.csv", os.urandom(MULTIPART_ABOVE)))
        await oss.arrived.wait()
        await station.until(1, "uploading")
        await station.uploads.cancel(1)
        oss.released.set()
        await station.queue.idle()
        assert (await station.row(1)).state == "canceled"
        assert oss.storage.objects == {}
        assert await task_states(station) == ["canceled"]
        assert station.events == []
        again = await station.uploads.retry(1)
        assert (again.state, again.attempts) == ("pending", 0)
        await station.until(1, "succeeded")


async def test_retry_what_failed(build: Build, oss: OssServer) -> None:
    oss.faults = [denied(3)]
    async with build(oss.endpoint) as station:
        for name in ("a", "b", "c"):
            await station.offer(station.write(f"{name}.csv", b"x"))
        await station.queue.idle()
        with pytest.raises(NotFound):
            await station.uploads.retry(9)
        assert (await station.uploads.retry(1)).state == "pending"
        await station.until(1, "succeeded")
        with pytest.raises(Conflict, match="succeeded"):
            await station.uploads.retry(1)
        assert await station.uploads.retry_failed(utc_now() + timedelta(hours=1)) == []
        again = await station.uploads.retry_failed(utc_now() - timedelta(hours=1))
        assert [u.number for u in again] == [2, 3]
        await station.queue.idle()
        assert [(await station.row(n)).state for n in (2, 3)] == ["succeeded"] * 2
        assert await station.uploads.retry_failed(None) == []


async def test_retrying_a_failed_task_retries_its_upload(build: Build, oss: OssServer) -> None:
    oss.faults = [denied()]
    async with build(oss.endpoint) as station:
        await station.offer(station.write("a.csv", b"x"))
        await station.until(1, "failed")
        await station.queue.idle()
        await station.queue.retry(1)
        assert (await station.until(1, "succeeded")).attempts == 1


async def test_a_stale_task_does_nothing(build: Build, oss: OssServer) -> None:
    oss.faults = [broken(), denied()]
    async with build(oss.endpoint, upload_retry_delays=["400ms"]) as station:
        await station.offer(station.write("a.csv", b"x"))
        async with asyncio.timeout(5):
            while (await station.row(1)).stage != "retrying":
                await asyncio.sleep(0.005)
        await station.uploads.cancel(1)
        await station.uploads.retry(1)
        await station.until(1, "failed")
        async with asyncio.timeout(5):
            while "pending" in await task_states(station):
                await asyncio.sleep(0.01)
        await station.queue.idle()
        assert (await station.row(1)).state == "failed"
        assert await task_states(station) == ["canceled", "failed"]
        assert oss.count("put") == 2


async def test_a_restart_in_the_middle(build: Build, oss: OssServer) -> None:
    oss.faults = [Fault("no_crc", on="init"), Fault("no_crc", on="part"), Fault("hold", on="part")]
    content = os.urandom(3 * PART_SIZE)
    async with build(oss.endpoint) as station:
        await station.offer(station.write("big.bin", content))
        await station.offer(station.write("small.bin", b"x"))
        async with asyncio.timeout(5):
            while oss.count("part") < 1 or oss.faults:
                await asyncio.sleep(0.005)
    assert (await station.row(1)).state == "uploading"
    async with build(oss.endpoint) as station:
        await station.until(1, "succeeded")
        await station.until(2, "succeeded")
        assert oss.body("reports/big.bin") == content
        assert oss.count("init") == 1
        assert oss.storage.writes["bucket", "reports/big.bin"] == 1
    oss.released.set()


async def test_what_does_not_fit_waits_outside(build: Build) -> None:
    async with build(start=False, upload_queue_size=2) as station:
        paths = [station.write(f"{n}.csv", b"x") for n in range(3)]
        before = counted(target="main", outcome="deferred", reason="queue_full")
        assert await station.uploads.offer(station.source, paths[0]) is not None
        assert await station.uploads.queue_ratio() == 0.5
        assert await station.uploads.offer(station.source, paths[1]) is not None
        assert await station.uploads.offer(station.source, paths[2]) is None
        assert await station.uploads.queue_ratio() == 1
        assert counted(target="main", outcome="deferred", reason="queue_full") == before + 1
        assert await station.uploads.offer(station.source, paths[0]) is not None  # known already
        await station.queue.start()
        await station.queue.idle()
        assert await station.uploads.offer(station.source, paths[2]) is not None
        await station.until(3, "succeeded")
        assert await station.uploads.queue_ratio() == 0


async def test_offers_that_cannot_be_taken(build: Build, tmp_path: Path) -> None:
    async with build() as station:
        (tmp_path / "outside").touch()
        (station.watched / "directory").mkdir()
        for path in (station.watched / "gone", tmp_path / "outside", station.watched / "directory"):
            assert await station.uploads.offer(station.source, path) is None
        assert await task_states(station) == []


async def test_an_upload_by_hand(build: Build, tmp_path: Path) -> None:
    async with build() as station:
        path = station.write("a/b.csv", b"x")
        upload = await station.uploads.request(str(path), "li.wei")
        assert (upload.source, upload.key) == ("reports", "reports/a/b.csv")
        await station.until(1, "succeeded")
        again = await station.uploads.request(f"{station.watched}/a/../a/b.csv", "li.wei")
        assert (again.number, again.state) == (1, "succeeded")
        (tmp_path / "secret").touch()
        (station.watched / "link").symlink_to(tmp_path / "secret")
        for outside in ("/etc/passwd", f"{station.watched}/../secret", f"{station.watched}/link"):
            with pytest.raises(PermissionDenied):
                await station.uploads.request(outside, "li.wei")
        with pytest.raises(NotFound):
            await station.uploads.request(f"{station.watched}/none", "li.wei")
        with pytest.raises(InvalidInput):
            await station.uploads.request(f"{station.watched}/a", "li.wei")


async def test_by_hand_what_failed_is_tried_again(build: Build, oss: OssServer) -> None:
    oss.faults = [denied()]
    async with build(oss.endpoint) as station:
        path = station.write("a.csv", b"x")
        await station.offer(path)
        await station.until(1, "failed")
        assert (await station.uploads.request(str(path), "li.wei")).number == 1
        await station.until(1, "succeeded")


async def test_a_target_that_left_the_settings(build: Build) -> None:
    async with build(start=False) as station:
        await station.offer(station.write("a.csv", b"x"))
    async with build(name="renamed") as station:
        failed = await station.until(1, "failed")
        assert "reports" in failed.error


async def test_each_source_has_its_own_workers(build: Build, oss: OssServer) -> None:
    oss.faults = [Fault("hold", on="put", times=3)]
    async with build(oss.endpoint, upload_workers=2) as station:
        for name in ("a", "b", "c"):
            await station.offer(station.write(name, b"x"))
        async with asyncio.timeout(5):
            while oss.faults[0].times > 1:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        assert oss.faults[0].times == 1
        assert (await station.row(3)).state == "pending"
        oss.released.set()
        await station.queue.idle()


async def test_what_the_queue_gave_up_is_a_failed_upload(build: Build) -> None:
    async with build(start=False) as station:
        await station.offer(station.write("a.csv", b"x"))
        row = await station.db.read(lambda c: c.execute(select(tasks)).one())
        task = Task(
            id=row.id, number=1, kind="upload", queue=row.queue, key=None, attempts=6,
            payload=row.payload,
        )  # fmt: skip
        gave_up = station.uploads.task_kinds()[0].on_dead
        assert gave_up is not None
        await gave_up(task, "took longer than 3600 s")
        failed = await station.row(1)
        assert (failed.state, failed.error) == ("failed", "other: took longer than 3600 s")
        assert station.events[0].labels["reason"] == "other"
        await gave_up(task, "again")
        assert len(station.events) == 1
