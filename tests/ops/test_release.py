"""The release file, and its history in git."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import environments
from environments.schema import Environment
from ops.__main__ import app
from ops.errors import OpsError
from ops.release.file import UNCOMMITTED, change, checked, history, is_cut_short, repository_of, tag_of
from tests.ops.registry.git import commit, git

BACKEND, FRONTEND = "navralabs/aep-backend", "navralabs/aep-frontend"
A, B, C = (f"sha256:{digit * 64}" for digit in "abc")


@pytest.fixture
def prod() -> Environment:
    return environments.load("prod")


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of release files, not in git."""
    folder = tmp_path / "releases"
    folder.mkdir()
    monkeypatch.setattr(environments, "RELEASES", folder)
    # Git must find no repository above.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    write(folder, A)
    return folder


@pytest.fixture
def repository(releases: Path) -> Path:
    """The same in git, where the backend had A, B, B beside another frontend, and A again."""
    git(releases, "init", "--quiet")
    for day, (backend, frontend) in enumerate([(A, C), (B, C), (B, A), (A, A)], start=1):
        write(releases, backend, frontend)
        commit(releases, f"2026-01-0{day}T00:00:00Z")
    return releases


def write(folder: Path, backend: str, frontend: str = C) -> None:
    text = json.dumps({BACKEND: backend, FRONTEND: frontend}, indent=4) + "\n\n"
    (folder / "aep-prod.json").write_text(text, encoding="utf-8")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["release", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.requirement("R3.4")
def test_only_the_digest_changes_in_the_file(prod: Environment, releases: Path) -> None:
    before = (releases / "aep-prod.json").read_text(encoding="utf-8")
    planned = change(prod, BACKEND, B)
    assert (releases / "aep-prod.json").read_text(encoding="utf-8") == before
    planned.write()
    assert (releases / "aep-prod.json").read_text(encoding="utf-8") == before.replace(A, B)
    assert [path.name for path in releases.iterdir()] == ["aep-prod.json"]
    assert f'-    "{BACKEND}": "{A}",\n+    "{BACKEND}": "{B}",\n' in planned.diff
    assert planned.diff.startswith(f"--- a/{releases}/aep-prod.json\n")
    assert planned.previous == A


def test_the_same_digest_is_no_change(prod: Environment, releases: Path) -> None:
    planned = change(prod, BACKEND, A)
    assert planned.diff == ""
    planned.write()


def test_what_somebody_else_wrote_meanwhile_is_not_lost(prod: Environment, releases: Path) -> None:
    planned = change(prod, BACKEND, B)
    write(releases, A, frontend=B)
    with pytest.raises(OpsError, match="changed while this command ran"):
        planned.write()


def test_a_write_that_fails_leaves_the_file_and_nothing_beside_it(
    prod: Environment, releases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    planned = change(prod, BACKEND, B)
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        planned.write()
    assert [path.name for path in releases.iterdir()] == ["aep-prod.json"]
    assert A in (releases / "aep-prod.json").read_text(encoding="utf-8")


def test_the_release_tag_is_as_the_registry_page_says(prod: Environment) -> None:
    assert tag_of(prod, f"sha256:7e1cc18212d4{'0' * 52}") == "release-prod-7e1cc18212d4"


def test_what_is_typed_wrong_is_told_with_what_is_right(prod: Environment) -> None:
    with pytest.raises(OpsError, match="no service named 'worker' in prod; known: backend, frontend"):
        repository_of(prod, "worker")
    with pytest.raises(OpsError, match="'latest' isn't a digest: write sha256: and 64 hexadecimal digits"):
        checked("latest")


def test_history_has_each_change_of_that_image_alone(repository: Path) -> None:
    known = history(repository / "aep-prod.json", BACKEND)
    assert [each.digest for each in known] == [A, B, A]
    assert [each.when[:10] for each in known] == ["2026-01-04", "2026-01-02", "2026-01-01"]
    assert {each.who for each in known} == {"Somebody"}
    assert not is_cut_short(repository / "aep-prod.json")


@pytest.mark.parametrize("name", ["Line\u2028break", "Next\x85line", "Tab\tstop", "Form\x0cfeed", "A\rB"])
def test_an_author_of_any_name_is_one_line_of_history(
    repository: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", name)
    write(repository, B)
    commit(repository, "2026-01-05T00:00:00Z")
    assert history(repository / "aep-prod.json", BACKEND)[0].who == name


def test_history_continues_before_a_rename(repository: Path) -> None:
    (repository / "aep-prod.json").rename(repository / "aep-live.json")
    commit(repository, "2026-01-05T00:00:00Z")
    known = history(repository / "aep-live.json", BACKEND)
    assert [each.when[:10] for each in known] == ["2026-01-04", "2026-01-02", "2026-01-01"]


def test_what_is_not_committed_yet_is_the_newest(repository: Path) -> None:
    write(repository, C, A)
    assert history(repository / "aep-prod.json", BACKEND)[0].commit == UNCOMMITTED
    assert history(repository / "aep-prod.json", FRONTEND)[0].commit != UNCOMMITTED


def test_a_commit_that_broke_the_file_is_passed_over(repository: Path) -> None:
    (repository / "aep-prod.json").write_text("<<<<<<<", encoding="utf-8")
    commit(repository, "2026-01-05T00:00:00Z")
    write(repository, A, A)
    assert [each.digest for each in history(repository / "aep-prod.json", BACKEND)] == [A, B, A]


@pytest.mark.requirement("R3.4")
def test_history_is_listed_and_told_to_programs(repository: Path) -> None:
    code, shown, _ = run("history", "prod", "backend")
    assert code == 0
    assert shown.startswith("backend\n  2026-01-04T00:00:00")
    assert FRONTEND not in shown
    code, shown, _ = run("history", "prod", "--json")
    assert [each["digest"] for each in json.loads(shown)["frontend"]] == [A, C]


def test_a_shallow_clone_says_what_is_missing(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", "shallow")
    monkeypatch.setattr(environments, "RELEASES", tmp_path / "shallow")
    code, shown, told = run("history", "prod", "backend")
    assert (code, shown.count("sha256:")) == (0, 1)
    assert "git fetch --unshallow" in told


def test_without_git_the_message_says_so(releases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, told = run("history", "prod")
    assert (code, told.count("\n")) == (2, 1)
    assert "git has no history of aep-prod.json" in told
    monkeypatch.setenv("PATH", str(releases))
    assert run("history", "prod")[::2] == (
        2,
        "error: git isn't installed, so there is no history of releases; install git\n",
    )
