"""Where synthesis writes and commands read: cdktf.out, with a folder of its own for each other folder of values.

So the stacks and states of one folder's environments never replace those of another.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK_FILE = ".terraform.lock.hcl"
"""Terraform's name of a lock file, which has the hashes of providers."""
PROJECT_LOCK = ROOT / LOCK_FILE
"""The one that git has (`make lock` writes it); synth and `init` copy it beside each stack."""


def output(values: str, base: str = "cdktf.out") -> Path:
    """The output folder for a folder of values, as `ENVIRONMENTS` names it; "" is environments/.

    The Makefile's `OUT` is the same.

    Args:
        values: The folder of values.
        base: The output folder for environments/, of the engine (modules/engines.py).
    """
    folder = Path(os.path.normpath(ROOT / values))  # not resolve(): make's abspath follows no links either
    if not values or folder == ROOT / "environments":
        return Path(base)
    inside = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder.relative_to(folder.anchor)
    return Path(base) / inside


OUT = output(os.environ.get("ENVIRONMENTS", ""))
