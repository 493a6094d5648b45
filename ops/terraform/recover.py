"""Brings a phase's state back in order after an apply that was cut off."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from ops.aws.states import DamagedStateError, Version
from ops.command import say
from ops.errors import OpsError
from ops.terraform.initialize import initialize
from ops.terraform.session import Session
from ops.terraform.stack import Stack


@dataclass
class Recovery:
    """The steps, each asked for before it changes anything."""

    session: Session
    stack: Stack
    confirm: Callable[[str], None]

    @property
    def _phase(self) -> str:
        return self.stack.phase.name

    def run(self) -> bool:
        """Free a dead lock, push a state that was not saved, and take in what was made and not quite noted.

        Returns:
            Whether the state is in order now.

        Raises:
            OpsError: A step failed; those before it are done.
        """
        self._unlock()
        try:
            self.session.states.get(self._phase)
        except DamagedStateError as error:  # Terraform itself can't even initialize with it.
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
        """Make an earlier version of the state the present one.

        Raises:
            OpsError: There is no such version, or it can't be read as a state.
        """
        found = {each.id: each for each in self.session.states.versions(self._phase)}
        if version not in found or found[version].state is None:
            self._list_versions()
            raise OpsError(f"{version} is no version of the state of {self._phase} that can be restored; see the list")
        self._unlock()
        self.confirm(f"Make version {version} the state of {self.stack.name}?")
        self.session.states.restore(self._phase, version)
        say(f"restored; see what differs: make plan ENV={self.stack.environment.name} PHASE={self._phase}")

    def _unlock(self) -> None:
        held = self.session.states.lock(self._phase)
        if (lock := held.holder()) is None:
            return
        say(str(lock))
        self.confirm("Is that run dead? A lock that is freed under a living one can cost the state.")
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
        """Keep what is there although its creation was cut off; the next plan completes it in place."""
        state = self.session.states.get(self._phase, again=True)
        if state is None or not state.tainted:
            return
        say(f"created but marked tainted, because the apply was interrupted: {', '.join(state.tainted)}")
        self.confirm("Keep them? Otherwise the next apply replaces them.")
        for address in state.tainted:
            done = self.session.terraform.run(self.stack.folder, "untaint", "-no-color", address)
            if done.code:
                raise OpsError(f"{address} can't be untainted: {' '.join(done.errors)}")
        say("they are kept; the next plan completes what they lack")

    def _import(self) -> bool:
        state = self.session.states.get(self._phase)
        known = set(state.addresses if state else ())
        lost = {address: id_ for address, id_ in made(self.stack).items() if address not in known}
        if not lost:
            say(f"the state of {self._phase} has all that the last apply said it made")
            return True
        say("made, and not in the state: " + ", ".join(f"{address} ({id_})" for address, id_ in lost.items()))
        self.confirm("Import them?")
        failed = [address for address, id_ in lost.items() if not self._imported(address, id_)]
        if failed:
            say(f"could not be imported: {', '.join(failed)}; the provider's page of each says what to import it by")
        return not failed

    def _imported(self, address: str, id_: str) -> bool:
        done = self.session.terraform.run(self.stack.folder, "import", "-input=false", "-no-color", address, id_)
        say(f"{address}: {'imported' if done.code == 0 else ' '.join(done.errors)[:300]}")
        return done.code == 0

    def _list_versions(self) -> None:
        for each in self.session.states.versions(self._phase):
            say(_line(each))
        say(f"to restore one: make recover ENV={self.stack.environment.name} PHASE={self._phase} RESTORE=VERSION")


def made(stack: Stack) -> dict[str, str]:
    """Ids, by address, of what was made and is still there, as Terraform said while it applied."""
    found: dict[str, str] = {}
    if not stack.events.exists():
        return found
    for line in stack.events.read_text(encoding="utf-8").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the line that was cut off
        hook = event.get("hook", {})
        if event.get("type") != "apply_complete":
            continue
        if hook.get("action") == "create" and hook.get("id_key") == "id":
            found[hook["resource"]["addr"]] = hook["id_value"]
        elif hook.get("action") == "delete":
            found.pop(hook["resource"]["addr"], None)
    return found


def _line(version: Version) -> str:
    about = f"serial {version.state.serial}, {len(version.state.addresses)} resources" if version.state else "no state"
    return f"{version.id}  {version.at:%Y-%m-%d %H:%M:%S}Z  {about}{'  (present)' if version.latest else ''}"
