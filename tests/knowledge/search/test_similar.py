"""Similar: what happened before and what the runbook says, each with what helped."""

from __future__ import annotations

from knowledge.similar import query_text
from tests.knowledge.search.conftest import Base, Happen


async def test_the_same_alert_again_shows_what_fixed_it(filled: Base, happen: Happen) -> None:
    await happen(1, "PoolExhausted", "pay 连接池耗尽", labels={"app": "pay"}, resolution="重启 pay")
    incident, alerts = await happen(
        2,
        "PoolExhausted",
        "pay 连接池耗尽",
        labels={"app": "pay"},
        status="triggered",
        resolved_at=None,
    )
    await filled.live.settled()
    items = await filled.similar.find(incident, alerts)
    assert [item.kind for item in items] == ["incident", "article"]
    past, runbook = items
    assert (past.id, past.fix, past.confidence) == ("INC-1", "重启 pay", "high")
    assert past.matched.startswith("same name")
    assert "same app=pay" in past.matched
    assert runbook.title == "数据库连接池耗尽"
    assert runbook.fix.startswith("重启占满连接的实例")


async def test_two_incidents_of_the_same_name_rank_high(base: Base, happen: Happen) -> None:
    for number in (1, 2):
        await happen(number, "ZebraFault", f"zebra {number} fault", resolution=f"fed it {number}")
    incident, alerts = await happen(
        3, "ZebraFault", "zebra 3 fault", status="triggered", resolved_at=None
    )
    await base.live.settled()
    items = await base.similar.find(incident, alerts)
    assert {item.id for item in items} == {"INC-1", "INC-2"}
    assert {item.confidence for item in items} == {"high"}


async def test_one_with_a_fix_goes_before_one_without(base: Base, happen: Happen) -> None:
    await happen(1, "ZebraFault", "zebra fault", notes=("put it back into the zoo",))
    await happen(2, "ZebraFault", "zebra fault")
    incident, alerts = await happen(3, "ZebraFault", "zebra fault", status="triggered")
    await base.live.settled()
    items = await base.similar.find(incident, alerts)
    assert [(item.id, item.fix) for item in items] == [
        ("INC-1", "put it back into the zoo"),
        ("INC-2", ""),
    ]


async def test_an_incident_is_never_similar_to_itself(base: Base, happen: Happen) -> None:
    incident, alerts = await happen(1, "ZebraFault", "zebra fault", resolution="x")
    await base.live.settled()
    assert (await base.search.search("zebra fault")).items
    assert await base.similar.find(incident, alerts) == []


async def test_a_manner_of_speaking_is_no_resemblance(base: Base, happen: Happen) -> None:
    for number in range(1, 6):
        await happen(number, f"Other{number}", f"thing {number} is not working since noon")
    incident, alerts = await happen(9, "ZebraFault", "zebra is not working", status="triggered")
    await base.live.settled()
    assert await base.similar.find(incident, alerts) == []


async def test_the_runbook_of_another_language_is_found(filled: Base, happen: Happen) -> None:
    incident, alerts = await happen(
        1, "CertWarn", "网站的 TLS 证书已经过期，浏览器告警", status="triggered", resolved_at=None
    )
    await filled.live.settled()
    (item, *_others) = await filled.similar.find(incident, alerts)
    assert item.title == "TLS certificate expired"
    assert item.fix.startswith("Renew the certificate")
    assert "similar meaning" in item.matched


async def test_without_alerts_the_title_is_searched(filled: Base, happen: Happen) -> None:
    incident, _alerts = await happen(1, "X", "磁盘写满", status="triggered")
    await filled.live.settled()
    assert (await filled.similar.find(incident, []))[0].title == "磁盘写满"


async def test_the_query_holds_names_sayings_and_the_service(happen: Happen) -> None:
    incident, alerts = await happen(
        1, "DiskFull", "disk full on db", labels={"app": "shop", "host": "db-01"}, rule="disk"
    )
    assert query_text(incident, alerts) == "DiskFull\ndisk\ndisk full on db\nshop"
