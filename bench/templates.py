"""Log templates beside drain3 0.9.11: messages a second, and how well lines are grouped.

LOGHUB in the environment names a folder with the samples of github.com/logpai/loghub
(`*_2k.log_structured.csv`, anywhere below): 16 systems, 2,000 lines each, grouped by hand.
Without it the lines are made here. drain3 is pinned to old versions of what it needs, so it
lives in a virtual environment of its own, which is made when it is missing.
"""

from __future__ import annotations

import csv
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from core.rule.log_template import Templates

RUNS = 5
PEER = "drain3==0.9.11"
HOME = Path(__file__).parent / "results" / ".drain3"
Samples = dict[str, tuple[list[str], list[str]]]


def run() -> dict[str, Any]:
    """Medians over runs that alternate with drain3's, each with empty memory."""
    samples = _samples()
    peer = _peer()
    ours, theirs = [], []
    groups: dict[str, list[str]] = {}
    peer_groups: dict[str, list[int]] = {}
    for _ in range(RUNS):
        rate, groups = _learn(samples)
        ours.append(rate)
        if peer is not None:
            answer = _ask(peer, samples)
            theirs.append(answer["rate"])
            peer_groups = answer["groups"]
    result: dict[str, Any] = {
        "samples": "loghub" if os.environ.get("LOGHUB") else "made here; set LOGHUB for loghub's",
        "lines": sum(len(lines) for lines, _ in samples.values()),
        "messages_per_second": round(statistics.median(ours)),
        "accuracy": {n: accuracy(truth, groups[n]) for n, (_, truth) in samples.items()},
    }
    result["accuracy_mean"] = _mean(result["accuracy"])
    if theirs:
        found = {n: accuracy(truth, peer_groups[n]) for n, (_, truth) in samples.items()}
        result["drain3"] = {
            "messages_per_second": round(statistics.median(theirs)),
            "accuracy": found,
            "accuracy_mean": _mean(found),
        }
        result["ratio"] = round(statistics.median(ours) / statistics.median(theirs), 2)
    return result


def accuracy(truth: list[str], groups: list[Any]) -> float:
    """Grouping accuracy (Zhu et al., ICSE-SEIP 2019): the share of lines whose group holds just
    the lines that it should."""
    wanted, found = defaultdict(set), defaultdict(set)
    for number, (right, group) in enumerate(zip(truth, groups, strict=True)):
        wanted[right].add(number)
        found[group].add(number)
    exact = {frozenset(lines) for lines in wanted.values()}
    return round(sum(len(g) for g in found.values() if frozenset(g) in exact) / len(truth), 4)


def _mean(figures: dict[str, float]) -> float:
    return round(statistics.mean(figures.values()), 4)


def _learn(samples: Samples) -> tuple[float, dict[str, list[str]]]:
    groups, seconds = {}, 0.0
    for name, (lines, _truth) in samples.items():
        templates = Templates()
        began = time.perf_counter()
        groups[name] = [templates.learn(line).id for line in lines]
        seconds += time.perf_counter() - began
    return sum(len(lines) for lines, _ in samples.values()) / seconds, groups


def _samples() -> Samples:
    given = os.environ.get("LOGHUB")
    if not given:
        return {"made": _made(random.Random(1))}
    found = {}
    for path in sorted(Path(given).rglob("*_2k.log_structured.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        found[path.name.split("_")[0]] = [r["Content"] for r in rows], [r["EventId"] for r in rows]
    if not found:
        sys.exit(f"LOGHUB={given} holds no *_2k.log_structured.csv")
    return found


_SHAPES = (
    "timeout after {n} ms on {ip}",
    "connection from {ip}:{n} refused by {word}",
    "user {word} logged in from {ip}",
    "GET /api/{word}/{n} took {n}ms status={n}",
    "worker {n} finished job {hex} in {n}s",
    "disk {word} is {n}% full",
    "failed to open /var/lib/{word}/{hex}.db: permission denied",
    "retry {n} of {n} for order {n} of customer {word}",
)
_WORDS = ("alpha", "bravo", "carol", "delta", "echo", "fox", "golf", "hotel")


def _made(rng: random.Random) -> tuple[list[str], list[str]]:
    lines, truth = [], []
    for _ in range(20_000):
        shape = rng.choice(_SHAPES)
        line = shape
        for part, value in (
            ("{ip}", lambda: ".".join(str(rng.randrange(256)) for _ in range(4))),
            ("{n}", lambda: str(rng.randrange(10_000))),
            ("{hex}", lambda: f"{rng.randrange(16**12):012x}"),
            ("{word}", lambda: rng.choice(_WORDS)),
        ):
            while part in line:
                line = line.replace(part, value(), 1)
        lines.append(line)
        truth.append(shape)
    return lines, truth


def _peer() -> Path | None:
    """The Python that has drain3; None where it cannot be installed."""
    python = HOME / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
    command = [str(python), "-m", "pip", "install", "--quiet", PEER]
    return python if subprocess.run(command, check=False).returncode == 0 else None


def _ask(python: Path, samples: Samples) -> dict[str, Any]:
    script = Path(__file__).with_name("templates_drain3.py")
    asked = {name: lines for name, (lines, _truth) in samples.items()}
    done = subprocess.run(
        [str(python), str(script)],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
