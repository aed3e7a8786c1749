"""What failing uploads tell the decision engine: one alert a source and target, not one a file."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.model.event import Event
from core.model.upload import Upload
from core.redact import redact
from core.text import say
from core.upload.target import Reason

ALERT = "UploadFailed"
# Nothing but a success ends it; a source that has no more files must not ring for ever.
_HELD = timedelta(hours=24)
_LONGEST = 300


def failed(upload: Upload, reason: Reason, count: int, language: str, now: datetime) -> Event:
    """The alert fires: `upload` failed for good, the `count`-th since the last success."""
    summary = say(
        "upload.alert.summary",
        language,
        source=upload.source,
        target=upload.target,
        count=count,
        why=say(f"upload.reason.{reason}", language),
        path=_short(upload.path),
    )
    return Event(
        source=f"file:{upload.source}",
        occurred_at=now,
        labels={
            "alertname": ALERT,
            "source": upload.source,
            "target": upload.target,
            "reason": reason,
        },
        annotations={
            "summary": redact(summary),
            "count": str(count),
            "upload": upload.short_id,
            "path": redact(_short(upload.path)),
            "error": redact(_short(upload.error)),
        },
        severity="warning",
        dedup_key=_dedup_key(upload),
        ends_at=now + _HELD,
    )


def recovered(upload: Upload, language: str, now: datetime) -> Event:
    """The alert is over: `upload` succeeded."""
    summary = say(
        "upload.alert.recovered",
        language,
        source=upload.source,
        target=upload.target,
        path=_short(upload.path),
    )
    return Event(
        source=f"file:{upload.source}",
        occurred_at=now,
        labels={"alertname": ALERT, "source": upload.source, "target": upload.target},
        annotations={"summary": redact(summary)},
        severity="warning",
        status="resolved",
        dedup_key=_dedup_key(upload),
    )


def _dedup_key(upload: Upload) -> str:
    return f"{ALERT}:{upload.source}:{upload.target}"


def _short(text: str) -> str:
    """Long paths keep their end, where the name stands."""
    return text if len(text) <= _LONGEST else f"…{text[-_LONGEST:]}"
