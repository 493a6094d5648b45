"""A phase's stack as files: what synth wrote, what Terraform adds, the saved plan, and the outputs that it reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.names import Names
from modules.phases import PHASES, Phase
from ops.errors import OpsError
from ops.gate.folder import BESIDE_STACK, STACK_FILE, digest, loaded
from ops.stored import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.schema import Environment
    from ops.aws.states import States

READ = re.compile(r"data\.terraform_remote_state\.(\w+)\.outputs\.(\w+)")
"""Phase and name of an output that a stack reads."""


@dataclass(frozen=True)
class _Parts:
    """The parts of a stack that commands read."""

    terraform: dict[str, Any] = field(default_factory=dict)
    provider: dict[str, Any] = field(default_factory=dict)
    variable: dict[str, Any] = field(default_factory=dict)
    resource: dict[str, dict[str, Any]] = field(default_factory=dict)
    output: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stack:
    """The stack of one phase of one environment."""

    environment: Environment
    phase: Phase
    out: Path
    """The folder that synth wrote, cdktf.out."""

    @property
    def name(self) -> str:
        """Id of the stack, such as `prod-network`."""
        return Names(self.environment).stack(self.phase.name)

    @property
    def folder(self) -> Path:
        """The folder in which Terraform runs."""
        return self.out / "stacks" / self.name

    @property
    def file(self) -> Path:
        """The file that synth wrote."""
        return self.folder / STACK_FILE

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
        """The saved plan as text for you."""
        return self.folder / "saved.tfplan.txt"

    @property
    def provenance(self) -> Path:
        """What the saved plan was created from."""
        return self.folder / "saved.tfplan.from.json"

    @property
    def gated(self) -> Path:
        """The gate's last verdict."""
        return self.folder / BESIDE_STACK

    @property
    def events(self) -> Path:
        """Terraform's events of all applies since the last one that succeeded."""
        return self.folder / "apply.jsonl"

    @property
    def unsaved(self) -> Path:
        """The state that Terraform could not write to the bucket; Terraform chooses this name."""
        return self.folder / "errored.tfstate"

    @property
    def state_key(self) -> str:
        """Key of the state in the state bucket."""
        return Names(self.environment).state_key(self.phase.name)

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 by name of the files that Terraform loads."""
        return loaded(self.folder)

    @property
    def digest(self) -> str:
        """SHA-256 of the file that synth wrote.

        Raises:
            OpsError: The stack isn't synthesized.
        """
        try:
            return digest(self.file)
        except FileNotFoundError:
            remedy = f"make synth ENV={self.environment.name}"
            raise OpsError(f"{self.name} isn't synthesized in {self.out}; {remedy}") from None

    @cached_property
    def content(self) -> dict[str, Any]:
        """The content of the file that synth wrote.

        Raises:
            OpsError: It isn't a JSON object, or a part that commands read has another form.
        """
        try:
            text = self.file.read_bytes()
            parse(_Parts, text)
            return parse(dict[str, Any], text)
        except (OSError, ValueError) as error:
            again = f"make synth ENV={self.environment.name}"
            raise OpsError(f"{self.file} isn't a stack that synth wrote ({error}); {again}") from None

    @property
    def outputs(self) -> frozenset[str]:
        """Names of its outputs."""
        return frozenset(self.content.get("output", {}))

    def forget_plan(self) -> None:
        """Remove the saved plan and its files."""
        for path in (self.provenance, self.saved, self.saved_json, self.saved_summary):
            path.unlink(missing_ok=True)

    def end_events(self) -> None:
        """Rename the file of events, since the state now has all that they report."""
        if self.events.exists():
            self.events.replace(self.events.with_name("applied.jsonl"))


def stacks(environment: Environment, out: Path, names: Sequence[str] = ()) -> tuple[Stack, ...]:
    """The stacks of the named phases, in order; without names, of all phases.

    Raises:
        OpsError: A stack isn't synthesized.
    """
    chosen = tuple(Stack(environment, each, out) for each in PHASES if not names or each.name in names)
    for stack in chosen:
        _ = stack.digest
    return chosen


def outputs_read(stack: Stack) -> dict[str, set[str]]:
    """Names of the outputs that a stack reads, by phase."""
    read: dict[str, set[str]] = {phase: set() for phase in stack.phase.reads}
    for phase, output in READ.findall(stack.file.read_text(encoding="utf-8")):
        read[phase].add(output)
    return read


def waits_for(stack: Stack, states: States) -> tuple[str, ...]:
    """Phases that must be applied before a stack can be planned.

    A partly applied phase must be applied again if it lacks an output that the stack reads or, if the stack reads
    none, if it has no outputs at all.
    """
    return tuple(
        phase
        for phase, read in outputs_read(stack).items()
        if (state := states.get(phase)) is None or not state.outputs or not read <= state.outputs.keys()
    )


def published(stack: Stack, states: States, *, again: bool = False) -> dict[str, str]:
    """SHA-256 of the current outputs of each phase that a stack reads."""
    found = {phase: states.get(phase, again=again) for phase in stack.phase.reads}
    return {phase: state.outputs_digest for phase, state in found.items() if state is not None}
