"""What very many alerts have in common is kept once: label names, usual values, verdicts."""

from __future__ import annotations

from functools import lru_cache
from sys import intern

from core.model.decision import StageVerdict

_LONGEST = 200  # characters; longer texts are hardly ever the same


def shared(texts: dict[str, str]) -> dict[str, str]:
    """The same labels or annotations, their texts shared with all that are equal."""
    return {intern(k): intern(v) if len(v) < _LONGEST else v for k, v in texts.items()}


def shared_stages(stages: tuple[StageVerdict, ...]) -> tuple[StageVerdict, ...]:
    """The same record, its verdicts shared: most alerts go the same way."""
    return tuple(map(_verdict, stages))


@lru_cache(maxsize=20_000)
def _verdict(verdict: StageVerdict) -> StageVerdict:
    """The first of all that are equal; of one that has no equal its words are shared."""
    v = verdict
    return StageVerdict(intern(v.stage), v.verdict, intern(v.reason), intern(v.by), intern(v.note))
