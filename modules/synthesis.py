"""Builds the stacks of environments and replaces their Terraform JSON: all of it, or none after an error."""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from environments import has_organization, known, load_organization
from environments.schema import Environment
from modules import documents
from modules.bindings.engine import App
from modules.imports import with_imports
from modules.output import LOCK_FILE, PROJECT_LOCK
from modules.phases import ORGANIZATION, PHASES
from modules.stack import PhaseStack

MANIFEST = "manifest.json"
STACK_FILE = "cdk.tf.json"
_PREFIX = ".synth-"
# cdktf's feature flags, as `cdktf init` sets them: ids stay as they are written.
CONTEXT = {
    "excludeStackIdFromLogicalIds": "true",
    "allowSepCharsInLogicalIds": "true",
    # Only the fork reads it: write-only arguments need it (https://developer.hashicorp.com/terraform/language/v1.11.x/upgrade-guides).
    "targetVersions": {"terraform": ">=1.11.0"},
}


def synthesize(
    environments: Sequence[Environment],
    target: Path,
    *,
    organization: bool,
    step: Callable[[str, int], None] = lambda _what, _total: None,
) -> None:
    """Synthesize environments, and replace the previous output when all stacks are synthesized.

    The project's lock file is copied beside each stack. Stacks of other environments stay as they are. So do other
    files in a stack's folder (Terraform's own).

    Args:
        environments: The environments.
        target: The output folder, cdktf.out.
        organization: Whether the organization stack is synthesized too.
        step: Is called when a step begins, with what it does and how many steps there are.

    Raises:
        DocumentsTooLongError: Policy documents are longer than AWS allows; the target folder is unchanged.
        InvalidEnvironmentError: Addresses of `existing` are in no stack; the target folder is unchanged.
    """
    target.mkdir(parents=True, exist_ok=True)
    total = len(environments) + organization + 1
    with _working_folder(target) as folder:
        app = App(outdir=folder, context=CONTEXT)
        for environment in environments:
            step(f"synthesizing {environment.name}", total)
            build(app, environment)
        if organization:
            step(f"synthesizing {ORGANIZATION}", total)
            _stack_class("organization:OrganizationStack")(app)
        step("writing the stacks", total)
        app.synth()
        written = _Written(app, Path(folder))
        for environment in environments:
            stacks = {phase.name: written[f"{environment.name}-{phase.name}"] for phase in PHASES}
            documents.check(environment.name, stacks, environment)
            for phase, stack in with_imports(environment, stacks).items():
                _write_stack(Path(folder), f"{environment.name}-{phase}", stack)
        if organization:
            documents.check(ORGANIZATION, {ORGANIZATION: written[ORGANIZATION]}, load_organization())
        _replace(Path(folder), target)


@contextmanager
def _working_folder(target: Path) -> Iterator[str]:
    """A folder in the output folder; those of processes that were killed are removed.

    A process holds the lock of its folder while it runs. The lock of the output folder is held while one looks at the
    others' and creates its own, so that no folder is seen without its lock.
    """
    with ExitStack() as stack:
        with _locked(target):
            for left in target.glob(f"{_PREFIX}*"):
                with suppress(FileNotFoundError), _locked(left, fcntl.LOCK_NB) as unused:
                    if unused:
                        shutil.rmtree(left)
            folder = tempfile.mkdtemp(prefix=_PREFIX, dir=target)
            stack.enter_context(_locked(Path(folder)))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


@contextmanager
def _locked(folder: Path, how: int = 0) -> Iterator[bool]:
    """Lock a folder; False if another process has it, or the file system has no locks."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | how)
            locked = True
        except OSError:
            locked = False
        yield locked
    finally:
        os.close(descriptor)


def summary(target: Path, environments: Sequence[str], *, organization: bool) -> str:
    """Lines of text: each environment, with the number of resources of each phase."""

    def resources(stack: str) -> int:
        return sum(len(named) for named in _read_stack(target, stack).get("resource", {}).values())

    lines = []
    for environment in environments:
        counts = {phase.name: resources(f"{environment}-{phase.name}") for phase in PHASES}
        lines.append(f"{environment}  {sum(counts.values())} resources")
        lines.append("  " + "  ".join(f"{phase} {count}" for phase, count in counts.items()))
    if organization:
        lines.append(f"{ORGANIZATION}  {resources(ORGANIZATION)} resources (optional)")
    return "\n".join(lines)


def build(app: App, environment: Environment) -> dict[str, PhaseStack]:
    """Add the stacks of all phases of an environment to the app, in order."""
    stacks: dict[str, PhaseStack] = {}
    for phase in PHASES:
        stacks[phase.name] = _stack_class(phase.stack)(app, environment, phase, stacks)
    return stacks


def _stack_class(path: str) -> Any:  # noqa: ANN401  (the class that the table of phases names)
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(f"modules.stacks.{module}"), name)


class _Written(dict[str, dict[str, Any]]):
    """The stacks that an app has written, by name; the engine in Python has them, and node's are read."""

    def __init__(self, app: App, folder: Path) -> None:
        super().__init__(getattr(app, "documents", {}))
        self._folder = folder

    def __missing__(self, name: str) -> dict[str, Any]:
        return _read_stack(self._folder, name)


def _read_stack(folder: Path, name: str) -> dict[str, Any]:
    stack: dict[str, Any] = json.loads((folder / "stacks" / name / STACK_FILE).read_text(encoding="utf-8"))
    return stack


def _write_stack(folder: Path, name: str, stack: Mapping[str, Any]) -> None:
    """Write a stack in cdktf's form."""
    text = json.dumps(stack, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / "stacks" / name / STACK_FILE).write_text(text, encoding="utf-8")


def _replace(new: Path, target: Path) -> None:
    """Move new stacks over the old ones; remove stacks of environments and phases that no longer exist."""
    manifest = _read_manifest(new)
    for name in manifest["stacks"]:
        folder = target / "stacks" / name
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT_LOCK, new / "stacks" / name / LOCK_FILE)
        for file in (LOCK_FILE, STACK_FILE):
            (new / "stacks" / name / file).replace(folder / file)
    valid = {f"{environment}-{phase.name}" for environment in known() for phase in PHASES}
    if has_organization():
        valid.add(ORGANIZATION)
    for folder in (target / "stacks").iterdir():
        if folder.name not in valid and (folder / STACK_FILE).exists():
            shutil.rmtree(folder)
    kept = {name: stack for name, stack in _read_manifest(target)["stacks"].items() if name in valid}
    whole = manifest | {"stacks": kept | manifest["stacks"]}
    (new / MANIFEST).write_text(json.dumps(whole, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (new / MANIFEST).replace(target / MANIFEST)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {**manifest, "stacks": dict(manifest["stacks"])}
    except (FileNotFoundError, ValueError, LookupError, TypeError, RecursionError):
        return {"stacks": {}}
