"""Reading config.yaml: `${VAR}` from the environment, then every problem at once.

What is checked across sections stands in core/config/references.py.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from core.config.references import check_references, unique_names
from core.config.settings import Settings
from core.errors import ConfigError, Problem

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def load_settings(
    path: Path,
    environment: dict[str, str] | None = None,
    *,
    host: str | None = None,
    port: int | None = None,
) -> Settings:
    """Read, fill in and check a settings file. ConfigError lists every problem in it.

    host, port: what the command line says instead of the file.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([Problem(str(path), f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), f"is not UTF-8: {error.reason}")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Problem(str(path), f"is not YAML: {error}")]) from error
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise ConfigError([Problem(str(path), "must be a mapping of settings")])
    given = {k: v for k, v in (("host", host), ("port", port)) if v is not None}
    if given and isinstance(raw.get("server", {}), dict):
        raw = {**raw, "server": {**raw.get("server", {}), **given}}
    return parse_settings(raw, environment)


def parse_settings(raw: dict[str, Any], environment: dict[str, str] | None = None) -> Settings:
    """Settings from values as YAML gives them; the environment fills `${VAR}` and overrides.

    `TOCSIN_SERVER__PORT=9000` sets server.port (two underscores stand for a dot).
    """
    environment = dict(os.environ) if environment is None else environment
    unused = _unreferenced(raw)
    problems: list[Problem] = []
    filled = _fill(_override(raw, environment), "", environment, problems, unused)
    problems += unique_names(filled)
    try:
        settings = Settings.model_validate(filled)
    except ValidationError as error:
        problems += [problem_of(item) for item in error.errors()]
        raise ConfigError(problems) from error
    problems += check_references(settings)
    if problems:
        raise ConfigError(problems)
    return settings


def _override(raw: dict[str, Any], environment: dict[str, str]) -> dict[str, Any]:
    result = dict(raw)
    for name, value in environment.items():
        if not name.startswith("TOCSIN_") or "__" not in name:
            continue
        *parents, leaf = name.removeprefix("TOCSIN_").lower().split("__")
        node = result
        for parent in parents:
            child = node.get(parent)
            node[parent] = dict(child) if isinstance(child, dict) else {}
            node = node[parent]
        node[leaf] = yaml.safe_load(value) if value else value
    return result


def _unreferenced(raw: dict[str, Any]) -> set[str]:
    """Paths of channels and targets that nothing names; their secrets may be missing."""
    text = str([raw.get(k) for k in ("receivers", "files", "escalation", "route")])
    loose: set[str] = set()
    for section in ("channels", "targets"):
        entries = raw.get(section)
        for i, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict) and repr(entry.get("name")) not in text:
                if entry.get("type") == "webhook" and entry.get("events"):
                    continue  # it subscribes by itself
                loose.add(f"{section}[{i}]")
    return loose


def _fill(
    value: Any, path: str, environment: dict[str, str], problems: list[Problem], loose: set[str]
) -> Any:
    if isinstance(value, dict):
        return {
            k: _fill(v, f"{path}.{k}" if path else str(k), environment, problems, loose)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_fill(v, f"{path}[{i}]", environment, problems, loose) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def replace(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        given = environment.get(name)
        if given is None and default is None:
            disabled = path.startswith("ai.") or any(path.startswith(f"{p}.") for p in loose)
            if not disabled:
                problems.append(
                    Problem(path, f"the environment has no {name}; set it or write ${{{name}:-}}")
                )
            return ""
        return given if given is not None else default

    return _VARIABLE.sub(replace, value)


def problem_of(item: Any) -> Problem:
    """One of pydantic's mistakes as people read it."""
    path = ""
    for part in item["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part.startswith("<"):  # which form of a value was given
            continue
        elif not re.fullmatch(
            r"dingtalk_\w+|webhook|wecom_robot|feishu_bot|slack|mattermost|email|apprise|web", part
        ) or not path.startswith("channels"):
            path += f".{part}" if path else part
    message = item["msg"].removeprefix("Value error, ")
    given = item.get("input")
    if item["type"] == "extra_forbidden":
        message = "unknown key"
    elif item["type"] == "missing":
        message = "is required"
    elif isinstance(given, str | int | float) and not _secret(path):
        message = f"{message} (got {given!r})"
    return Problem(path or "settings", message)


def _secret(path: str) -> bool:
    return bool(re.search(r"secret|token|password|\bsk\b|\bak\b|key|webhook|url|smtp|bearer", path))
