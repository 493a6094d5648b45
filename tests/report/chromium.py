"""Debian's Chromium, without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, and stop it at the end.

    Raises:
        FileNotFoundError: It isn't on this machine.
    """
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("no chromium on this machine: apt-get install chromium, or leave out `-m slow`")
    with sync_playwright() as playwright:
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        with playwright.chromium.launch(executable_path=program, args=root) as launched:
            yield launched
