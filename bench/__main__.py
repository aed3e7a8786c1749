"""`python -m bench [NAME…]`: run the named benchmarks (the keys of ALL), or all."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench import chaos, ingest, kills, latency, replicas, scale, scan, start, sustained, templates

ALL = {
    "start": start.run,
    "latency": latency.run,
    "ingest": ingest.run,
    "scan": scan.run,
    "templates": templates.run,
    "sustained": sustained.run,
    "scale": scale.run,
    "kills": kills.run,
    "chaos": chaos.run,
    "replicas": replicas.run,
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run, print and keep what was measured."""
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}")
        return 2
    RESULTS.mkdir(exist_ok=True)
    for name in names:
        print(f"== {name}", flush=True)
        result = ALL[name]()
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
        print(json.dumps(result, indent=2), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
