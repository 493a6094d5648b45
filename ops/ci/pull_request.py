"""A pull request with changed files, committed through GitHub's API: no job needs git's credentials.

https://docs.github.com/en/rest/git/trees, https://docs.github.com/en/rest/pulls/pulls
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ops.ci.github import GitHub
from ops.errors import OpsError, RefusedError
from ops.printable import printable
from ops.versions import ROOT

_BRANCH = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[A-Za-z0-9][\w./-]*(?<![./])")
"""Names that git allows, of plain characters: https://git-scm.com/docs/git-check-ref-format."""
_LONGEST_TITLE = 256


@dataclass(frozen=True)
class ChangedFile:
    """A file as the commit gets it."""

    path: str
    """In the project, with `/`."""
    content: str | None
    """None: the file is removed."""
    mode: str = "100644"


def read_files(files: Iterable[Path], root: Path = ROOT) -> list[ChangedFile]:
    """The files as they are here. GitHub's default branch may have moved on since the last commit here.

    Args:
        files: Files of the project, as paths from the current folder.
        root: The project's folder.

    Raises:
        RefusedError: A file is outside the project, is in git's own folder, or a link; nothing was sent.
        OpsError: A file is neither there nor in the last commit, isn't text, or git fails.
    """
    return [_read(file, root.resolve()) for file in dict.fromkeys(files)]


def _read(file: Path, root: Path) -> ChangedFile:
    path = file.parent.resolve() / file.name
    shown = printable(str(file))
    if not path.is_relative_to(root):
        raise RefusedError(f"{shown} is outside the project; name files of the project")
    name = path.relative_to(root).as_posix()
    if ".git" in Path(name).parts or path.is_symlink() or path.is_dir():
        raise RefusedError(f"{shown} is a link, a folder or git's own; name files of the project")
    if _git(root, "check-ignore", "--quiet", "--no-index", "--", name).returncode == 0:
        raise RefusedError(f"{shown} is ignored by git (.gitignore), so it is no part of a commit")
    if not path.exists():
        if _git(root, "cat-file", "-e", f"HEAD:{name}").returncode:
            raise OpsError(f"{shown} is neither here nor in the last commit; correct its name")
        return ChangedFile(name, None)
    executable = bool(path.stat().st_mode & 0o100)
    try:
        return ChangedFile(name, path.read_bytes().decode("utf-8"), "100755" if executable else "100644")
    except UnicodeDecodeError:
        raise OpsError(f"{shown} isn't UTF-8 text; only text is committed this way") from None


def _git(root: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(("git", *words), cwd=root, capture_output=True, check=False)
    except FileNotFoundError:
        raise OpsError("git isn't installed, and it has the last commit; install git") from None


def open_or_update(github: GitHub, branch: str, title: str, body: str, files: Iterable[ChangedFile]) -> str:
    """Commit files to a branch, and open its pull request or update it; returns a line that says what was done.

    The commit's parent is the last commit of the default branch. A branch that exists gets this commit in place of
    what it had: it is this command's own. If the default branch has these files already, the pull request is closed:
    merging what it had would undo them. An open one's commit with the same files isn't made again.

    Raises:
        RefusedError: The branch has a pull request that another account opened.
        OpsError: The branch's name isn't valid or is the default branch's, or GitHub refuses it.
    """
    base = github.default_branch()
    if not _BRANCH.fullmatch(branch) or branch == base:
        what = "is the branch that pull requests are for" if branch == base else "isn't a plain name of a branch"
        raise OpsError(f"--branch {printable(branch)!r} {what}; pass a name such as release/backend")
    if not title.strip() or len(title) > _LONGEST_TITLE or not title.isprintable():
        raise OpsError(f"--title must be one line of 1 to {_LONGEST_TITLE} characters")
    parent = github.branch(base)
    if parent is None:
        raise OpsError(f"{github.repository} has no branch {base!r}, from which the new one would begin")
    found = list(files)
    before = github.tree_of(parent)
    tree = github.create_tree(
        before, {each.path: each.content for each in found}, {each.path: each.mode for each in found}
    )
    pull = github.open_pull(branch, base)
    if pull and (pull.user is None or pull.user.login != github.login()):
        raise RefusedError(
            f"{branch} has the pull request of another account, {pull.html_url}; choose another --branch"
        )
    if tree == before:
        there = f"{base} at GitHub has these files already"
        return f"closed {github.close_pull(pull.number).html_url}: {there}" if pull else f"{there}: nothing to open"
    last = github.branch(branch)
    # Without a pull request, the branch may be a part of the default one, which has undone it since.
    if last is None or pull is None or github.tree_of(last) != tree:
        github.set_branch(branch, github.create_commit(title, tree, parent), exists=last is not None)
    if pull is None:
        return f"opened {github.create_pull(branch, base, title, body).html_url}"
    if (pull.title, (pull.body or "").replace("\r\n", "\n")) != (title, body):
        github.update_pull(pull.number, title, body)
    return f"updated {pull.html_url}"
