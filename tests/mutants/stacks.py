"""Changes one attribute of one resource at a time, and asks the gate and the tests: `make mutants SEED=1`.

The first changes come from a seed, so a run can be repeated. What the gate doesn't notice goes to the tests, without
the golden lists: a comparison with stored addresses doesn't know what an attribute is for.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

from modules.output import OUT
from modules.phases import PHASES
from ops.gate.folder import STACK_FILE
from ops.gate.templates import parse_json
from tests.gate.planted.judge import new_findings
from tests.gate.planted.plant import plant
from tests.gate.planted.row import GONE, Row

ROOT = Path(__file__).parents[2]
ENVIRONMENT = "prod"
_COMMENT = "//"
_TESTS = ("tests/synth", "-m", "not slow", "-k", "not golden", "-x", "-q", "-p", "no:cacheprovider")


def places(output: Path) -> Iterator[tuple[str, str, Any]]:
    """Each attribute, block and member of a list of the environment's resources and data sources.

    Yields:
        Its stack, its path as a row has it, and its value.
    """
    for phase in PHASES:
        stack = f"{ENVIRONMENT}-{phase.name}"
        document = json.loads((output / "stacks" / stack / STACK_FILE).read_text(encoding="utf-8"))
        for section in ("resource", "data"):
            for kind, named in document.get(section, {}).items():
                for name, settings in named.items():
                    for path, value in _inside(settings, f"{section}/{kind}/{name}"):
                        yield stack, path, value


def _inside(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, str) and value.startswith("[{"):
        value = parse_json(value)
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in members:
        if key != _COMMENT:
            place = f"{path}/{str(key).replace('/', '~1')}"
            yield place, each
            yield from _inside(each, place)


def mutants(output: Path, seed: int, samples: int) -> list[Row]:
    """Changes of one place each: it is dropped, or has another value."""
    chance = random.Random(seed)
    found = [*places(output)]
    alike: dict[str, set[str]] = {}
    for _, path, value in found:
        if isinstance(value, str):
            alike.setdefault(_attribute(path), set()).add(value)
    rows = []
    for number, (stack, path, value) in enumerate(chance.sample(found, samples)):
        others = sorted(each for each in alike.get(_attribute(path), ()) if each != value)
        new = GONE if chance.random() < 0.5 else _other(value, others, chance)
        what = "dropped" if new is GONE else f"{json.dumps(value)[:60]} → {json.dumps(new)[:60]}"
        rows.append(Row(f"mutant-{number}", "", f"{path}: {what}", stack, path, new))
    return rows


def _attribute(path: str) -> str:
    """A place without the resource's name and without positions: where another value of its kind may stand."""
    section, kind, _, *inside = path.split("/")
    return "/".join([section, kind, *(each for each in inside if not each.isdecimal())])


def _other(value: Any, others: Sequence[str], chance: random.Random) -> Any:
    """Another value of the same form."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return chance.choice([each for each in (0, 1, value * 10, value - 1) if each != value])
    if isinstance(value, list):
        return value[1:] if chance.random() < 0.5 else []
    if isinstance(value, dict):
        return {}
    return chance.choice([*others, "*", "other", f"{value}x"])


def _noticed_by_gate(row: Row, output: Path) -> bool:
    with tempfile.TemporaryDirectory() as temporary:
        return bool(new_findings(row, output, Path(temporary)))


def _noticed_by_tests(row: Row, output: Path) -> bool:
    with tempfile.TemporaryDirectory() as temporary:
        plant(row, output, Path(temporary))
        command = [sys.executable, "-m", "pytest", *_TESTS, "--synthesized", temporary]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"error: the tests can't run:\n{done.stdout}{done.stderr}")
    return done.returncode == 1


def main() -> int:
    """Print what isn't noticed; the exit code says whether enough is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--gate-only", action="store_true", help="don't run the tests")
    chosen = parser.parse_args()
    output = ROOT / OUT
    rows = mutants(output, chosen.seed, chosen.samples)
    with ProcessPoolExecutor(2) as pool:
        gate = [*pool.map(_noticed_by_gate, rows, repeat(output), chunksize=4)]
        left = [row for row, noticed in zip(rows, gate, strict=True) if not noticed]
        if not chosen.gate_only:
            tests = [*pool.map(_noticed_by_tests, left, repeat(output))]
            left = [row for row, noticed in zip(left, tests, strict=True) if not noticed]
    for row in left:
        sys.stdout.write(f"not noticed: {row.stack} {row.sentence}\n")
    share = 1 - len(left) / len(rows)
    sys.stdout.write(
        f"seed {chosen.seed}: the gate notices {sum(gate)} of {len(rows)} changes, gate and tests {share:.0%}\n"
    )
    return 0 if share >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
