"""Files that appear in a watched directory are offered once each is finished."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.settings import FileSource
from core.errors import StoreError
from core.intake import changes
from core.intake import watch as watch_module
from core.intake.quiet import Quiet
from core.intake.watch import Watch
from core.model.event import Event


class Desk:
    """Takes what is offered and reported. answers: what offers are answered, then True."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.offered: list[str] = []
        self.events: list[Event] = []
        self.answers: list[object] = []

    async def offer(self, source: FileSource, path: Path) -> object:
        self.offered.append(str(path.relative_to(self.root)))
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def report(self, event: Event) -> None:
        self.events.append(event)

    async def until_offered(self, *names: str) -> None:
        """Until each was offered; and then a little longer, for what must not be."""
        async with asyncio.timeout(8):
            while not set(names) <= set(self.offered):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.15)
        assert sorted(self.offered) == sorted(names)

    async def until_told(self, *states: str) -> None:
        async with asyncio.timeout(8):
            while [e.status for e in self.events] != list(states):
                await asyncio.sleep(0.01)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "out").mkdir()
    return Desk(tmp_path / "out")


Begin = Callable[..., Awaitable[Watch]]


@pytest.fixture
async def begin(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Begin]:
    monkeypatch.setattr(watch_module, "TICK", 0.05)
    monkeypatch.setattr(changes, "LOOK_AGAIN_MS", 100)
    watches: list[Watch] = []

    async def start(**settings: Any) -> Watch:
        source = FileSource.model_validate(
            {"name": "out", "watch_dir": str(desk.root), "silence": "50ms", **settings}
        )
        watch = Watch(source, desk.offer, desk.report, language="en")
        watches.append(watch)
        await watch.start()
        return watch

    yield start
    for watch in watches:
        await watch.stop()


async def test_what_is_there_and_what_comes_is_offered_once(begin: Begin, desk: Desk) -> None:
    (desk.root / "old.csv").write_text("1")
    watch = await begin()
    await desk.until_offered("old.csv")
    (desk.root / "new.csv").write_text("2")
    (desk.root / "a" / "b").mkdir(parents=True)
    (desk.root / "a" / "b" / "deep.csv").write_text("3")
    await desk.until_offered("old.csv", "new.csv", "a/b/deep.csv")
    (desk.root / "new.csv").write_text("22")
    await desk.until_offered("old.csv", "new.csv", "a/b/deep.csv", "new.csv")
    assert watch.problem == ""


async def test_a_file_is_offered_only_when_it_is_quiet(begin: Begin, desk: Desk) -> None:
    await begin(silence="1s")
    for _turn in range(8):
        with (desk.root / "grows.csv").open("a") as file:
            file.write("x")
        await asyncio.sleep(0.05)
        assert desk.offered == []
    await desk.until_offered("grows.csv")


async def test_what_is_not_wanted_is_left_alone(begin: Begin, desk: Desk, tmp_path: Path) -> None:
    def make() -> None:
        for name in (
            "yes.CSV", "no.txt", "no.csv.tmp", "no.csv.part", "no.csv~", ".no.csv", "x.bak.csv",
            "tmp/no.csv", "a/tmp/yes.csv", "a/b/no.csv", ".git/no.csv", "a/x/skip.csv",
        ):  # fmt: skip
            (desk.root / name).parent.mkdir(parents=True, exist_ok=True)
            (desk.root / name).write_text("x")
        os.mkfifo(desk.root / "pipe.csv")
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "no.csv").write_text("x")
        os.symlink(tmp_path / "outside", desk.root / "away")
        os.symlink(tmp_path / "outside" / "no.csv", desk.root / "away.csv")
        os.symlink(desk.root / "a", desk.root / "same")
        os.symlink(desk.root / "yes.CSV", desk.root / "link.csv")
        os.symlink(desk.root / "nowhere", desk.root / "broken.csv")
        with open(os.fsencode(desk.root) + b"/\xff.csv", "w"):
            pass

    settings = {
        "watch_exclude": ["tmp", "a/b/"],
        "file_ext": [".csv"],
        "ignore": ["*.bak.csv", "a/x/*"],
    }
    wanted = ("yes.CSV", "a/tmp/yes.csv", "link.csv")
    watch = await begin(**settings)
    await asyncio.sleep(0.1)
    make()
    await desk.until_offered(*wanted)
    await watch.stop()
    desk.offered.clear()
    await begin(**settings)
    await desk.until_offered(*wanted)


async def test_a_directory_that_is_moved_in_is_looked_into(
    begin: Begin, desk: Desk, tmp_path: Path
) -> None:
    watch = await begin()
    (desk.root / "first.csv").write_text("x")
    await desk.until_offered("first.csv")
    (tmp_path / "made" / "deep").mkdir(parents=True)
    (tmp_path / "made" / "deep" / "x.csv").write_text("x")
    os.rename(tmp_path / "made", desk.root / "made")
    await desk.until_offered("first.csv", "made/deep/x.csv")
    assert watch.problem == ""


async def test_a_watched_directory_may_be_a_link(begin: Begin, desk: Desk, tmp_path: Path) -> None:
    os.symlink(desk.root, tmp_path / "link")
    await begin(watch_dir=str(tmp_path / "link"))
    (desk.root / "x.csv").write_text("x")
    await desk.until_offered("x.csv")
    (desk.root / "y.csv").write_text("x")
    await desk.until_offered("x.csv", "y.csv")


async def test_what_was_not_taken_is_offered_again(
    begin: Begin, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "RECONCILE", 0.2)
    monkeypatch.setattr(watch_module, "RETRY", 0.1)
    desk.answers = [None, StoreError("disk full")]
    await begin()
    (desk.root / "x.csv").write_text("x")
    async with asyncio.timeout(8):
        while desk.offered != ["x.csv"] * 3:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.4)
    assert desk.offered == ["x.csv"] * 3


async def test_a_directory_that_vanishes_is_told_and_found_again(begin: Begin, desk: Desk) -> None:
    watch = await begin()
    await desk.until_told("resolved")
    shutil.rmtree(desk.root)
    await desk.until_told("resolved", "firing")
    assert watch.problem
    event = desk.events[-1]
    assert event.source == "file:out"
    assert event.severity == "critical"
    assert event.labels == {
        "alertname": "WatchDirMissing",
        "source": "out",
        "directory": str(desk.root),
    }
    assert str(desk.root) in event.annotations["summary"]
    desk.root.mkdir()
    (desk.root / "x.csv").write_text("x")
    await desk.until_told("resolved", "firing", "resolved")
    assert desk.events[-1].labels == event.labels
    await desk.until_offered("x.csv")
    (desk.root / "y.csv").write_text("x")
    await desk.until_offered("x.csv", "y.csv")


async def test_a_directory_may_be_missing_from_the_start(begin: Begin, desk: Desk) -> None:
    desk.root.rmdir()
    await begin()
    await desk.until_told("firing")
    desk.root.mkdir()
    await desk.until_told("firing", "resolved")
    (desk.root / "x.csv").write_text("x")
    await desk.until_offered("x.csv")


async def test_a_burst_is_offered_whole(begin: Begin, desk: Desk) -> None:
    await begin()
    names = [f"{i}.csv" for i in range(500)]
    for name in names:
        (desk.root / name).write_text("x")
    await desk.until_offered(*names)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["changed", "seen", "gone", "due"]),
        st.sampled_from("abc"),
        st.integers(0, 2),
        st.floats(0, 3),
    )
)


@given(_STEPS)
def test_a_file_is_due_after_its_silence_and_once(
    steps: list[tuple[str, str, int, float]],
) -> None:
    """Against a plain model: each path with its version and the moment of its last change."""
    quiet = Quiet(2.0)
    model: dict[str, tuple[int, float]] = {}
    now = 0.0
    for what, path, version, passed in steps:
        now += passed
        if what == "changed":
            quiet.changed(path, (version, 0), now)
            model[path] = version, now
        elif what == "seen":
            quiet.seen(path, (version, 0), now)
            if path not in model or model[path][0] != version:
                model[path] = version, now
        elif what == "gone":
            quiet.gone(path)
            model.pop(path, None)
        else:
            due = {p: v for p, (v, at) in model.items() if at + 2.0 <= now}
            assert {p: v[0] for p, v in quiet.due(now, 100)} == due
            for p in due:
                del model[p]
        expected = min((at + 2.0 for _v, at in model.values()), default=None)
        assert quiet.next_due() == expected
