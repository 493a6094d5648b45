"""Runs an operator's command in this process."""

from __future__ import annotations

from click.testing import Result
from typer.testing import CliRunner

from ops.__main__ import app


def run(*words: str, given: str | bytes = "") -> Result:
    """Run `python -m ops WORDS…` with something on standard input, which is no terminal."""
    return CliRunner().invoke(app, words, input=given)
