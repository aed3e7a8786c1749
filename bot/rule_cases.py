"""Cases for rules, from a YAML file: given these lines and events, expect these alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.trial import Raised, Trial, raised
from core.config.load import load_settings, parse_settings, problem_of
from core.config.settings import LogSource, Settings
from core.config.units import Duration
from core.errors import ConfigError, InvalidInput, NotFound, Problem
from core.intake.native import parse
from core.model.event import Event

_START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)  # a Monday, nine o'clock in Shanghai
_MAX = 100_000  # lines and events of a case


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Given(_Section):
    """One line (or several, in one text) or one event; `at` after the begin of the case, else with
    the one before. It happens `repeat` times, `every` apart."""

    at: Duration | None = None
    line: str | None = None
    event: dict[str, Any] | None = None
    repeat: int = Field(1, ge=1, le=_MAX)
    every: Duration = timedelta(0)


class Expected(_Section):
    """What must hold of one alert; what is left out may be anything. labels, annotations: at
    least these."""

    alert: str | None = None
    rule: str | None = None
    status: str | None = Field(None, pattern="^(firing|resolved)$")
    severity: str | None = Field(None, pattern="^(critical|warning|info)$")
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    summary: str | None = None
    count: int | None = None


class Case(_Section):
    """log: the logs[] entry that lines come from; else one with `labels`. start: when the case
    begins, for rules with a schedule. until: how long it goes on, from its begin."""

    name: str
    log: str | None = None
    labels: dict[str, str] = {}
    start: datetime | None = None
    given: list[str | Given] = Field(max_length=_MAX)
    until: Duration | None = None
    expect: list[Expected]

    @field_validator("expect", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return [] if value in (None, "none") else value


class CaseFile(_Section):
    """rules: those that are tried; else those of `config`, a settings file beside this one."""

    config: str | None = None
    rules: list[Any] | None = None
    cases: list[Case] = Field(min_length=1)


class Outcome(msgspec.Struct, frozen=True):
    """What came of one case. missing: expected, each with how it differs from what was raised;
    unexpected: raised and not expected."""

    name: str
    missing: list[str]
    unexpected: list[str]

    @property
    def passed(self) -> bool:
        """Whether it came as expected."""
        return not self.missing and not self.unexpected


def read_cases(path: Path, config: Path) -> tuple[CaseFile, Settings]:
    """The cases, and settings with the rules that are tried. ConfigError lists every mistake."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError([Problem(str(path), f"cannot be read: {error.strerror}")]) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError([Problem(str(path), f"is not YAML: {error}")]) from error
    try:
        cases = CaseFile.model_validate(raw)
    except ValidationError as error:
        raise ConfigError([problem_of(item) for item in error.errors()]) from error
    if cases.rules is not None:
        settings = parse_settings({"rules": cases.rules}, {})
    else:
        settings = load_settings(path.parent / cases.config if cases.config else config)
    return cases, settings


def run_case(case: Case, settings: Settings) -> Outcome:
    """Try one case. InvalidInput, NotFound tell what of it cannot be used."""
    start = case.start or _START
    start = start.replace(tzinfo=settings.tz) if start.tzinfo is None else start
    trial = Trial(settings, settings.rules, start.astimezone(UTC))
    log = _log_of(case, settings)
    for given, moment in _moments(case, trial.now):
        trial.pass_time(moment)
        if given.line is not None:
            events = trial.events_of(given.line, log)
        else:
            events = _event(case, given, moment)
        for event in events:
            trial.take(event)
    trial.pass_time(max(trial.now, start + (case.until or timedelta(0))))
    return _compare(case, [raised(alert) for alert in trial.alerts.values()])


def _event(case: Case, given: Given, moment: datetime) -> list[Event]:
    parsed = parse(msgspec.json.encode(given.event), "api", moment)
    for rejected in parsed.rejected:
        raise InvalidInput(f"case {case.name!r}: {rejected.detail}")
    return parsed.events


def _log_of(case: Case, settings: Settings) -> LogSource:
    if case.log is None:
        return LogSource(name="test", paths=["test"], labels=case.labels)
    for log in settings.logs:
        if log.name == case.log:
            return log.model_copy(update={"labels": {**log.labels, **case.labels}})
    raise NotFound(f"case {case.name!r}: the settings have no log {case.log!r}")


def _moments(case: Case, start: datetime) -> Iterator[tuple[Given, datetime]]:
    """Each of the given things with its moment, in order of time."""
    found: list[tuple[Given, datetime]] = []
    at = timedelta(0)
    for i, one in enumerate(case.given):
        given = Given(line=one) if isinstance(one, str) else one
        if (given.line is None) is (given.event is None):
            where = f"case {case.name!r}, given[{i}]"
            raise InvalidInput(f"{where}: give either line or event")
        at = at if given.at is None else given.at
        for _ in range(given.repeat):
            found.append((given, start + at))
            at += given.every
        at -= given.every
        if len(found) > _MAX:
            raise InvalidInput(f"case {case.name!r}: more than {_MAX} lines and events")
    yield from sorted(found, key=lambda pair: pair[1])


def _compare(case: Case, alerts: list[Raised]) -> Outcome:
    left = list(alerts)
    missing: list[Expected] = []
    for expected in case.expect:
        fits = next((a for a in left if not _differences(expected, a)), None)
        if fits is None:
            missing.append(expected)
        else:
            left.remove(fits)
    told = []
    for expected in missing:
        line = f"expected {_written(expected.model_dump(exclude_defaults=True))}"
        near = min(left, key=lambda a: len(_differences(expected, a)), default=None)
        if near is not None:
            line += "; the nearest has " + ", ".join(_differences(expected, near))
        told.append(line)
    return Outcome(case.name, told, [f"raised {_shown(alert)}" for alert in left])


def _differences(expected: Expected, alert: Raised) -> list[str]:
    pairs: list[tuple[str, Any, Any]] = [
        ("alert", expected.alert, alert.alert),
        ("rule", expected.rule, alert.rule),
        ("status", expected.status, alert.status),
        ("severity", expected.severity, alert.severity),
        ("summary", expected.summary, alert.annotations.get("summary", "")),
        ("count", expected.count, alert.count),
    ]
    pairs += [(f"labels.{k}", v, alert.labels.get(k)) for k, v in expected.labels.items()]
    pairs += [
        (f"annotations.{k}", v, alert.annotations.get(k)) for k, v in expected.annotations.items()
    ]
    return [
        f"{name} {found!r}, not {wanted!r}"
        for name, wanted, found in pairs
        if wanted is not None and wanted != found
    ]


def _shown(alert: Raised) -> str:
    known = {
        "alert": alert.alert,
        "status": alert.status,
        "severity": alert.severity,
        "count": alert.count,
        "labels": {k: v for k, v in alert.labels.items() if k not in {"alertname", "severity"}},
        "summary": alert.annotations.get("summary", ""),
    }
    return _written({name: value for name, value in known.items() if value})


def _written(values: dict[str, Any]) -> str:
    """On one line, as it would stand in the file."""
    text = yaml.safe_dump(
        values, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6
    )
    return str(text).strip()
