"""Git in the tests' folders."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str) -> None:
    """Run git with a fixed author."""
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def commit(folder: Path, date: str) -> None:
    """Commit all that is in a folder."""
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "release", "--date", date)
