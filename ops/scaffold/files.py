"""Writes several files, or none of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write(files: Mapping[Path, str], folder: Path) -> None:
    """Write all files. If one can't be written, or you interrupt it, all are as they were.

    Args:
        files: Text by file; an existing file is replaced.
        folder: A folder on the files' file system.

    Raises:
        OSError: A file can't be written.
    """
    made: list[Path] = []
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    kept = {file: file.read_bytes() for file in files if file.exists()}
    try:
        for index, text in enumerate(files.values()):
            (temporary / str(index)).write_text(text, encoding="utf-8")
        for index, file in enumerate(files):
            file.parent.mkdir(parents=True, exist_ok=True)
            made.append(file)
            (temporary / str(index)).replace(file)
    except BaseException:  # also Ctrl-C
        for file in made:
            if file in kept:
                file.write_bytes(kept[file])
            else:
                file.unlink(missing_ok=True)
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
