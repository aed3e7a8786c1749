"""A minute of alerts, nine of ten known already: does deciding keep up with accepting?

Batches of ten go to /api/v2/alerts of both, as fast as they are taken. Alertmanager's rate is what
it accepts (in memory); of tocsin it is what is accepted (on disk) and what is decided: state and
outbox committed. The lag of the journal is looked at every second.
"""

from __future__ import annotations

import threading
import time
import urllib.request
from typing import Any

from bench.ingest import REPEATED, load
from bench.server import alertmanager, tocsin

SECONDS = 60
BATCH = 10


def _figures(url: str) -> tuple[float, float]:
    """How many events were decided until now, and the journal's lag in seconds."""
    decided, lag = 0.0, 0.0
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("tocsin_journal_lag_seconds "):
                lag = float(line.split()[1])
            elif line.startswith("tocsin_decisions_total{") and (
                'reason="duplicate"' in line or 'reason="route"' in line
            ):
                decided += float(line.split()[1])
    return decided, lag


def run() -> dict[str, Any]:
    """Rates a second, and the lag at a third, two thirds and the end of the minute."""
    with alertmanager() as url:
        peer, _ = load(url, "api_v2", BATCH, 1, REPEATED, seconds=SECONDS, new_of_ten=1)
    lags: list[float] = []
    with tocsin(knowledge={"starter": False}) as service:
        time.sleep(3)
        over = threading.Event()

        def watch() -> None:
            while not over.wait(1):
                lags.append(_figures(service.url)[1])

        watcher = threading.Thread(target=watch)
        watcher.start()
        accepted, _ = load(service.url, "api_v2", BATCH, 1, REPEATED, seconds=SECONDS, new_of_ten=1)
        decided = _figures(service.url)[0] / SECONDS
        over.set()
        watcher.join()
        service.process.kill()
    thirds = [lags[len(lags) * third // 3 - 1] for third in (1, 2, 3)]
    return {
        "alertmanager_accepts_per_second": round(peer),
        "accepted_per_second": round(accepted),
        "decided_per_second": round(decided),
        "decided_ratio": round(decided / peer, 2),
        "lag_seconds": [round(lag, 1) for lag in thirds],
        "targets": {"decided_ratio": 1.0, "lag_seconds": 2},
    }
