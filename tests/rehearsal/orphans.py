"""Processes of a rehearsal that outlived it."""

from __future__ import annotations

import sys

import psutil


def orphans() -> list[list[str]]:
    """Command lines of this copy's emulators and applications whose parent has ended.

    Other copies of the project on the same machine may have their own.
    """
    ended = [process.info for process in psutil.process_iter(["cmdline", "ppid"])]
    lines = [info["cmdline"] or [] for info in ended if info["ppid"] == 1]
    modules = ("rehearsal.emulator", "rehearsal.application")
    return [line for line in lines if sys.executable in line and any(word.startswith(modules) for word in line)]
