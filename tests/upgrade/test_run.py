"""An upgrade is a branch with all of it, or an error and nothing: `ops upgrade`, in a small repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops import versions
from ops.errors import OpsError
from ops.upgrade import run
from tests.copies import copy_project
from tests.ops.cli import run as command
from tests.upgrade import example

MAIN = """
import json, os, pathlib
text = pathlib.Path("requirements-dev.txt").read_text()
for name in ("prod-network", "prod-data"):
    path = pathlib.Path(os.environ["CDKTF_OUTDIR"], "stacks", name)
    path.mkdir(parents=True)
    (path / "cdk.tf.json").write_text(json.dumps({"terraform": {"cdktf": text.partition("==")[2].strip()}}))
"""
TABLE = "modules/bindings/table.txt.gz"
PYPROJECT = '[project]\ndependencies = ["cdktf==1.0"]\n'


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(("git", *words), cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Project:
    """A repository, with a package index and a gate that a test decides on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.newest = "2.0"
        self.index, self.install, self.extraction, self.gate = "", "", "", (0, "gate: clean")
        self.flags: list[str] = []
        folder.mkdir()
        for name, text in {
            "main.py": MAIN,
            "pyproject.toml": PYPROJECT,
            "requirements-dev.txt": "cdktf==1.0\n",
        }.items():
            (folder / name).write_text(text, encoding="utf-8")
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "one")
        self.before = self.state()

    def state(self) -> tuple[str, str, str]:
        """What an upgrade must not change."""
        return git(self.folder, "rev-parse", "HEAD"), git(self.folder, "status", "--porcelain"), self.branch()

    def branch(self) -> str:
        return git(self.folder, "symbolic-ref", "HEAD")

    def branches(self) -> list[str]:
        return git(self.folder, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()

    def program(self, tree: Path, words: tuple[str, ...], _: object = None) -> tuple[int, str]:
        if "requirements" in words:
            self.flags.append(words[-1])
            pinned = (tree / "pyproject.toml").read_text(encoding="utf-8").partition("==")[2].partition('"')[0]
            (tree / "requirements-dev.txt").write_text(f"cdktf=={pinned or self.newest}\n", encoding="utf-8")
            return int(bool(self.index)), self.index
        if "setup-dev" in words:
            return int(bool(self.install)), self.install
        if "modules.bindings.extract" in words:
            (tree / TABLE).parent.mkdir(parents=True)
            (tree / TABLE).write_text("of the new bindings", encoding="utf-8")
            return int(bool(self.extraction)), self.extraction
        return self.gate


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "t")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "t@example.com")
    found = Project(tmp_path / "project")
    for module in (versions, run):
        monkeypatch.setattr(module, "ROOT", found.folder)
    monkeypatch.setattr(run, "_run", found.program)
    monkeypatch.setattr(run, "_provider", lambda *_: ())
    monkeypatch.setattr(run, "_python", lambda _: sys.executable)
    monkeypatch.delenv("ENVIRONMENTS", raising=False)
    return found


@pytest.mark.slow
@pytest.mark.requirement("R13.15")
def test_the_branch_has_the_change_and_the_working_tree_stays(project: Project) -> None:
    result = command("upgrade", "cdktf")
    assert result.exit_code == 0, result.output
    for part in (
        "  cdktf 1.0 → 2.0\n",
        "The JSON of 2 of 2 stacks changes:\n  prod: data 1, network 1\n",
        'in all 2 stacks:\n  ~ /terraform/cdktf: "1.0" → "2.0"\n',
        "  gate: clean\n",
        "Branch upgrade-cdktf has the change",
    ):
        assert part in result.stdout
    assert project.state() == project.before
    assert git(project.folder, "show", "upgrade-cdktf:pyproject.toml") == PYPROJECT.strip().replace("1.0", "2.0")
    assert git(project.folder, "diff", "--name-only", "main", "upgrade-cdktf").split() == [
        TABLE,
        "pyproject.toml",
        "requirements-dev.txt",
    ]
    message = git(project.folder, "log", "-1", "--format=%B", "upgrade-cdktf")
    assert message.startswith("Raise cdktf 1.0 → 2.0\n")
    assert "prod: data 1, network 1" in message
    assert project.flags == ["RAISE=--upgrade-package cdktf", "RAISE="]


@pytest.mark.slow
def test_a_version_can_be_named_and_the_result_read_by_a_program(project: Project) -> None:
    result = command("upgrade", "cdktf==1.5", "--branch", "mine", "--json")
    data = json.loads(result.stdout)
    assert data["raised"] == [{"name": "cdktf", "before": "1.0", "after": "1.5"}]
    assert data["stacks"]["prod-data"] == [
        {"op": "replace", "path": "/terraform/cdktf", "before": "1.0", "value": "1.5"}
    ]
    assert (data["branch"], data["gate"]["code"]) == ("mine", 0)
    assert project.branches() == ["main", "mine"]


@pytest.mark.slow
def test_bindings_that_cannot_be_read_are_a_note(project: Project) -> None:
    project.extraction = "UnexpectedBindingsError: x"
    result = command("upgrade", "cdktf")
    assert result.exit_code == 0
    assert "note: until make bindings-table succeeds on the branch, node synthesizes (Unexpected" in result.stdout


@pytest.mark.slow
def test_exact_pins_stay_unless_they_are_named(project: Project) -> None:
    result = command("upgrade")
    assert (result.exit_code, project.flags) == (0, ["RAISE=--upgrade"])
    assert result.stdout == (
        "No pinned package has a newer version that fits.\n"
        "Not raised, since pyproject.toml pins them exactly (name them to raise them): cdktf 1.0\n"
    )
    assert project.branches() == ["main"]


@pytest.mark.slow
@pytest.mark.requirement("R13.15")
def test_findings_of_the_gate_are_exit_code_1_and_the_branch_is_there(project: Project) -> None:
    project.gate = (1, "  ERROR  something\n  gate: findings")
    result = command("upgrade", "cdktf", "--branch", "mine")
    assert result.exit_code == 1
    assert "  ERROR  something\n" in result.stdout
    assert project.branches() == ["main", "mine"]


@pytest.mark.slow
@pytest.mark.requirement("R13.15")
@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("index", "No solution found", "nothing has changed: the new versions can't be resolved."),
        ("index", "no route to host", "isn't reachable. uv says: no route to host"),
        ("install", "a hash differs", "nothing has changed: the new packages can't be installed: a hash differs"),
    ],
)
def test_after_an_error_nothing_has_changed(project: Project, attribute: str, value: str, message: str) -> None:
    setattr(project, attribute, value)
    result = command("upgrade", "cdktf")
    assert (result.exit_code, project.branches()) == (2, ["main"])
    assert message in result.stderr
    assert project.state() == project.before


@pytest.mark.slow
def test_stacks_that_cannot_be_synthesized_are_no_branch(project: Project) -> None:
    (project.folder / "main.py").write_text(
        f"{MAIN}if '==1.0' not in text:\n    raise ValueError('no such class')\n", encoding="utf-8"
    )
    git(project.folder, "commit", "-q", "-a", "-m", "two")
    result = command("upgrade", "cdktf")
    assert (result.exit_code, project.branches()) == (2, ["main"])
    assert "with the new packages, the stacks can't be synthesized: ValueError: no such class" in result.stderr


@pytest.mark.slow
def test_git_without_a_name_is_no_branch(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "")
    result = command("upgrade", "cdktf")
    assert (result.exit_code, project.branches()) == (2, ["main"])
    assert "nothing has changed: git can't store the branch: " in result.stderr


@pytest.mark.parametrize("changed", ["main.py", "environments.py"], ids=["changed", "new"])
def test_a_dirty_tree_is_refused(project: Project, changed: str) -> None:
    (project.folder / changed).write_text("", encoding="utf-8")
    result = command("upgrade", "cdktf")
    assert (result.exit_code, project.branches(), project.flags) == (2, ["main"], [])
    assert f"the working tree has changes that aren't committed: {changed}; commit or stash them" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("cdkft",), "no pinned package 'cdkft' in requirements-dev.txt; did you mean cdktf? known: cdktf"),
        (("cdktf", "--branch", "main"), "there is a branch main already; delete it (git branch -D main), or name"),
        (("cdktf", "--branch", "a..b"), "'a..b' can't be a branch's name; name another one: BRANCH=…"),
    ],
    ids=["package", "existing", "name"],
)
def test_what_is_given_is_checked_first(project: Project, words: tuple[str, ...], message: str) -> None:
    result = command("upgrade", *words)
    assert (result.exit_code, project.flags) == (2, [])
    assert message in " ".join(result.stderr.split())


def test_broken_requirements_are_one_error(project: Project, tmp_path: Path) -> None:
    (project.folder / "requirements-dev.txt").write_bytes(b"\xff")
    result = command("upgrade", "cdktf")
    assert result.exit_code == 2
    assert "requirements-dev.txt isn't UTF-8 text (byte 1); git restore requirements-dev.txt" in result.stderr
    (tmp_path / "requirements.txt").write_bytes(b"\xff")
    with pytest.raises(OpsError, match=r"requirements\.txt isn't UTF-8 text"):
        versions._pins(tmp_path)


# With the package index --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_an_index_the_command_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = copy_project(tmp_path / "project")
    for name in [each for each in os.environ if each.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(OpsError, match=r"or the package index that pip is configured with isn't reachable\. uv says:"):
        run._raise(copy, {})


@pytest.mark.long
def test_an_upgrade_from_the_previous_versions_is_shown_as_on_its_page(tmp_path: Path) -> None:
    found = example.example(tmp_path / "project")
    assert found.code == 0, found.said + found.printed
    assert found.page == example.PAGE.read_text(encoding="utf-8"), "python -m tests.upgrade.example writes it"
    assert "gate: clean" in found.printed
    branch = f"upgrade-{'-'.join(example.words()).replace('==', '-')}"
    for name in ("pyproject.toml", "requirements-dev.txt"):
        changed = git(found.folder, "diff", "--name-only", "HEAD", branch).split()
        assert name in changed
    assert git(found.folder, "show", f"{branch}:pyproject.toml") == git(found.folder, "show", "HEAD~1:pyproject.toml")
