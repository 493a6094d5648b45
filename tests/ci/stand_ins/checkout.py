"""Checks the commit out from the origin, with as much history as asked for, and links the packages of this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ORIGIN, PACKAGES = Path(os.environ["ORIGIN"]), Path(os.environ["PACKAGES"])


def git(*words: str) -> None:
    """Run git in the job's folder."""
    subprocess.run(("git", *words), check=True)


def main() -> None:
    """Fill the job's folder, which is empty."""
    wanted = os.environ.get("REF") or os.environ["GITHUB_SHA"]
    git("init", "-q", "-b", "main")
    git("remote", "add", "origin", ORIGIN.as_uri())
    if os.environ["DEPTH"] == "0":
        git("fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*")
        git("fetch", "-q", "origin", wanted)
    else:
        git("fetch", "-q", f"--depth={os.environ['DEPTH']}", "origin", wanted)
    git("checkout", "-q", "--detach", "FETCH_HEAD")
    if os.environ["PERSIST"] == "true":
        git("config", "http.https://github.com/.extraheader", f"AUTHORIZATION: basic {os.environ['JOB_TOKEN']}")
    # Newer than the requirements, so that `make setup` has nothing to do; a folder of its own, so that it can't clear
    # the packages that the links lead to.
    packages = Path(".venv")
    packages.mkdir()
    for part in PACKAGES.iterdir():
        if not part.name.startswith("."):
            (packages / part.name).symlink_to(part)
    for stamp in (".ready", ".dev"):
        (packages / stamp).touch()


if __name__ == "__main__":
    main()
