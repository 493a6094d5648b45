"""The verdict, in the forms that its readers want. None holds anything of a stack but names and lines."""

from __future__ import annotations

import json
from pathlib import Path

from ops.gate.model import Verdict
from ops.gate.reports.console import as_text
from ops.gate.reports.junit import as_junit
from ops.gate.reports.markdown import as_markdown
from ops.gate.reports.sarif import as_sarif
from ops.gate.reports.structured import as_data

__all__ = ["BESIDE_STACK", "as_data", "as_text", "write"]

BESIDE_STACK = "gated.json"
"""The verdict that `apply` asks for, beside each stack that was judged."""


def write(verdict: Verdict, folder: Path) -> None:
    """Write every report, and leave none of an earlier run.

    What was judged is written beside each stack as well: a later run over other stacks leaves that as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "gate.txt": as_text(verdict),
        "gate.json": json.dumps(as_data(verdict), indent=2) + "\n",
        "gate.sarif": json.dumps(as_sarif(verdict), indent=2) + "\n",
        "gate.junit.xml": as_junit(verdict),
        "gate.md": as_markdown(verdict),
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    _beside_stacks(verdict, folder.parent / "stacks")


def _beside_stacks(verdict: Verdict, folder: Path) -> None:
    if not verdict.stacks:  # Nothing could be judged: no earlier verdict counts.
        for path in folder.glob(f"*/{BESIDE_STACK}"):
            path.unlink()
    for stack in verdict.stacks:
        if (folder / stack).is_dir():
            said = {
                "outcome": verdict.outcome.name.lower(),
                "today": verdict.today.isoformat(),
                "sha256": verdict.digests.get(stack),
            }
            (folder / stack / BESIDE_STACK).write_text(json.dumps(said) + "\n", encoding="utf-8")
