"""Runs commands and writes a page of them, with output, exit code and duration."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT

from ops.command import say
from rehearsal.rollout import StepError
from rehearsal.terminal import at_a_terminal

LONGEST = 1800
"""Limit of seconds for one command."""
_ENDPOINT = re.compile(r" (?:on|at) http://127\.0\.0\.1:\d+|(?: at)? 127\.0\.0\.1\b")
"""The emulator's and the load balancer's addresses in the output of commands."""
_SHOWN = 24
"""Limit of lines of a command's output on the page."""


@dataclass(frozen=True)
class Entry:
    """One command."""

    why: str
    command: str
    code: int
    said: str
    seconds: float
    role: str = ""
    """Name of the role that ran it; empty for other credentials, or none."""


@dataclass
class Transcript:
    """Runs commands in a folder, and keeps their output."""

    folder: Path
    variables: Mapping[str, str]
    entries: list[Entry | str] = field(default_factory=list)
    """Commands, with the headings between them."""
    role: str = ""
    """Name of the role that runs the next commands."""

    def headline(self, text: str) -> None:
        """Start a section."""
        say(f"— {text}")
        self.entries.append(text)

    def run(self, why: str, shown: str, *command: str, given: str = "", expect: Sequence[int] = (0,)) -> str:
        """Run `python` with arguments; return its standard output.

        Args:
            why: What the command is for.
            shown: The command as an operator types it.
            command: Python's arguments.
            given: Standard input; it is not kept.
            expect: Expected exit codes.

        Raises:
            StepError: It ended with another exit code.
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
        line = f"{'… | ' if given else ''}{shown}"
        self.entries.append(Entry(why, line, done.returncode, said, time.monotonic() - start, self.role))
        say(f"  {line} → {done.returncode} ({time.monotonic() - start:.0f} s)")
        if done.returncode not in expect:
            raise StepError(f"{line} ended with {done.returncode}: {said[-2000:]}")
        return done.stdout

    def ops(
        self,
        why: str,
        *arguments: str,
        rehearsed: Sequence[str] = ("--yes",),
        given: str = "",
        expect: Sequence[int] = (0,),
    ) -> str:
        """Run one of the operators' commands.

        Args:
            why: What the command is for.
            arguments: What operators type after `bin/ops`.
            rehearsed: More arguments, which only the rehearsal needs; the page doesn't show them.
            given: Standard input; it is not kept.
            expect: Expected exit codes.
        """
        shown = f"bin/ops {shlex.join(arguments)}"
        return self.run(why, shown, "-m", "ops", *arguments, *rehearsed, given=given, expect=expect)

    def typed(self, why: str, *arguments: str, answers: Mapping[str, str], rehearsed: Sequence[str] = ()) -> None:
        """Run one of the operators' commands on a terminal, and type answers to its questions.

        Args:
            why: What the command is for.
            arguments: What operators type after `bin/ops`.
            answers: What is typed, by the part of the question by which it is known; not all need to be asked.
            rehearsed: More arguments, which the page doesn't show.

        Raises:
            StepError: It ended with another exit code than 0.
        """
        start, shown = time.monotonic(), f"bin/ops {shlex.join(arguments)}"
        line = [sys.executable, "-m", "ops", *arguments, *rehearsed]
        typed = {question: partial(str, answer) for question, answer in answers.items()}
        ended = at_a_terminal(line, self.variables, typed, self.folder)
        self.entries.append(Entry(why, shown, ended.code, ended.said.strip(), time.monotonic() - start, self.role))
        say(f"  {shown} → {ended.code} ({time.monotonic() - start:.0f} s)")
        if ended.code:
            raise StepError(f"{shown} ended with {ended.code}: {ended.said[-2000:]}")

    def interrupted(
        self, why: str, number: signal.Signals, *arguments: str, once: str, rehearsed: Sequence[str] = ()
    ) -> None:
        """Run one of the operators' commands, and send it a signal once it prints a certain line.

        Args:
            why: What the command is for.
            number: The signal.
            arguments: What operators type after `bin/ops`.
            once: What the line begins with.
            rehearsed: More arguments, which the page doesn't show.

        Raises:
            StepError: It printed no such line, or ended with another exit code than the signal's.
        """

        def send(process: subprocess.Popen[str]) -> None:
            process.send_signal(number)

        self._meanwhile(why, send, number.name, *arguments, once=once, rehearsed=rehearsed, expect=128 + number)

    def during(
        self, why: str, work: Callable[[], object], *arguments: str, once: str, expect: int, rehearsed: Sequence[str]
    ) -> str:
        """Run one of the operators' commands, and do something else once it prints a certain line; return its output.

        It is suspended meanwhile: the emulator's deployments advance with each poll.

        Args:
            why: What the command is for.
            work: What is done meanwhile. The page shows its commands after this one.
            arguments: What operators type after `bin/ops`.
            once: What the line begins with.
            expect: Expected exit code.
            rehearsed: More arguments, which the page doesn't show.

        Raises:
            StepError: It printed no such line, or ended with another exit code.
        """

        def suspend(process: subprocess.Popen[str]) -> None:
            process.send_signal(signal.SIGSTOP)
            try:
                work()
            finally:
                process.send_signal(signal.SIGCONT)

        return self._meanwhile(
            why, suspend, "another command", *arguments, once=once, rehearsed=rehearsed, expect=expect
        )

    def _meanwhile(
        self,
        why: str,
        act: Callable[[subprocess.Popen[str]], None],
        what: str,
        *arguments: str,
        once: str,
        rehearsed: Sequence[str],
        expect: int,
    ) -> str:
        """Run a command, and act on its process once it prints a certain line; return its output."""
        start, shown, place = time.monotonic(), f"bin/ops {shlex.join(arguments)}", len(self.entries)
        line, lines, acted = [sys.executable, "-m", "ops", *arguments, *rehearsed], list[str](), False
        with subprocess.Popen(
            line, cwd=self.folder, env=dict(self.variables), stdout=PIPE, stderr=STDOUT, stdin=DEVNULL, text=True
        ) as process:
            hanging = threading.Timer(LONGEST, process.kill)
            hanging.start()
            try:
                for said in process.stdout or ():
                    lines.append(said)
                    if said.startswith(once) and not acted:
                        acted = True
                        act(process)
                code = process.wait()
            finally:
                process.kill()
                hanging.cancel()
        entry = Entry(why, shown, code, "".join(lines).strip(), time.monotonic() - start, self.role)
        self.entries.insert(place, entry)
        say(f"  {shown} → {code} ({entry.seconds:.0f} s)")
        if not acted or code != expect:
            raise StepError(f"{shown}, {what} after {once!r}: ended with {code}: {entry.said[-2000:]}")
        return entry.said

    @property
    def said(self) -> str:
        """The last command's output."""
        last = self.entries[-1]
        return last.said if isinstance(last, Entry) else ""

    def everything(self) -> str:
        """All commands with their whole output."""
        return "\n".join(each if isinstance(each, str) else f"{each.command}\n{each.said}" for each in self.entries)

    def sections(self) -> dict[str, list[Entry]]:
        """The commands of each section."""
        found: dict[str, list[Entry]] = {}
        for each in self.entries:
            if isinstance(each, str):
                found[each] = []
            else:
                found[list(found)[-1]].append(each)
        return found

    def page(self, title: str, about: str) -> str:
        """The page, as Markdown, without the paths and ports of this machine."""
        text = "\n".join(self._lines(title, about)).replace(str(self.folder), ".") + "\n"
        return _ENDPOINT.sub("", text)

    def _lines(self, title: str, about: str) -> Iterator[str]:
        yield from (f"# {title}", "", about)
        for each in self.entries:
            if isinstance(each, str):
                yield from ("", f"## {each}")
                continue
            role = f", as `{each.role}`" if each.role else ""
            yield from (
                "",
                f"{each.why}{role} ({each.seconds:.0f} s, exit code {each.code}):",
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
