"""Synthesizes and gates an environment, as `make synth` and `make gate` do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import environments
from ops.errors import OpsError, RefusedError
from ops.gate.model import Outcome

LINES = 40
"""Limit of lines of the gate's findings in an error."""


def synthesize(environment: str, out: Path) -> None:
    """Synthesize an environment, in a process of its own: commands don't load cdktf.

    Raises:
        OpsError: The values don't synthesize.
    """
    done = _run("-O", "main.py", environment, CDKTF_OUTDIR=str(out.absolute()))
    if done.returncode:
        raise OpsError(f"{environment} can't be synthesized: {_last(done)}; make synth ENV={environment} shows all")


def gate(environment: str, out: Path) -> None:
    """Check an environment's stacks, in a process of its own: this one has read the values before they changed.

    Raises:
        RefusedError: The gate has findings.
        OpsError: It couldn't check everything.
    """
    done = _run("-m", "ops", "gate", environment, "--out", str(out.absolute()))
    if done.returncode == Outcome.CLEAN:
        return
    if done.returncode == Outcome.FINDINGS:
        raise RefusedError("\n".join(done.stdout.strip().splitlines()[:LINES]) or _last(done))
    raise OpsError(f"the gate didn't check everything: {_last(done)}; make gate ENV={environment} shows all")


def _run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=environments.PACKAGE.parent,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
