"""`tocsin serve`: run the service until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.options import DEFAULT_CONFIG, ConfigFile
from core.config import Settings, load_settings
from core.config.references import warnings

HELP = """Run tocsin.

Example: tocsin serve --config config.yaml
"""


def serve(
    config: ConfigFile = DEFAULT_CONFIG,
    host: Annotated[str | None, typer.Option(help="Overrides server.host.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Overrides server.port; 0 takes a free one.", min=0, max=65535),
    ] = None,
) -> None:
    """Run until SIGTERM or SIGINT, then stop within ten seconds."""
    import uvloop

    settings = load_settings(config, host=host, port=port)
    for warning in warnings(settings):
        sys.stderr.write(f"warning: {warning}\n")
    uvloop.run(_run(settings, config, partial(load_settings, config, host=host, port=port)))


async def _run(settings: Settings, path: Path, load: Callable[[], Settings]) -> None:
    from bot.logs import set_up_logs
    from bot.reload import Reload
    from bot.service import Service

    set_up_logs()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    service = Service(settings)
    reload = Reload(path, load, settings, service.rules)
    loop.add_signal_handler(signal.SIGHUP, reload.ask)
    reloading: asyncio.Task[None] | None = None
    try:
        token = await service.start()
        reloading = asyncio.create_task(reload.run(), name="reload")
        _settle_memory()
        _greet(settings, service.address, token)
        await stop.wait()
    finally:
        if reloading is not None:
            reloading.cancel()
        await service.stop()


def _settle_memory() -> None:
    """What is there after the start stays. Python's collector need not look at it again, nor, in
    a storm of new alerts, look every 700 objects: that took a fifth of the time of deciding."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _greet(settings: Settings, address: str, token: str | None) -> None:
    """To the terminal, never to the log: the first token is shown here and nowhere else."""
    lines = ["", f"  tocsin 警钟  {settings.server.base_url or address}"]
    if token is not None:
        lines += [
            f"  首次登录令牌 / sign in with: {token}",
            "  （仅显示这一次 / shown this once; `tocsin token create` makes another）",
        ]
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()
