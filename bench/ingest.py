"""Alerts accepted per second, beside a real Alertmanager that receives the same.

wrk posts alerts of about 370 bytes on 8 keep-alive connections, in batches of 1, 10, 100: each of
them new, or the same thousand again and again (`repeated`). Both are posted to Alertmanager's own
API; unique ones go to tocsin's events and hook, too.
Alertmanager keeps them in memory; tocsin answers when they are on disk, which is checked by
counting its journal afterwards. Medians of several runs, in turn, each on a fresh process.
"""

from __future__ import annotations

import re
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.server import TOKEN, alertmanager, program, tocsin

BATCHES = (1, 10, 100)
RUNS = 5
SECONDS = 3
CONNECTIONS = 8
SETTLED = 3
TARGETS = {1: 0.5, 10: 1.5, 100: 2.5}  # of /api/v2/alerts
REPEATED = 1000  # different alerts, where they are repeated
UNIQUE = 100_000_000

_ALERT = (
    '{"labels":{"alertname":"HighLatency","service":"checkout","cluster":"prod-cn-1",'
    '"instance":"10.0.%d.%d:9100","severity":"warning","team":"payments","serial":"%d"},'
    '"annotations":{"summary":"p99 latency of checkout is above 800 ms for five minutes",'
    '"description":"Value is 1.31 s, threshold 0.8 s, see the dashboard checkout-latency"}EXTRA}'
)
_SHAPES = {
    "api_v2": ("/api/v2/alerts", ',"startsAt":"2026-01-01T00:00:00Z"', "[", "]"),
    "events": ("/api/v1/events", "", '{"events":[', "]}"),
    "hook": (
        "/hooks/alertmanager/main",
        ',"status":"firing","startsAt":"2026-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z",'
        '"fingerprint":"%016x"',
        '{"version":"4","groupKey":"k","status":"firing","receiver":"t","groupLabels":{},'
        '"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am","alerts":[',
        "]}",
    ),
}
_LUA = """
local serial = 0
local seed = {seed}
request = function()
  local parts = {{}}
  for i = 1, {batch} do
    serial = serial + 1
    local n = seed * 100000000 + {number}
    parts[i] = string.format('{alert}', n % 250, math.floor(n / 250) % 250, n{more})
  end
  local headers = {{}}
  headers["Content-Type"] = "application/json"
  headers["Authorization"] = "Bearer {token}"
  return wrk.format("POST", nil, headers, '{before}' .. table.concat(parts, ",") .. '{after}')
end
"""


def load(
    url: str,
    shape: str,
    batch: int,
    seed: int,
    different: int = UNIQUE,
    connections: int = CONNECTIONS,
    seconds: int = SECONDS,
    new_of_ten: int = 0,
) -> tuple[float, int]:
    """Alerts a second that were answered with 2xx, and how many in all.

    different: how many different alerts there are; new_of_ten: so many of ten are new all the same.
    """
    path, extra, before, after = _SHAPES[shape]
    script = _LUA.format(
        seed=seed,
        batch=batch,
        number=f"((serial % 10 < {new_of_ten}) and serial or serial % {different})",
        alert=_ALERT.replace("EXTRA", extra),
        more=", n" if "%016x" in extra else "",
        token=TOKEN,
        before=before,
        after=after,
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [
            program("wrk", "wrk"),
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "-s",
            file.name,
            f"{url}{path}",
        ]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"(\d+) requests in ([\d.]+)s", said)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    assert found is not None, said
    good = int(found[1]) - (int(refused[1]) if refused else 0)
    return good * batch / float(found[2]), good * batch


def _journaled(directory: Path) -> int:
    with sqlite3.connect(directory / "data" / "journal.db") as db:
        return int(db.execute("SELECT coalesce(sum(events), 0) FROM journal").fetchone()[0])


def _tocsin_rate(shape: str, batch: int, seed: int, different: int) -> float:
    with tocsin(knowledge={"starter": False}) as service:
        time.sleep(SETTLED)  # the embedder is loaded in the background
        rate, accepted = load(service.url, shape, batch, seed, different)
        durable = _journaled(service.directory)
        assert durable >= accepted, f"{accepted} accepted, {durable} on disk"
        service.process.kill()  # what was accepted is not decided to the end here
        return rate


def _alertmanager_rate(batch: int, seed: int, different: int) -> float:
    with alertmanager() as url:
        return load(url, "api_v2", batch, seed, different)[0]


def _row(batch: int, shapes: tuple[str, ...], different: int) -> dict[str, Any]:
    """Both in turn; the medians, and how they compare."""
    peer: list[float] = []
    own: dict[str, list[float]] = {shape: [] for shape in shapes}
    for turn in range(RUNS):
        peer.append(_alertmanager_rate(batch, turn, different))
        for shape, rates in own.items():
            rates.append(_tocsin_rate(shape, batch, turn, different))
    base = statistics.median(peer)
    row: dict[str, Any] = {"alertmanager": round(base), "target": TARGETS[batch]}
    for shape, rates in own.items():
        rate = statistics.median(rates)
        row[shape] = {"alerts_per_second": round(rate), "ratio": round(rate / base, 2)}
    return row


def run() -> dict[str, Any]:
    """Rates and ratios by batch size and way in."""
    result: dict[str, Any] = {
        "connections": CONNECTIONS,
        "runs": RUNS,
        "unique": {},
        "repeated": {},
    }
    for batch in BATCHES:
        for name, shapes, different in (
            ("unique", ("api_v2", "events", "hook"), UNIQUE),
            ("repeated", ("api_v2",), REPEATED),
        ):
            result[name][str(batch)] = row = _row(batch, shapes, different)
            print(name, batch, row, flush=True)
    return result
