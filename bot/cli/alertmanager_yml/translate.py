"""The whole file: settings that `tocsin check-config` takes, and what was lost on the way."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from bot.cli.alertmanager_yml.document import read_document
from bot.cli.alertmanager_yml.reader import Reader
from bot.cli.alertmanager_yml.receivers import GLOBALS, Receivers
from bot.cli.alertmanager_yml.routes import inhibitions, route, time_intervals
from core.config.load import parse_settings
from core.errors import ConfigError, Problem
from core.model.event import normalise_severity

_SECTIONS = (
    "global", "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals",
)  # fmt: skip
_MILD = {"", "none", "info", "informational", "notice", "debug", "low"}  # info means them well


class Translation(msgspec.Struct, frozen=True):
    """text: YAML for config.yaml. lost: what of the file is not in it, by path."""

    text: str
    lost: list[Problem]


def translate(raw: bytes, name: str) -> Translation:
    """Translate a file. ConfigError lists what makes it unusable."""
    reader = Reader()
    document = reader.table(read_document(raw, name), name)
    if not document and not reader.problems:
        reader.wrong(name, "is empty")
    reader.lose_others(document, "", _SECTIONS)
    common = reader.table(document.get("global"), "global")
    reader.lose_others(common, "global", ("resolve_timeout", *GLOBALS))
    told = Receivers(reader, common)
    for path, given in reader.tables(document.get("receivers"), "receivers"):
        told.add(given, path)
    made: dict[str, Any] = {}
    if common.get("resolve_timeout") is not None:
        made["resolve_timeout"] = reader.duration(
            common["resolve_timeout"], "global.resolve_timeout"
        )
    made["route"] = route(reader, document.get("route"))
    if document and not made["route"].get("receiver"):
        reader.wrong("route.receiver", "is required")
    made["receivers"], made["channels"] = told.receivers, told.channels
    made["inhibit"] = inhibitions(reader, document.get("inhibit_rules"))
    made["time_intervals"] = time_intervals(reader, document)
    made = {key: value for key, value in made.items() if value}
    for word in sorted(reader.severities - _MILD):
        if normalise_severity(word) == "info":
            rule = f"severity: [{{matchers: ['severity=\"{word}\"'], set: critical}}]"
            reader.lose("severity", f"alerts with {word!r} count as info; to change that: {rule}")
    if reader.problems:
        raise ConfigError(reader.problems)
    parse_settings(_literal(made), {})
    return Translation(_written(_literal(made), told.later), reader.lost)


def _literal(value: Any) -> Any:
    """`$` stands for itself in Alertmanager's file; in ours `${` would begin a variable."""
    if isinstance(value, dict):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return value.replace("${", "${DOLLAR:-$}{") if isinstance(value, str) else value


def _written(made: dict[str, Any], later: list[dict[str, Any]]) -> str:
    text = _yaml(made)
    if later:
        lines = _yaml({"channels": later}).splitlines()
        text += "\n# Channels that this version cannot tell:\n"
        text += "".join(f"# {line}\n" for line in lines)
    return text


def _yaml(value: Any) -> str:
    return yaml.dump(
        value, Dumper=_Unshared, allow_unicode=True, sort_keys=False, default_flow_style=False
    )


class _Unshared(yaml.SafeDumper):
    """Writes a value that stands in two places twice, instead of an anchor."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
