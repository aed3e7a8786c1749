"""From process start to /readyz, and resident memory, with the built-in embedder."""

from __future__ import annotations

import statistics
import time
from typing import Any

from bench.server import tocsin

RUNS = 5


def run() -> dict[str, Any]:
    """Medians over fresh directories. settled: ten seconds later, starter articles indexed."""
    ready, at_once, settled = [], [], []
    for _ in range(RUNS):
        with tocsin() as service:
            ready.append(service.ready_after)
            at_once.append(service.resident_mb())
            time.sleep(10)
            settled.append(service.resident_mb())
    return {
        "runs": RUNS,
        "ready_seconds": round(statistics.median(ready), 2),
        "resident_mb_at_ready": statistics.median(at_once),
        "resident_mb_settled": statistics.median(settled),
        "targets": {"ready_seconds": 3, "resident_mb": 250},
    }
