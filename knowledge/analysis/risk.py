"""How dangerous a step is that somebody, or a model, proposes: told by its words."""

from __future__ import annotations

from typing import Any

import re2

from knowledge.analysis.model import Level

_HIGH: Any = re2.compile(
    r"(?i)\brm\s+-\w*[rf]|\bmkfs|\bdd\s+(?:if|of)=|\bdrop\s+(?:table|database|schema)|\btruncate\s+table"
    r"|\bflush(?:all|db)\b|--force\b|\bforce[- ]|\breset-offsets|\bpurge\b|\bshutdown\b|\breboot\b"
    r"|\bkubectl\s+(?:delete|drain)|\bdelete\s+from\b|\bfsck\b|\bwipe|\bformat\b|\bchmod\s+-?\w*\s*777"
    r"|\biptables\s+-F|\bgit\s+push\s+-f|accept_data_loss"
    r"|格式化|清库|删库|删表|删除(?:数据|表|库|分区)|清空(?:数据|表|库|队列)|强制|关机|断电"
)
_MEDIUM: Any = re2.compile(
    r"(?i)\brestart|\broll(?:ing)? ?back\b|\bkill\b|\bdelete|\bremove|\btruncate|\bfail ?over"
    r"|\bscale|\breload|\bset\s+global|\bupgrade|\bsystemctl\b|\bsysctl\b|\braise\b|\bmakestep|\bunlink|\bevict"
    r"|重启|回滚|终止|结束|删除|清理|清空|切换|切走|切回|扩容|缩容|重载|升级|调高|调大|调低|摘除"
    r"|停掉|限流"
)


def risk_of(action: str) -> Level:
    """high: may lose data or take a service down; medium: changes a running system; low: looks."""
    if _HIGH.search(action) is not None:
        return "high"
    return "medium" if _MEDIUM.search(action) is not None else "low"
