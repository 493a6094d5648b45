"""`bin/ops sbom`: the command line of the bill of materials."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.command import EnvironmentName, load, reporting, say, show


def sbom(
    environment: EnvironmentName,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; by default the document goes to stdout.")
    ] = None,
) -> None:
    """Write what the tool and an environment consist of, as CycloneDX JSON.

    It has the tool's Python packages, Terraform and its AWS provider with all their hashes, the environment's images
    by digest, and the engines of its database and cache. It needs no network, and the same tree gives the same bytes.
    """
    with reporting():
        from ops import files
        from ops.errors import OpsError
        from ops.sbom.contents import parts, tool
        from ops.sbom.document import document

        chosen = load(environment)
        text = document(*tool(), chosen.name, parts(chosen))
        if out is None:
            show(text, nl=False)
            return
        if out.is_dir() or not out.absolute().parent.is_dir():
            why = "is a folder" if out.is_dir() else f"is in {out.parent}, which isn't a folder"
            raise OpsError(f"--out {out} {why}; name a file in a folder that exists, such as sbom-{chosen.name}.json")
        files.write(out, text)
        say(f"wrote {out}")
