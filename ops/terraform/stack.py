"""A phase's stack as files: what synth wrote, what Terraform adds, and what a plan of it is kept in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.names import Names
from modules.phases import PHASES, Phase
from ops.errors import OpsError
from ops.gate.reports import BESIDE_STACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.schema import Environment


@dataclass(frozen=True)
class Stack:
    """The stack of one phase of one environment."""

    environment: Environment
    phase: Phase
    out: Path
    """The folder that synth wrote, cdktf.out."""

    @property
    def name(self) -> str:
        """Its id, such as `prod-network`."""
        return Names(self.environment).stack(self.phase.name)

    @property
    def folder(self) -> Path:
        """Where Terraform runs."""
        return self.out / "stacks" / self.name

    @property
    def file(self) -> Path:
        """What synth wrote."""
        return self.folder / "cdk.tf.json"

    @property
    def saved(self) -> Path:
        """The saved plan."""
        return self.folder / "saved.tfplan"

    @property
    def saved_json(self) -> Path:
        """The saved plan as JSON."""
        return self.folder / "saved.tfplan.json"

    @property
    def saved_summary(self) -> Path:
        """The saved plan, to read."""
        return self.folder / "saved.tfplan.txt"

    @property
    def provenance(self) -> Path:
        """What the saved plan was made from."""
        return self.folder / "saved.tfplan.from.json"

    @property
    def gated(self) -> Path:
        """What the gate said of it last."""
        return self.folder / BESIDE_STACK

    @property
    def events(self) -> Path:
        """What Terraform said while it applied, as it came: of all runs since the state was last in order."""
        return self.folder / "apply.jsonl"

    @property
    def unsaved(self) -> Path:
        """The state that Terraform could not write to the bucket; its own name for it."""
        return self.folder / "errored.tfstate"

    @property
    def state_key(self) -> str:
        """Key of its state in the state bucket."""
        return Names(self.environment).state_key(self.phase.name)

    @property
    def digest(self) -> str:
        """SHA-256 of what synth wrote.

        Raises:
            OpsError: It isn't synthesized.
        """
        try:
            return digest(self.file)
        except FileNotFoundError:
            raise OpsError(f"{self.name} isn't synthesized; make synth ENV={self.environment.name}") from None

    @cached_property
    def content(self) -> dict[str, Any]:
        """What synth wrote, as JSON."""
        content: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return content

    @property
    def outputs(self) -> frozenset[str]:
        """Names of what it publishes."""
        return frozenset(self.content.get("output", {}))

    def forget_plan(self) -> None:
        """Remove a saved plan with all that belongs to it."""
        for path in (self.provenance, self.saved, self.saved_json, self.saved_summary):
            path.unlink(missing_ok=True)

    def end_events(self) -> None:
        """Put away what Terraform said, since the state has all of it."""
        if self.events.exists():
            self.events.replace(self.events.with_name("applied.jsonl"))


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stacks(environment: Environment, out: Path, names: Sequence[str] = ()) -> tuple[Stack, ...]:
    """The stacks of the named phases, in order; without names, of all.

    Raises:
        OpsError: One isn't synthesized.
    """
    chosen = tuple(Stack(environment, each, out) for each in PHASES if not names or each.name in names)
    for stack in chosen:
        _ = stack.digest
    return chosen
