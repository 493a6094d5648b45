"""The commands that show environments."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from modules.output import OUT
from ops.command import Out, complete_environment, reporting, show

IMAGES = Path("docs/images")

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="ENVIRONMENT", help="Environments; by default all.", autocompletion=complete_environment),
]


def diagram(
    names: Names = None,
    out: Out = OUT,
    images: Annotated[Path, typer.Option(help="Folder for the images.", metavar="DIR")] = IMAGES,
) -> None:
    """Draw the architecture of environments as SVG, in a light and a dark version, from the synthesized stacks."""
    from ops.gate.reports import write_files
    from ops.report.architecture import architecture
    from ops.report.drawing import THEMES, drawing
    from ops.report.stacks import read

    with reporting():
        for found in read(out, names or ()):
            shown = architecture(found.view, found.environment)
            files = {f"{shown.environment}-{theme}.svg": drawing(shown, theme) for theme in THEMES}
            write_files(files, images)
            for name in files:
                show(f"Wrote {images / name}.")


def report(
    names: Names = None,
    out: Out = OUT,
) -> None:
    """Write one page about environments, DIR/reports/index.html: from the stacks and the reports of other commands."""
    from ops.gate.reports import write_files
    from ops.report.page import page
    from ops.report.stacks import read
    from ops.risks.listing import accepted

    with reporting():
        risks = [each.as_data() for each in accepted(datetime.now(UTC).date())]
        write_files({"index.html": page(read(out, names or ()), out, risks)}, out / "reports")
        show(f"Wrote {out / 'reports' / 'index.html'}.")
