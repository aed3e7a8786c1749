"""What monitoring systems call an alert's status: the words that are understood without a table."""

from __future__ import annotations

from typing import Literal

_FIRING = frozenset(
    ["firing", "fire", "alert", "alerting", "alarm", "problem", "triggered", "trigger",
     "active", "open", "opened", "new", "down", "failed", "failing", "failure", "fail",
     "error", "critical", "warning", "unhealthy", "red", "nodata", "started", "告警", "触发",
     "异常", "故障"]
)  # fmt: skip
_RESOLVED = frozenset(
    ["resolved", "resolve", "ok", "okay", "recovered", "recovery", "recover", "closed",
     "close", "up", "success", "succeeded", "passed", "normal", "clear", "cleared", "healthy",
     "green", "inactive", "fixed", "ended", "恢复", "已恢复", "正常", "解除", "已解除"]
)  # fmt: skip


def status_of(word: str) -> Literal["firing", "resolved"] | None:
    """firing or resolved; None for a word that is neither."""
    word = word.strip().lower().replace("_", "").replace(" ", "")
    if word in _RESOLVED:
        return "resolved"
    return "firing" if word in _FIRING else None
