"""`tocsin db upgrade`: bring the tables to this version."""

from __future__ import annotations

import sys

import typer

from bot.cli.options import DEFAULT_CONFIG, ConfigFile
from core.config import load_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `upgrade` a command of its own."""


@app.command("upgrade")
def upgrade(config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Bring the database to the newest tables; `serve` does it too when it starts.

    Example: tocsin db upgrade --config config.yaml
    """
    from core.store.open import DataDir, Stores

    settings = load_settings(config)
    DataDir(settings.data_path, alone=False)
    Stores.open(settings).close()
    sys.stdout.write("the database is up to date\n")
