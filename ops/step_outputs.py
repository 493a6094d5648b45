"""Outputs of a step of a workflow: lines of the file that GITHUB_OUTPUT names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ops.errors import OpsError


def append(file: Path, values: Mapping[str, str]) -> None:
    """Append outputs to a file; all of them or none.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-output-parameter

    Raises:
        OpsError: A value has a line break, and would be read as another output.
    """
    lines = [f"{name}={value}" for name, value in values.items()]
    if broken := [line.partition("=")[0] for line in lines if "\n" in line or "\r" in line]:
        raise OpsError(f"the output {broken[0]} has a line break; GitHub would read its rest as another output")
    with file.open("a", encoding="utf-8") as stream:
        stream.write("".join(f"{line}\n" for line in lines))
