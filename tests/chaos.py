"""Replicas and workers on one PostgreSQL are killed and paused under load, and the reckoning.

Three `tocsin serve` and two `tocsin worker`; every few seconds one of them is killed for good (a
new one takes its place) or paused for longer than its lease. A trigger in the database writes down
who commits decisions, and who held the lease at that moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Engine, text

from core.store.database import make_engine
from core.store.lease import LIFE
from scheduler.tasks import LEASE
from tests.kills import NAMES, Book, Reckoning, hash_of, plain_settings, reckon
from tests.serving import ADMIN, BASE, POSTGRES, Served, served, start
from tests.sim.dingtalk import DingTalkSim, Rules

REPLICAS, WORKERS, PRODUCERS = 3, 2, 3
ANSWERED_WITHIN = 3.0  # seconds, else a producer asks another replica
STEP_WITHIN = 12.0
_WITNESS = """
CREATE TABLE commits (at timestamptz, committer text, holder text, epoch bigint, live boolean);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO commits SELECT clock_timestamp(), current_setting('application_name'),
        holder, epoch, expires_at > clock_timestamp() FROM leases WHERE name = 'decide';
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER witness AFTER INSERT OR UPDATE ON checkpoints
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION witness();
"""
# A committer who is not the holder has lost the lease.
_STRANGERS = "SELECT count(*) FROM commits WHERE committer <> left('tocsin ' || holder, 63)"
_FIGURES = "SELECT count(*), count(DISTINCT epoch), count(*) FILTER (WHERE NOT live) FROM commits"


@dataclass
class Outcome:
    """reckoning: what was lost or doubled. commits_without_lease must be 0. take_overs: seconds
    from the end (or the pause) of a decider to the next one's lease. refused: steps of people
    that were answered with 503."""

    reckoning: Reckoning
    seconds: float = 0.0
    killed: int = 0
    paused: int = 0
    commits: int = 0
    epochs: int = 0
    commits_without_lease: int = 0
    commits_after_expiry: int = 0
    take_overs: list[float] = field(default_factory=list)
    steps: int = 0
    refused: int = 0

    def faults(self) -> dict[str, int]:
        """What must not be."""
        faults = self.reckoning.faults()
        faults.pop("told_again", None)  # a message in flight, to a platform without keys
        if self.commits_without_lease:
            faults["commits_without_lease"] = self.commits_without_lease
        return faults

    def as_dict(self) -> dict[str, Any]:
        """For the benchmark's file."""
        return {**asdict(self), "faults": self.faults()}


class Fleet:
    """The processes that run, and how each is ended."""

    def __init__(self, place: Path, settings: dict[str, Any], stack: AsyncExitStack) -> None:
        self._place = place
        self._settings = settings
        self._stack = stack
        self._numbers = itertools.count(1)
        self.replicas: list[Served] = []
        self.workers: list[asyncio.subprocess.Process] = []
        self.paused: set[int] = set()  # process ids

    def _directory(self) -> Path:
        directory = self._place / str(next(self._numbers))
        directory.mkdir()
        return directory

    async def add_replica(self) -> None:
        tocsin = served(self._directory(), **self._settings)
        self.replicas.append(await self._stack.enter_async_context(tocsin))

    async def add_worker(self) -> None:
        command = ("worker", "--queues", "notify,upload")
        process = await start(self._directory(), {**BASE, **self._settings}, *command)
        assert process.stderr is not None
        reading = asyncio.create_task(process.stderr.read())
        self._stack.push_async_callback(_end, process, reading)
        self.workers.append(process)

    def awake(self) -> list[Served]:
        """Replicas that answer."""
        return [r for r in self.replicas if r.process.pid not in self.paused]


async def _end(process: asyncio.subprocess.Process, reading: asyncio.Task[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)
        process.terminate()
    await process.wait()
    written = (await reading).decode("utf-8", "replace")
    assert "Traceback" not in written, written


async def survive(
    place: Path, seconds: float, every: float, *, engine: str = "embedded", seed: int = 0
) -> Outcome:
    """Strike every so many seconds, for so long; then let them finish, and reckon."""
    dice, book = random.Random(seed), Book()
    outcome = Outcome(Reckoning())
    witness = make_engine(POSTGRES)
    async with AsyncExitStack() as stack:
        stack.callback(witness.dispose)
        sim = await stack.enter_async_context(DingTalkSim(rules=Rules(rate_limit=0)))
        group = sim.world.add_group("ops")
        robot = sim.world.add_robot(group, secret="SEC" + "6" * 64)
        settings = {**plain_settings(robot), "tasks": {"engine": engine}}
        fleet = Fleet(place, settings, stack)
        await fleet.add_replica()
        with witness.begin() as connection:
            connection.execute(text(_WITNESS))
        await asyncio.gather(
            *(fleet.add_replica() for _ in range(REPLICAS - 1)),
            *(fleet.add_worker() for _ in range(WORKERS)),
        )
        over = asyncio.Event()
        load = [
            *(asyncio.create_task(_produce(fleet, i, book, dice, over)) for i in range(PRODUCERS)),
            asyncio.create_task(_acknowledge(fleet, dice, over, outcome)),
        ]
        began = time.monotonic()
        await _strike(fleet, witness, dice, seconds, every, outcome)
        over.set()
        await asyncio.gather(*load)
        outcome.seconds = round(time.monotonic() - began, 1)
        strikes = outcome.killed + outcome.paused
        outcome.reckoning = await reckon(fleet.awake()[0], book, group, strikes)
        with witness.begin() as connection:
            outcome.commits_without_lease = connection.execute(text(_STRANGERS)).scalar_one()
            outcome.commits, outcome.epochs, outcome.commits_after_expiry = connection.execute(
                text(_FIGURES)
            ).one()
    return outcome


async def _strike(
    fleet: Fleet,
    witness: Engine,
    dice: random.Random,
    seconds: float,
    every: float,
    outcome: Outcome,
) -> None:
    """Kill or pause someone again and again: the decider, another replica, a worker."""
    ends, waking = time.monotonic() + seconds, []
    for how, whom in _plan():
        await asyncio.sleep(every)
        if time.monotonic() > ends:
            break
        holder, epoch = await asyncio.to_thread(_lease, witness)
        process = _victim(fleet, holder, whom, dice)
        if process is None:
            continue
        decides = f"/{process.pid}-" in holder
        if how == "kill":
            outcome.killed += 1
            process.kill()
            await process.wait()
            if any(process is r.process for r in fleet.replicas):
                fleet.replicas = [r for r in fleet.replicas if r.process is not process]
                waking.append(asyncio.create_task(fleet.add_replica()))
            else:
                fleet.workers.remove(process)
                waking.append(asyncio.create_task(fleet.add_worker()))
        else:
            outcome.paused += 1
            worker = process in fleet.workers
            fleet.paused.add(process.pid)
            process.send_signal(signal.SIGSTOP)
            away = LEASE.total_seconds() + 2 if worker else LIFE + 2
            waking.append(asyncio.create_task(_wake(fleet, process, away)))
        if decides:
            outcome.take_overs.append(await _next_epoch(witness, epoch))
    await asyncio.gather(*waking)


def _plan() -> Iterator[tuple[str, str]]:
    return itertools.cycle(
        [
            ("pause", "decider"),
            ("kill", "decider"),
            ("kill", "worker"),
            ("pause", "decider"),
            ("pause", "worker"),
            ("kill", "replica"),
        ]
    )


def _victim(
    fleet: Fleet, holder: str, whom: str, dice: random.Random
) -> asyncio.subprocess.Process | None:
    """One who is awake; at least one replica is left to answer."""
    awake = [r.process for r in fleet.awake()]
    if whom == "worker":
        workers = [w for w in fleet.workers if w.pid not in fleet.paused]
        return dice.choice(workers) if workers else None
    if len(awake) < 2:
        return None
    deciding = [p for p in awake if f"/{p.pid}-" in holder]
    if whom == "decider" and deciding:
        return deciding[0]
    return dice.choice(awake)


async def _wake(fleet: Fleet, process: asyncio.subprocess.Process, away: float) -> None:
    await asyncio.sleep(away)
    process.send_signal(signal.SIGCONT)
    fleet.paused.discard(process.pid)


def _lease(witness: Engine) -> tuple[str, int]:
    query = text("SELECT holder, epoch FROM leases WHERE name = 'decide'")
    with witness.connect() as connection:
        row = connection.execute(query).one()
    return str(row.holder), int(row.epoch)


async def _next_epoch(witness: Engine, epoch: int) -> float:
    began = time.monotonic()
    async with asyncio.timeout(60):
        while True:
            if (await asyncio.to_thread(_lease, witness))[1] > epoch:
                return round(time.monotonic() - began, 2)
            await asyncio.sleep(0.05)


async def _produce(
    fleet: Fleet, who: int, book: Book, dice: random.Random, over: asyncio.Event
) -> None:
    """Post batches to any replica. What was not answered may have been taken, now or later: its
    keys are not used again."""
    mine: list[str] = []
    names = itertools.count()
    async with _session(ANSWERED_WITHIN) as session:
        while not over.is_set():
            batch: dict[str, str] = {}
            for _ in range(dice.randint(1, 20)):
                if mine and dice.random() < 0.5:
                    key = dice.choice(mine)
                    batch[key] = "resolved" if dice.random() < 0.33 else "firing"
                else:
                    key = f"{who}-{next(names)}"
                    batch[key] = "firing"
            events = [
                {
                    "labels": {"alertname": f"Storm{hash_of(key) % NAMES:02}", "key": key},
                    "status": status,
                    "dedup_key": key,
                    "severity": "warning",
                }
                for key, status in batch.items()
            ]
            url = dice.choice(fleet.replicas).url
            try:
                async with session.post(f"{url}/api/v1/events", json={"events": events}) as answer:
                    if answer.status != 202:
                        raise aiohttp.ClientError(str(answer.status))
                    book.events += (await answer.json())["ids"]
                    book.status |= batch
                    mine += [key for key in batch if key not in mine]
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                book.unanswered += len(batch)
                book.unsure |= batch.keys()
                mine = [key for key in mine if key not in batch]
            await asyncio.sleep(dice.uniform(0, 0.4))


async def _acknowledge(
    fleet: Fleet, dice: random.Random, over: asyncio.Event, outcome: Outcome
) -> None:
    """Someone is awake, and asks any replica that is."""
    async with _session(STEP_WITHIN) as session:
        while not over.is_set():
            await asyncio.sleep(dice.uniform(0, 0.4))
            url = dice.choice(fleet.awake()).url
            path = f"{url}/api/v1/incidents/{dice.randint(1, NAMES)}/acknowledge"
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                async with session.post(path, json={}) as answer:
                    assert answer.status in {200, 404, 409, 503}, answer.status
                    outcome.steps += 1
                    outcome.refused += answer.status == 503


def _session(patience: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {ADMIN}"},
        timeout=aiohttp.ClientTimeout(total=patience),
        connector=aiohttp.TCPConnector(force_close=True),
    )
