"""An analysis in words: what it means, and who says so."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from bot.render.escape import Markdown
from bot.render.words import brief, told
from knowledge.analysis.model import Analysis

log = structlog.get_logger(__name__)
_SUMMARY, _LINE = 360, 240


class AnalysisEntry(msgspec.Struct, frozen=True):
    """source: the rules, or which model."""

    summary: Markdown
    source: Markdown
    key_error: Markdown
    causes: list[Markdown]
    suggestions: list[Markdown]


def analysis_entry(
    stored: dict[str, Any] | None, incident: int | None, language: str
) -> AnalysisEntry | None:
    """A stored analysis in words; None without one, or when it cannot be read any more."""
    if stored is None:
        return None
    try:
        found = msgspec.convert(stored, Analysis)
    except msgspec.ValidationError as error:
        # One of another version: people must hear of the alert all the same.
        log.warning("analysis_not_shown", incident=incident, error=str(error))
        return None
    whole = f"INC-{incident}" if incident else ""

    def line(text: str) -> Markdown:
        return brief(text, _LINE, language, whole)

    return AnalysisEntry(
        summary=brief(found.summary, _SUMMARY, language, whole),
        source=_source(found, language),
        key_error=line(found.key_errors[0]) if found.key_errors else Markdown(),
        causes=[line(cause.text) for cause in found.causes],
        suggestions=[line(suggestion.action) for suggestion in found.suggestions],
    )


def _source(found: Analysis, language: str) -> Markdown:
    meta = found.meta
    if not meta.degraded:
        return told("render.by_model", language, model=meta.model[:60])
    if meta.error_class in {None, "disabled"}:
        return told("render.by_rules", language)
    return told("render.by_rules_instead", language, error=meta.error_class)
