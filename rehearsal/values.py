"""Edits the values in a copy of the project, as an operator would, and synthesizes the copy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import environments
from environments.schema import Environment
from modules.output import PROJECT_LOCK
from ops.errors import OpsError
from rehearsal.context import ROOT, Synthesized

_PARTS = ("environments", "modules")
_WEIGHT = """

from dataclasses import replace

ENVIRONMENT = replace(ENVIRONMENT, cutover=replace(ENVIRONMENT.cutover, weight={weight}))
"""
_DATABASE = """

from dataclasses import replace

ENVIRONMENT = replace(ENVIRONMENT, database=replace(ENVIRONMENT.database, {changed}))
"""

_AUTHOR = ("-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com", "-c", "commit.gpgsign=false")
COPYS = {"ENVIRONMENTS": ""}
"""A copy has its values in environments/, wherever they came from, so its commands and output are as a user's."""


class Values:
    """A copy of the project's values and modules, to edit."""

    def __init__(self, environment: Environment, folder: Path) -> None:
        """Create the copy.

        Args:
            environment: The environment to edit.
            folder: Folder of the copy.
        """
        self._environment = environment
        self._folder = folder
        for part in _PARTS:
            shutil.rmtree(folder / part, ignore_errors=True)
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        for file in (ROOT / "main.py", PROJECT_LOCK):
            shutil.copyfile(file, folder / file.name)
        self._values = folder / "environments"
        if environments.FOLDER != environments.PACKAGE:
            replace_values(self._values, environments.FOLDER)

    def weight(self, weight: int) -> None:
        """Change `cutover.weight`."""
        path = self._values / environments.file_of(self._environment.name).name
        path.write_text(path.read_text(encoding="utf-8") + _WEIGHT.format(weight=weight), encoding="utf-8")

    def database(self, **fields: str) -> None:
        """Change fields of `database`, given as Python; `{0}` is the database before."""
        path = self._values / environments.file_of(self._environment.name).name
        changed = ", ".join(f"{name}={text.format('ENVIRONMENT.database')}" for name, text in fields.items())
        written = _DATABASE.format(changed=changed)
        path.write_text(path.read_text(encoding="utf-8") + written, encoding="utf-8")

    def release(self, repository: str, digest: str, environment: Environment | None = None) -> None:
        """Change the digest of a repository's image, in the release file of this environment or of another one."""
        path = self._values / "releases" / f"{(environment or self._environment).prefix}.json"
        release = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(release | {repository: digest}, indent=2) + "\n", encoding="utf-8")

    def commit(self, message: str) -> None:
        """Commit the release files, as operators do: a rollback finds the previous release in git."""
        if not (self._folder / ".git").exists():
            self._git("init", "--quiet")
        self._git("add", "environments/releases")
        self._git(*_AUTHOR, "commit", "--quiet", "--allow-empty", "--message", message)

    def _git(self, *arguments: str) -> None:
        done = subprocess.run(["git", "-C", str(self._folder), *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise OpsError(f"git {' '.join(arguments)} in the copy of the project failed: {done.stderr.strip()}")

    def synthesize(self) -> Synthesized:
        """Synthesize the environment.

        Raises:
            OpsError: It can't be synthesized.
        """
        out = _synthesize(self._environment, self._folder / "cdktf.out", self._folder, COPYS)
        return Synthesized(out, self._values)


def project(environment: Environment, folder: Path) -> Values:
    """A copy of the project in which commands find the same files as in the project."""
    values = Values(environment, folder)
    shutil.rmtree(folder / "policies", ignore_errors=True)
    shutil.copytree(ROOT / "policies", folder / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    return values


def variables() -> dict[str, str]:
    """The environment variables of commands in a copy, with the credentials of the role that was assumed last."""
    return {**os.environ, **COPYS, "PYTHONPATH": str(ROOT), "COLUMNS": "140"}


def synthesize(environment: Environment, out: Path) -> Synthesized:
    """Synthesize an environment of this project in a process of its own.

    Args:
        environment: The environment.
        out: The output folder.

    Raises:
        OpsError: It can't be synthesized.
    """
    return Synthesized(_synthesize(environment, out, ROOT, {}), environments.FOLDER)


def _synthesize(environment: Environment, out: Path, project: Path, settings: Mapping[str, str]) -> Path:
    done = subprocess.run(
        [sys.executable, "-O", "main.py", environment.name],
        cwd=project,
        env={**os.environ, **settings, "CDKTF_OUTDIR": str(out)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OpsError(f"the values of {environment.name} don't synthesize: {done.stderr.strip()[-500:]}")
    return out


def replace_values(package: Path, folder: Path) -> None:
    """Replace the values in a copy's environments/.

    Args:
        package: The copy's environments/.
        folder: The folder of values that it gets; profiles.py stays, if these have none.
    """
    kept = {*environments.LIBRARY, "__init__", "profiles"}
    for file in (*package.glob("*.py"), *package.glob("releases/*"), *package.glob("risks/*")):
        if file.stem not in kept:
            file.unlink()
    shutil.copytree(folder, package, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
