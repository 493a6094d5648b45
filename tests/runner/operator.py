"""An operator at the command line, in front of emulated AWS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import psutil

from environments import load
from modules.phases import phase
from ops.terraform.stack import Stack

ROOT = Path(__file__).parents[2]
APPROVED = ("--approve-widening", "--approve-loss-in-place", "--approve-outage")
"""What the first plan of a phase needs, and the one after a first apply that stopped half-way."""
PATIENCE = 300
"""Seconds after which a command counts as hanging."""


@dataclass(frozen=True)
class Operator:
    """Runs `bin/ops` on the stacks of production in a folder."""

    out: Path
    variables: Mapping[str, str]

    def stack(self, name: str) -> Stack:
        return Stack(load("prod"), phase(name), self.out)

    def with_variables(self, **changed: str) -> Operator:
        return replace(self, variables={**self.variables, **changed})

    def client(self, service: str) -> Any:
        """A client of emulated AWS."""
        return client(service, self.variables)

    def run(
        self, command: str, *arguments: str, expect: int = 0, timeout: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.line(command, *arguments),
            cwd=ROOT,
            env=dict(self.variables),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == expect, f"{command} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        done.stderr = re.sub(r" {2,}", "  ", done.stderr)  # Columns, however wide they are.
        return done

    def plan(self, *phases: str, expect: int = 0) -> str:
        return self.run("plan", "prod", *phases, *APPROVED, expect=expect).stderr

    def apply(self, *phases: str, expect: int = 0) -> str:
        return self.run("apply", "prod", *phases, "--yes", *APPROVED, expect=expect).stderr

    def report(self, command: str) -> dict[str, Any]:
        """The run report, with phases by their names."""
        report: dict[str, Any] = json.loads((self.out / "reports" / f"run-{command}-prod.json").read_text())
        return {**report, "phases": {each["phase"]: each for each in report["phases"]}}

    @contextmanager
    def applying(self, name: str) -> Iterator[Running]:
        """An apply that has created a resource and still runs."""
        line = self.line("apply", "prod", name, "--yes", *APPROVED)
        self.stack(name).events.unlink(missing_ok=True)
        with subprocess.Popen(
            line,
            cwd=ROOT,
            env=dict(self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        ) as process:
            running = Running(process, self.stack(name))
            try:
                until(lambda: running.made() > 0, PATIENCE)
                yield running
            finally:
                running.kill_terraform()
                process.kill()

    def line(self, command: str, *arguments: str) -> list[str]:
        where = () if command == "outputs" else ("--out", str(self.out))
        return [sys.executable, "-m", "ops", command, *arguments, *where]


@dataclass(frozen=True)
class Running:
    """A command that runs."""

    process: subprocess.Popen[str]
    stack: Stack

    def made(self) -> int:
        """Number of resources that it reported as created."""
        events = self.stack.events
        return events.read_text().count('"type":"apply_complete"') if events.exists() else 0

    def kill_terraform(self) -> None:
        """SIGKILL to Terraform and its provider, not to the command around it."""
        if self.process.poll() is None:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):  # A provider ends by itself when its Terraform does.
                    child.kill()

    def interrupt(self) -> None:
        """What Ctrl-C does: a terminal signals the whole group in front."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Its exit code and output."""
        said, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, re.sub(r" {2,}", "  ", said)


def client(service: Any, variables: Mapping[str, str]) -> Any:
    """A client of emulated AWS."""
    return boto3.client(
        service,
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=load("prod").region,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables["AWS_SESSION_TOKEN"],
    )


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)
