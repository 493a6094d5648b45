"""Raises packages in a temporary copy, from the pins to the gate, and stores the result as a branch: all or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from modules.bindings.table import FILE as BINDINGS_TABLE
from modules.bindings.table import PACKAGES as BINDINGS
from modules.engines import NODE, SETTING
from modules.output import LOCK_FILE
from ops import files
from ops.errors import OpsError
from ops.export import blocks
from ops.gate.lock_file import locked
from ops.gate.understood import schema
from ops.printable import printable
from ops.requirements import versions
from ops.upgrade import pins
from ops.upgrade.changes import StackChange, as_text, compared
from ops.upgrade.pins import Raised
from ops.versions import ROOT, git, synthesize, synthesized, values_folder, version

PYPROJECT, DEV = "pyproject.toml", "requirements-dev.txt"
WRITTEN = (
    *(PYPROJECT, "requirements.txt", DEV, "requirements-uv.txt", LOCK_FILE),
    *(str(path.relative_to(ROOT)) for path in (schema.FILE, blocks.IN_USE, blocks.OTHERS, BINDINGS_TABLE)),
)
"""Files that an upgrade may change."""
_ABSENT = "0" * 40
"""For git, a branch that must not exist: https://git-scm.com/docs/git-update-ref."""
_REASON_LINES = 12
"""Lines of a program's error that are shown."""


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade does."""

    raised: tuple[Raised, ...]
    held: Mapping[str, str]
    """Packages that pyproject.toml pins exactly, and that weren't named."""
    changes: tuple[StackChange, ...] = ()
    stacks: int = 0
    notes: tuple[str, ...] = ()
    """What is left to do."""
    gate: str = ""
    """What the gate printed."""
    gate_code: int = 0
    branch: str = ""
    commit: str = ""

    def as_text(self) -> str:
        """The packages, the differences of stacks, the gate's verdict and the next step."""
        held = ", ".join(f"{name} {version}" for name, version in self.held.items())
        kept = [f"Not raised, since {PYPROJECT} pins them exactly (name them to raise them): {held}"] if held else []
        if not self.raised:
            return "\n".join(["No pinned package has a newer version that fits.", *kept])
        return "\n".join(
            [
                *("Raised:", *(f"  {each}" for each in self.raised), *kept, ""),
                *(as_text(self.changes, self.stacks), ""),
                *(f"note: {each}" for each in self.notes),
                "The gate, with the new packages:",
                *(f"  {line}".rstrip() for line in self.gate.splitlines()),
                *("", f"Branch {self.branch} has the change; your working tree is as it was. Next:"),
                f"  git switch {self.branch} && make test    # then plan: a plan must be empty or explained",
            ]
        )


def upgrade(words: Sequence[str], branch: str, step: Callable[[str], None]) -> Upgrade:
    """Raise packages within what pyproject.toml allows, and store the result as a branch.

    Args:
        words: Packages, as `pins.wanted` reads them; none means all but those that are pinned exactly.
        branch: The branch's name.
        step: Is called with what is done next.

    Raises:
        OpsError: The working tree has changes, a package can't be had, or the stacks can't be synthesized with the new
            ones: there is no branch then, and nothing has changed.
    """
    known = versions(files.read(ROOT / DEV, f"git restore {DEV}"))
    chosen = pins.wanted(words, known)
    _refuse_changes()
    _refuse_existing(branch)
    step("synthesizing with the present packages")
    with version("HEAD") as base, TemporaryDirectory(prefix="upgrade-") as folder:
        before = {name: _read(base.tree / name) for name in WRITTEN}
        step("resolving the new versions")
        _raise(base.tree, chosen)
        exact = pins.exact(_read(base.tree / PYPROJECT))
        raised = pins.raised(known, versions(_read(base.tree / DEV)))
        held = {name: given for name, given in exact.items() if name not in chosen}
        if not raised:
            return Upgrade(raised, held)
        step(f"installing {len(raised)} packages in a copy")
        python = _install(base.tree)
        notes = (*_table(base.tree, python, raised, step), *_provider(base.tree, python, step))
        out = Path(folder) / "out"
        step("synthesizing with the new packages")
        values = values_folder()
        failed = "nothing has changed: with the new packages, the stacks can't be synthesized"
        synthesize(base.tree, values, out, (), failed, python=python)
        changes = compared(base.out, out)
        step("running the gate")
        code, gate = _run(base.tree, (python, "-m", "ops", "gate", "--out", str(out)), {"ENVIRONMENTS": values})
        found = Upgrade(raised, held, changes, len(synthesized(out)), notes, gate, code)
        changed = {name: base.tree / name for name, text in before.items() if _read(base.tree / name) != text}
        return _stored(found, branch, changed, Path(folder) / "index")


def _refuse_changes() -> None:
    changed = git("status", "--porcelain", what="git can't compare the working tree").splitlines()
    if changed:
        shown = ", ".join(line.split(maxsplit=1)[1] for line in changed[:3])
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        raise OpsError(f"the working tree has changes that aren't committed: {shown}{more}; commit or stash them first")


def _refuse_existing(branch: str) -> None:
    git("check-ref-format", "--branch", branch, what=f"{branch!r} can't be a branch's name; name another one: BRANCH=…")
    if git("for-each-ref", f"refs/heads/{branch}", what="git can't list branches"):
        raise OpsError(
            f"there is a branch {branch} already; delete it (git branch -D {branch}), or name another (BRANCH=…)"
        )


def _raise(tree: Path, chosen: Mapping[str, str]) -> None:
    """Write pyproject.toml and the requirements files of a copy. Exact pins get the version that fits all others."""
    pyproject = tree / PYPROJECT
    text = _read(pyproject)
    newest = {name: chosen[name] for name in pins.exact(text) if name in chosen}
    pyproject.write_text(pins.with_pins(text, newest), encoding="utf-8")
    _compile(tree, pins.flags(chosen))
    found = versions(_read(tree / DEV))
    if newest:
        pyproject.write_text(pins.with_pins(text, {name: found[name] for name in newest}), encoding="utf-8")
        _compile(tree, "")


def _compile(tree: Path, flags: str) -> None:
    """Compile the requirements files of a copy as `make lock` does, with this project's uv."""
    code, said = _run(tree, ("make", "requirements", f"BIN={Path(sys.prefix)}/bin", f"RAISE={flags}"))
    if code:
        raise OpsError(
            "nothing has changed: the new versions can't be resolved. Either they don't fit together, or the package "
            f"index that pip is configured with isn't reachable. uv says: {_one_line(said)}"
        )


def _install(tree: Path) -> str:
    """Install a copy's packages into a .venv of its own, each compared with its hash; return its Python."""
    code, said = _run(tree, ("make", "setup-dev", f"PYTHON={getattr(sys, '_base_executable', sys.executable)}"))
    if code:
        raise OpsError(f"nothing has changed: the new packages can't be installed: {_one_line(said)}")
    return _python(tree)


def _python(tree: Path) -> str:
    return str(tree / ".venv" / "bin" / "python")


def _table(tree: Path, python: str, raised: Sequence[Raised], step: Callable[[str], None]) -> list[str]:
    """If cdktf or its bindings are raised: renew the table of the engine in Python; return what couldn't be done."""
    if not {each.name for each in raised} & {*BINDINGS}:
        return []
    step("reading the new bindings for the engine in Python")
    code, said = _run(tree, (python, "-m", "modules.bindings.extract"), {SETTING: NODE})
    return [f"until make bindings-table succeeds on the branch, node synthesizes ({_one_line(said)})"] if code else []


def _provider(tree: Path, python: str, step: Callable[[str], None]) -> list[str]:
    """If the new bindings have another provider: renew its lock file and schema; return what couldn't be done."""
    code, wanted = _run(tree, (python, "-c", "from ops.terraform.lock import pinned_provider as p; print(p())"))
    if code or wanted == locked().version:
        return [] if not code else [wanted]
    step(f"locking the AWS provider {wanted}")
    for words in (("ops.terraform.lock",), ("ops.gate.understood.extract", wanted)):
        code, said = _run(tree, (python, "-m", *words))
        if code:
            todo = f"on the branch, run make lock and make schema VERSION={wanted} where the registry is reachable"
            return [f"the AWS provider {wanted} can't be locked here; {todo} ({_one_line(said)})"]
    return []


def _run(tree: Path, words: Sequence[str], more: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code and the last lines of a program in a copy; what this run's own make was given isn't passed on."""
    ours = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "VIRTUAL_ENV", "PACKAGE", "BRANCH"}
    given = {**{name: value for name, value in os.environ.items() if name not in ours}, **(more or {})}
    try:
        done = subprocess.run(words, cwd=tree, env=given, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OpsError(f"nothing has changed: {words[0]} isn't installed") from None
    said = _lines(done.stdout if not done.returncode else f"{done.stdout}{done.stderr}")
    return done.returncode, said if not done.returncode else "\n".join(said.splitlines()[-_REASON_LINES:])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> str:
    """A program's output without control characters, and without empty lines at its ends."""
    return "\n".join(printable(line) for line in text.strip().splitlines())


def _stored(found: Upgrade, branch: str, changed: Mapping[str, Path], index: Path) -> Upgrade:
    """Store files as a commit on a new branch. The working tree and its index stay, and the branch comes last."""
    failed = "nothing has changed: git can't store the branch"
    parent = git("rev-parse", "HEAD", what=failed)
    git("read-tree", parent, what=failed, index=index)
    for name, path in changed.items():
        blob = git("hash-object", "-w", str(path), what=failed)
        git("update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", what=failed, index=index)
    tree = git("write-tree", what=failed, index=index)
    message = "\n".join(
        [
            f"Raise {found.raised[0]}" if len(found.raised) == 1 else f"Raise {len(found.raised)} packages",
            "",
            *(f"- {each}" for each in found.raised),
            "",
            *as_text(found.changes, found.stacks).partition("\n\n")[0].splitlines(),
            *found.notes,
        ]
    )
    commit = git("commit-tree", tree, "-p", parent, "-m", message, what=failed)
    git("update-ref", "-m", "make upgrade", f"refs/heads/{branch}", commit, _ABSENT, what=failed)
    return Upgrade(**{**vars(found), "branch": branch, "commit": commit})


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="surrogateescape") if path.is_file() else ""
