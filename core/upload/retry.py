"""When a failed upload is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from core.config.settings import FileSource

MAX_ATTEMPTS = 8
LONGEST = timedelta(minutes=5)


def next_delay(
    source: FileSource,
    attempts: int,
    retry_after: float | None = None,
    jitter: Callable[[float, float], float] = random.uniform,
) -> timedelta | None:
    """How long to wait after `attempts` (1 …) attempts that failed; None: give up.

    First the source's own delays, as they are; then doubling, with jitter, up to LONGEST. The
    target's wish (`retry_after`, seconds) is the least, up to LONGEST.
    """
    delays = source.upload_retry_delays
    if not source.upload_retry_enabled or attempts >= max(MAX_ATTEMPTS, len(delays) + 1):
        return None
    if attempts <= len(delays):
        delay = delays[attempts - 1]
    else:
        last = max(delays[-1] if delays else timedelta(0), timedelta(seconds=1))
        grown = min(last * 2 ** min(attempts - len(delays), 20), LONGEST)
        delay = grown * jitter(0.5, 1.0)
    return max(delay, min(timedelta(seconds=retry_after or 0), LONGEST))
