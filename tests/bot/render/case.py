"""An incident of a full disk, as the decide loop would hand it to chat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from bot.chat.channel import Outgoing
from bot.render.notification import Part, render
from core.decide.telling import Payload
from core.model import Alert, Incident, Notification, SimilarItem
from core.store.queries import Story
from knowledge.analysis.model import Analysis, Cause, Meta, Suggestion

BEGAN = datetime(2026, 11, 24, 1, 30, 5, tzinfo=UTC)
NOW = BEGAN + timedelta(minutes=32)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def alert(number: int, host: str = "db-01:9100", **changes: Any) -> Alert:
    """ALT-<number>: the disk of `host` is nearly full."""
    severity = changes.get("severity", "critical")
    values: dict[str, Any] = {
        "id": f"a{number}",
        "number": number,
        "fingerprint": f"{number:016x}",
        "severity": "critical",
        "labels": {
            "alertname": "NodeDiskFull",
            "instance": host,
            "job": "node",
            "mountpoint": "/data",
            "severity": severity,
        },
        "annotations": {"summary": f"{host} 磁盘 /data 使用率 97%"},
        "first_seen": BEGAN,
        "last_seen": BEGAN,
        "starts_at": BEGAN,
        "source": "hook:main",
        "incident": 12,
    }
    return Alert(**{**values, **changes})


def incident(**changes: Any) -> Incident:
    """INC-12: what the alerts are about."""
    values: dict[str, Any] = {
        "id": "i12",
        "number": 12,
        "key": "0:{}",
        "title": "db-01:9100 磁盘 /data 使用率 97%",
        "severity": "critical",
        "labels": {"alertname": "NodeDiskFull"},
        "alert_count": 2,
        "started_at": BEGAN,
        "updated_at": BEGAN,
    }
    return Incident(**{**values, **changes})


def analysis(meta: Meta | None = None) -> dict[str, Any]:
    """What the rules, or a model, say of it."""
    found = Analysis(
        summary="db-01 的 /data 快写满了，写入会失败。",
        severity="high",
        key_errors=("ENOSPC: No space left on device",),
        causes=(Cause("备份没有清理", ()),),
        suggestions=(Suggestion("清理 7 天前的备份", "low", "KB-7"),),
        unknown=(),
        confidence=0.8,
        meta=meta or Meta("rules", True),
    )
    return msgspec.to_builtins(found)  # type: ignore[no-any-return]


SIMILAR = [
    SimilarItem(
        "incident", "INC-3", "数据盘写满", 0.9, "high", fix="清理 /data/backup 下 7 天前的备份"
    ),
    SimilarItem("article", "KB-7", "磁盘写满处理手册", 0.6, "medium", fix="先 df -h 找最大的目录"),
]


def story(meta: Meta | None = None) -> Story:
    """What is known about the incident beside its row."""
    return Story([], SIMILAR, analysis(meta))


def shown(
    kind: Any,
    about: Incident | None,
    alerts: list[Alert],
    known: Story | None = None,
    language: str = "zh-CN",
) -> list[Part]:
    """What chat shows of a notification of this kind."""
    notification = Notification(
        id="n1",
        number=9,
        channel="ops",
        incident=about.number if about else None,
        alerts=tuple(a.id for a in alerts),
        kind=kind,
        key="n1",
        due_at=NOW,
        created_at=NOW,
    )
    outgoing = Outgoing(notification, Payload(about, alerts), known or Story())
    return render(outgoing, language, "http://127.0.0.1:8080", SHANGHAI)


def visible(text: str) -> str:
    """Line breaks within a paragraph made visible: `⏎`."""
    return text.replace("  \n  ", "⏎\n  ")
