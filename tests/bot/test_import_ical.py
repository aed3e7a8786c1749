"""`tocsin import ical` prints settings that say the same as the calendar."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import yaml
from typer.testing import CliRunner

from bot.cli.main import app
from core.clock import utc_now
from core.config.load import parse_settings
from core.oncall.schedule import make_schedule


def test_a_calendar_becomes_overrides(tmp_path: Path) -> None:
    day = (utc_now() + timedelta(days=2)).strftime("%Y%m%d")
    (tmp_path / "config.yaml").write_text("people: [{name: li.wei}]\ntimezone: Europe/Berlin\n")
    (tmp_path / "team.ics").write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\n"
        f"DTSTART:{day}T060000Z\nDTEND:{day}T180000Z\nRRULE:FREQ=DAILY\nSUMMARY:li.wei\n"
        f"END:VEVENT\nBEGIN:VEVENT\nUID:2\nDTSTART:{day}T200000Z\nDTEND:{day}T210000Z\n"
        "SUMMARY:zhao\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    run = ["import", "ical", str(tmp_path / "team.ics"), "--days", "30"]
    done = CliRunner().invoke(app, [*run, "-c", str(tmp_path / "config.yaml")])
    assert done.exit_code == 1
    assert "'zhao' is nobody in people" in done.stderr
    printed = yaml.safe_load(done.stdout)
    people = [{"name": "li.wei"}, {"name": "zhao"}]
    (schedule,) = parse_settings({**printed, "people": people}, {}).schedules
    assert schedule.timezone == "Europe/Berlin"
    made = make_schedule(schedule)
    at = utc_now().replace(hour=12, minute=0) + timedelta(days=9)
    assert made.at(at)[0] == "li.wei"
    assert made.at(at.replace(hour=19))[0] == ""
