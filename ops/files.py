"""Writes a file whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a file, or leave it as it was: a full disk or an interruption takes nothing away.

    Args:
        path: The file; its permissions stay, and a link to it stays one.
        text: All that it is to have.

    Raises:
        OSError: It can't be written.
    """
    target = path.resolve()
    new = target.with_name(f".{target.name}.new")
    try:
        with new.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, new)
        new.replace(target)
    except BaseException:  # also Ctrl-C
        new.unlink(missing_ok=True)
        raise
