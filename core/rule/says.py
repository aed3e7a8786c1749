"""What a rule says once it speaks up: how bad it is, title, summary, annotations, links."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from core.config.rules import Rule
from core.config.severity import SeverityCase, SeverityMap
from core.model.event import Severity, normalise_severity
from core.rule.shorten import shorten
from core.rule.template import fill, places

SUMMARY_MAX = 500
TITLE_MAX = 200
ANNOTATION_MAX = 4000
_WORD_MAX = 100
_DEFAULT = "warning"


class Said(msgspec.Struct, frozen=True):
    """word: how bad it is in the rule's or the line's own word; severity: what that stands for."""

    word: str
    severity: Severity
    annotations: dict[str, str]
    links: dict[str, str]


class Says:
    """One rule's texts and severity, compiled."""

    def __init__(self, rule: Rule) -> None:
        self._word = _word_of(rule.severity)
        self._templates = dict(rule.annotations)
        if rule.title:
            self._templates["title"] = rule.title
        if rule.summary:
            self._templates["summary"] = rule.summary
        self._links = {"runbook": rule.runbook} if rule.runbook else {}
        self._places = {name for text in self._templates.values() for name in places(text)}

    def mentions(self, names: set[str]) -> bool:
        """Whether a template has a place for any of these."""
        return bool(names & self._places)

    def __call__(self, values: Mapping[str, str], text: str) -> Said:
        """values: labels and fields; text: the line, which is the summary where there is none."""
        word = self._word(values)
        said = {
            k: fill(t, values, _LIMITS.get(k, ANNOTATION_MAX)) for k, t in self._templates.items()
        }
        if not said.get("summary"):
            said["summary"] = shorten(text, SUMMARY_MAX)
        return Said(word, normalise_severity(word), said, self._links)


_LIMITS = {"title": TITLE_MAX, "summary": SUMMARY_MAX}


def _word_of(
    severity: str | SeverityMap | list[SeverityCase],
) -> Callable[[Mapping[str, str]], str]:
    if isinstance(severity, SeverityMap):
        known = {value.lower(): word for value, word in severity.map.items()}
        name, otherwise = severity.field, severity.default
        return lambda values: known.get(values.get(name, "").lower(), otherwise)
    if isinstance(severity, list):
        cases = [([m for entry in case.when for m in entry], case.is_) for case in severity]
        return lambda values: next(
            (word for when, word in cases if all(m.matches(values) for m in when)), _DEFAULT
        )
    if not places(severity):
        return lambda values: severity
    return lambda values: _said_by_line(severity, values)


def _said_by_line(template: str, values: Mapping[str, str]) -> str:
    word = fill(template, values, _WORD_MAX)
    # Where a place is left, the line did not say.
    return _DEFAULT if places(word) or not word else word
