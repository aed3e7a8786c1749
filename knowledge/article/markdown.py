"""A Markdown file with optional YAML front matter, read as a draft.

    ---
    title: Disk full
    tags: [disk, 磁盘满]
    labels: {alertname: DiskFull}
    services: [linux]
    severity: warning
    owner: ops
    status: published
    ---
    # Disk full …

Other keys are passed over: files that were written for other tools import as they are.
"""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec
import yaml

from core.errors import InvalidInput
from core.model.event import normalise_severity
from knowledge.article.articles import ArticleStatus
from knowledge.article.draft import Draft

_FENCE = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#\s+(.+?)\s*#*\s*$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_FRONT_LIMIT = 64 * 1024  # characters


class MarkdownFile(msgspec.Struct, frozen=True):
    """What a file says. status: None when it says nothing of it."""

    draft: Draft
    status: ArticleStatus | None


def decode(raw: bytes) -> str:
    """The text of a file: UTF-8, else gb18030. InvalidInput when it is neither."""
    if b"\x00" in raw:
        raise InvalidInput("is not a text file")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise InvalidInput("is neither UTF-8 nor gb18030")


def read(text: str, name: str) -> MarkdownFile:
    """A file's text; `name` is the title when neither front matter nor a heading gives one.

    Raises InvalidInput that says what is wrong with the front matter.
    """
    front, body = _split(text)
    status = _word(front, "status").lower() or None
    if status is not None and status not in get_args(ArticleStatus):
        raise InvalidInput(f"status: must be one of {', '.join(get_args(ArticleStatus))}")
    severity = _word(front, "severity")
    heading = _HEADING.search(_CODE.sub("", body))
    draft = Draft(
        title=_word(front, "title") or (heading[1] if heading else "") or name,
        body=body.strip("\n"),
        tags=_list(front, "tags"),
        labels=_labels(front),
        services=_list(front, "services"),
        severity=normalise_severity(severity) if severity else "",
        owner=_word(front, "owner"),
    )
    return MarkdownFile(draft, status)  # type: ignore[arg-type]  # checked above


def _split(text: str) -> tuple[dict[Any, Any], str]:
    found = _FENCE.match(text)
    if found is None:
        return {}, text
    if len(found[1]) > _FRONT_LIMIT:
        raise InvalidInput("the front matter is larger than 64 KiB")
    try:
        front = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 2})" if where is not None else ""
        raise InvalidInput(f"the front matter is not YAML{line}") from error
    if front is None:
        front = {}
    if not isinstance(front, dict):
        raise InvalidInput("the front matter must be a mapping")
    return front, text[found.end() :]


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _word(front: dict[Any, Any], key: str) -> str:
    value = front.get(key)
    if value is None:
        return ""
    if not _scalar(value):
        raise InvalidInput(f"{key}: must be text")
    return str(value).strip()


def _list(front: dict[Any, Any], key: str) -> list[str]:
    value = front.get(key)
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in re.split("[,，、]", value) if part.strip()]
    if not isinstance(value, list) or not all(map(_scalar, value)):
        raise InvalidInput(f"{key}: must be a list of words")
    return [str(entry) for entry in value]


def _labels(front: dict[Any, Any]) -> dict[str, str]:
    value = front.get("labels")
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        _scalar(k) and (_scalar(v) or isinstance(v, bool)) for k, v in value.items()
    ):
        raise InvalidInput("labels: must be a mapping of names to texts")
    return {str(k): str(v).lower() if isinstance(v, bool) else str(v) for k, v in value.items()}
