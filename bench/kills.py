"""kill -9 at 200 random instants under load: what is lost, what is doubled (see tests/kills.py).

On SQLite; on PostgreSQL when TOCSIN_TEST_POSTGRES has the address of an empty database.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.kills import survive
from tests.serving import POSTGRES

KILLS = 200


def run() -> dict[str, Any]:
    """The reckoning, and how many seconds it took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-kills-") as place:
        reckoning = asyncio.run(survive(Path(place), KILLS, seed=int(time.time())))
    return {
        "store": "postgresql" if POSTGRES else "sqlite",
        **asdict(reckoning),
        "faults": reckoning.faults(),
        "seconds": round(time.monotonic() - began),
    }
