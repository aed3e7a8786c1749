"""`tocsin token create`: tokens for programs and people."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, cast, get_args

import typer

from bot.cli.options import DEFAULT_CONFIG, ConfigFile
from core.config import Settings, load_settings
from core.model.audit import Principal, Role

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `create` a command of its own."""


@app.command("create")
def create(
    role: Annotated[str, typer.Option(help=f"One of {', '.join(get_args(Role))}.")],
    name: Annotated[str, typer.Option(help="Who or what it is for; shown in the audit log.")],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Make a token and print it, once. A running tocsin takes it at once.

    Example: tocsin token create --role admin --name li.wei
    """
    if role not in get_args(Role):
        raise typer.BadParameter(f"{role!r} is none of {', '.join(get_args(Role))}")
    settings = load_settings(config)
    sys.stdout.write(asyncio.run(_create(settings, name, cast(Role, role))) + "\n")


async def _create(settings: Settings, name: str, role: Role) -> str:
    from bot.audit import Audit
    from bot.http.auth import Auth
    from core.store.open import DataDir, Stores

    DataDir(settings.data_path, alone=False)
    stores = Stores.open(settings)
    try:
        token = await Auth(settings, stores.db).create_token(name, role)
        who = Principal("tocsin token create", None, "cli")
        await Audit(stores.db).write(who, "token.create", name, "ok", role)
        return token
    finally:
        stores.close()
