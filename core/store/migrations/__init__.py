"""Alembic's revisions, and `upgrade()` that brings a database to the newest one."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData

BRANCHES = ("main", "journal")


def upgrade(engine: Engine, branch: str, metadata: MetaData) -> None:
    """Bring the tables of `branch` (`main` or `journal`) to the newest revision."""
    if branch not in BRANCHES:
        raise ValueError(f"there is no migration branch {branch!r}")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes.update(engine=engine, metadata=metadata, branch=branch)
    command.upgrade(config, f"{branch}@head")
