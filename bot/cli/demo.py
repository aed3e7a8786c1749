"""`tocsin demo`: the bundled shop by itself, to try tocsin on a log of one's own choice."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

HELP = """Write a demo log: a shop that runs out of disk, connections and memory, and recovers.

Example: tocsin demo --log /tmp/shop.log
"""


def demo(
    log: Annotated[Path, typer.Option(help="The log file to write.")],
    files: Annotated[Path | None, typer.Option(help="Where reports are left.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the log's times.")] = "Asia/Shanghai",
) -> None:
    """Run until interrupted."""
    from bot.demo import DemoShop

    shop = DemoShop(log, files, ZoneInfo(zone))
    shop.prepare()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(shop.run())
