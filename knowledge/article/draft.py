"""Draft: what a person or an import hands in to become an article, checked and redacted."""

from __future__ import annotations

import msgspec

from core.errors import InvalidInput, Problem
from core.redact import redact, redact_labels
from core.store.queries import ArticleRow, ArticleVersionRow

TITLE_LIMIT = 300  # characters
BODY_LIMIT = 1024 * 1024  # bytes of UTF-8
LIST_LIMIT = 50
WORD_LIMIT = 200
SEVERITIES = ("", "critical", "warning", "info")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An article's content. body: Markdown. severity: empty, or critical, warning, info."""

    title: str
    body: str
    tags: list[str] = []
    labels: dict[str, str] = {}
    services: list[str] = []
    severity: str = ""
    owner: str = ""


def clean(draft: Draft) -> Draft:
    """The draft without secrets, blanks around words and entries said twice.

    Raises InvalidInput that names every field which cannot be taken.
    """
    title = " ".join(draft.title.split())
    tags = [tag for tag in dict.fromkeys(map(str.strip, draft.tags)) if tag]
    services = [name for name in dict.fromkeys(map(str.strip, draft.services)) if name]
    problems: list[Problem] = []
    if not title:
        problems.append(Problem("title", "is empty"))
    elif len(title) > TITLE_LIMIT:
        problems.append(Problem("title", f"is longer than {TITLE_LIMIT} characters"))
    if not draft.body.strip():
        problems.append(Problem("body", "is empty"))
    elif len(draft.body.encode("utf-8", "surrogatepass")) > BODY_LIMIT:
        problems.append(Problem("body", "is larger than 1 MiB"))
    if draft.severity not in SEVERITIES:
        problems.append(Problem("severity", "must be critical, warning, info or empty"))
    for name, words in (
        ("tags", tags),
        ("services", services),
        ("labels", [*draft.labels, *draft.labels.values()]),
        ("owner", [draft.owner]),
    ):
        if len(words) > 2 * LIST_LIMIT or any(len(word) > WORD_LIMIT for word in words):
            problems.append(
                Problem(name, f"holds over {LIST_LIMIT} entries or one over {WORD_LIMIT} letters")
            )
    if problems:
        raise InvalidInput(
            "the article cannot be taken: " + "; ".join(map(str, problems)), problems
        )
    return Draft(
        title=storable(redact(title)),
        body=storable(redact(draft.body)),
        tags=[storable(redact(tag)) for tag in tags],
        labels={
            storable(name): storable(value) for name, value in redact_labels(draft.labels).items()
        },
        services=[storable(redact(name)) for name in services],
        severity=draft.severity,
        owner=storable(draft.owner.strip()),
    )


def of_row(row: ArticleRow) -> Draft:
    """The content of an article as it stands."""
    return Draft(
        title=row.title,
        body=row.body,
        tags=row.tags,
        labels=row.labels,
        services=row.services,
        severity=row.severity,
        owner=row.owner,
    )


def of_version(row: ArticleVersionRow) -> Draft:
    """The content that a version kept."""
    meta = row.meta
    return Draft(
        title=row.title,
        body=row.body,
        tags=meta.tags,
        labels=meta.labels,
        services=meta.services,
        severity=meta.severity,
        owner=meta.owner,
    )


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which no database takes."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
