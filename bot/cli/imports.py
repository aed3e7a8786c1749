"""`tocsin import …`: what other tools keep, as settings of ours."""

from __future__ import annotations

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
from core.errors import InvalidInput, Problem

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
