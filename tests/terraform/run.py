"""Runs Terraform in a folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ops.terraform.session import COLLECTOR


def terraform(folder: Path, *arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in at most five minutes; its exit code is the caller's to check."""
    binary = shutil.which("terraform")
    assert binary, "no terraform on this machine: install the version in .tool-versions, or leave out `-m slow`"
    return subprocess.run(
        [binary, *arguments, "-no-color"],
        cwd=folder,
        env={**COLLECTOR, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
