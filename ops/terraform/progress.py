"""Shows on stderr what runs and for how long: a live line for each phase on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from ops.printable import printable
from ops.terraform.report import PhaseResult, Result

if TYPE_CHECKING:
    from ops.terraform.process import Event

WIDTH = 15
"""Width of the column of phases: the longest name and two spaces."""
_STYLE = {Result.FAILED: "red", Result.REFUSED: "red", Result.INTERRUPTED: "red", Result.WAITING: "yellow"}


class PhaseProgress:
    """Shows the phases that a command works on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._finished: dict[str, int] = {}
        self._lock = threading.Lock()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Show nothing inside this context, so that you can read a question."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def begin(self, phase: str, doing: str) -> None:
        """Show that work on a phase begins, or that it is at another step."""
        with self._lock:
            if phase not in self._tasks:
                self._tasks[phase] = self._progress.add_task(phase, total=None, doing=doing)
            else:
                self._progress.update(self._tasks[phase], doing=doing)
        if not self._progress.console.is_terminal:
            self._progress.console.print(f"{phase}: {doing}", highlight=False)

    def update(self, phase: str, event: Event) -> None:
        """Show the progress that an event of Terraform reports."""
        kind, hook = event.get("type"), event.get("hook", {})
        if kind not in {"apply_start", "apply_complete", "apply_progress"} or hook.get("action") == "read":
            return
        with self._lock:
            self._finished[phase] = self._finished.get(phase, 0) + (kind == "apply_complete")
            doing = printable(f"{self._finished[phase]} done, {hook.get('resource', {}).get('addr', '')}")
            self._progress.update(self._tasks[phase], doing=doing)

    def end(self, result: PhaseResult) -> None:
        """Show the result of a phase."""
        style = _STYLE.get(result.result, "green")
        with self._lock:
            if result.phase in self._tasks:
                self._progress.remove_task(self._tasks.pop(result.phase))
        self._progress.console.print(f"{result.phase:<{WIDTH}}[{style}]{result.line}", highlight=False)


@contextmanager
def shown() -> Iterator[PhaseProgress]:
    """Show progress inside this context."""
    texts = TextColumn(f"{{task.description:<{WIDTH}}}"), TextColumn("{task.fields[doing]}", markup=False)
    columns = (SpinnerColumn(), texts[0], TimeElapsedColumn(), texts[1])
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield PhaseProgress(progress)
