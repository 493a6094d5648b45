"""Repairs a phase's state after an interrupted apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Literal
from uuid import uuid4

from modules.interrupts import deferred
from ops.aws.states import DamagedStateError, State, States, Version
from ops.command import say
from ops.errors import OpsError, RefusedError
from ops.stored import parse
from ops.terraform.initialize import initialize
from ops.terraform.session import Session
from ops.terraform.stack import Stack

LISTED = 20
"""Versions of a state that are listed, each with what is in it."""


@dataclass
class Recovery:
    """The steps of a recovery. Each asks you before it changes anything."""

    session: Session
    stack: Stack
    confirm: Callable[[str], None]

    @property
    def _phase(self) -> str:
        return self.stack.phase.name

    def run(self) -> bool:
        """Free a dead lock, push an unsaved state, untaint and import resources that the interrupted apply created.

        Returns:
            Whether the state is complete now.

        Raises:
            OpsError: A step failed; the previous steps are done.
        """
        self._unlock()
        try:
            self.session.states.get(self._phase)
        except DamagedStateError as error:  # Terraform can't even initialize with it.
            say(str(error))
            self._list_versions()
            return False
        initialize(self.session.terraform, self.stack)
        self._push()
        self._untaint()
        if not self._import():
            return False
        self.stack.end_events()
        return True

    def restore(self, version: str) -> None:
        """Make a previous version of the state the current one.

        Raises:
            OpsError: It can't be restored.
        """
        for line in restoring(self.session.states, self._phase, version):
            say(line)
        self._unlock()
        self.confirm(f"Make version {version} the state of {self.stack.name}?")
        with self._locked():
            self.session.states.restore(self._phase, version)
        say(f"restored version {version}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Inside this context, no apply changes the state: one may have begun while you were asked."""
        lock, own = self.session.states.lock(self._phase), str(uuid4())
        lock.take(own, "restore")
        try:
            yield
        finally:
            with deferred():
                if (holder := lock.holder()) and holder.id == own:
                    lock.free(holder)

    def _unlock(self) -> None:
        held = self.session.states.lock(self._phase)
        if (lock := held.holder()) is None:
            return
        say(str(lock))
        self.confirm("Has that run ended? Freeing the lock of a running apply can damage the state.")
        held.free(lock)
        say("the lock is free")

    def _push(self) -> None:
        if not self.stack.unsaved.exists():
            return
        self.confirm(f"Push {self.stack.unsaved}, the state that could not be saved?")
        done = self.session.terraform.run(self.stack.folder, "state", "push", "-no-color", self.stack.unsaved.name)
        if done.code:
            raise OpsError(f"the state can't be pushed: {' '.join(done.errors)}")
        self.stack.unsaved.unlink()
        say("the state is saved")

    def _untaint(self) -> None:
        """Keep tainted resources; the next plan completes them in place."""
        state = self.session.states.get(self._phase, again=True)
        if state is None or not state.tainted:
            return
        say(f"created but marked tainted, because the apply was interrupted: {', '.join(state.tainted)}")
        self.confirm("Keep them? Otherwise the next apply replaces them.")
        for address in state.tainted:
            done = self.session.terraform.run(self.stack.folder, "untaint", "-no-color", address)
            if done.code:
                raise OpsError(f"{address} can't be untainted: {' '.join(done.errors)}")
        say("kept; the next plan completes them")

    def _import(self) -> bool:
        state = self.session.states.get(self._phase)
        known = set(state.addresses if state else ())
        lost = {address: id_ for address, id_ in created(self.stack).items() if address not in known}
        if not lost:
            say(f"the state of {self._phase} has all resources that the last apply reported as created")
            return True
        say("created, but not in the state: " + ", ".join(f"{address} ({id_})" for address, id_ in lost.items()))
        self.confirm("Import them?")
        failed = [address for address, id_ in lost.items() if not self._imported(address, id_)]
        if failed:
            say(f"could not be imported: {', '.join(failed)}; the provider's pages show which id each type needs")
        return not failed

    def _imported(self, address: str, id_: str) -> bool:
        done = self.session.terraform.run(self.stack.folder, "import", "-input=false", "-no-color", address, id_)
        say(f"{address}: {'imported' if done.code == 0 else ' '.join(done.errors)[:300]}")
        return done.code == 0

    def _list_versions(self) -> None:
        for line in listed(self.session.states, self._phase):
            say(line)
        say(f"to restore one: make recover ENV={self.stack.environment.name} PHASE={self._phase} RESTORE=VERSION")


def created(stack: Stack) -> dict[str, str]:
    """Ids, by address, of resources that Terraform reported as created and not as deleted."""
    found: dict[str, str] = {}
    if not stack.events.exists():
        return found
    for line in stack.events.read_bytes().splitlines():
        try:
            event = parse(_Event, line)
        except ValueError:
            continue  # another event, or an incomplete last line
        if event.hook.action == "create" and event.hook.id_key == "id":
            found[event.hook.resource.addr] = event.hook.id_value
        elif event.hook.action == "delete":
            found.pop(event.hook.resource.addr, None)
    return found


@dataclass(frozen=True)
class _EventResource:
    addr: str


@dataclass(frozen=True)
class _Hook:
    action: str
    resource: _EventResource
    id_key: str = ""
    id_value: str = ""


@dataclass(frozen=True)
class _Event:
    """An applied change: https://developer.hashicorp.com/terraform/internals/machine-readable-ui#apply-complete."""

    type: Literal["apply_complete"]
    hook: _Hook


def restoring(states: States, phase: str, id_: str) -> tuple[str, str]:
    """The present state, and the version that is to replace it, each in one line.

    Raises:
        OpsError: The phase has no such version, or it isn't a state.
        RefusedError: It has another lineage. `terraform state push` refuses that too
            (https://developer.hashicorp.com/terraform/cli/commands/state/push): "A differing lineage suggests that the
            states are completely different and you may lose data".
    """
    found = states.version(phase, id_)
    if found is None or found.state is None:
        for line in listed(states, phase):
            say(line)
        raise OpsError(f"{id_} is not a version of the state of {phase} that can be restored; choose one of the list")
    if found.state.lineage != (own := states.lineage(phase)):
        raise RefusedError(
            f"version {id_} of the state of {phase} has the lineage {found.state.lineage}, and its own is {own}: it is "
            "the state of something else, and Terraform would lose what it manages; choose another version"
        )
    try:
        present = states.get(phase, again=True)
    except DamagedStateError:
        present = None
    return f"present: {_contents(present)}", f"version {shown_version(found)}"


def listed(states: States, phase: str) -> Iterator[str]:
    """The newest versions of a phase's state, each in one line, and how to find older ones."""
    versions = states.versions(phase)
    yield from map(shown_version, islice(versions, LISTED))
    if next(versions, None):
        find = f"aws s3api list-object-versions --bucket {states.bucket} --prefix {states.key(phase)}"
        yield f"and older ones, which can be restored too: {find}"


def shown_version(version: Version) -> str:
    """A version of a state in one line."""
    about = _contents(version.state)
    return f"{version.id}  {version.at:%Y-%m-%d %H:%M:%S}Z  {about}{'  (current)' if version.latest else ''}"


def _contents(state: State | None) -> str:
    return f"serial {state.serial}, {len(state.addresses)} resources" if state else "no state"
