"""A copy of the project as a user has it: a clone with other values, and without what this run of the tests has set."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import environments
from rehearsal.values import replace_values

ROOT = Path(__file__).parents[1]


def copy_project(folder: Path, values: Path | None = None) -> Path:
    """Copy the project, with the changes that aren't committed, as a repository of its own.

    Args:
        folder: The copy; it doesn't exist yet.
        values: What its environments/ has instead of the present values; profiles.py stays, if these have none.
            None: the present values.
    """
    listed = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if values:
        replace_values(folder / environments.PACKAGE.name, values)
    link_packages(folder)
    for command in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "Our product")):
        git(folder, *command)
    return folder


def git(folder: Path, *words: str) -> str:
    """Run git as the user; returns what it prints."""
    author = ("-c", "user.name=user", "-c", "user.email=user@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(("git", *author, *words), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {words}: {done.stderr}"
    return done.stdout.strip()


def link_packages(folder: Path) -> None:
    """Give a copy this project's packages, set up.

    `make setup` clears `.venv` if the requirements are newer than it. So the copy has a `.venv` of its own, with links
    and with stamps that are newer than its files: clearing it removes links, and never what they lead to.
    """
    packages = folder / ".venv"
    packages.mkdir()
    for part in (ROOT / ".venv").iterdir():
        if not part.name.startswith("."):
            (packages / part.name).symlink_to(part)
    for stamp in (".ready", ".dev"):
        (packages / stamp).touch()


def plain_environment() -> dict[str, str]:
    """This process's environment variables, without those of this run of the tests."""
    return {
        name: value for name, value in os.environ.items() if name != "ENVIRONMENTS" and not name.startswith("PYTEST")
    }
