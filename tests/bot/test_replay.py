"""A replay runs by the time of its lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.replay import Decided, Replay, Totals
from core.config.load import parse_settings

BASE: dict[str, Any] = {
    "language": "en",
    "timezone": "Asia/Shanghai",
    "channels": [{"name": "room", "type": "web"}],
    "receivers": [{"name": "r", "channels": ["room"]}],
    "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "0s"},
}


def replayed(place: Path, lines: list[str], **rule: Any) -> tuple[list[Decided], Totals]:
    file = place / "app.log"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    rules = [{"name": "r", "match": {"any": ["hit"]}, "fingerprint": ["none"], **rule}]
    run = Replay(parse_settings({**BASE, "rules": rules}, {}), file)
    return list(run.run()), run.totals


def stamped(minute: float, text: str) -> str:
    hour, rest = divmod(minute, 60)
    return f"2026-01-05 {int(hour):02}:{int(rest):02}:{int(rest % 1 * 60):02} {text}"


def told(decided: list[Decided]) -> list[tuple[str, str]]:
    return [(d.at[11:19], d.reason) for d in decided if d.reason in {"route", "resolved"}]


def test_windows_are_of_the_lines_time(tmp_path: Path) -> None:
    counting = {"for": {"count": 3, "within": "1m"}}
    apart = [stamped(m, "hit") for m in range(0, 60, 5)]
    assert replayed(tmp_path, apart, **counting)[1].alerts == 0
    near = ["a header without time", *[stamped(480 + n / 4, "hit") for n in range(3)]]
    decided, totals = replayed(tmp_path, near, **counting)
    assert totals.alerts == 1
    assert decided[0].at == "2026-01-05T00:00:30.000Z"


def test_alerts_end_when_their_lines_are_silent(tmp_path: Path) -> None:
    lines = [stamped(480, "hit"), stamped(500, "hit"), stamped(500.5, "fine")]
    _decided, totals = replayed(tmp_path, lines)
    assert totals.alerts == 2


def test_an_absence_lies_between_lines(tmp_path: Path) -> None:
    lines = [stamped(480 + n, "hit") for n in range(5)]
    lines += [stamped(490 + n, "other") for n in range(30)]
    lines += [stamped(520, "hit"), stamped(529, "fine")]
    decided, _totals = replayed(tmp_path, lines, absence={"for": "10m"})
    assert told(decided) == [("00:14:00", "route"), ("00:40:00", "resolved")]
    assert decided[0].summary == "Nothing for 10m: r"
    # One that is not over yet when the file ends is told too.
    decided, _totals = replayed(tmp_path, lines[:-2], absence={"for": "10m"})
    assert told(decided) == [("00:14:00", "route")]


def test_an_absence_waits_only_while_its_rule_is_in_force(tmp_path: Path) -> None:
    span = {"times": [{"start_time": "09:00", "end_time": "12:00"}], "location": "Asia/Shanghai"}
    lines = [
        stamped(11 * 60 + 40, "hit"),
        stamped(13 * 60, "other"),
        stamped(23 * 60 + 59, "other"),
    ]
    lines += [line.replace("01-05", "01-06") for line in (stamped(600, "other"),)]
    decided, _totals = replayed(tmp_path, lines, absence={"for": "30m"}, schedule=[span])
    # Twenty minutes before noon, ten in the next morning.
    assert [d.at for d in decided if d.reason == "route"] == ["2026-01-06T01:10:00.000Z"]


def test_a_spike_and_a_change(tmp_path: Path) -> None:
    lines = [stamped(480 + n / 2, "hit") for n in range(60)]
    lines += [stamped(510 + n / 60, "hit") for n in range(40)]
    decided, _totals = replayed(
        tmp_path, lines, spike={"window": "5m", "ratio": 3, "min_count": 20}
    )
    assert (decided[0].at[11:16], decided[0].reason) == ("00:30", "route")
    lines = [stamped(480 + n, f"hit version={n // 5}") for n in range(15)]
    decided, _totals = replayed(
        tmp_path,
        lines,
        fields={"from": "logfmt"},
        change={"field": "version"},
        summary="{previous} to {version}",
        fingerprint=["version"],
    )
    assert [d.summary for d in decided if d.reason == "route"] == ["0 to 1", "1 to 2"]
