"""What is wrong with a file of values that Python can't load, in the words of those who write values."""

from __future__ import annotations

import re
import sys
import traceback
from dataclasses import fields, is_dataclass
from pathlib import Path

import environments
from environments import schema
from environments.schema.rules import Problem
from environments.suggestions import did_you_mean

_SETTINGS = "docs/settings.md has every setting"


def problem(error: Exception, folder: Path) -> Problem:
    """Describe why a module of values can't be imported: file and line, what is written there, and what is allowed.

    Args:
        error: What the import raised.
        folder: The folder of values.
    """
    shown = environments.shown
    if isinstance(error, SyntaxError) and error.filename:
        return Problem(f"{shown(error.filename)}:{error.lineno}", (error.text or "").strip(), f"{error.msg}")
    steps = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).parent == folder]
    place = f"{shown(steps[-1].filename)}:{steps[-1].lineno}" if steps else shown(folder)
    return Problem(place, *_described(error, folder))


def _described(error: Exception, folder: Path) -> tuple[str, str]:
    """What is written, and what is allowed."""
    text = str(error)
    if match := re.match(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", text):
        type_, given = match.groups()
        known = getattr(schema, type_, None)
        names = [field.name for field in fields(known)] if is_dataclass(known) else []
        return given, f"{type_} has no setting of that name; {did_you_mean(given, names)}{_SETTINGS}"
    if match := re.match(r"(\w+)\.__init__\(\) missing \d+ required .*?arguments?: (.*)", text):
        return f"{match[1]}(…)", f"needs {match[2]}; {_SETTINGS}"
    if match := re.match(r"cannot import name '(\w+)' from '([\w.]+)'", text):
        given, module = match.groups()
        return given, f"{module} has no such name; {did_you_mean(given, dir(sys.modules[module]))}".rstrip("; ")
    if isinstance(error, ModuleNotFoundError):
        modules = [f"environments.{path.stem}" for path in folder.glob("*.py")]
        return str(error.name), f"there is no such module; {did_you_mean(str(error.name), modules)}".rstrip("; ")
    if isinstance(error, NameError) and error.name:
        return (
            error.name,
            f"isn't defined; {did_you_mean(error.name, schema.__all__)}import it from environments.schema",
        )
    return text, f"must be Python that loads; {_SETTINGS}"
