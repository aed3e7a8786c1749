"""What leaves for the model: bounded, without secrets and identities, and what matters is in it."""

from __future__ import annotations

from datetime import UTC, datetime

from core.model import Alert, Incident, SimilarItem, TimelineEntry
from knowledge.analysis.digest import digest
from knowledge.analysis.material import of_incident, of_text
from knowledge.analysis.prompt import prompt
from knowledge.analysis.shown import MAX_SHOWN, Shown, shown

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def of(text: str) -> Shown:
    material = of_text(text)
    return shown(material, digest(material))


def test_identities_and_secrets_stay_here() -> None:
    given = of(
        "May  1 12:00:00 db-01 kernel: I/O error\n"
        "ERROR host=web-7.internal ip 10.1.2.3 mail li.wei@example.com tel 13800001111\n"
        "ERROR password=hunter2secret refused\n"
    )
    for hidden in ("db-01", "web-7", "10.1.2.3", "li.wei", "13800001111", "hunter2"):
        assert hidden not in given.data
    assert "L1| May  1 12:00:00 <HOST_2> kernel: I/O error" in given.data
    assert given.placeholders.fill("<HOST_2>") == "db-01"


def test_an_incident_is_told_whole() -> None:
    incident = Incident(
        id="i", number=1, key="k", title="DiskFull on db-01", labels={"host": "db-01"},
        severity="critical", started_at=NOON, updated_at=NOON,
    )  # fmt: skip
    alert = Alert(
        id="a", number=3, fingerprint="f", severity="critical", count=40,
        labels={"alertname": "DiskFull", "host": "db-01"}, annotations={"summary": "db-01 is full"},
        first_seen=NOON, last_seen=NOON, starts_at=NOON,
    )  # fmt: skip
    item = SimilarItem(
        "article", "KB-5", "磁盘满", 0.6, "high", snippet="No space", fix="清理\n扩容"
    )
    note = TimelineEntry(NOON, "note", "li.wei", "db-01 was moved\nyesterday")
    material = of_incident(incident, [alert], [item], [note])
    given = shown(material, digest(material))
    assert given.data.splitlines() == [
        "incident: DiskFull on <HOST_1>",
        "severity: critical; alerts: 1; events: 40; names: DiskFull",
        "note by a person: <HOST_1> was moved yesterday",
        "similar case KB-5: 磁盘满 | No space | what helped: 清理 扩容",
        "lines:",
        "ALT-3| <HOST_1> is full (x40)",
    ]
    assert given.ids == {"ALT-3", "KB-5"}
    assert given.complete


def test_of_a_long_log_the_model_sees_the_worst_lines_with_their_stack() -> None:
    calm = "".join(
        f"INFO request {n} took {n} ms and nothing happened at all\n" for n in range(9000)
    )
    trouble = "FATAL cannot start\njava.lang.OutOfMemoryError: x\n\tat com.shop.A.b(A.java:1)\n"
    given = of(calm + trouble + calm)
    assert len(given.data) < MAX_SHOWN * 1.5
    assert not given.complete
    for line in ("FATAL cannot start", "OutOfMemoryError", "A.java:1", "INFO request 0 "):
        assert line in given.data


def test_the_fence_is_new_each_time_and_frames_the_data() -> None:
    system, user = prompt("analysis").messages("data", "en")
    fence = user.content.splitlines()[0]
    assert fence in system.content
    assert user.content == f"{fence}\ndata\n{fence}"
    assert prompt("analysis").messages("data", "en")[1].content != user.content
    assert "简体中文" in prompt("ask").messages("data", "zh-CN")[0].content
