"""Replicas and workers killed and paused every 10 s for five minutes (see tests/chaos.py).

On PostgreSQL: start with `python -m tests.postgres bench chaos`, or with TOCSIN_TEST_POSTGRES set
to the address of an empty database. BENCH_CHAOS_ENGINE=procrastinate takes the other engine.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos import survive
from tests.serving import POSTGRES

SECONDS, EVERY = 300.0, 10.0


def run() -> dict[str, Any]:
    """The reckoning."""
    if not POSTGRES:
        return {"skipped": "needs PostgreSQL: TOCSIN_TEST_POSTGRES=postgresql://…"}
    seconds = float(os.environ.get("BENCH_CHAOS_SECONDS", SECONDS))
    engine = os.environ.get("BENCH_CHAOS_ENGINE", "embedded")
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-chaos-") as place:
        outcome = asyncio.run(
            survive(Path(place), seconds, EVERY, engine=engine, seed=int(time.time()))
        )
    return {"engine": engine, **outcome.as_dict()}
