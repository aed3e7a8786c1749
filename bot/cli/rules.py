"""`tocsin rules test`: given these lines and events, do the rules raise these alerts?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bot.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `test` a command of its own."""


@app.command("test")
def try_cases(
    file: Annotated[Path, typer.Argument(help="Cases, as YAML.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Try rules on cases: exits 0 when all came as expected, 1 when not, 2 on a mistake in a file.

    The rules are those in FILE, else those of the settings file that FILE or --config names.

    Example: tocsin rules test rules.test.yaml --config config.yaml
    """
    from bot.rule_cases import read_cases, run_case
    from core.errors import ConfigError, InvalidInput, NotFound, Problem

    cases, settings = read_cases(file, config)
    try:
        outcomes = [run_case(case, settings) for case in cases.cases]
    except (InvalidInput, NotFound) as error:
        raise ConfigError([Problem(str(file), str(error))]) from error
    failed = sum(not outcome.passed for outcome in outcomes)
    for outcome in outcomes:
        if as_json:
            told = {**msgspec.structs.asdict(outcome), "passed": outcome.passed}
            sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
            continue
        sys.stdout.write(f"{'ok  ' if outcome.passed else 'FAIL'} {outcome.name}\n")
        for line in outcome.missing:
            sys.stdout.write(f"  - {line}\n")
        for line in outcome.unexpected:
            sys.stdout.write(f"  + {line}\n")
    if not as_json:
        sys.stdout.write(f"{len(outcomes) - failed} passed, {failed} failed\n")
    if failed:
        raise typer.Exit(1)
