"""The `tocsin` command. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration."""

from __future__ import annotations

import sys

import typer

from bot.cli import (
    config,
    database,
    demo,
    imports,
    knowledge,
    replay,
    rules,
    serve,
    token,
    worker,
)
from core.errors import ConfigError, TocsinError

app = typer.Typer(
    name="tocsin",
    help="tocsin (警钟): an alarm bell that remembers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve", help=serve.HELP)(serve.serve)
app.command("worker", help=worker.HELP)(worker.worker)
app.command("check-config", help=config.HELP)(config.check_config)
app.command("replay", help=replay.HELP)(replay.replay)
app.command("demo", help=demo.HELP)(demo.demo)
app.add_typer(knowledge.app, name="kb", help="The knowledge base: import, search, evaluate.")
app.add_typer(imports.app, name="import", help="What other tools keep, as settings of ours.")
app.add_typer(rules.app, name="rules", help="Rules: try them on cases.")
app.add_typer(token.app, name="token", help="Tokens for programs and people.")
app.add_typer(database.app, name="db", help="The database.")


def main() -> None:
    """Run a command; what goes wrong is one line a problem on standard error."""
    from bot.logs import set_up_logs

    set_up_logs("warning")  # standard output is the command's own
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        sys.exit(2)
    except TocsinError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
