"""What is left out while checkov is imported is there for everything else, and its use doesn't go unnoticed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from ops.gate import other_providers, unused_packages
from ops.gate.model import ErrorKind
from ops.gate.unused_packages import UnusedPackageError, left_out
from tests.gate.project import Project

SOURCE = """
import missing
import unused
import partly
from unused.deep.inside import Client, ERRORS, decorate

class Own(Client):
    def call(self):
        return 1

client = Client(timeout=unused.Timeout(1))

@decorate("x")
def decorated():
    return 1

class Generic(Client[int]):
    pass
"""


@pytest.fixture
def importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Packages to leave out, and a module that imports them."""
    monkeypatch.setattr(unused_packages, "UNUSED", ("unused", "partly.parser"))
    monkeypatch.setattr(unused_packages, "MISSING", ("missing",))
    monkeypatch.setattr(unused_packages, "used", [])
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "importing.py").write_text(SOURCE.replace("import missing\n", ""), encoding="utf-8")
    (tmp_path / "asking.py").write_text("import missing\n", encoding="utf-8")
    for name in ("missing", "unused", "partly"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("Timeout = float\n", encoding="utf-8")
    (tmp_path / "partly" / "__init__.py").write_text("from partly.parser import parse\n", encoding="utf-8")
    (tmp_path / "partly" / "parser.py").write_text("parse = int\n", encoding="utf-8")
    yield
    for name in ("importing", "asking", "missing", "unused", "partly", "partly.parser"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("importing")
def test_a_use_raises_and_is_remembered() -> None:
    with left_out():
        module = import_module("importing")
    classes = (module.Client, module.Own, module.Generic, module.ERRORS.Some)
    for number, use in enumerate((*classes, module.client, module.decorated, module.partly.parse), 1):
        with pytest.raises(UnusedPackageError, match="is left out"):
            use()
        assert len(unused_packages.used) == number
    assert unused_packages.used[0] == "unused.deep.inside.Client"


@pytest.mark.usefixtures("importing")
def test_later_imports_get_the_packages() -> None:
    with left_out():
        import_module("importing")
    assert import_module("unused").Timeout is float
    assert import_module("partly").parse is int


@pytest.mark.usefixtures("importing")
def test_an_optional_package_seems_not_to_be_installed() -> None:
    with left_out(), pytest.raises(ModuleNotFoundError):
        import_module("asking")
    assert import_module("asking").missing.Timeout is float


@pytest.mark.usefixtures("importing")
def test_for_comparison_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(other_providers.SWITCH, "all")
    with left_out():
        assert import_module("unused").Timeout is float


def test_a_use_that_checkov_catches_is_a_scan_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unused_packages, "used", ["requests.get"])
    (error,) = project.judge().errors
    assert error.kind is ErrorKind.SCANNER
    assert "requests.get" in error.what
