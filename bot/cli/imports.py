"""`tocsin import …`: what other tools keep, as settings of ours."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
import yaml

from bot.cli.options import DEFAULT_CONFIG, ConfigFile
from core.clock import utc_now
from core.config import load_settings
from core.errors import ConfigError, InvalidInput, Problem, TocsinError

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """What other tools keep, as settings of ours."""


@app.command("ical")
def ical(
    file: Annotated[Path, typer.Argument(help="A calendar (.ics).")],
    config: ConfigFile = DEFAULT_CONFIG,
    schedule: Annotated[str, typer.Option(help="The name of the schedule.")] = "primary",
    days: Annotated[int, typer.Option(min=1, max=366, help="How far ahead.")] = 92,
) -> None:
    """Print a calendar's shifts as a schedule's overrides, to be put into config.yaml.

    People are those of the settings; exits 1 when the calendar names others.

    Example: tocsin import ical team.ics --schedule primary --config config.yaml
    """
    from core.oncall.calendar import read_calendar

    settings = load_settings(config)
    zones = {s.name: s.timezone for s in settings.schedules}
    tz, now = ZoneInfo(zones.get(schedule, settings.timezone)), utc_now()
    imported = read_calendar(file, settings.people, tz, now)
    if not imported.spans:
        raise InvalidInput("there is nothing to import", [Problem(str(file), "has no shifts")])
    overrides = [
        {
            "person": span.person,
            "start": span.starts_at.astimezone(tz).isoformat(),
            "end": span.ends_at.astimezone(tz).isoformat(),
        }
        for span in imported.spans
        if now < span.ends_at and span.starts_at < now + timedelta(days=days)
    ]
    made = {"schedules": [{"name": schedule, "timezone": tz.key, "overrides": overrides}]}
    sys.stdout.write(yaml.safe_dump(made, allow_unicode=True, sort_keys=False))
    for name in imported.unknown:
        sys.stderr.write(f"{file}: {name!r} is nobody in people\n")
    if imported.unknown:
        raise typer.Exit(1)


@app.command("alertmanager")
def alertmanager(
    file: Annotated[Path, typer.Argument(help="Alertmanager's configuration (alertmanager.yml).")],
    output: Annotated[
        Path | None, typer.Option(help="Write here instead, readable by you alone.")
    ] = None,
) -> None:
    """Print an alertmanager.yml as routes, receivers, channels, inhibitions and time intervals.

    What has no counterpart is listed on standard error, a line each: `path: message`. Exits 2 when
    the file is none that Alertmanager would take.

    Example: tocsin import alertmanager /etc/prometheus/alertmanager.yml --output config.yaml
    """
    from bot.cli.alertmanager_yml import translate

    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(file), f"cannot be read: {error.strerror}")]) from error
    made = translate(raw, str(file))
    for lost in made.lost:
        sys.stderr.write(f"{lost}\n")
    if output is None:
        sys.stdout.write(made.text)
        return
    try:
        with open(output, "w", encoding="utf-8", opener=_private) as target:
            target.write(made.text)
    except OSError as error:
        raise TocsinError(f"{output}: cannot be written: {error.strerror}") from error


def _private(path: str, flags: int) -> int:
    """The file holds what was secret in the other."""
    return os.open(path, flags, 0o600)
