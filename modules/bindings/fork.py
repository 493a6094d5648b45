"""Lets the community's fork `cdktn` replace cdktf: an import of cdktf or its AWS bindings gives the fork's module.

So `engine` and `aws` have one list of imports for all engines, and mypy reads cdktf's types. Names and modules of both
are the same, because both are generated from the provider's schema (docs/adr/0031-the-fork-as-a-second-engine.md).
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def install(packages: Mapping[str, str]) -> None:
    """Import packages by another name: from cdktf's to the fork's."""
    sys.meta_path.insert(0, _Finder(packages))


class _Finder(MetaPathFinder):
    """Finds those packages and their modules."""

    def __init__(self, packages: Mapping[str, str]) -> None:
        self.packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, dot, rest = fullname.partition(".")
        if package not in self.packages:
            return None
        return ModuleSpec(fullname, _Loader(f"{self.packages[package]}{dot}{rest}"))


class _Loader(Loader):
    """Puts the fork's module in the place of the imported one."""

    def __init__(self, name: str) -> None:
        self.name = name

    def exec_module(self, module: ModuleType) -> None:
        # https://docs.python.org/3/reference/import.html#loading: a module may replace itself in sys.modules.
        sys.modules[module.__name__] = importlib.import_module(self.name)
