"""`tocsin replay`: what the rules and decisions make of a file, with nothing sent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from core.config import load_settings

HELP = """Run a log file, or JSON Lines of events, through rules and decisions. Nothing is sent.

Example: tocsin replay /var/log/shop/app.log --config config.yaml --quiet
"""


def replay(
    file: Annotated[Path, typer.Argument(help="Log lines, or one event as JSON a line.")],
    config: ConfigFile = DEFAULT_CONFIG,
    log: Annotated[
        str | None, typer.Option(help="The logs entry whose labels the lines get.")
    ] = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the totals.")] = False,
) -> None:
    """Print each decision, and at the end the totals as JSON."""
    from bot.replay import Replay

    run = Replay(load_settings(config), file, log)
    encode = msgspec.json.Encoder().encode
    for decided in run.run():
        if quiet:
            continue
        if as_json:
            sys.stdout.write(encode(decided).decode() + "\n")
        else:
            why = f"{decided.reason} {decided.by}".strip()
            sys.stdout.write(f"{decided.alert:8} {decided.verdict:10} {why:24} {decided.summary}\n")
    sys.stdout.write(encode(run.totals).decode() + "\n")
