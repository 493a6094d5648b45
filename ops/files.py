"""Reads text that you may edit, and writes a file whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ops.errors import OpsError


def read(path: Path, remedy: str) -> str:
    """The text of a file that you may edit.

    Args:
        path: The file.
        remedy: What to do if it is broken, such as `git restore FILE`.

    Raises:
        OpsError: It isn't UTF-8.
        OSError: It can't be read.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise OpsError(f"{path} isn't UTF-8 text (byte {error.start + 1}); {remedy}") from None


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
