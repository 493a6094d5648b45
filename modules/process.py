"""Prepares this process: what it writes doesn't depend on the umask."""

from __future__ import annotations

import os

OTHERS = 0o077
"""The bits of a umask that concern the group and all others."""
WRITING = 0o022
"""Those that keep them from writing."""


def prepare() -> None:
    """Create files that you can read, and that only you can write: a plan that others can change is no plan."""
    own = os.umask(OTHERS)
    os.umask((own & OTHERS) | WRITING)
