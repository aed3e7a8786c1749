"""`tocsin check-config`: every problem of a settings file at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.config import load_settings
from core.config.references import warnings

HELP = """Check a settings file.

Prints one line a problem, `path: message`; exits 2 when there is any.

Example: tocsin check-config config.yaml
"""


def check_config(file: Annotated[Path, typer.Argument(help="The settings file.")]) -> None:
    """Load the file as `serve` would."""
    settings = load_settings(file)
    for warning in warnings(settings):
        sys.stderr.write(f"warning: {warning}\n")
    sys.stdout.write(f"{file}: ok\n")
