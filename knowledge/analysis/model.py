"""Analysis: what an incident or a log means, in the shape outsiders read."""

from __future__ import annotations

from typing import Literal

import msgspec

from core.model.event import Severity
from knowledge.llm.errors import ErrorClass

Level = Literal["low", "medium", "high"]
LEVELS: dict[Level, int] = {"low": 0, "medium": 1, "high": 2}
OF_SEVERITY: dict[Severity, Level] = {"critical": "high", "warning": "medium", "info": "low"}

MAX_KEY_ERRORS = 5
MAX_CAUSES = 3
MAX_SUGGESTIONS = 3
MAX_QUOTE = 300  # characters of one quotation
RULES = "rules"  # the model's name when no model spoke


class Evidence(msgspec.Struct, frozen=True):
    """Where a cause is read from. ref: `ALT-3`, `L12` (a line of a text), `INC-2`, `KB-4`.

    quote: words that stand there literally.
    """

    kind: Literal["log", "incident", "article"]
    ref: str
    quote: str


class Cause(msgspec.Struct, frozen=True):
    """A likely cause with its evidence, never without."""

    text: str
    evidence: tuple[Evidence, ...]


class Suggestion(msgspec.Struct, frozen=True):
    """What to do next. source: the article or incident it comes from, `rules` or `model`."""

    action: str
    risk: Level
    source: str


class Meta(msgspec.Struct, frozen=True):
    """How the analysis came about.

    degraded: rules wrote it. error_class: why, or None: nothing failed (when degraded, the model
    has not answered yet). tokens: used by the model. redacted: something was masked or hidden.
    truncated: the input was too long to be read whole. prompt: `analysis@1`, the prompt's version.
    """

    model: str
    degraded: bool
    error_class: ErrorClass | None = None
    retries: int = 0
    elapsed_ms: int = 0
    tokens: int = 0
    redacted: bool = False
    truncated: bool = False
    prompt: str = ""


class Analysis(msgspec.Struct, frozen=True):
    """severity high, medium, low stands for critical, warning, info. confidence: 0 … 1."""

    summary: str
    severity: Level
    key_errors: tuple[str, ...]
    causes: tuple[Cause, ...]
    suggestions: tuple[Suggestion, ...]
    unknown: tuple[str, ...]
    confidence: float
    meta: Meta


def shorten(text: str, limit: int) -> str:
    """`text` on one line, cut at `limit` characters with an ellipsis."""
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def worse(one: Level, other: Level) -> Level:
    """The more severe of two."""
    return one if LEVELS[one] >= LEVELS[other] else other
