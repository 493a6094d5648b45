"""Another version of the project: its files from git, synthesized with its own code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import environments
from environments.schema import MEDIUM_USAGE
from ops import versions
from ops.cost.read import previous
from ops.errors import OpsError
from ops.versions import synthesized, version
from tests.products import AEP, OF_AEP

MAIN = """
import os, pathlib
for name in {stacks!r}:
    path = pathlib.Path(os.environ["CDKTF_OUTDIR"], "stacks", name)
    path.mkdir(parents=True)
    (path / "cdk.tf.json").write_text(os.environ["ENVIRONMENTS"])
"""


def git(folder: Path, *words: str) -> str:
    names = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(("git", *names, *words), cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in place of this one, with a small main.py."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "requirements.txt").write_text("one==1\n", encoding="utf-8")
    write(folder, MAIN.format(stacks=["prod-edge", "organization"]))
    monkeypatch.setattr(versions, "ROOT", folder)
    monkeypatch.delenv("ENVIRONMENTS", raising=False)
    return folder


def write(folder: Path, main: str) -> None:
    (folder / "main.py").write_text(main, encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "one")


def test_a_version_has_its_own_files_and_stacks_and_leaves_nothing(project: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    write(project, MAIN.format(stacks=["prod-data"]))
    (project / "main.py").write_text("not committed", encoding="utf-8")
    with version("HEAD~1") as found:
        assert (found.ref, found.commit) == ("HEAD~1", first)
        assert synthesized(found.out) == {
            "organization": ("organization", "organization"),
            "prod-edge": ("prod", "edge"),
        }
        assert "prod-edge" in (found.tree / "main.py").read_text(encoding="utf-8")
        assert found.values == found.tree / "environments"
    assert not found.tree.exists()
    assert git(project, "worktree", "list", "--porcelain").count("worktree ") == 1
    assert git(project, "status", "--porcelain") == "M main.py"


def test_values_in_the_project_have_a_version_and_others_have_none(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(given: str) -> str:
        monkeypatch.setenv("ENVIRONMENTS", given)
        with version("HEAD") as found:
            return (found.out / "stacks" / "prod-edge" / "cdk.tf.json").read_text(encoding="utf-8")

    assert read("") == ""
    assert read(str(project / "tests" / "mine")) == "tests/mine"
    assert read(str(tmp_path / "elsewhere")) == str(tmp_path / "elsewhere")


def test_an_unknown_version_is_one_line_that_says_if_the_clone_is_shallow(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OpsError, match="git knows no commit 'origin/main'; name a commit, branch or tag"):
        version("origin/main").__enter__()
    write(project, "raise SystemExit(0)  # another commit")
    shallow = tmp_path / "shallow"
    subprocess.run(("git", "clone", "--quiet", "--depth=1", project.as_uri(), str(shallow)), check=True)
    monkeypatch.setattr(versions, "ROOT", shallow)
    with pytest.raises(OpsError, match="this clone is shallow and lacks 'HEAD~1'; fetch it"):
        version("HEAD~1").__enter__()


def test_a_version_that_cannot_be_synthesized_is_one_line(project: Path) -> None:
    write(project, "import no_such_package")
    with pytest.raises(OpsError, match="HEAD can't be synthesized: ModuleNotFoundError: No module named 'no_such_pack"):
        version("HEAD").__enter__()
    (project / "requirements.txt").write_text("two==2\n", encoding="utf-8")
    with pytest.raises(OpsError, match=r"can't be synthesized \(its requirements.txt differs, so it may need other pa"):
        version("HEAD").__enter__()


def test_environments_with_invalid_values_do_not_stop_the_others(project: Path) -> None:
    write(project, MAIN.format(stacks=["prod-edge"]) + "raise SystemExit(3)")
    with version("HEAD") as found:
        assert list(synthesized(found.out)) == ["prod-edge"]


@pytest.mark.slow
def test_the_cost_of_another_version_is_of_its_own_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENTS", str(AEP))
    with version("HEAD") as base:
        found = previous(base, [each.environment for each in OF_AEP], MEDIUM_USAGE)
    assert list(found) == [each.environment.name for each in OF_AEP]
    assert environments.PACKAGE != AEP
