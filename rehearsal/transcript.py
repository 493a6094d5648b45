"""Commands with what they said and how long they took, as a page."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ops.command import say
from rehearsal.rollout import StepError

LONGEST = 900
"""Seconds that one command may take."""
_SHOWN = 24
"""Lines of a command's output that the page has."""


@dataclass(frozen=True)
class Entry:
    """One command."""

    why: str
    command: str
    code: int
    said: str
    seconds: float


@dataclass
class Transcript:
    """Runs commands one after the other in a folder, and keeps what they say."""

    folder: Path
    variables: Mapping[str, str]
    entries: list[Entry | str] = field(default_factory=list)
    """Commands, and headlines between them."""

    def headline(self, text: str) -> None:
        """Begin a section."""
        say(f"— {text}")
        self.entries.append(text)

    def run(self, why: str, *command: str, given: str = "", expect: Sequence[int] = (0,)) -> str:
        """Run `python` with arguments; answer what it printed.

        Args:
            why: What the command is for.
            command: Python's arguments.
            given: What it reads from standard input; it is not kept.
            expect: Exit codes that are right.

        Raises:
            StepError: It ended with another one.
        """
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env=dict(self.variables),
            input=given,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        said = "\n".join(part for part in (done.stderr.rstrip(), done.stdout.rstrip()) if part)
        line = f"{'… | ' if given else ''}python {shlex.join(command)}"
        self.entries.append(Entry(why, line, done.returncode, said, time.monotonic() - start))
        say(f"  {line} → {done.returncode} ({time.monotonic() - start:.0f} s)")
        if done.returncode not in expect:
            raise StepError(f"{line} ended with {done.returncode}: {said[-2000:]}")
        return done.stdout

    def ops(self, why: str, *arguments: str, given: str = "", expect: Sequence[int] = (0,)) -> str:
        """Run one of the operators' commands."""
        return self.run(why, "-m", "ops", *arguments, given=given, expect=expect)

    @property
    def said(self) -> str:
        """All that the last command said."""
        last = self.entries[-1]
        return last.said if isinstance(last, Entry) else ""

    def everything(self) -> str:
        """All that was typed and said, nothing left out."""
        return "\n".join(each if isinstance(each, str) else f"{each.command}\n{each.said}" for each in self.entries)

    def sections(self) -> dict[str, list[Entry]]:
        """The commands below each headline."""
        found: dict[str, list[Entry]] = {}
        for each in self.entries:
            if isinstance(each, str):
                found[each] = []
            else:
                found[list(found)[-1]].append(each)
        return found

    def page(self, title: str, about: str) -> str:
        """All of it as Markdown."""
        # The page can be kept: it has no path of the machine that the day was played on.
        return "\n".join(self._lines(title, about)).replace(str(self.folder), ".") + "\n"

    def _lines(self, title: str, about: str) -> Iterator[str]:
        yield from (f"# {title}", "", about)
        for each in self.entries:
            if isinstance(each, str):
                yield from ("", f"## {each}")
                continue
            yield from (
                "",
                f"{each.why} ({each.seconds:.0f} s, exit code {each.code}):",
                "",
                "```sh",
                each.command,
                "```",
            )
            if each.said:
                yield from ("", "```", *_short(each.said), "```")


def _short(said: str) -> list[str]:
    lines = [line.rstrip() for line in said.splitlines()]
    if len(lines) <= _SHOWN:
        return lines
    half = _SHOWN // 2
    return [*lines[:half], f"… {len(lines) - 2 * half} more lines …", *lines[-half:]]
