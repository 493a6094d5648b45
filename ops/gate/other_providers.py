"""Leaves out checkov's checks for other providers than AWS's: a stack has no others (understood/structure.py).

Half of checkov's modules are such checks. They match nothing here, and importing them takes longer than our own checks.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType

from ops.errors import OpsError

SWITCH, ALL = "GATE_CHECKS", "all"
"""Environment variable; its value `all` is the slow path, for comparison: all checks of checkov, with all packages that
it imports, for one environment after another in one process. The reports are the same."""
_OURS = "aws"
_FOLDERS = ("resource", "data", "provider")
_PROVIDER = re.compile(rf"checkov[./]terraform[./]checks[./](?:{'|'.join(_FOLDERS)}|graph_checks)[./](\w+)[./]")


def of_another(module: str) -> bool:
    """Whether a module or file of checkov is a check for another provider."""
    found = _PROVIDER.match(module)
    return found is not None and found[1] != _OURS


def everything() -> bool:
    """Whether the slow path is chosen.

    Raises:
        OpsError: The variable has another value.
    """
    given = os.environ.get(SWITCH)
    if given not in {None, "", ALL}:
        raise OpsError(
            f"{SWITCH}={given!r}: must be {ALL}; change it on make's command line or in the environment, "
            "or leave it out"
        )
    return given == ALL


def leave_out() -> None:
    """From now on, importing checkov leaves these checks out.

    Raises:
        ImportError: Checkov's checks aren't where they were; a newer version needs another look here.
        OpsError: The switch has a wrong value.
    """
    if not everything():
        for name in _packages():
            empty = ModuleType(name)
            empty.__path__, empty.__all__ = [], []  # type: ignore[attr-defined]
            sys.modules.setdefault(name, empty)


def _packages() -> Iterator[str]:
    spec = util.find_spec("checkov")
    if spec is None or spec.origin is None:
        return  # Importing it then fails with Python's own message.
    for folder in _FOLDERS:
        checks = Path(spec.origin).parent / "terraform" / "checks" / folder
        providers = {each.parent.name for each in checks.glob("*/__init__.py")}
        if _OURS not in providers:
            raise ImportError(f"{checks} has no {_OURS}: see ops/gate/other_providers.py")
        yield from (f"checkov.terraform.checks.{folder}.{each}" for each in sorted(providers - {_OURS}))
