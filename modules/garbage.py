"""Fewer garbage collections, for a process that creates much and ends soon."""

from __future__ import annotations

import atexit
import gc


def collect_less() -> None:
    """Let Python collect after every 100,000 new objects, and at the end not at all.

    The imports of cdktf, or of checkov, create a hundred thousand objects that stay alive; a collection after every 700
    would free none. Freeing them one by one at exit would take 0.2 s; the operating system frees them at once.
    """
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
