"""Another version of the project, synthesized with its own code: what `cost --against` and `affected` compare with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from modules.phases import ORGANIZATION, PHASES
from ops import files
from ops.errors import OpsError
from ops.gate.folder import STACK_FILE
from ops.printable import printable
from ops.requirements import versions as requirements_of

ROOT = Path(__file__).parents[1]
PARTLY = 3
"""Exit code of main.py: other environments have invalid values."""
SHAPING = frozenset({"cdktf", "cdktf-cdktf-provider-aws", "constructs", "jsii"})
"""Packages that write a stack: a stack names the provider's version, which the second one has."""


@dataclass(frozen=True)
class Version:
    """A version of the project."""

    ref: str
    """The commit, branch or tag that was named."""
    commit: str
    tree: Path
    """All its files."""
    out: Path
    """The folder that its synth wrote."""
    values: Path
    """Its folder of values; that of this version if the values aren't in the project."""
    packages: tuple[str, ...] = ()
    """Packages that write stacks and that it pins in another version than this one: its stacks are of this one's."""


@contextmanager
def version(ref: str) -> Iterator[Version]:
    """A version in a temporary folder, synthesized with its own code, by the packages that are installed now.

    git writes the files with an index of their own, so that the repository gets no worktree that an interruption
    could leave behind. Environments whose values aren't valid there have no stacks.

    Args:
        ref: A commit, branch or tag of git.

    Raises:
        OpsError: There is no such version, or it can't be synthesized.
    """
    commit = commit_of(ref)
    with TemporaryDirectory(prefix="version-") as folder:
        tree, out, index = (Path(folder) / name for name in ("tree", "out", "index"))
        tree.mkdir()
        failed = f"{ref} can't be checked out"
        git("read-tree", commit, what=failed, index=index)
        git("checkout-index", "--all", "--quiet", f"--prefix={tree}{os.sep}", what=failed, index=index)
        synthesize(tree, values_folder(), out, (), f"{ref} can't be synthesized{_other_packages(tree)}")
        yield Version(ref, commit, tree, out, tree / (values_folder() or "environments"), other_packages(tree))


def commit_of(ref: str) -> str:
    """The commit that a name of git stands for.

    Args:
        ref: A commit, branch or tag of git.

    Raises:
        OpsError: git isn't installed, or there is no such version.
    """
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return git(*verify, what=_unknown(ref))


def synthesize(
    tree: Path, values: str, out: Path, names: Sequence[str], what: str, *, python: str = sys.executable
) -> None:
    """Synthesize in a process of its own: commands don't load cdktf, and another version has other modules.

    Args:
        tree: The project's folder.
        values: The folder of values, as the variable ENVIRONMENTS has it.
        out: The folder to write.
        names: Environments; none means all whose values are valid.
        what: The error's first words.
        python: The Python that has the packages to synthesize with; by default this one.

    Raises:
        OpsError: It can't be synthesized.
    """
    given: Mapping[str, str] = {**os.environ, "ENVIRONMENTS": values, "CDKTF_OUTDIR": str(out)}
    done = subprocess.run(
        (python, "-O", "main.py", *names), cwd=tree, env=given, capture_output=True, text=True, check=False
    )
    if done.returncode and (names or done.returncode != PARTLY):
        reason = done.stderr.strip().splitlines()
        raise OpsError(f"{what}: {reason[-1] if reason else f'exit code {done.returncode}'}")


def synthesized(out: Path) -> dict[str, tuple[str, str]]:
    """The environment and phase of each stack in a folder that synth wrote, by the stack's name.

    The organization's stack has its own name in place of both.
    """
    found: dict[str, tuple[str, str]] = {}
    for path in sorted((out / "stacks").glob(f"*/{STACK_FILE}")):
        stack = path.parent.name
        phase = next((each.name for each in PHASES if stack.endswith(f"-{each.name}")), stack.rpartition("-")[2])
        environment = ORGANIZATION if stack == ORGANIZATION else stack.removesuffix(f"-{phase}")
        found[stack] = (environment, ORGANIZATION if stack == ORGANIZATION else phase)
    return found


def values_folder() -> str:
    """The folder of values as ENVIRONMENTS names it; one in the project by its place there: each version has it.

    Empty: environments/.
    """
    given = os.environ.get("ENVIRONMENTS", "")
    folder = Path(os.path.normpath(ROOT / given))
    return str(folder.relative_to(ROOT)) if folder.is_relative_to(ROOT) and folder != ROOT else given


def _unknown(ref: str) -> str:
    if _asked("rev-parse", "--is-shallow-repository") == "true":
        return (
            f"this clone is shallow and lacks {ref!r}; fetch it (git fetch --unshallow, or fetch-depth: 0 of "
            "actions/checkout), or name a commit that it has"
        )
    return f"git knows no commit {ref!r}; name a commit, branch or tag"


def other_packages(tree: Path) -> tuple[str, ...]:
    """Names of the packages that write stacks, and that a version pins otherwise than this one."""
    theirs, ours = _pins(tree), _pins(ROOT)
    return tuple(sorted(name for name in SHAPING if theirs.get(name) != ours.get(name)))


def _pins(tree: Path) -> dict[str, str]:
    """Packages of a version; those that synthesize are only in the file of tests since the engine in Python."""
    pinned = (tree / "requirements.txt", tree / "requirements-dev.txt")
    found = (requirements_of(files.read(each, f"git restore {each.name}")) for each in pinned if each.is_file())
    return {name: pin for pins in found for name, pin in pins.items()}


def _other_packages(tree: Path) -> str:
    """A hint for a version that was written for other packages."""
    theirs, ours = tree / "requirements.txt", ROOT / "requirements.txt"
    same = theirs.is_file() and ours.is_file() and theirs.read_bytes() == ours.read_bytes()
    return (
        "" if same else " (its requirements.txt differs, so it may need other packages; make setup-dev installs cdktf)"
    )


def _asked(*arguments: str) -> str:
    done = subprocess.run(("git", *arguments), cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def git(*arguments: str, what: str, index: Path | None = None) -> str:
    """Run git in the project; return what it prints.

    Args:
        arguments: The command of git.
        what: The error's first words.
        index: A file to use as the index, in place of the project's.

    Raises:
        OpsError: git isn't installed, or the command failed.
    """
    given = {**os.environ, **({"GIT_INDEX_FILE": str(index)} if index else {})}
    try:
        done = subprocess.run(("git", *arguments), cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OpsError("git isn't installed, and another version of the project comes from git; install git") from None
    if done.returncode:
        raise OpsError(f"{what}: {done.stderr.strip().splitlines()[-1]}" if done.stderr.strip() else what)
    return done.stdout.strip()


if __name__ == "__main__":  # The Makefile checks names before it synthesizes.
    try:
        for given in sys.argv[1:]:
            commit_of(given)
    except OpsError as error:
        sys.stderr.write(f"error: {printable(str(error))}\n")
        sys.exit(error.exit_code)
