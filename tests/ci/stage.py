"""A small environment that is rolled out on emulated AWS, and its repository with workflows."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environments
from ops.ci import targets
from rehearsal.context import Rehearsal, emulated_environment
from rehearsal.emulator.settings import environment as emulated
from rehearsal.emulator.tokens import Tokens
from rehearsal.steps import every_phase_applies
from tests.ci.act import Workflows
from tests.ci.github_server import github_server
from tests.ci.runner import Repository, Runner, running
from tests.copies import copy_project, git, link_packages
from tests.products import HERE, values

MINI = HERE / "mini"
NAME = "mini-demo"
SHIM = """case "$1" in
  lint | test | secrets-check | rehearse) echo "make $*: left out, other tests run it" ;;
  synth | gate)
    kept="{kept}/$(git rev-parse 'HEAD^{{tree}}') $*"
    mkdir -p "{kept}" && exec 9> "$kept.lock" && flock 9
    if ! [ -d "$kept" ]; then
      {make} "$@" > made.txt || {{ code=$?; cat made.txt; exit $code; }}
      mkdir "$kept" && cp -a made.txt cdktf.out "$kept" && rm made.txt
    else
      rm -rf cdktf.out && cp -a "$kept/cdktf.out" .
    fi
    cat "$kept/made.txt" ;;
  *) exec {make} "$@" ;;
esac"""
"""`make`, without the targets that take minutes and that other tests cover.

What it synthesizes and gates of the same files once, the next jobs get as it is.
"""


@dataclass
class Stage:
    """The environment, its repository, and who works with them."""

    rehearsal: Rehearsal
    workflows: Workflows
    tokens: Tokens

    @property
    def github(self) -> Repository:
        """The repository at GitHub."""
        return self.workflows.runner.github

    @property
    def targets(self) -> dict[str, str]:
        """What the job `environments` of workflows finds."""
        return targets.outputs(targets.chosen([self.name]))

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.rehearsal.environment.name

    def client(self, service: Any) -> Any:
        """A client of the account, with its first credentials."""
        return self.rehearsal.session.aws.client(service)

    def edit(self, *replaced: tuple[str, str]) -> dict[str, str]:
        """A change of the environment's values: the file's new text by its path."""
        path = f"environments/{environments.file_of(self.name).name}"
        text = git(self.workflows.origin, "show", f"main:{path}")
        for old, new in replaced:
            assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
            text = text.replace(old, new)
        return {path: f"{text}\n"}

    def as_administrator(self, *words: str) -> str:
        """Run a command of `bin/ops` on main, as a person with the break-glass role; returns what it prints."""
        endpoint, account = self.rehearsal.emulator.endpoint, self.rehearsal.environment.account_id
        plain = {name: value for name, value in os.environ.items() if name != "ENVIRONMENTS"}
        variables = emulated(endpoint, account, plain) | dict(self.rehearsal.people.as_role("break-glass"))
        folder = self.workflows.folder / "administrator"
        if not folder.exists():
            subprocess.run(("git", "clone", "-q", self.workflows.origin, folder), check=True)
            link_packages(folder)
        git(folder, "pull", "-q")
        shown = ""
        for command in (("make", "gate", f"ENV={self.name}"), ("bin/ops", *words)):
            done = subprocess.run(
                command,
                cwd=folder,
                env=variables,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            shown = f"{done.stdout}{done.stderr}"
            assert done.returncode == 0, f"{' '.join(command)}: {shown[-3000:]}"
        return shown

    @contextmanager
    def when(self, text: str, act: Callable[[], object]) -> Iterator[None]:
        """Do something once a run's log has a text, while the run goes on; its error ends the run and the test."""
        failures: list[BaseException] = []
        over, seen = threading.Event(), len(list(self.workflows.folder.glob("*/log.jsonl")))

        def watch() -> None:
            while not over.wait(0.5):
                logs = sorted(self.workflows.folder.glob("*/log.jsonl"))[seen:]
                if any(text in log.read_text(encoding="utf-8") for log in logs):
                    try:
                        act()
                    except BaseException as error:  # It belongs to the test's own thread.
                        failures.append(error)
                        self.workflows.stop()
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            if failures:
                raise failures[0]


@contextmanager
def stage(out: Path, folder: Path) -> Iterator[Stage]:
    """Roll the environment out, and let GitHub's jobs reach it.

    Args:
        out: Folder that synth wrote for the environment.
        folder: For the repository and its runs.
    """
    with values(MINI), emulated_environment(environments.load(NAME), out, "ci") as rehearsal:
        every_phase_applies(rehearsal)
        with around(rehearsal, folder, MINI) as made:
            yield made


@contextmanager
def around(rehearsal: Rehearsal, folder: Path, product: Path) -> Iterator[Stage]:
    """An environment's repository, and GitHub.

    Args:
        rehearsal: The environment. The emulator evaluates the permissions of each call that a job makes.
        folder: For the repository and its runs.
        product: The folder of values with the environment.
    """
    service = rehearsal.people.tokens
    assert service, "nothing signs tokens"
    rehearsal.sign_in(None)
    github = Repository(rehearsal.environment.product.repository)
    with github_server(github), running(Runner(github, service)) as runner:
        workflows = Workflows(
            copy_project(folder / "origin", product),
            folder / "runs",
            runner,
            rehearsal.emulator.endpoint,
            {"ROLLOUT_ENVIRONMENTS": rehearsal.environment.name},
            {"make": SHIM.format(make=shutil.which("make"), kept=folder / "made")},
        )
        yield Stage(rehearsal, workflows, service)
