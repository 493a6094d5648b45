"""Plant a mistake in the synthesized stacks of an environment, and ask the proofs what they find."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from environments.schema import Environment
from modules.phases import PHASES
from ops.gate.documents import StackFile, read
from ops.gate.model import Record, ScannedBlock
from ops.gate.stacks import EnvironmentStacks
from ops.gate.view import merged_view

Body = dict[str, Any]
Proof = Callable[[list[ScannedBlock], Environment], list[Record]]


@dataclass(frozen=True)
class Ground:
    """One environment's stacks as they were synthesized."""

    environment: Environment
    documents: dict[str, StackFile]
    proof: Proof
    failed: frozenset[Record]
    """What fails as it is."""

    @classmethod
    def of(cls, folder: Path, environment: Environment, proof: Proof) -> Ground:
        stacks = {phase.name: f"{environment.name}-{phase.name}" for phase in PHASES}
        files = {phase: folder / "stacks" / stack / "cdk.tf.json" for phase, stack in stacks.items()}
        documents = {phase: _document(file, stacks[phase], file.stat().st_mtime_ns) for phase, file in files.items()}
        return cls(environment, documents, proof, _failed(environment, documents, proof))

    def planted(self, phase: str, change: Callable[[Body], object]) -> dict[tuple[str, str], str]:
        """What is said, by check and address, after a change of one stack and wasn't before."""
        document = self.documents[phase]
        content: Body = json.loads(document.text)
        change(content)
        changed = replace(document, content=content, text=json.dumps(content))
        failed = _failed(self.environment, {**self.documents, phase: changed}, self.proof)
        known = {(record.check, record.block.address, record.details) for record in self.failed}
        return {
            (record.check, record.block.address): "\n".join(record.details)
            for record in failed
            if (record.check, record.block.address, record.details) not in known
        }


@cache
def _document(file: Path, stack: str, written: int) -> StackFile:
    """A stack's file, read once for all proofs until it is written again."""
    return read(file, stack)


def _failed(environment: Environment, documents: dict[str, StackFile], proof: Proof) -> frozenset[Record]:
    blocks = merged_view(EnvironmentStacks(environment.name, documents))
    return frozenset(record for record in proof(blocks, environment) if not record.passed)


@contextmanager
def computed_once(module: ModuleType, name: str, environment: Environment) -> Iterator[None]:
    """Within it, a function of a module computes only once what follows from an environment's values."""
    function = getattr(module, name)
    known = function(environment)
    with patch.object(module, name, lambda given: known if given is environment else function(given)):
        yield


def add(kind: str, name: str, settings: Body, *, section: str = "resource") -> Callable[[Body], None]:
    """A change that adds a block."""

    def change(content: Body) -> None:
        content.setdefault(section, {}).setdefault(kind, {})[name] = settings

    return change


def names(found: dict[tuple[str, str], str], address: str) -> bool:
    """Whether findings name an address: as what they are of, or on their path."""
    return any(address in {where, *what.replace(",", " ").split()} for (_, where), what in found.items())
