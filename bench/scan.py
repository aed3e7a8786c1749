"""Rule scan: 500 rules over a large log by chunk, beside ripgrep with the same patterns."""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from core.config.rules import Rule
from core.rule import RuleScanner

RULES = 500
SIZE = 200 * 2**20
CHUNK = 2**20
RUNS = 3
_WORDS = ("order", "payment", "cache", "user", "session", "node", "pool", "queue", "route")


def _lines(size: int) -> bytes:
    rng = random.Random(1)
    rows = []
    for _ in range(20000):
        words = " ".join(rng.choice(_WORDS) for _ in range(8))
        stamp = (
            f"2026-01-01 12:{rng.randrange(60):02}:{rng.randrange(60):02}.{rng.randrange(999):03}"
        )
        rows.append(f"{stamp} INFO [{rng.choice(_WORDS)}] {words} {rng.randrange(10**6)} ms")
        if rng.random() < 0.001:
            rows.append(f"{stamp} ERROR failure-{rng.randrange(RULES):03} of {words}")
    block = ("\n".join(rows) + "\n").encode()
    return block * (size // len(block) + 1)


def run() -> dict[str, Any]:
    """Median megabytes a second, one thread each."""
    rules = [
        Rule.model_validate({"name": f"r{i}", "match": {"any": [f"re:failure-{i:03} of \\w+"]}})
        for i in range(RULES)
    ]
    began = time.monotonic()
    scanner = RuleScanner(rules)
    compiled = time.monotonic() - began
    data = _lines(SIZE)
    rates, hits = [], 0
    for _ in range(RUNS):
        hits, at, began = 0, 0, time.monotonic()
        while at < len(data):
            end = data.rfind(b"\n", at, at + CHUNK) + 1
            hits += sum(1 for _ in scanner.scan(data[at:end]))
            at = end
        rates.append(len(data) / (time.monotonic() - began) / 1e6)
    result: dict[str, Any] = {
        "rules": RULES,
        "megabytes": round(len(data) / 1e6),
        "lines_hit": hits,
        "compile_seconds": round(compiled, 3),
        "megabytes_per_second": round(statistics.median(rates)),
    }
    peer = _ripgrep(data)
    if peer is not None:
        result["ripgrep_megabytes_per_second"] = round(peer)
        result["ratio"] = round(statistics.median(rates) / peer, 2)
    return result


def _ripgrep(data: bytes) -> float | None:
    """ripgrep counting the lines of the same patterns, one thread; None where it is missing."""
    found = shutil.which("rg")
    if found is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        log, patterns = Path(name, "log"), Path(name, "patterns")
        log.write_bytes(data)
        patterns.write_text("\n".join(f"failure-{i:03} of \\w+" for i in range(RULES)), "utf-8")
        rates = []
        for _ in range(RUNS):
            began = time.monotonic()
            command = [found, "-j1", "-c", "-f", str(patterns), str(log)]
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
            rates.append(len(data) / (time.monotonic() - began) / 1e6)
    return statistics.median(rates)
