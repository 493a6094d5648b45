"""What is changed: the areas of the commands and policies, and the fast tests that are about each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Area:
    """Files that belong together."""

    name: str
    folders: tuple[str, ...]
    """Folders and files; a file belongs to the first area that has it."""
    tests: tuple[str, ...]
    """Patterns of test files, the nearest first."""

    def test_files(self, root: Path) -> list[str]:
        """Paths of the test files."""
        found = [path for pattern in self.tests for path in sorted(root.glob(pattern))]
        return [*dict.fromkeys(str(path.relative_to(root)) for path in found)]


AREAS = (
    Area("secrets", ("ops/secrets",), ("tests/ops/test_secret*.py",)),
    Area("cutover", ("ops/cutover", "ops/journal.py"), ("tests/ops/test_cutover*.py", "tests/ops/test_journal.py")),
    Area(
        "promote",
        ("ops/promote", "ops/registry"),
        ("tests/ops/test_promote*.py", "tests/ops/test_image*.py", "tests/ops/test_release*.py"),
    ),
    Area("release", ("ops/release",), ("tests/ops/test_release*.py", "tests/ops/test_blue_green.py")),
    Area("runner", ("ops/terraform",), ("tests/runner/test_*.py", "tests/unit/test_progress.py")),
    Area("tasks", ("ops/tasks",), ("tests/ops/test_tasks*.py", "tests/ops/test_migrat*.py", "tests/ops/test_ecs.py")),
    Area("verify", ("ops/verify", "ops/conditions.py"), ("tests/ops/test_verify*.py",)),
    Area("golive", ("ops/golive",), ("tests/ops/test_golive*.py",)),
    Area("status", ("ops/status",), ("tests/ops/test_status*.py",)),
    Area("scaffold", ("ops/scaffold",), ("tests/unit/test_scaffold*.py", "tests/unit/test_products.py")),
    Area("plan gate", ("ops/plan_gate",), ("tests/plan_gate/test_*.py",)),
    Area(
        "policies", ("policies",), ("tests/unit/test_policies.py", "tests/gate/test_cases.py", "tests/gate/test_*.py")
    ),
    Area(
        "gate",
        ("ops/gate", "ops/iam"),
        ("tests/gate/test_cases.py", "tests/gate/test_*.py", "tests/unit/test_iam*.py", "tests/iam/test_*.py"),
    ),
    Area("aws", ("ops/aws", "ops/credentials", "ops/account.py"), ("tests/ops/test_*.py",)),
    Area("others", ("ops",), ("tests/ops/test_*.py", "tests/unit/test_*.py", "tests/report/test_*.py")),
)


def files(root: Path) -> dict[str, list[Path]]:
    """The Python files of each area, as paths in the project."""
    found: dict[str, list[Path]] = {}
    taken: set[Path] = set()
    for area in AREAS:
        given = [root / folder for folder in area.folders]
        paths = [path for each in given for path in ([each] if each.is_file() else sorted(each.rglob("*.py")))]
        found[area.name] = [path.relative_to(root) for path in paths if path not in taken]
        taken.update(paths)
    return found
