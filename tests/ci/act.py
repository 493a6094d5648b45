"""Runs the project's workflows with act, on this machine and without Docker.

https://nektosact.com. A job's folder is empty at first. Stand-ins replace the two actions, GitHub and AWS. Each command
of a step is the real one, unless a shim replaces it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ruamel.yaml import YAML

from tests.ci.runner import LeftOut, Runner, instrumented
from tests.copies import ROOT, git

Body = dict[str, Any]
STAND_INS = Path(__file__).parent / "stand_ins"
ACTIONS = {"actions/checkout": "checkout", "github/codeql-action": "codeql"}
"""The stand-in of each action by its repository."""
LIMIT = 2400
"""Seconds after which a run is stuck."""
NULL = "0" * 40
_USES = re.compile(r"^\s*(?:- )?uses:\s*([^\s#]+)", re.M)


@dataclass(frozen=True)
class Step:
    """A step that ran."""

    job: str
    """Name of the job, with the caller's in front."""
    name: str
    passed: bool


@dataclass
class Run:
    """A workflow's run."""

    exit_code: int
    log: str
    """Everything that the steps printed, by job."""
    steps: list[Step] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    """`success` or `failure` of each job that ran, by its name."""
    summaries: dict[str, str] = field(default_factory=dict)
    """What jobs wrote to their summaries, by their names."""

    @property
    def passed(self) -> bool:
        """Whether GitHub would show it green."""
        return self.exit_code == 0

    def explain(self) -> str:
        """What a failing test shows."""
        return f"exit code {self.exit_code}\n{self.jobs}\n{self.log[-6000:]}"


@dataclass
class Workflows:
    """A repository with workflows, and what they run against."""

    origin: Path
    """The repository, with a work tree for the tests' own commits."""
    folder: Path
    """Of the runs; it doesn't exist yet."""
    runner: Runner
    aws: str
    """Address of emulated AWS."""
    variables: dict[str, str] = field(default_factory=dict)
    """The repository's variables (`vars`)."""
    shims: Mapping[str, str] = field(default_factory=dict)
    """Scripts that replace programs on the PATH of every step, by name."""
    replaced: dict[str, str] = field(default_factory=dict)
    """Parts of the workflows' commands that are others here, as those of a rehearsal."""
    number: int = 0
    running: subprocess.Popen[bytes] | None = None
    """act, while a workflow runs."""

    def __post_init__(self) -> None:
        git(self.origin, "config", "uploadpack.allowAnySHA1InWant", "true")

    def commit(self, message: str, changes: Mapping[str, str], branch: str = "main") -> str:
        """Commit files to a branch, which begins where `main` is; returns the commit."""
        if branch != "main":
            git(self.origin, "checkout", "-q", "-B", branch)
        for name, text in changes.items():
            (self.origin / name).write_text(text, encoding="utf-8")
        git(self.origin, "add", "-A")
        git(self.origin, "commit", "-q", "--allow-empty", "-m", message)
        made = git(self.origin, "rev-parse", "HEAD")
        git(self.origin, "checkout", "-q", "main")
        return made

    def push(self, left_out: LeftOut = MappingProxyType({})) -> Run:
        """Run `main` as after a push; some jobs may be left out, as in `run`."""
        head = git(self.origin, "rev-parse", "main")
        return self.run("main", "push", {"ref": "refs/heads/main", "before": NULL, "after": head}, left_out=left_out)

    def pull_request(
        self, branch: str, number: int, *, fork: str = "", left_out: LeftOut = MappingProxyType({})
    ) -> Run:
        """Run `pull-request` as after a push to the branch of a pull request.

        Args:
            branch: The branch.
            number: Of the pull request.
            fork: The repository that the branch is in, if it is another.
            left_out: Jobs that don't run, as in `run`.
        """
        base, head = (git(self.origin, "rev-parse", name) for name in ("main", branch))
        # GitHub checks out the commit that merges the branch.
        git(self.origin, "checkout", "-q", "--detach", "main")
        git(self.origin, "merge", "-q", "--no-ff", "-m", f"Merge {head} into {base}", head)
        merged = git(self.origin, "rev-parse", "HEAD")
        git(self.origin, "checkout", "-q", "main")
        name = self.runner.github.repository
        pull = {
            "number": number,
            "head": {"ref": branch, "sha": head, "repo": {"full_name": fork or name, "fork": bool(fork)}},
            "base": {"ref": "main", "sha": base, "repo": {"full_name": name, "fork": False}},
        }
        payload = {"action": "synchronize", "number": number, "pull_request": pull}
        return self.run("pull-request", "pull_request", payload, commit=merged, from_fork=bool(fork), left_out=left_out)

    def run(
        self,
        workflow: str,
        event: str,
        payload: Body | None = None,
        *,
        commit: str = "main",
        from_fork: bool = False,
        left_out: LeftOut = MappingProxyType({}),
    ) -> Run:
        """Run a workflow.

        Args:
            workflow: Name of its file, without suffix.
            event: What triggers it.
            payload: The event's own.
            commit: What is checked out.
            from_fork: Whether the event is a pull request of a fork.
            left_out: Jobs that don't run, as if they had run with these outputs before.
        """
        self.number += 1
        here = self.folder / f"{self.number:02}-{workflow}"
        (here / "home").mkdir(parents=True)
        self._checkout(here / "tree", commit, left_out)
        owner, _, name = self.runner.github.repository.partition("/")
        full = {"owner": {"login": owner}, "name": name, "full_name": self.runner.github.repository}
        event_file = here / "event.json"
        event_file.write_text(json.dumps({"repository": {**full, "default_branch": "main"}, **(payload or {})}))
        self.runner.begin(event, from_fork=from_fork)
        command = self._command(here, workflow, event, event_file)
        with (here / "log.jsonl").open("w") as log:
            given: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
            # In a session of its own, so that nothing that a step starts is left if the run is stuck.
            self.running = subprocess.Popen(
                command, cwd=here / "tree", env=self._own(here), start_new_session=True, **given
            )
            try:
                exit_code = self.running.wait(LIMIT)
            finally:
                self.stop()
        return read(exit_code, (here / "log.jsonl").read_text(encoding="utf-8"))

    def stop(self) -> None:
        """End the run, with all that it has started."""
        if self.running:
            with suppress(ProcessLookupError):
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()

    def _checkout(self, tree: Path, commit: str, left_out: LeftOut) -> None:
        """What act reads: the workflows, each with a first step more, and the repository's address and commit."""
        subprocess.run(("git", "clone", "-q", "--no-local", self.origin, tree), check=True)
        git(tree, "fetch", "-q", "origin", commit)
        git(tree, "checkout", "-q", "-B", "main", "FETCH_HEAD")
        git(tree, "remote", "set-url", "origin", f"https://github.com/{self.runner.github.repository}.git")
        for file in (tree / ".github" / "workflows").glob("*.yml"):
            text = file.read_text(encoding="utf-8")
            for old, new in self.replaced.items():
                text = text.replace(old, new)
            file.write_text(instrumented(file.stem, text, left_out), encoding="utf-8")

    def _command(self, here: Path, workflow: str, event: str, event_file: Path) -> list[str]:
        folder = here / "tree" / ".github" / "workflows"
        used = {
            found for file in folder.glob("*.yml") for found in _USES.findall(file.read_text()) if found[:2] != "./"
        }
        replaced = {}
        for each in used:
            address, _, reference = each.partition("@")
            repository = "/".join(address.split("/")[:2])
            assert repository in ACTIONS, f"{each} has no stand-in"
            replaced[f"{repository}@{reference}"] = STAND_INS / ACTIONS[repository]
        labels = sorted({job["runs-on"] for file in folder.glob("*.yml") for job in _jobs(file) if "runs-on" in job})
        check_permissions(folder)
        options = {
            "--workflows": [f".github/workflows/{workflow}.yml"],
            "--eventpath": [str(event_file)],
            "--platform": [f"{label}=-self-hosted" for label in labels],
            "--local-repository": [f"{name}={path}" for name, path in sorted(replaced.items())],
            "--env": [f"{name}={value}" for name, value in self._of_jobs(here).items()],
            "--var": [f"{name}={value}" for name, value in self.variables.items()],
        }
        given = [word for option, values in options.items() for value in values for word in (option, value)]
        flags = ("--no-cache-server", "--no-skip-checkout", "--action-offline-mode", "--pull=false", "--json")
        return [str(Path(sys.executable).parent / "act"), event, *flags, *given]

    def _own(self, here: Path) -> dict[str, str]:
        """act's own variables."""
        return {"PATH": os.environ["PATH"], "HOME": str(here / "home"), "LANG": "C.UTF-8"}

    def _of_jobs(self, here: Path) -> dict[str, str]:
        """What every step has, as a runner's machine has it."""
        folder = here / "shims"
        folder.mkdir()
        for name, script in self.shims.items():
            (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (folder / name).chmod(0o755)
        # What a runner's image or its cache could have too: else each job takes 20 seconds more.
        shared = {
            "TF_PLUGIN_CACHE_DIR": self.folder / "plugins",
            # https://github.com/aws/jsii/blob/main/packages/%40jsii/kernel/src/tar-cache/default-cache-root.ts
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": Path.home() / ".cache" / "aws" / "jsii" / "package-cache",
        }
        (self.folder / "plugins").mkdir(exist_ok=True)
        ours = {name: os.environ[name] for name in ("TF_CLI_CONFIG_FILE", *shared) if name in os.environ}
        ours = {name: str(path) for name, path in shared.items()} | ours
        return ours | {
            "PATH": os.pathsep.join([str(folder), os.environ["PATH"]]),
            # GitHub's steps have no terminal; act's have.
            "TERM": "dumb",
            "AWS_ENDPOINT_URL": self.aws,
            # For S3 Control, as in rehearsal/emulator/settings.py.
            "HTTP_PROXY": self.aws,
            "NO_PROXY": "127.0.0.1",
            "GITHUB_API_URL": self.runner.github.url,
            "RUNNER_STAND_IN": self.runner.address,
            "STAND_INS": str(STAND_INS),
            "ORIGIN": str(self.origin),
            "PACKAGES": str(ROOT / ".venv"),
        }


def check_permissions(folder: Path) -> None:
    """GitHub doesn't start a workflow that is called with fewer permissions than its jobs ask for; act doesn't look."""
    for file in folder.glob("*.yml"):
        for caller in _jobs(file):
            if called := caller.get("uses"):
                for job in _jobs(folder / Path(str(called)).name):
                    missing = {
                        name: wanted
                        for name, wanted in job.get("permissions", {}).items()
                        if caller.get("permissions", {}).get(name) not in {wanted, "write"}
                    }
                    assert not missing, f"a job of {called} asks for more than its caller in {file.name} has: {missing}"


def _jobs(file: Path) -> Sequence[Mapping[str, Any]]:
    return tuple(YAML().load(file.read_text(encoding="utf-8"))["jobs"].values())


def read(exit_code: int, printed: str) -> Run:
    """A run from act's log: a line of JSON for each line of a step and each result."""
    run = Run(exit_code, "")
    lines = []
    for line in printed.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            lines.append(line)
            continue
        # act pads names of jobs.
        job, message = str(entry.get("job", "")).rstrip(), str(entry.get("msg", "")).rstrip("\n")
        lines.append(f"[{job}] {message}")
        if entry.get("command") == "summary":
            run.summaries[job] = str(entry["content"])
        if "stepResult" in entry and entry.get("stage") == "Main":
            run.steps.append(Step(job, str(entry.get("step")), entry["stepResult"] == "success"))
        if "jobResult" in entry:
            run.jobs[job] = str(entry["jobResult"])
    run.log = "\n".join(lines)
    return run


def remove(folder: Path) -> None:
    """Remove a run's folders: they are large."""
    shutil.rmtree(folder, ignore_errors=True)
