"""Runs an operator's command in this process."""

from __future__ import annotations

from unittest.mock import patch

import typer
from typer.testing import CliRunner, Result

from ops.__main__ import app

COMMAND = typer.main.get_command(app)
"""`bin/ops`, with all its commands."""


def run(*words: str, given: str | bytes = "") -> Result:
    """Run `bin/ops WORDS…` with something on standard input, which is no terminal."""
    # Typer's runner would create all commands again each time, which takes longer than most of them.
    with patch("typer.testing._get_command", lambda _: COMMAND):
        return CliRunner().invoke(app, words, input=given)
