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

__all__ = ["as_data", "as_text", "write"]


def write(verdict: Verdict, folder: Path) -> None:
    """Write every report, and leave none of an earlier run."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "gate.txt": as_text(verdict),
        "gate.json": json.dumps(as_data(verdict), indent=2) + "\n",
        "gate.sarif": json.dumps(as_sarif(verdict), indent=2) + "\n",
        "gate.junit.xml": as_junit(verdict),
        "gate.md": as_markdown(verdict),
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
