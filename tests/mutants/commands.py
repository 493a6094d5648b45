"""Changes one line of the commands or policies at a time, and asks the fast tests: `make mutants OF=commands SEED=1`.

Each area has as many changes as any other. The fast tests run once with coverage. Then each change is made in a copy of
the project, and those test files run that run its line, and those of its area.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib.util import cache_from_source
from pathlib import Path

import coverage

from tests.copies import copy_project, plain_environment
from tests.mutants.areas import AREAS, files
from tests.mutants.lines import Change, sample

ROOT = Path(__file__).parents[2]
RECORD = ".coverage"
ENOUGH = 0.75
"""The share of changes that the fast tests are to notice."""
_TESTS = ("tests/ops", "tests/runner", "tests/plan_gate", "tests/unit", "tests/gate", "tests/report")
"""Tests of synthesis run no line of the commands, or also run as one of these."""
_PYTEST = ("pytest", "-q", "-p", "no:cacheprovider")
_SECONDS = 600
"""Tests that take longer than this hang, and so do notice a change."""


class Copy:
    """A copy of the project, in which the tests run with one change at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = copy_project(folder)

    def record(self, tests: Sequence[str]) -> None:
        """Run fast tests, and note which lines each file of them runs."""
        measured = ("coverage", "run", "--source=ops,policies", f"--data-file={RECORD}", "-m")
        done = self._run(*measured, *_PYTEST, "-p", "tests.mutants.recorded", *tests, seconds=None)
        if done.returncode:
            raise SystemExit(f"error: the fast tests don't pass without a change:\n{done.stdout}{done.stderr}")

    def running(self, change: Change) -> list[str]:
        """Test files that run a line, those first that run the least of its file."""
        data = coverage.CoverageData(self.folder / RECORD)
        data.read()
        lines = data.contexts_by_lineno(str(self.folder / change.file))
        often = Counter(context for contexts in lines.values() for context in contexts)
        return sorted(filter(None, lines.get(change.line, ())), key=lambda test: (often[test], test))

    def noticed(self, change: Change, tests: Sequence[str]) -> bool:
        """Whether one of these test files fails with a change."""
        file = self.folder / change.file
        source = file.read_text(encoding="utf-8")
        try:
            file.write_text(change.changed(source), encoding="utf-8")
            return self._run(*_PYTEST, "-x", *tests).returncode not in {0, 5}
        except subprocess.TimeoutExpired:
            return True
        finally:
            file.write_text(source, encoding="utf-8")
            # Python takes compiled code for current if its source's second and size are the same.
            Path(cache_from_source(str(file))).unlink(missing_ok=True)

    def _run(self, *words: str, seconds: float | None = _SECONDS) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *words]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=plain_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )


def chosen_changes(seed: int, samples: int) -> dict[str, list[Change]]:
    """Changes by area, as many of each; what is left over goes to the first areas."""
    chance = random.Random(seed)
    share, rest = divmod(samples, len(AREAS))
    found = files(ROOT)
    return {
        area.name: sample(ROOT, found[area.name], chance, share + (number < rest)) for number, area in enumerate(AREAS)
    }


def main() -> int:
    """Print what the fast tests don't notice; the exit code says whether they notice enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--area", choices=[area.name for area in AREAS], help="changes of this area only")
    given = parser.parse_args()
    by_area = chosen_changes(given.seed, given.samples)
    asked = [area for area in AREAS if given.area in {None, area.name}]
    noticed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        copy = Copy(Path(temporary) / "project")
        copy.record(asked[0].test_files(ROOT) if given.area else _TESTS)
        for area in asked:
            for change in by_area[area.name]:
                running = copy.running(change)
                if copy.noticed(change, [*dict.fromkeys((*running, *area.test_files(ROOT)))]):
                    noticed[area.name] += 1
                else:
                    ran = f"run by {', '.join(running)}" if running else "run by no test"
                    sys.stdout.write(f"not noticed: {area.name}: {change.shown(ROOT)}\n    {ran}\n")
                    sys.stdout.flush()
    for area in asked:
        sys.stdout.write(f"{area.name}: {noticed[area.name]} of {len(by_area[area.name])}\n")
    number = sum(len(by_area[area.name]) for area in asked)
    sys.stdout.write(f"seed {given.seed}: the fast tests notice {noticed.total()} of {number} changes\n")
    return 0 if noticed.total() >= ENOUGH * number else 1


if __name__ == "__main__":
    sys.exit(main())
