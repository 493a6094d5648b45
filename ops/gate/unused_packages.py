"""Leaves out what checkov imports and the gate never uses: clients of services, of git, parsers, reports and tables.

Importing them takes as long as importing checkov's own modules. Checkov gets modules in their place whose every name is
a placeholder. Using one afterwards is a scan error, whatever checkov does with the exception: a newer version of
checkov that uses one of them fails.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ops.gate.other_providers import everything

UNUSED = (
    *("aiohttp", "boto3", "botocore", "docker", "requests", "urllib3"),  # The gate calls no service,
    *("git", "charset_normalizer"),  # reads neither repositories nor files of unknown encodings,
    *("hcl2.parser", "lark", "networkx"),  # parses no HCL, uses the other library for graphs,
    *("detect_secrets", "checkov.common.sast"),  # searches no source code,
    *("checkov.common.bridgecrew.vulnerability_scanning", "checkov.terraform.image_referencer"),  # no images of tasks,
    *("prettytable", "tabulate", "tqdm"),  # and writes no report of checkov's.
)
"""Packages and modules."""
MISSING = ("numpy",)
"""Packages that are optional for those that import them: asteval, which checkov calls without numpy."""
used: list[str] = []
"""Names that checkov used although they are left out."""


class UnusedPackageError(ImportError):
    """Checkov uses something that is left out."""


def _is_unused(module: str) -> bool:
    return any(module == each or module.startswith(f"{each}.") for each in UNUSED)


class _Placeholder(type):
    """The type of names in a module that is left out: as classes, they can be derived from, caught and compared."""

    importing = False
    """Whether checkov is being imported. What it creates then isn't used yet."""

    def __call__(cls, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - another placeholder
        if not _Placeholder.importing:
            name = next(each.__name__ for each in cls.__mro__ if each.__module__ == __name__)
            used.append(name)
            raise UnusedPackageError(f"checkov uses {name}, which is left out; see ops/gate/unused_packages.py")
        return _placeholder(f"{cls.__name__}()")

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(f"{cls.__name__}.{name}")

    def __getitem__(cls, _: object) -> type:
        return cls


def _placeholder(name: str) -> type:
    return _Placeholder(name, (Exception,), {"__module__": __name__})


class _Module(ModuleType):
    """A module that is left out."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(f"{self.__name__}.{name}")


class _Finder(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in MISSING:
            raise ModuleNotFoundError(f"{fullname} is left out; see ops/gate/unused_packages.py", name=fullname)
        if _is_unused(fullname):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing runs."""


@contextmanager
def left_out() -> Iterator[None]:
    """Inside this context, which is for importing checkov, its imports leave them out. Other imports get them."""
    if everything():
        yield
        return
    finder, before = _Finder(), frozenset(sys.modules)
    sys.meta_path.insert(0, finder)
    _Placeholder.importing = True
    try:
        yield
    finally:
        _Placeholder.importing = False
        sys.meta_path.remove(finder)
        # Also a package of which only a module is left out: it has kept the placeholders. Only the gate uses checkov.
        packages = {each.partition(".")[0] for each in UNUSED} - {"checkov"}
        for name in sys.modules.keys() - before:
            if _is_unused(name) or name.partition(".")[0] in packages:
                del sys.modules[name]
