"""The page: one file that needs no network, with its data as JSON that a script of its own shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ops.report.architecture import architecture
from ops.report.contents import Reports, contents, resources
from ops.report.drawing import THEMES, drawing
from ops.report.stacks import Synthesized

_HERE = Path(__file__).parent


def page(found: Sequence[Synthesized], out: Path, risks: Sequence[Mapping[str, object]]) -> str:
    """The page about environments.

    Args:
        found: Their stacks.
        out: Folder that synth wrote, with the reports.
        risks: The register's entries, soonest expiry first.

    Raises:
        ScanFailedError: Only Terraform can evaluate something that the diagram depends on.
    """
    reports = Reports(out)
    gate = reports.gate(found)
    shown = [architecture(each.view, each.environment) for each in found]
    drawings = [f'<template id="drawing-{number}">{drawing(each)}</template>' for number, each in enumerate(shown)]
    return filled(contents(found, shown, gate, reports, risks), resources(found, gate), drawings)


def filled(data: Mapping[str, Any], rows: Mapping[str, Any], drawings: Sequence[str]) -> str:
    """The template with its parts.

    Args:
        data: What all sections but the resources show.
        rows: The resources.
        drawings: A `template` element for each environment.
    """
    style = _part("css")
    for theme, colours in THEMES.items():
        style = style.replace(f"/*{theme}*/", " ".join(f"--d-{name}: {value};" for name, value in colours.items()))
    html = _part("html")
    for mark, text in (
        ("/*style*/", style),
        ("<!--drawings-->", "\n".join(drawings)),
        ("/*script*/", _part("js")),
        ("/*resources*/", _embedded(rows)),
        ("/*contents*/", _embedded(data)),
    ):
        before, _, after = html.partition(mark)
        html = f"{before}{text}{after}"
    return html


def _part(suffix: str) -> str:
    return (_HERE / f"page.{suffix}").read_text(encoding="utf-8")


def _embedded(value: Mapping[str, Any]) -> str:
    """JSON within a script element, which no text in it can end."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), default=str).replace("<", "\\u003c")
