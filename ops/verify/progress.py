"""Checks with a progress bar on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ops.verify.run import run_checks

if TYPE_CHECKING:
    from ops.verify.context import Context
    from ops.verify.model import Check, Result


def watched(checks: Sequence[Check], context: Context) -> list[Result]:
    """Run checks, and show on stderr how many are done; nothing is shown where nobody looks."""
    from rich.console import Console  # noqa: PLC0415  (loads slowly)
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Asking", total=len(checks))
        return run_checks(checks, context, done=lambda _: progress.advance(bar))
