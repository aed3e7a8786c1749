"""Alerts accepted per second by two replicas on one PostgreSQL, beside one alone.

wrk posts new alerts, ten a request, on eight connections in all. Each is asked twice: while one
of the replicas decides as well, and while a lease that nobody serves keeps both from deciding, so
that they only accept. What each process used of the processors says what the limit is. Start with
`python -m tests.postgres bench replicas`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import Engine, text

from bench import ingest
from bench.server import tocsin
from core.store.database import make_engine
from tests.serving import POSTGRES

RUNS = 3
BATCH = 10
_GHOST = """
CREATE TABLE leases (name text PRIMARY KEY, holder text NOT NULL, epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL);
INSERT INTO leases VALUES ('decide', 'nobody', 1, now() + interval '1 day');
"""


def run() -> dict[str, Any]:
    """Medians, the ratio of two to one, and processors used (1.0 is one core)."""
    if not POSTGRES:
        return {"skipped": "needs PostgreSQL: python -m tests.postgres bench replicas"}
    result: dict[str, Any] = {"cores": os.cpu_count(), "batch": BATCH, "runs": RUNS}
    for name, decide in (("deciding", True), ("accepting_only", False)):
        found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
        for turn in range(RUNS):
            for replicas, measured in found.items():
                measured.append(_measure(replicas, decide=decide, seed=turn * 2 + replicas))
        rows = {
            str(count): {
                key: round(statistics.median(one[key] for one in measured), 2)
                for key in measured[0]
            }
            for count, measured in found.items()
        }
        ratio = rows["2"]["alerts_per_second"] / rows["1"]["alerts_per_second"]
        result[name] = {"replicas": rows, "ratio": round(ratio, 2)}
        print(name, result[name], flush=True)
    return result


@contextmanager
def _database(*, decide: bool) -> Iterator[Engine]:
    engine = make_engine(POSTGRES)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        if not decide:
            connection.exec_driver_sql(_GHOST)
    yield engine
    engine.dispose()


def _measure(replicas: int, *, decide: bool, seed: int) -> dict[str, float]:
    with ExitStack() as stack:
        engine = stack.enter_context(_database(decide=decide))
        settings = {"knowledge": {"starter": False}, "database": {"url": POSTGRES}}
        services = [stack.enter_context(tocsin(**settings)) for _ in range(replicas)]
        time.sleep(ingest.SETTLED)
        pids = [service.process.pid for service in services]
        began, own, database = time.monotonic(), sum(map(_used, pids)), _used_by("postgres")
        with ThreadPoolExecutor(replicas) as threads:
            loads = threads.map(
                lambda i: ingest.load(
                    services[i].url,
                    "events",
                    BATCH,
                    seed * 10 + i,
                    connections=ingest.CONNECTIONS // replicas,
                ),
                range(replicas),
            )
            rates, counts = zip(*loads, strict=True)
        took = time.monotonic() - began
        own, database = sum(map(_used, pids)) - own, _used_by("postgres") - database
        with engine.connect() as connection:
            query = text("SELECT coalesce(sum(events), 0) FROM journal")
            durable = int(connection.execute(query).scalar_one())
        assert durable >= sum(counts), f"{sum(counts)} accepted, {durable} durable"
        for service in services:
            service.process.kill()  # what was accepted is not decided to the end here
        return {
            "alerts_per_second": sum(rates),
            "cores_of_tocsin": own / took,
            "cores_of_postgresql": database / took,
        }


def _used(pid: int) -> float:
    """Processor seconds of a process until now."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _used_by(name: str) -> float:
    """Of all processes of that name."""
    found = subprocess.run(["pgrep", "-x", name], check=False, capture_output=True, text=True)
    used = 0.0
    for pid in found.stdout.split():
        try:
            used += _used(int(pid))
        except FileNotFoundError:
            continue  # it has ended meanwhile
    return used
