"""What a model claims, held against what it was shown: only what can be proved is kept.

A quotation must stand literally in a line or passage that was given, a citation must name one; a
cause without evidence goes. When nothing is left the reply is refused, and the rules speak.
"""

from __future__ import annotations

import re

import msgspec

from core.model.incident import SimilarItem
from knowledge.analysis.model import (
    MAX_CAUSES,
    MAX_KEY_ERRORS,
    MAX_QUOTE,
    MAX_SUGGESTIONS,
    Analysis,
    Cause,
    Evidence,
    Level,
    Meta,
    Suggestion,
    worse,
)
from knowledge.analysis.prose import prose
from knowledge.analysis.quote import quote_of
from knowledge.analysis.risk import risk_of
from knowledge.analysis.shown import Shown
from knowledge.llm import ModelError

_READ = 20  # entries of one list
_SUMMARY, _TEXT, _UNKNOWN = 600, 300, 200  # characters
_MIN_QUOTE = 4  # bytes: shorter proves nothing
_PREFIX = re.compile(r"^(?:L\d+|ALT-\d+)\s?\|\s?")
_COUNT = re.compile(r"\s\(x\d+\)$")
_CASE = re.compile(r"^(?:INC|KB)-\d+$", re.IGNORECASE)
_LEVELS: dict[str, Level] = {
    "high": "high", "critical": "high", "severe": "high", "高": "high", "严重": "high",
    "medium": "medium", "warning": "medium", "moderate": "medium", "中": "medium",
    "low": "low", "info": "low", "none": "low", "低": "low",
}  # fmt: skip


class EvidenceClaim(msgspec.Struct):
    """ref: `L12`, `ALT-3`, `INC-2`, `KB-4`."""

    ref: str | None = None
    quote: str | None = None


class CauseClaim(msgspec.Struct):
    """A cause as the model tells it."""

    text: str | None = None
    evidence: list[EvidenceClaim | str] | None = None


class SuggestionClaim(msgspec.Struct):
    """A step as the model proposes it."""

    action: str | None = None
    risk: str | None = None
    source: str | None = None


class Reply(msgspec.Struct):
    """The model's reply, as loose as models are."""

    summary: str
    severity: str | None = None
    key_errors: list[str] | None = None
    causes: list[CauseClaim | str] | None = None
    suggestions: list[SuggestionClaim | str] | None = None
    unknown: list[str] | str | None = None
    confidence: float | str | None = None


def checked(reply: Reply, given: Shown, floor: Level, meta: Meta, *, trouble: bool) -> Analysis:
    """`reply` without what cannot be proved.

    floor: the severity that no reply may go below. trouble: the rules see errors, so a reply that
    proves none is no answer. Raises ModelError `schema_error` when nothing is left.
    """
    key_errors = _key_errors(reply, given)
    causes = _causes(reply, given)
    suggestions = _suggestions(reply, given)
    summary = prose(given.placeholders.fill(reply.summary), given.ids, _SUMMARY)
    if not summary or (trouble and not key_errors and not causes):
        raise ModelError("schema_error", "nothing in the reply stands in the input")
    claimed = sum(len(each or ()) for each in (reply.key_errors, reply.causes, reply.suggestions))
    kept = len(key_errors) + len(causes) + len(suggestions)
    return Analysis(
        summary=summary,
        severity=worse(_level(reply.severity, floor), floor),
        key_errors=key_errors,
        causes=causes,
        suggestions=suggestions,
        unknown=_unknown(reply, given),
        confidence=round(
            _confidence(reply.confidence) * (min(kept / claimed, 1) if claimed else 1), 2
        ),
        meta=meta,
    )


def _key_errors(reply: Reply, given: Shown) -> tuple[str, ...]:
    kept: list[str] = []
    for text in (reply.key_errors or [])[:_READ]:
        found = _log_evidence(text, given)
        if found is not None and found.quote not in kept:
            kept.append(found.quote)
    return tuple(kept[:MAX_KEY_ERRORS])


def _causes(reply: Reply, given: Shown) -> tuple[Cause, ...]:
    kept: list[Cause] = []
    for claim in (reply.causes or [])[:_READ]:
        if isinstance(claim, str):
            continue
        evidence = [_evidence(each, given) for each in (claim.evidence or [])[:_READ]]
        proved = tuple(dict.fromkeys(each for each in evidence if each is not None))
        text = prose(given.placeholders.fill(claim.text or ""), given.ids, _TEXT)
        if text and proved:
            kept.append(Cause(text, proved[:3]))
    return tuple(kept[:MAX_CAUSES])


def _evidence(claim: EvidenceClaim | str, given: Shown) -> Evidence | None:
    if isinstance(claim, str):
        return _log_evidence(claim, given)
    ref = (claim.ref or "").strip().strip("[]").upper()
    if _CASE.match(ref):
        return _case_evidence(ref, claim.quote or "", given)
    return _log_evidence(claim.quote or "", given, ref)


def _log_evidence(quote: str, given: Shown, ref: str = "") -> Evidence | None:
    """The line where `quote` really stands, the named one before others."""
    words = _words_of(quote, given)
    if len(words.encode()) < _MIN_QUOTE:
        return None
    holding = [line for line in given.lines if words in line.text]
    if not holding:
        return None
    line = next((line for line in holding if line.ref.upper() == ref), holding[0])
    quote = quote_of(words)
    return Evidence("log", line.ref, quote) if quote else None


def _case_evidence(ref: str, quote: str, given: Shown) -> Evidence | None:
    item = _case(ref, given)
    words = _words_of(quote, given)
    if item is None or len(words.encode()) < _MIN_QUOTE:
        return None
    if any(words in text for text in (item.title, item.snippet, item.fix)):
        return Evidence(item.kind, item.id, words)
    return None


def _case(ref: str, given: Shown) -> SimilarItem | None:
    return next((item for item in given.similar if item.id.upper() == ref), None)


def _words_of(quote: str, given: Shown) -> str:
    """What is quoted, without the dress models put on it."""
    lines = given.placeholders.fill(quote).strip().splitlines()
    line = lines[0] if lines else ""
    line = _COUNT.sub("", _PREFIX.sub("", line.strip().strip('`"“”「」')))
    return line.removesuffix("…").removesuffix("...")[:MAX_QUOTE].strip()


def _suggestions(reply: Reply, given: Shown) -> tuple[Suggestion, ...]:
    kept: list[Suggestion] = []
    for claim in (reply.suggestions or [])[:_READ]:
        proposal = SuggestionClaim(claim) if isinstance(claim, str) else claim
        source = (proposal.source or "").strip().strip("[]")
        if _CASE.match(source):
            item = _case(source.upper(), given)
            if item is None:
                continue
            source = item.id
        else:
            source = "model"
        action = prose(given.placeholders.fill(proposal.action or ""), given.ids, _TEXT)
        if action:
            risk = worse(_level(proposal.risk, "low"), risk_of(action))
            kept.append(Suggestion(action, risk, source))
    return tuple(kept[:MAX_SUGGESTIONS])


def _unknown(reply: Reply, given: Shown) -> tuple[str, ...]:
    told = [reply.unknown] if isinstance(reply.unknown, str) else reply.unknown or []
    fill = given.placeholders.fill
    kept = [prose(fill(text), given.ids, _UNKNOWN) for text in told[:_READ]]
    return tuple(text for text in kept if text)[:3]


def _level(word: str | None, otherwise: Level) -> Level:
    return _LEVELS.get((word or "").strip().lower(), otherwise)


def _confidence(told: float | str | None) -> float:
    """0 … 1; a percentage is understood, a word is not."""
    try:
        value = float(str(told).strip().rstrip("%"))
    except ValueError:
        return 0.5
    if not 0 <= value <= 100:
        return 0.5
    return value / 100 if value > 1 else value
