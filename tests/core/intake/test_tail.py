"""Real files, written to by others, become events: each line that matters once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from core import metrics
from core.config.rules import Rule
from core.config.settings import LogSource
from core.errors import StoreError
from core.intake import follow, followed
from core.intake.lines import LINE_MAX
from core.intake.tail import Tail
from core.model.event import Event
from core.rule.shorten import CUT
from core.store import Database, Journal
from core.store.database import make_engine, sqlite_url

RULE = Rule.model_validate(
    {
        "name": "err",
        "match": {"any": ["ERR"]},
        "where": {"app": "shop"},
        "resolve": {"match": {"any": ["recovered"]}},
    }
)
OTHER = Rule.model_validate({"name": "no", "match": {"any": ["ERR"]}, "where": {"app": "web"}})
Begin = Callable[..., Awaitable[Tail]]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    directory = tmp_path / "logs"
    directory.mkdir()
    return directory


@pytest.fixture
async def begin(journal: Journal, logs: Path) -> AsyncIterator[Begin]:
    """Start a tail on the directory's *.log files; it is stopped at the end."""
    tails: list[Tail] = []

    async def start(journal: Journal = journal, **settings: Any) -> Tail:
        source = LogSource.model_validate(
            {"name": "shop", "paths": [f"{logs}/*.log"], "labels": {"app": "shop"}, **settings}
        )
        tail = Tail(source, [RULE, OTHER], journal)
        tails.append(tail)
        await tail.start()
        return tail

    yield start
    for tail in tails:
        await tail.stop()


async def events(journal: Journal) -> list[Event]:
    return [e for batch in await journal.after(0, 1_000_000) for e in batch.events]


async def bodies(journal: Journal) -> list[str]:
    return [e.body for e in await events(journal)]


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 8) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


def write(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)


async def test_lines_that_match_become_events(begin: Begin, journal: Journal, logs: Path) -> None:
    tail = await begin()
    write(logs / "a.log", "fine\r\nERR password=hunter2\r\nrecovered\nfine\n")
    await tail.caught_up()
    first, second = await events(journal)
    assert (first.source, first.labels) == ("log:shop", {"app": "shop"})
    assert first.annotations == {"file": str(logs / "a.log")}
    assert (first.body, first.rules, first.clears) == ("ERR password=***", ("err",), ())
    assert (second.body, second.rules, second.clears) == ("recovered", (), ("err",))
    assert metrics.TAIL_LAG.labels("shop")._value.get() == 0


async def test_a_line_is_an_event_within_a_tenth_of_a_second(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    tail = await begin()
    write(logs / "a.log", "ERR 0\n")
    await tail.caught_up()
    arrived = asyncio.Event()
    journal.on_append = arrived.set
    took = []
    for i in range(1, 10):
        arrived.clear()
        started = time.monotonic()
        write(logs / "a.log", f"ERR {i}\n")
        await asyncio.wait_for(arrived.wait(), 5)
        took.append(time.monotonic() - started)
    assert sorted(took)[len(took) // 4] < 0.1  # a busy machine may be slow now and then


async def test_where_reading_begins(begin: Begin, journal: Journal, logs: Path) -> None:
    write(logs / "a.log", "ERR old\nERR half")
    tail = await begin()
    write(logs / "a.log", " old\nERR new\n")
    write(logs / "b.log", "ERR appeared\n")
    await tail.caught_up()
    assert sorted(await bodies(journal)) == ["ERR appeared", "ERR new"]


async def test_a_new_pattern_begins_as_a_first_start(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    await (await begin()).stop()
    write(logs / "a.log", "ERR while down\n")
    write(logs / "b.txt", "ERR never asked for\n")
    tail = await begin(paths=[f"{logs}/*.log", f"{logs}/*.txt"])
    await tail.caught_up()
    assert await bodies(journal) == ["ERR while down"]


async def test_reading_may_begin_at_the_beginning(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    (logs / "deep" / "er").mkdir(parents=True)
    write(logs / "a.log", "ERR a\n")
    write(logs / "deep" / "er" / "b.log", "ERR b\n")
    os.link(logs / "a.log", logs / "again.log")
    os.symlink(logs / "a.log", logs / "link.log")
    os.mkfifo(logs / "pipe.log")
    tail = await begin(paths=[f"{logs}/**/*.log", f"{logs}/a.log"], start_at="beginning")
    await tail.caught_up()
    assert sorted(await bodies(journal)) == ["ERR a", "ERR b"]


async def test_a_restart_continues_where_the_last_one_stopped(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    tail = await begin()
    write(logs / "a.log", "ERR 1\nfine\n")
    await tail.caught_up()
    await tail.stop()
    write(logs / "a.log", "ERR 2\n")
    write(logs / "b.log", "ERR 3\n")
    tail = await begin()
    await tail.caught_up()
    assert sorted(await bodies(journal)) == ["ERR 1", "ERR 2", "ERR 3"]


async def test_renaming_loses_and_doubles_nothing(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    tail = await begin()
    path = logs / "a.log"
    for i in range(5):
        with path.open("ab", buffering=0) as writer:
            writer.write(f"ERR {i} before\n".encode())
            await tail.caught_up()
            if i % 2:
                writer.write(f"ERR {i} more\n".encode())
            os.rename(path, logs / f"a.log.{i}")
            writer.write(f"ERR {i} after\n".encode())
            write(path, f"ERR {i} new\n")
            if i == 2:
                await tail.caught_up()
            writer.write(f"ERR {i} late\n".encode())
    await tail.caught_up()
    expected = [f"ERR {i} {when}" for i in range(5) for when in ("before", "after", "new", "late")]
    expected += ["ERR 1 more", "ERR 3 more"]
    assert sorted(await bodies(journal)) == sorted(expected)


async def test_the_renamed_file_is_read_to_its_end_first(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    path = logs / "a.log"
    tail = await begin(start_at="beginning")
    with path.open("ab", buffering=0) as writer:
        writer.write(b"ERR first\n")
        await tail.caught_up()
        os.rename(path, logs / "a.1")
        writer.write(b"".join(b"ERR old %d\n" % i for i in range(200)) + b"x\n" * 2_000_000)
        writer.write(b"ERR last of old\n")
    write(path, "ERR new\n")
    await tail.caught_up()
    found = await bodies(journal)
    assert len(found) == 203
    assert found[-2:] == ["ERR last of old", "ERR new"]


async def test_a_name_that_the_pattern_finds_too_is_the_same_file(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    tail = await begin(paths=[f"{logs}/a.log*"])
    write(logs / "a.log", "ERR 1\n")
    await tail.caught_up()
    os.rename(logs / "a.log", logs / "a.log.1")
    write(logs / "a.log.1", "ERR 2\n")
    write(logs / "a.log", "ERR 3\n")
    await tail.caught_up()
    assert sorted(await bodies(journal)) == ["ERR 1", "ERR 2", "ERR 3"]


async def test_a_file_renamed_while_nobody_looked_is_read_to_its_end(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    tail = await begin()
    write(logs / "a.log", "ERR 1\n")
    await tail.caught_up()
    await tail.stop()
    write(logs / "a.log", "ERR 2\n")
    os.rename(logs / "a.log", logs / "a.log.1")
    write(logs / "a.log", "ERR 3\n")
    tail = await begin()
    await tail.caught_up()
    assert await bodies(journal) == ["ERR 1", "ERR 2", "ERR 3"]


async def test_a_truncated_file_is_read_from_its_beginning(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    path = logs / "a.log"
    tail = await begin()
    write(path, "2026-01-01 ERR 1\n2026-01-01 ERR 2\n")
    await tail.caught_up()
    os.truncate(path, 0)
    write(path, "2026-01-02 ERR 3\n")
    await tail.caught_up()
    os.truncate(path, 0)  # and at once written beyond where it was read to
    write(path, "2026-01-03 ERR 4\n" + "fine\n" * 100)
    await tail.caught_up()
    await tail.stop()
    os.truncate(path, 0)
    write(path, "2026-01-04 ERR 5\n" + "fine\n" * 1000)
    tail = await begin()
    await tail.caught_up()
    assert [b[-1] for b in await bodies(journal)] == ["1", "2", "3", "4", "5"]


async def test_a_hole_that_truncation_leaves_is_passed_over(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    """Copy-and-truncate under a writer that does not append leaves NULs up to its place."""
    tail = await begin()
    with (logs / "a.log").open("wb") as file:
        file.seek((5 << 20) + 100)
        file.write(b"ERR behind\nERR x\0\0y\n")
    with capture_logs() as told:
        await tail.caught_up()
    assert await bodies(journal) == ["\ufffdERR behind", "ERR x\ufffdy"]
    assert [t["replaced"] for t in told if t["event"] == "log_file_bad_bytes"] == [2]


async def test_half_a_line_waits_for_its_end(begin: Begin, journal: Journal, logs: Path) -> None:
    tail = await begin()
    write(logs / "a.log", "ERR ha")
    await tail.caught_up()
    assert await bodies(journal) == []
    write(logs / "a.log", "lf\n")
    await tail.caught_up()
    assert await bodies(journal) == ["ERR half"]


async def test_half_a_line_is_taken_after_a_while(
    begin: Begin, journal: Journal, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FLUSH", 0.05)
    tail = await begin()
    write(logs / "a.log", "ERR half\r")

    async def is_there() -> bool:
        await tail.caught_up()
        return await bodies(journal) == ["ERR half"]

    await until(is_there)
    write(logs / "a.log", "\nERR next\n")
    await tail.caught_up()
    assert await bodies(journal) == ["ERR half", "ERR next"]


async def test_a_very_long_line_is_cut(begin: Begin, journal: Journal, logs: Path) -> None:
    tail = await begin()
    write(logs / "a.log", b"ERR 1\nERR " + b"x" * (10 << 20))
    await tail.caught_up()
    write(logs / "a.log", b" ERR\nERR 2\n")
    write(logs / "a.log", "ERR 3 " + "中" * 50_000 + "ERR\nERR 4\n")
    await tail.caught_up()
    found = await bodies(journal)
    assert [b[:5] for b in found] == ["ERR 1", "ERR x", "ERR 2", "ERR 3", "ERR 4"]
    for long in (found[1], found[3]):
        assert LINE_MAX - 8 < len(long.encode()) <= LINE_MAX
        assert long.endswith(CUT)


async def test_what_is_not_utf8_is_replaced_and_told_once(
    begin: Begin, journal: Journal, logs: Path
) -> None:
    tail = await begin()
    with capture_logs() as told:
        write(logs / "a.log", b"ERR \xff\xfe \xe4\xb8\xad\n")
        await tail.caught_up()
        write(logs / "a.log", b"ERR \xff\n")
        await tail.caught_up()
    assert await bodies(journal) == ["ERR \ufffd\ufffd 中", "ERR \ufffd"]
    assert [t["replaced"] for t in told if t["event"] == "log_file_bad_bytes"] == [2]


async def test_gb18030_is_decoded(begin: Begin, journal: Journal, logs: Path) -> None:
    tail = await begin(encoding="gb18030")
    write(logs / "a.log", "磁盘满 ERR €\n".encode("gb18030") + b"ERR \x81\n")
    await tail.caught_up()
    assert await bodies(journal) == ["磁盘满 ERR €", "ERR \ufffd"]


async def test_a_directory_may_vanish_and_come_back(
    begin: Begin, journal: Journal, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "LINGER", 0)
    tail = await begin()
    write(logs / "a.log", "ERR 1\n")
    await tail.caught_up()
    away = logs.with_name("away")
    os.rename(logs, away)
    await tail.caught_up()
    await tail.caught_up()
    write(away / "a.log", "ERR 2\n")
    os.rename(away, logs)
    await tail.caught_up()
    assert await bodies(journal) == ["ERR 1", "ERR 2"]
    shutil.rmtree(logs)
    await tail.caught_up()
    os.mkdir(logs)
    write(logs / "a.log", "ERR 3\n")
    await tail.caught_up()
    assert await bodies(journal) == ["ERR 1", "ERR 2", "ERR 3"]


async def test_a_file_that_may_not_be_read_is_told_once_and_tried_again(
    begin: Begin, journal: Journal, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests may run as root, who may read everything; so the refusal is made here."""
    really, forbidden = os.open, True

    def opened(path: str, flags: int) -> int:
        if forbidden and path.endswith("a.log"):
            raise PermissionError(13, "Permission denied", path)
        return really(path, flags)

    monkeypatch.setattr(follow.os, "open", opened)
    tail = await begin()
    with capture_logs() as told:
        write(logs / "a.log", "ERR 1\n")
        await tail.caught_up()
        await tail.caught_up()
    assert [t["event"] for t in told] == ["log_file_unreadable"]
    assert await bodies(journal) == []
    forbidden = False
    await tail.caught_up()
    assert await bodies(journal) == ["ERR 1"]


async def test_nothing_is_lost_while_the_store_refuses(
    begin: Begin, journal_db: Database, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(Journal):
        left = 3

        async def append(self, *args: Any) -> list[str]:
            self.left -= 1
            if self.left >= 0:
                raise StoreError("disk full")
            return await super().append(*args)

    monkeypatch.setattr("core.intake.tail.RETRY", 0.01)
    journal = Refusing(journal_db)
    tail = await begin(journal)
    write(logs / "a.log", "ERR 1\nERR 2\n")
    await tail.caught_up()
    assert await bodies(journal) == ["ERR 1", "ERR 2"]
    assert journal.left < 0


async def test_very_many_events_at_once_are_stored_in_shares(
    begin: Begin, journal_db: Database, logs: Path
) -> None:
    shares: list[int] = []

    class Counting(Journal):
        async def append(self, source: str, events: list[Event], *more: Any) -> list[str]:
            shares.append(len(events))
            return await super().append(source, events, *more)

    tail = await begin(Counting(journal_db))
    write(logs / "a.log", b"ERR\n" * 60_000)
    write(logs / "b.log", b"ERR b\n")
    await tail.caught_up()
    assert sum(shares) == 60_001
    assert max(shares) < 35_000


async def test_files_that_are_gone_are_forgotten(
    begin: Begin, journal: Journal, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "LINGER", 0)
    tail = await begin()
    for i in range(20):
        write(logs / f"{i}.log", f"ERR {i}\n")
    await tail.caught_up()
    for i in range(20):
        os.unlink(logs / f"{i}.log")
    await tail.caught_up()
    write(logs / "last.log", "ERR\n")
    await tail.caught_up()
    await tail.stop()
    (stored,) = (await journal.positions("log:shop")).values()
    assert [Path(f["path"]).name for f in stored["files"]] == ["last.log"]


async def test_many_files_do_not_all_stay_open(
    begin: Begin, journal: Journal, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed, "MAX_OPEN", 4)
    tail = await begin()
    for turn in range(2):
        for i in range(30):
            write(logs / f"{i}.log", f"ERR {turn} {i}\n")
        await tail.caught_up()
    assert len(await bodies(journal)) == 60
    assert len(tail._files.open_paths()) <= 5


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """A child that follows a file is killed again and again while the file is written."""
    database = tmp_path / "j.db"
    (tmp_path / "logs").mkdir()
    script = textwrap.dedent(
        f"""
        import asyncio, sys
        from pathlib import Path
        from core.config.rules import Rule
        from core.config.settings import LogSource
        from core.intake.tail import Tail
        from core.store import Database, Journal
        from core.store.database import make_engine, sqlite_url
        from core.store.migrations import upgrade
        from core.store.schema import journal_metadata

        async def main():
            engine = make_engine(sqlite_url(Path({str(database)!r})))
            upgrade(engine, "journal", journal_metadata)
            rule = Rule.model_validate({{"name": "err", "match": {{"any": ["ERR"]}}}})
            log = LogSource(name="shop", paths=[{str(tmp_path / "logs")!r} + "/*.log"])
            tail = Tail(log, [rule], Journal(Database(engine)))
            await tail.start()
            print("started", flush=True)
            if sys.argv[1:] == ["last"]:
                await tail.caught_up()
                await tail.stop()
            else:
                await asyncio.sleep(60)

        asyncio.run(main())
        """
    )

    def child(*args: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", script, *args]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    path = tmp_path / "logs" / "a.log"
    written = 0
    for turn in range(2):
        process = child()
        assert process.stdout is not None
        assert "started\n" in iter(process.stdout.readline, "")
        ends = time.monotonic() + 0.3
        while time.monotonic() < ends:
            write(path, "".join(f"ERR {written + i}\nfine\n" for i in range(20)))
            written += 20
            time.sleep(0.001)
        if turn == 1:
            os.rename(path, tmp_path / "logs" / "a.log.1")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert child("last").wait(30) == 0
    journal = Journal(db := Database(make_engine(sqlite_url(database))))
    found = asyncio.run(bodies(journal))
    db.close()
    assert sorted(found, key=lambda b: int(b[4:])) == [f"ERR {i}" for i in range(written)]
