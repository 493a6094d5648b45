"""Which part of the project may know which other."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import util
from pathlib import Path

import pytest

import environments
from environments import LIBRARY, PACKAGE
from environments.permissions import BREAK_GLASS, DEPLOYER, PLANNER
from modules.phases import AccountRole

ROOT = Path(__file__).parents[2]
# What the package itself defines.
ALLOWED = LIBRARY | set(vars(environments))
CDKTF = {"cdktf", "cdktf_cdktf_provider_aws", "cdktn", "cdktn_provider_aws", "constructs", "jsii"}
CLASSES = {
    "App",
    "Construct",
    "DataTerraformRemoteStateS3",
    "Postcondition",
    "S3Backend",
    "TerraformLocal",
    "TerraformOutput",
    "TerraformResource",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "TerraformVariable",
}
"""What the project uses of cdktf, beside one class for each type of resource. A fork must have it: keep it small."""
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""The parts of a statement that hold statements."""
METHODS = {"add_dependency", "add_override", "synth"}
"""The methods of these classes that it calls."""


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


@cache
def imported(file: Path) -> set[str]:
    """Full names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        # Statements are in statements only: expressions, which are most of a file, hold none.
        waiting += [inner for part in BLOCKS for inner in getattr(node, part, ()) if isinstance(inner, ast.AST)]
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def files(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return found


def test_cdktf_is_imported_in_one_place() -> None:
    for file in files("modules"):
        if file.parent.name != "bindings":
            assert not {name.split(".")[0] for name in imported(file)} & CDKTF, file


def test_little_of_cdktf_is_used() -> None:
    prefix = "modules.bindings.engine."
    used = {name for file in files("modules") for name in imported(file) if name.startswith(prefix)}
    assert {name.removeprefix(prefix) for name in used} == CLASSES
    text = Path(str(util.find_spec("cdktf").origin)).read_text(encoding="utf-8")  # type: ignore[union-attr]
    kinds = {part.partition("(")[0]: part for part in re.split(r"^class ", text, flags=re.MULTILINE)[1:]}
    members = {
        name
        for kind in (CLASSES | {"TerraformBackend", "TerraformElement", "TerraformRemoteState"}) & kinds.keys()
        for name in re.findall(r"(?<!property\n)^    @jsii\.member\(.*\)\n    def (\w+)\(", kinds[kind], re.MULTILINE)
    }
    called = {
        node.func.attr
        for file in files("modules")
        for node in nodes(file)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert called & members - {name for builtin in (dict, list, str) for name in dir(builtin)} == METHODS


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["environments", "ops"])
def test_values_and_commands_do_not_load_cdktf(folder: str) -> None:
    for file in files(folder):
        assert not {name.split(".")[0] for name in imported(file)} & CDKTF, file


def test_values_know_nothing_but_values() -> None:
    for file in files("environments"):
        assert not {name.split(".")[0] for name in imported(file)} & {"modules", "ops", "boto3", "rehearsal"}, file


def test_the_table_of_permissions_names_the_roles_as_the_table_of_phases_does() -> None:
    """Values import nothing of the phases, so each has the names once."""
    assert {BREAK_GLASS, DEPLOYER, PLANNER} == set(AccountRole)


@pytest.mark.slow
def test_what_runs_against_production_needs_no_emulator() -> None:
    generated = ROOT / "ops" / "pages.py"  # It writes the emulator's page, and is for developers.
    for file in files("ops"):
        known = {name.split(".")[0] for name in imported(file)}
        assert file == generated or not known & {"rehearsal", "moto", "flask", "psycopg", "redis"}, file


@pytest.mark.parametrize("folder", ["modules/stacks", "modules/constructs"])
def test_stacks_know_no_other_stack(folder: str) -> None:
    for file in files(folder):
        assert not [name for name in imported(file) if name.startswith("modules.stacks")], file


def test_no_code_asks_which_environment_it_is() -> None:
    for file in files("modules"):
        for node in nodes(file):
            if isinstance(node, ast.Compare):
                texts = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
                assert not texts & {"prod", "prod-starter", "staging"}, f"{file}:{node.lineno}"


def test_the_network_is_not_asked_and_the_clock_not_read() -> None:
    """The line of progress measures how long you wait; main.py passes it in, so no module of synthesis imports it."""
    outside = {"boto3", "datetime", "time", "urllib.request", "requests", "socket", "random", "modules.progress"}
    for file in files("modules") + files("environments"):
        if file.name != "progress.py":
            assert not imported(file) & outside, file


def test_only_values_import_values() -> None:
    """What other modules import of environments/ is a library: you may edit or delete every other module there."""
    for file in [*files("modules"), *files("ops"), *files("policies"), *files("rehearsal"), ROOT / "main.py"]:
        for name in imported(file) if "environments" in file.read_text(encoding="utf-8") else ():
            assert not name.startswith("environments.") or name.split(".")[1] in ALLOWED, f"{file}: {name}"
    for library in LIBRARY:
        paths = [PACKAGE / f"{library}.py", *(PACKAGE / library).rglob("*.py")]
        for file in filter(Path.is_file, paths):
            for name in imported(file):
                assert not name.startswith("environments.") or name.split(".")[1] in ALLOWED, f"{file}: {name}"
        assert any(map(Path.is_file, paths)), library
