"""A pull request through GitHub's API: files of the project only, one commit, one pull request."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.ci.github import GitHub
from ops.ci.pull_request import ChangedFile, open_or_update, read_files
from ops.errors import OpsError, RefusedError
from ops.versions import ROOT
from tests.ci.github_server import Account, github_server
from tests.ci.github_server import GitHub as Server
from tests.ops.cli import run

pytestmark = pytest.mark.slow

FILES = {"environments/releases/aep-prod.json": '{"a": 1}\n', "README.md": "# Read\n", ".gitignore": "*.log\n"}


@pytest.fixture
def server() -> Iterator[Server]:
    with github_server() as running:
        running.start_branch(FILES)
        yield running


@pytest.fixture
def github(server: Server) -> GitHub:
    return GitHub(server.url, server.repository, "a-workflows-token")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    names = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "one")):
        subprocess.run(("git", *names, *words), cwd=folder, check=True, capture_output=True)
    monkeypatch.chdir(folder)
    return folder


RELEASE = Path("environments/releases/aep-prod.json")


def test_changed_new_removed_and_equal_files_are_read_once(project: Path) -> None:
    RELEASE.write_text('{"a": 2}\n', encoding="utf-8")
    Path("new.sh").write_text("#!/bin/sh\n", encoding="utf-8")
    Path("new.sh").chmod(0o755)
    Path(".gitignore").unlink()
    assert read_files([RELEASE, Path("new.sh"), Path(".gitignore"), Path("README.md"), RELEASE], project) == [
        ChangedFile(RELEASE.as_posix(), '{"a": 2}\n'),
        ChangedFile("new.sh", "#!/bin/sh\n", "100755"),
        ChangedFile(".gitignore", None),
        ChangedFile("README.md", FILES["README.md"]),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../outside", "is outside the project"),
        ("/etc/hostname", "is outside the project"),
        ("link", "is a link, a folder or git's own"),
        ("through/outside", "is outside the project"),
        (".git/config", "is a link, a folder or git's own"),
        ("environments", "is a link, a folder or git's own"),
        ("secret.log", "is ignored by git"),
        ("missing", "is neither here nor in the last commit"),
        ("binary", "isn't UTF-8 text"),
    ],
)
def test_what_is_no_file_of_the_project_is_refused(name: str, message: str, project: Path) -> None:
    (project.parent / "outside").write_text("secret", encoding="utf-8")
    (project / "link").symlink_to("../outside")
    (project / "through").symlink_to("..")
    (project / "secret.log").write_text("x", encoding="utf-8")
    (project / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(OpsError, match=message):
        read_files([Path("README.md"), Path(name)], project)


def test_a_pull_request_is_opened_then_updated_with_one_commit_on_the_default_branch(
    server: Server, github: GitHub
) -> None:
    name = RELEASE.as_posix()
    first = open_or_update(github, "release/backend", "Release 2", "text", [ChangedFile(name, "2\n")])
    assert first.startswith("opened ")
    assert server.files("release/backend") == {**FILES, name: "2\n"}
    assert server.files() == FILES
    again = open_or_update(github, "release/backend", "Release 3", "more", [ChangedFile(name, "3\n", "100755")])
    assert again.startswith("updated ")
    assert server.files("release/backend")[name] == "3\n"
    (pull,) = server.pulls.values()
    assert (pull["title"], pull["body"], pull["base"]["ref"]) == ("Release 3", "more", "main")
    last = server.commits[server.references["heads/release/backend"]]
    assert [each["sha"] for each in last["parents"]] == [server.references["heads/main"]]
    commits = len(server.commits)
    open_or_update(github, "release/backend", "Release 3", "more", [ChangedFile(name, "3\n", "100755")])
    assert len(server.commits) == commits, "the same files are no new commit"


def test_files_that_github_has_already_open_nothing(server: Server, github: GitHub) -> None:
    same = ChangedFile("README.md", FILES["README.md"])
    assert open_or_update(github, "release/backend", "t", "", [same]) == (
        "main at GitHub has these files already: nothing to open"
    )
    assert (server.pulls, list(server.references)) == ({}, ["heads/main"])


def test_a_pull_request_whose_files_the_default_branch_has_is_closed(server: Server, github: GitHub) -> None:
    """A rollback returns to what main has: merging the release's pull request would release the image again."""
    name = RELEASE.as_posix()
    open_or_update(github, "release/backend", "Release 2", "", [ChangedFile(name, "2\n")])
    closed = open_or_update(github, "release/backend", "Release 1", "", [ChangedFile(name, FILES[name])])
    assert closed == f"closed {server.pulls[1]['html_url']}: main at GitHub has these files already"
    assert (server.pulls[1]["state"], server.pulls[1]["title"]) == ("closed", "Release 2")
    again = open_or_update(github, "release/backend", "Release 2", "", [ChangedFile(name, "2\n")])
    assert again.startswith("opened ") and server.files("release/backend")[name] == "2\n"


def test_a_release_that_was_merged_and_undone_can_be_opened_again(server: Server, github: GitHub) -> None:
    release = [ChangedFile(RELEASE.as_posix(), "2\n")]
    open_or_update(github, "release/backend", "Release 2", "", release)
    before, merged = (server.commits[server.references[f"heads/{each}"]] for each in ("main", "release/backend"))
    given = {"message": "Revert", "tree": before["tree"]["sha"], "parents": [merged["sha"]]}
    server.references["heads/main"] = server.commit(given, "ada")
    server.pulls[1]["state"] = "closed"
    assert open_or_update(github, "release/backend", "Release 2", "", release).startswith("opened ")


def test_a_removed_file_is_removed(server: Server, github: GitHub) -> None:
    open_or_update(github, "topic", "t", "", [ChangedFile("README.md", None)])
    assert "README.md" not in server.files("topic")


def test_the_branch_of_a_persons_pull_request_is_not_touched(server: Server, github: GitHub) -> None:
    first = server.start_branch({**FILES, "README.md": "hers\n"}, "topic")
    server.open_pull("hers", "topic", login="ada")
    with pytest.raises(RefusedError, match="topic has the pull request of another account"):
        open_or_update(github, "topic", "t", "", [ChangedFile("README.md", "x")])
    assert server.references["heads/topic"] == first


@pytest.mark.parametrize("branch", ["main", "a b", "../x", "-x", "a..b", "refs@{1}", "x/", "x.lock", ""])
def test_a_branch_must_have_a_plain_name_and_not_be_the_default_one(
    branch: str, server: Server, github: GitHub
) -> None:
    with pytest.raises(OpsError, match="pass a name such as release/backend"):
        open_or_update(github, branch, "t", "", [ChangedFile("README.md", "x")])
    assert list(server.references) == ["heads/main"]


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "x" * 300])
def test_a_title_is_one_line(title: str, github: GitHub) -> None:
    with pytest.raises(OpsError, match="--title must be one line"):
        open_or_update(github, "topic", title, "", [ChangedFile("README.md", "x")])


def test_a_token_that_may_only_read_is_refused(server: Server) -> None:
    server.accounts["of-a-fork"] = Account(writes=False)
    with pytest.raises(RefusedError, match="Resource not accessible by integration"):
        open_or_update(GitHub(server.url, server.repository, "of-a-fork"), "t", "t", "", [ChangedFile("a", "x")])


def test_the_command_compares_with_the_default_branch_and_not_with_the_last_commit_here(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": server.repository, "GITHUB_TOKEN": "a-workflows-token"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    done = run("ci", "pull-request", "--branch", "topic", "--title", "t", "LICENSE-that-does-not-exist")
    assert (done.exit_code, "is neither here nor in the last commit" in done.stderr) == (2, True)
    assert not server.requests
    here = (ROOT / "cdktf.json").read_text(encoding="utf-8")
    for files, said in (({"cdktf.json": here}, "nothing to open"), (FILES, "opened ")):
        server.start_branch(files)
        done = run("ci", "pull-request", "--branch", "topic", "--title", "t", "cdktf.json")
        assert done.exit_code == 0 and said in done.stderr, done.stderr
    assert server.files("topic")["cdktf.json"] == here
