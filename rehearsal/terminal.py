"""A command on a terminal of its own, with a person who types what it asks for."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 300
"""Seconds after which a command that hasn't ended is stopped."""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    said: str
    """All that it wrote to the terminal."""
    asked: int
    """How many of its questions were answered."""


def at_a_terminal(
    line: Sequence[str],
    variables: Mapping[str, str],
    answers: Mapping[str, Callable[[], str]],
    folder: Path = ROOT,
) -> Ended:
    """Run a command on a terminal; type an answer, and Enter, each time its question appears and ends with a space.

    Args:
        line: The command.
        variables: Its environment variables.
        answers: What is typed, by the part of the question by which it is known.
        folder: Where it runs.
    """
    master, slave = pty.openpty()
    with subprocess.Popen(
        line, cwd=folder, env=dict(variables), stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as process:
        os.close(slave)
        said, asked, end = b"", dict.fromkeys(answers, 0), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if not select.select([master], [], [], 0.1)[0]:
                continue
            try:
                said += os.read(master, 65536)
            except OSError:  # The command has ended.
                break
            for question, answer in answers.items():
                if said.endswith(b" ") and said.count(question.encode()) > asked[question]:
                    asked[question] += 1
                    os.write(master, f"{answer()}\n".encode())
        process.kill()
        code = process.wait()
    os.close(master)
    return Ended(code, said.decode().replace("\r\n", "\n"), sum(asked.values()))
