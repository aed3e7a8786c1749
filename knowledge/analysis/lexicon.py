"""The error lexicon: what words in a log, Chinese or English, say about the kind of trouble.

The kinds stand in lexicon.toml; their sentences (name, cause, action) in the catalogue as
`lexicon.<kind>.…`. All patterns are matched at once by RE2: a line costs about two microseconds
however many kinds there are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import re2

from knowledge.analysis.model import Level


class Kind(msgspec.Struct, frozen=True):
    """One kind of trouble. risk: of the action that the catalogue suggests."""

    name: str
    level: Level
    risk: Level
    any: tuple[str, ...]


class _File(msgspec.Struct):
    kind: tuple[Kind, ...]


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind, the more particular first."""
    text = resources.files(__package__).joinpath("lexicon.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _File).kind


# What ranks a line: 3 fatal, 2 error, 1 warning, 0 nothing. The words' places in the set below.
_QUIET, _NOTHING, _WARNING, _ERROR, _FATAL = range(5)
_NO_TROUBLE = (
    r"(?i:\b(?:0|no|without|zero) (?:errors?|failures?|failed|warnings?)\b"
    r"|\b(?:errors?|failed|failures?|fail)\s*[=:]\s*(?:0|none|null|\"\"|false)\b"
    r"|\btimeout[\w.-]*[\"']?\s*[=:]\s*[\"']?\d)"
    r"|(?:无|没有)(?:异常|错误|失败)|(?:失败|错误|异常)数?\s*[:：=]?\s*0(?:$|[^\d.])"
)
_INFO = r"\b(?:INFO|DEBUG|TRACE)\b"
_WORDS = (
    _INFO,
    _NO_TROUBLE,
    r"\bWARN(?:ING)?\b|(?i:\bwarning\b|\bdeprecated\b|\bretry)|警告|告警|不足|过高|堆积|延迟",
    r"\b(?:ERROR|SEVERE|ERR)\b|(?i:\berror\b|\bfail(?:ed|ure|s)?\b|\bexception\b|traceback"
    r"|refused|denied|unable to|cannot|could not|timed? ?out|\baborted"
    r"|no space left|out of memory|oom-kill|killed process|segfault|read-only file ?system"
    r"|too many (?:connections|open files)|bad gateway|deadlock)"
    r"|[a-z](?:Error|Exception)\b|\" 5\d\d "  # an access log's status
    r"|失败|错误|异常|超时|拒绝|崩溃|中断|溢出|不可用|无法",
    r"\b(?:FATAL|PANIC|CRITICAL|EMERG(?:ENCY)?|CRIT)\b|\bpanic:|(?i:fatal error)|致命",
)
_WITHOUT = re2.compile(_NO_TROUBLE)


_INFORMATION: Any = re2.compile(_INFO)
_TROUBLE: Any = re2.compile("|".join((_WORDS[_ERROR], _WORDS[_FATAL])))


def _set_of(patterns: Iterable[str], *, case_sensitive: bool) -> Any:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.never_capture = True
    matcher = re2.Set.SearchSet(options)
    for pattern in patterns:
        matcher.Add(pattern)
    matcher.Compile()
    return matcher


@cache
def _kinds() -> Any:
    return _set_of(("|".join(kind.any) for kind in kinds()), case_sensitive=False)


@cache
def _words() -> Any:
    return _set_of(_WORDS, case_sensitive=True)


def kind_of(line: str) -> Kind | None:
    """The first kind of trouble that `line` speaks of."""
    found = _kinds().Match(line.encode("utf-8", "replace"))
    return kinds()[min(found)] if found else None


def rank_of(line: str) -> int:
    """How bad `line` says it is: 3 fatal, 2 error, 1 warning, 0 nothing."""
    text = line.encode("utf-8", "replace")
    found = set(_words().Match(text) or ())
    if _NOTHING in found:  # "0 errors": what is left must speak for itself
        found = set(_words().Match(_WITHOUT.sub(b" ", text)) or ())
    if _FATAL in found:
        return 3
    if _ERROR in found:
        # `INFO retry after error`: the logger's own word against ours.
        return 1 if _QUIET in found and b"ERROR" not in text else 2
    return 1 if _WARNING in found else 0


def is_quiet(line: str) -> bool:
    """Whether the logger itself calls `line` information."""
    return _INFORMATION.search(line) is not None


def place_of(line: str) -> int:
    """Where the first word stands that speaks of an error; 0 when there is none."""
    found = _TROUBLE.search(line)
    return 0 if found is None else int(found.start())
