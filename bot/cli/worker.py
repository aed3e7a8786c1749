"""`tocsin worker`: run tasks beside the serving processes, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from bot.cli.options import DEFAULT_CONFIG, ConfigFile
from core.config import Settings, load_settings
from core.errors import ConfigError, Problem

HELP = """Run tasks (notifications, uploads, analyses) beside `tocsin serve`; PostgreSQL only.

Example: tocsin worker --queues notify,upload --config config.yaml
"""
QUEUES = ("notify", "enrich", "writeback", "upload")


def worker(
    config: ConfigFile = DEFAULT_CONFIG,
    queues: Annotated[
        str, typer.Option(help=f"Which, with commas between: {', '.join(QUEUES)}. All by default.")
    ] = "",
) -> None:
    """Run until SIGTERM or SIGINT, then stop within ten seconds."""
    import uvloop

    settings = load_settings(config)
    wanted = frozenset(name.strip() for name in queues.split(",") if name.strip())
    problems = [
        Problem("--queues", f"there is no queue {name!r}; there are {', '.join(QUEUES)}")
        for name in sorted(wanted - set(QUEUES))
    ]
    if not settings.database.url:
        text = "a worker needs PostgreSQL; on SQLite `tocsin serve` runs the tasks"
        problems.append(Problem("database.url", text))
    if problems:
        raise ConfigError(problems)
    uvloop.run(_run(settings, wanted or frozenset(QUEUES)))


async def _run(settings: Settings, queues: frozenset[str]) -> None:
    from bot.logs import set_up_logs
    from bot.service import Service

    set_up_logs()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = Service(settings, queues)
    try:
        await service.work()
        await stop.wait()
    finally:
        await service.stop()
