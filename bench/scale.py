"""100,000 active alerts: memory, steps and lists, and a restart; memory beside an Alertmanager.

A thousand incidents of a hundred alerts each, posted in batches of a hundred to /api/v2/alerts of
both. Growth of memory is from idle to all alerts active and decided.
"""

from __future__ import annotations

import json
import random
import time
import urllib.request
from pathlib import Path
from typing import Any

from bench.server import TOKEN, Tocsin, alertmanager_process, resident_mb, tocsin

ALERTS, BATCH, NAMES = 100_000, 100, 1000
CALLS = 300
TARGETS = {"memory_ratio": 1.0, "p99_ms": 50, "restart_seconds": 5}


def _call(url: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = answer.read()
    return json.loads(said) if said else None


def _alert(number: int) -> dict[str, Any]:
    return {
        "labels": {
            "alertname": f"HighLatency{number % NAMES}",
            "service": "checkout",
            "cluster": "prod-cn-1",
            "instance": f"10.{number // 65536}.{number // 256 % 256}.{number % 256}:9100",
            "severity": "warning",
            "team": "payments",
        },
        "annotations": {
            "summary": "p99 latency of checkout is above 800 ms for five minutes",
            "description": "Value is 1.31 s, threshold 0.8 s, see the dashboard checkout-latency",
        },
        "endsAt": "2099-01-01T00:00:00Z",
    }


def _pour(url: str) -> None:
    for start in range(0, ALERTS, BATCH):
        _call(f"{url}/api/v2/alerts", [_alert(n) for n in range(start, start + BATCH)])


def _metric(url: str, name: str) -> float:
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
    return 0.0


def _decided(service: Tocsin) -> float:
    """Seconds until every alert is active, from now."""
    began = time.monotonic()
    while _metric(service.url, "tocsin_alerts_active") < ALERTS:
        time.sleep(0.5)
    return time.monotonic() - began


def _p99(calls: list[float]) -> float:
    return round(sorted(calls)[int(len(calls) * 0.99) - 1] * 1000, 1)


def _timed(url: str, body: Any = None) -> float:
    began = time.monotonic()
    _call(url, body)
    return time.monotonic() - began


def run() -> dict[str, Any]:
    """Figures beside their targets."""
    dice = random.Random(7)
    with alertmanager_process() as (url, pid):
        time.sleep(2)
        idle = resident_mb(pid)
        _pour(url)
        time.sleep(2)
        peer = resident_mb(pid) - idle
    with tocsin(knowledge={"starter": False}) as service:
        time.sleep(5)
        idle = service.resident_mb()
        began = time.monotonic()
        _pour(service.url)
        accepted = time.monotonic() - began
        _decided(service)
        decided = time.monotonic() - began
        time.sleep(10)  # what is told is told
        own = service.resident_mb() - idle
        numbers = dice.sample(range(1, NAMES + 1), CALLS)
        steps = [
            _timed(f"{service.url}/api/v1/incidents/INC-{n}/acknowledge", {"comment": "x"})
            for n in numbers
        ]
        lists = [
            _timed(f"{service.url}/api/v1/alerts?label=instance=10.0.{n % 256}.{n % 251}:9100")
            for n in numbers
        ]
        filtered = [
            _timed(f"{service.url}/api/v2/alerts?filter=alertname=HighLatency{n - 1}")
            for n in numbers
        ]
        restarted = service.restart()
        _decided(service)
        size = sum(f.stat().st_size for f in Path(service.directory, "data").rglob("*.db"))
    return {
        "alerts": ALERTS,
        "alertmanager_growth_mb": round(peer, 1),
        "growth_mb": round(own, 1),
        "memory_ratio": round(own / peer, 2),
        "accepted_seconds": round(accepted, 1),
        "decided_seconds": round(decided, 1),
        "acknowledge_p99_ms": _p99(steps),
        "list_p99_ms": _p99(lists),
        "v2_filter_p99_ms": _p99(filtered),
        "restart_seconds": round(restarted, 2),
        "database_mb": round(size / 2**20),
        "targets": TARGETS,
    }
