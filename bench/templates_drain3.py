"""The peer of bench/templates.py: runs in drain3's own virtual environment, not in ours.

JSON in: {name: [line]}; JSON out: {"rate", "groups": {name: [id]}}.
drain3's defaults, with the masks that its documentation gives as examples.
"""

from __future__ import annotations

import json
import sys
import time

from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig

MASKS = (
    (r"(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))", "ID"),
    (r"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})", "IP"),
    (r"([0-9a-f]{6,} ?){3,}", "SEQ"),
    (r"([0-9A-F]{4} ?){4,}", "SEQ"),
    (r"(0x[a-f0-9A-F]+)", "HEX"),
    (r"([\-\+]?\d+)", "NUM"),
)


def make_miner() -> TemplateMiner:
    """A miner without memory."""
    config = TemplateMinerConfig()
    config.masking_instructions = [
        MaskingInstruction(f"((?<=[^A-Za-z0-9])|^){pattern}((?=[^A-Za-z0-9])|$)", name)
        for pattern, name in MASKS
    ]
    return TemplateMiner(config=config)


def main() -> None:
    """Read, learn, answer."""
    asked = json.load(sys.stdin)
    groups, seconds, count = {}, 0.0, 0
    for name, lines in asked.items():
        miner = make_miner()
        began = time.perf_counter()
        groups[name] = [miner.add_log_message(line)["cluster_id"] for line in lines]
        seconds += time.perf_counter() - began
        count += len(lines)
    json.dump({"rate": count / seconds, "groups": groups}, sys.stdout)


main()
