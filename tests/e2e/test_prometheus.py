"""Prometheus, configured with tocsin as its Alertmanager."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from tests.e2e.programs import prometheus
from tests.serving import served

pytestmark = pytest.mark.e2e


async def test_its_alerts_fire_and_resolve(place: Path) -> None:
    rules = place / "rules.yml"

    def rule(expression: str) -> None:
        group = {
            "name": "g",
            "interval": "1s",
            "rules": [
                {
                    "alert": "AlwaysOn",
                    "expr": expression,
                    "labels": {"severity": "critical"},
                    "annotations": {"summary": "a rule of Prometheus: {{ $value }}"},
                }
            ],
        }
        rules.write_text(yaml.safe_dump({"groups": [group]}), "utf-8")

    rule("vector(1)")
    people = [{"name": "prom", "role": "ingest", "tokens": ["post-only"]}]
    async with served(place, people=people) as tocsin:
        target = tocsin.url.removeprefix("http://")
        config: dict[str, Any] = {
            "global": {"evaluation_interval": "1s", "external_labels": {"cluster": "c1"}},
            "rule_files": [str(rules)],
            "alerting": {
                "alertmanagers": [
                    {
                        "static_configs": [{"targets": [target]}],
                        "authorization": {"credentials": "post-only"},
                    }
                ]
            },
        }
        async with prometheus(place, config) as url:
            [alert] = await tocsin.until("/api/v2/alerts", lambda found: found)
            assert alert["labels"] == {
                "alertname": "AlwaysOn", "cluster": "c1", "severity": "critical"
            }  # fmt: skip
            assert alert["annotations"]["summary"] == "a rule of Prometheus: 1"
            assert "g0.expr=vector" in alert["generatorURL"]
            incident = await tocsin.until("/api/v1/incidents/INC-1", lambda i: i["alert_count"])
            assert incident["severity"] == "critical"
            rule("vector(1) > 2")
            async with aiohttp.ClientSession() as session:
                async with session.post(f"{url}/-/reload") as answer:
                    assert answer.status == 200
            await tocsin.until("/api/v1/incidents/INC-1", lambda i: i["status"] == "resolved")
            assert await tocsin.get("/api/v2/alerts") == []
