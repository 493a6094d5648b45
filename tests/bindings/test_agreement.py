"""Both engines write the same bytes: of every class, of all environments, and of any that could be."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import environments
from benchmarks.synth import identical
from environments.schema import Environment
from modules.bindings.table import FILE
from modules.synthesis import synthesize
from tests.products import AEP, SHAPES
from tests.strategies import any_environment

pytestmark = pytest.mark.slow  # each starts node
ROOT = Path(__file__).parents[2]
SLOWER = "warning: synthesis is slower than it can be: "
SEVERAL = """
import pickle, sys
from pathlib import Path
from modules.synthesis import synthesize
folder = Path(sys.argv[1])
for number, environment in enumerate(pickle.loads((folder / "environments").read_bytes())):
    synthesize([environment], folder / f"{number}", organization=False)
"""


def python(*arguments: str | Path, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the project."""
    kept = {name: value for name, value in os.environ.items() if name not in {"ENGINE", "NODE_OPTIONS"}}
    command: Sequence[str | Path] = [sys.executable, "-O", *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**kept, **variables}, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_every_class_and_everything_the_engines_do(tmp_path: Path) -> None:
    for engine in ("python", "node"):
        (tmp_path / engine).mkdir()
        done = python("-m", "tests.bindings.sample", tmp_path / engine, ENGINE=engine)
        assert (done.stdout, done.stderr) == ("", "")
    assert len([*(tmp_path / "node").glob("stacks/*")]) == 4
    assert identical(tmp_path / "node", tmp_path / "python")
    golden = Path(__file__).with_name("golden")
    for written, kept in (("stacks/small-stack/cdk.tf.json", "small-stack.tf.json"), ("manifest.json",) * 2):
        assert (tmp_path / "node" / written).read_bytes() == (golden / kept).read_bytes()


@pytest.mark.parametrize("folder", [AEP, *SHAPES, environments.FOLDER], ids=lambda folder: folder.name)
def test_all_environments(folder: Path, tmp_path: Path) -> None:
    """With main.py, as `make synth` does; also the warnings and what it prints."""
    printed = [
        python("main.py", ENVIRONMENTS=str(folder), CDKTF_OUTDIR=str(tmp_path / engine), ENGINE=engine)
        for engine in ("python", "node")
    ]
    assert identical(tmp_path / "node", tmp_path / "python")
    assert (printed[0].stdout, printed[0].stderr) == (printed[1].stdout, printed[1].stderr)
    assert printed[0].stderr == ""


@settings(max_examples=2, phases=[Phase.generate])  # node is too slow to shrink an example.
@given(drawn=st.lists(any_environment(), min_size=5, max_size=5))
def test_any_environment(drawn: list[Environment]) -> None:
    # Synthesis removes the stacks of other names.
    several = [replace(each, name=environments.known()[0]) for each in drawn]
    with TemporaryDirectory() as folder:
        (Path(folder) / "environments").write_bytes(pickle.dumps(several))
        python("-c", SEVERAL, folder, ENGINE="node")
        for number, environment in enumerate(several):
            ours = Path(folder) / "ours" / f"{number}"
            synthesize([environment], ours, organization=False)
            assert identical(Path(folder) / f"{number}", ours)


def test_the_table_is_what_the_bindings_say(tmp_path: Path) -> None:
    """`make bindings-table` changes nothing."""
    extracted = f"""
from pathlib import Path
from modules.bindings import extract
extract.FILE = Path({str(tmp_path / "table")!r})
extract.main()
"""
    python("-c", extracted, ENGINE="node")
    assert (tmp_path / "table").read_bytes() == FILE.read_bytes()


def planted(before: str, after: str) -> str:
    """A program that runs main.py with another line in the table, and perhaps without some packages."""
    return f"""
import sys
import modules.bindings
read = modules.bindings.table()
read._lines = {{name: line.replace({before!r}, {after!r}) for name, line in read._lines.items()}}
import main
sys.exit(main.main(["prod"]))
"""


@pytest.fixture(scope="module")
def by_node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AEP's prod as node synthesizes it."""
    folder = tmp_path_factory.mktemp("node")
    python("main.py", "prod", ENVIRONMENTS=str(AEP), CDKTF_OUTDIR=str(folder), ENGINE="node")
    return folder


UNKNOWN: Mapping[str, tuple[str, str]] = {
    "the argument enable_key_rotation of KmsKey": (" enable_key_rotation:b", ""),
    "bool True as the argument enable_key_rotation of KmsKey": (" enable_key_rotation:b", " enable_key_rotation:?"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_the_engine_does_not_know_falls_back_to_node(what: str, by_node: Path, tmp_path: Path) -> None:
    done = python("-c", planted(*UNKNOWN[what]), ENVIRONMENTS=str(AEP), CDKTF_OUTDIR=str(tmp_path))
    assert done.stderr == f"{SLOWER}the engine in Python doesn't know {what}; node synthesizes\n"
    assert identical(by_node, tmp_path)


WITHOUT_NODE = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name.startswith("cdktf") else find(name, *rest)
"""


MISSING = (
    f"ENGINE=node needs the package cdktf, which isn't in {sys.prefix}; make setup-dev installs it, and make synth "
    "ENGINE=node uses it\n"
)


def test_without_node_the_error_names_what_is_unknown_and_how_to_install_node(tmp_path: Path) -> None:
    what, change = next(iter(UNKNOWN.items()))
    program = WITHOUT_NODE + planted(*change)
    done = python("-c", program, code=2, ENVIRONMENTS=str(AEP), CDKTF_OUTDIR=str(tmp_path))
    assert done.stderr == (
        f"error: the engine in Python doesn't know {what}; node does, or says what is wrong with it, but {MISSING}"
    )
    assert [*tmp_path.iterdir()] == []


def test_without_node_the_reference_is_one_error(tmp_path: Path) -> None:
    program = WITHOUT_NODE + "import main; sys.exit(main.main(['prod']))"
    done = python("-c", program, code=2, ENVIRONMENTS=str(AEP), CDKTF_OUTDIR=str(tmp_path), ENGINE="node")
    assert done.stderr == f"error: {MISSING}"


def test_without_node_nothing_is_missed(by_node: Path, tmp_path: Path) -> None:
    program = WITHOUT_NODE + "import main; sys.exit(main.main(['prod']))"
    done = python("-c", program, ENVIRONMENTS=str(AEP), CDKTF_OUTDIR=str(tmp_path))
    assert done.stderr == ""
    assert identical(by_node, tmp_path)


def test_a_table_of_other_packages_is_not_used(by_node: Path, tmp_path: Path) -> None:
    program = """
import importlib, sys
from modules import bindings
bindings.table().packages["cdktf"] = "0.20.0"
for name in ("aws", "engine"):
    del sys.modules[f"modules.bindings.{name}"], vars(bindings)[name]
importlib.reload(bindings)
import main
main.main(["prod"])
"""
    done = python("-c", program, ENVIRONMENTS=str(AEP), CDKTF_OUTDIR=str(tmp_path))
    assert done.stderr == (
        f"{SLOWER}the engine in Python is for cdktf 0.20.0, and 0.21.0 is installed; node synthesizes (make setup-dev "
        "installs the pinned version, make bindings-table renews the engine's table)\n"
    )
    assert identical(by_node, tmp_path)


def test_an_unknown_engine_is_one_error(tmp_path: Path) -> None:
    done = python("main.py", "prod", code=2, ENVIRONMENTS=str(AEP), CDKTF_OUTDIR=str(tmp_path), ENGINE="jsii")
    assert done.stderr.startswith("error: ENGINE='jsii': must be one of node, python, cdktn; ")
