"""The products that tests run on: folders of values, laid out as environments/ is.

`aep` has what the plan says about AEP, and tests assert its values. The others are products of other shapes. What holds
for any product is tested on all of them, and on the environments that you have in environments/.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import environments
from environments.schema import Environment

HERE = Path(__file__).parent
AEP = HERE / "aep"
SHAPES = tuple(sorted(path.parent for path in HERE.glob("*/releases") if path.parent != AEP))


@dataclass(frozen=True)
class Subject:
    """An environment that tests run on, of a folder of values."""

    folder: Path
    environment: Environment

    def __str__(self) -> str:
        return self.environment.name if self.folder == AEP else f"{self.folder.name}:{self.environment.name}"


@contextmanager
def values(folder: Path) -> Iterator[None]:
    """Within it, this process and those that it starts use the values of that folder, as with ENVIRONMENTS=folder."""
    names = {path.stem for each in (environments.FOLDER, folder) for path in each.glob("*.py")} - environments.LIBRARY
    modules = {f"environments.{name}" for name in names if name != "__init__"}
    kept = {name: sys.modules.pop(name) for name in modules & sys.modules.keys()}
    path = [*([str(folder)] if folder != environments.PACKAGE else []), str(environments.PACKAGE)]
    importlib.invalidate_caches()
    try:
        with (
            patch.dict(os.environ, ENVIRONMENTS=str(folder)),
            patch.multiple(environments, FOLDER=folder, RELEASES=folder / "releases", __path__=path),
        ):
            yield
    finally:
        for name in modules & sys.modules.keys():
            del sys.modules[name]
        sys.modules.update(kept)


def subjects(folder: Path) -> tuple[Subject, ...]:
    """All environments of a folder of values."""
    with values(folder):
        return tuple(Subject(folder, environment) for environment in environments.load_all())


def users(folder: Path = environments.PACKAGE) -> tuple[Subject, ...]:
    """Those of environments/ that differ from the ones here: what is in both is tested once."""
    with values(folder):
        if not environments.known():
            return ()
    here = {subject.environment.name: subject.environment for subject in (*OF_AEP, *OF_SHAPES)}
    return tuple(each for each in subjects(folder) if here.get(each.environment.name) != each.environment)


OF_AEP = subjects(AEP)
OF_SHAPES = tuple(subject for folder in SHAPES for subject in subjects(folder))
SUBJECTS = (*OF_AEP, *OF_SHAPES, *users())
SLOW = frozenset({"blog-prod", "desk-staging", "intake-prod", "relay-prod"})
"""Environments whose shapes others have too, one by one; `make test-slow` runs the tests of `env` on them."""


def cases(subjects: Iterable[Subject]) -> list[Any]:
    """Subjects as parameters of tests."""
    return [
        pytest.param(subject, marks=pytest.mark.slow) if subject.environment.name in SLOW else subject
        for subject in subjects
    ]
