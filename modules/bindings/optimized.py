"""Imports the bindings without evaluating their annotations, which saves a third of the import time.

Under `python -O`, jsii doesn't check the types of arguments, so nothing reads the annotations.
"""

from __future__ import annotations
import __future__

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any


def install(packages: frozenset[str]) -> None:
    """Import packages that jsii generated in this way."""
    sys.meta_path.insert(0, _Finder(packages))


class _Finder:
    """Finds modules of those packages."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self.packages:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.origin and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    """Compiles as if the source had `from __future__ import annotations`; stores that bytecode in its own file."""

    def source_to_code(self, data: Any, path: Any, *, _optimization: int = -1) -> CodeType:  # type: ignore[override]  # noqa: ANN401
        flags = __future__.annotations.compiler_flag
        code: CodeType = compile(data, path, "exec", flags=flags, dont_inherit=True, optimize=_optimization)
        return code

    def get_data(self, path: str) -> bytes:
        return super().get_data(_own_file(path))

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:  # noqa: ANN401
        super().set_data(_own_file(path), data, _mode=_mode)


def _own_file(path: str) -> str:
    return f"{path.removesuffix('.pyc')}.unannotated.pyc" if path.endswith(".pyc") else path
