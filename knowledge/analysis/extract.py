"""The analysis by rules: at once, without a model, in the same shape, and every word provable.

What it says comes from the input itself (quotations), from the error lexicon, from exceptions'
own chains, and from what helped in similar cases. It never guesses beyond them.
"""

from __future__ import annotations

from collections import Counter
from math import log10

import msgspec

from core.model.incident import SimilarItem
from core.text import say
from knowledge.analysis.digest import Digest, Shape, texts
from knowledge.analysis.lexicon import Kind, kind_of, kinds, rank_of
from knowledge.analysis.material import Line, Material
from knowledge.analysis.model import (
    LEVELS,
    MAX_CAUSES,
    MAX_KEY_ERRORS,
    MAX_SUGGESTIONS,
    OF_SEVERITY,
    RULES,
    Analysis,
    Cause,
    Evidence,
    Level,
    Meta,
    Suggestion,
    shorten,
    worse,
)
from knowledge.analysis.quote import quote_of
from knowledge.analysis.risk import risk_of
from knowledge.analysis.traces import Trouble, troubles_in
from knowledge.llm import ModelError

_IN_SUMMARY = 160  # characters of one quotation in the summary
_FIX = 300  # characters of what helped once
_SHAPES_WEIGHED = 200
# A general kind (timeout, crash) may only stand before a particular one (disk full, pool) when it
# is far more frequent: the lexicon's order costs this much a place, ten times as many lines give 1.
_PLACE_COSTS = 0.08


class _Seen(msgspec.Struct):
    """A kind of trouble with the shapes that speak of it, the worst first."""

    kind: Kind
    shapes: list[Shape]

    @property
    def weight(self) -> float:
        """How likely this kind is what people must know first."""
        count = sum(shape.count for shape in self.shapes)
        place = next(at for at, kind in enumerate(kinds()) if kind.name == self.kind.name)
        return 3 * self.shapes[0].rank + min(log10(count), 3) - _PLACE_COSTS * place


def extract(material: Material, found: Digest, language: str, meta: Meta) -> Analysis:
    """What `material` says by itself. Linear; safe in any thread."""
    worst = found.worst(_SHAPES_WEIGHED)
    seen = _seen(worst)
    root = _root(material)
    key_errors = _key_errors(material, worst, root)
    return Analysis(
        summary=_summary(material, found, language, seen, key_errors),
        severity=level_of(material, found),
        key_errors=key_errors,
        causes=_causes(material, language, seen, root),
        suggestions=_suggestions(material, language, seen),
        unknown=_unknown(material, found, language, seen, root),
        confidence=_confidence(material, found, seen, root),
        meta=meta,
    )


def rules_meta(material: Material, error: ModelError | None = None) -> Meta:
    """How an analysis by rules describes itself. error: why the model did not speak."""
    return Meta(
        model=RULES,
        degraded=True,
        error_class=None if error is None else error.error_class,
        retries=0 if error is None else error.retries,
        tokens=0 if error is None else error.tokens,
        redacted=material.redacted,
        truncated=material.truncated,
    )


def level_of(material: Material, found: Digest) -> Level:
    """How bad it is: what the alerts say, or what the text's own words say."""
    if material.severity is not None:
        return OF_SEVERITY[material.severity]
    level: Level = "low"
    for shape in found.worst(_SHAPES_WEIGHED):
        level = worse(level, _level_of_shape(shape))
    return level


def _level_of_shape(shape: Shape) -> Level:
    if shape.rank >= 3:
        return "high"
    kind: Level = shape.kind.level if shape.kind is not None else "medium"
    if shape.rank == 2:
        return kind
    return "medium" if LEVELS[kind] > LEVELS["medium"] else "low"


def _seen(worst: list[Shape]) -> list[_Seen]:
    by_name: dict[str, _Seen] = {}
    for shape in worst:
        if shape.kind is not None:
            by_name.setdefault(shape.kind.name, _Seen(shape.kind, [])).shapes.append(shape)
    return sorted(by_name.values(), key=lambda s: -s.weight)


def _root(material: Material) -> Trouble | None:
    """The exception that is at the root most often; of equals the first."""
    troubles = troubles_in(texts(material.lines))
    if not troubles:
        return None
    often = Counter((t.type, t.frame) for t in troubles)
    return max(troubles, key=lambda t: often[t.type, t.frame])


def _key_errors(material: Material, worst: list[Shape], root: Trouble | None) -> tuple[str, ...]:
    """The worst lines and the root exception's, none within another."""
    speaking = [s for s in worst if s.kind is not None or rank_of(s.line.text) > 0] or worst
    lines = [shape.line.text for shape in speaking]
    if root is not None:
        lines.insert(1, material.lines[root.at].text)
    chosen: list[str] = []
    for line in lines[: MAX_KEY_ERRORS * 4]:
        quote = quote_of(line)
        if quote and not any(quote in other or other in quote for other in chosen):
            chosen.append(quote)
    return tuple(chosen[:MAX_KEY_ERRORS])


def _summary(
    material: Material,
    found: Digest,
    language: str,
    seen: list[_Seen],
    key_errors: tuple[str, ...],
) -> str:
    lines = sum(line.count for line in material.lines)
    parts: list[str] = []
    if material.severity is not None:
        title = shorten(material.title, _IN_SUMMARY)
        parts.append(
            say("analysis.incident", language, title=title, alerts=material.alerts,
                events=material.events)
        )  # fmt: skip
    elif not lines:
        return say("analysis.empty", language)
    elif not found.shapes:
        return say("analysis.quiet", language, lines=lines)
    else:
        parts.append(say("analysis.text", language, lines=lines, bad=found.bad))
    if seen:
        name = say(f"lexicon.{seen[0].kind.name}.name", language)
        quote = shorten(quote_of(seen[0].shapes[0].line.text), _IN_SUMMARY)
        parts.append(say("analysis.kind", language, kind=name, quote=quote))
    elif key_errors:
        quote = shorten(key_errors[0], _IN_SUMMARY)
        parts.append(say("analysis.first_error", language, quote=quote))
    most = max(found.shapes, key=lambda s: (s.rank, s.count), default=None)
    if most is not None and most.count > 1 and material.severity is None:
        quote = shorten(quote_of(most.line.text), _IN_SUMMARY)
        if quote not in parts[-1]:
            parts.append(say("analysis.most_repeated", language, quote=quote, count=most.count))
    parts += [_similar_sentence(item, language) for item in _alike(material)[:1]]
    return _join(language, *parts)


def _join(language: str, *sentences: str) -> str:
    return (" " if language == "en" else "").join(sentences)


def _alike(material: Material) -> list[SimilarItem]:
    """Cases similar enough to conclude anything from: weakly similar ones are only shown."""
    return [item for item in material.similar if item.confidence != "weak"]


def _similar_sentence(item: SimilarItem, language: str) -> str:
    title, fix = shorten(item.title, 80), shorten(item.fix, _IN_SUMMARY)
    if fix:
        return say("analysis.similar", language, id=item.id, title=title, fix=fix)
    return say("analysis.similar_unfixed", language, id=item.id, title=title)


def _causes(
    material: Material, language: str, seen: list[_Seen], root: Trouble | None
) -> tuple[Cause, ...]:
    """Kinds of trouble by weight, each joined by the root exception when it is of that kind."""
    line = None if root is None else material.lines[root.at]
    thrown = None if line is None else kind_of(line.text)
    causes: list[Cause] = []
    for each in seen[:MAX_CAUSES]:
        text = say(f"lexicon.{each.kind.name}.cause", language)
        evidence = [_log(shape.line) for shape in each.shapes[:2]]
        if root is not None and line is not None and thrown is each.kind:
            text = _join(language, text, _root_sentence(root, language))
            evidence = [_log(line), *(e for e in evidence if e.ref != line.ref)][:2]
        causes.append(Cause(text, tuple(evidence)))
    extra: list[Cause] = []
    if root is not None and line is not None and thrown is None:
        extra.append(Cause(_root_sentence(root, language), (_log(line),)))
    extra += [_cause_of_similar(item, language) for item in _alike(material)[:1]]
    return tuple((causes[:1] + extra + causes[1:])[:MAX_CAUSES])


def _log(line: Line) -> Evidence:
    return Evidence("log", line.ref, quote_of(line.text))


def _root_sentence(root: Trouble, language: str) -> str:
    if root.message:
        message = shorten(root.message, _IN_SUMMARY)
        text = say("analysis.root_exception", language, type=root.type, message=message)
    else:
        text = say("analysis.root_exception_bare", language, type=root.type)
    return text + say("analysis.at_frame", language, frame=root.frame) if root.frame else text


def _cause_of_similar(item: SimilarItem, language: str) -> Cause:
    text = say("analysis.cause_similar", language, id=item.id, title=shorten(item.title, 80))
    return Cause(text, (Evidence(item.kind, item.id, quote_of(item.snippet or item.title)),))


def _suggestions(material: Material, language: str, seen: list[_Seen]) -> tuple[Suggestion, ...]:
    """What helped in similar cases first, then the lexicon."""
    helped = [
        Suggestion(shorten(item.fix, _FIX), risk_of(item.fix), item.id)
        for item in _alike(material)
        if item.fix.strip()
    ]
    known = [
        Suggestion(say(f"lexicon.{each.kind.name}.action", language), each.kind.risk, RULES)
        for each in seen
    ]
    return tuple((helped[:2] + known)[:MAX_SUGGESTIONS])


def _unknown(
    material: Material,
    found: Digest,
    language: str,
    seen: list[_Seen],
    root: Trouble | None,
) -> tuple[str, ...]:
    keys: list[str] = []
    if found.shapes and not seen and root is None:
        keys.append("analysis.unknown_no_kind")
    if material.severity is not None and not material.has_log:
        keys.append("analysis.unknown_no_log")
    if material.severity is not None and not _alike(material):
        keys.append("analysis.unknown_no_similar")
    if material.truncated:
        keys.append("analysis.unknown_truncated")
    return tuple(say(key, language) for key in keys)


def _confidence(
    material: Material, found: Digest, seen: list[_Seen], root: Trouble | None
) -> float:
    """Rules are never very sure: 0.1 … 0.8."""
    if not found.shapes:
        return 0.1 if material.truncated else 0.3
    sure = 0.2 + (0.25 if seen else 0) + (0.1 if root is not None else 0)
    if alike := _alike(material):
        sure += 0.25 if alike[0].confidence == "high" else 0.15
    if material.truncated:
        sure -= 0.1
    return round(max(0.1, min(sure, 0.8)), 2)
