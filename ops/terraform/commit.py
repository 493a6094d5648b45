"""The commit of the code."""

from __future__ import annotations

import subprocess
from pathlib import Path

UNKNOWN = "unknown"


def commit(folder: Path | None = None) -> tuple[str, bool]:
    """The commit of a folder's repository, or `unknown` outside one; and whether it has uncommitted changes."""
    head = _git(folder, "rev-parse", "HEAD")
    return (head, bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))) if head else (UNKNOWN, False)


def _git(folder: Path | None, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
