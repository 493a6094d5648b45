"""A small project to plant mistakes in: one environment of two phases, clean by itself."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ops.gate.model import Verdict
from ops.gate.run import run
from ops.gate.stacks import Expected
from ops.gate.understood import schema
from ops.gate.understood.frame import Frame

Body = dict[str, Any]

POLICIES = Path(__file__).parents[2] / "policies"
TODAY = date(2026, 3, 1)
PHASES = ("network", "services")
ENTRY = {
    "id": "planted",
    "why": "a test needs an entry that is valid",
    "compensation": "nothing has to make up for a plant",
    "owner": "platform lead",
    "accepted": date(2026, 2, 1),
    "expires": date(2027, 1, 1),
    "closes": "the end of the test closes it for good",
}


def frame(phase: str) -> Body:
    """What every stack has beside its resources."""
    tags = {"Environment": "demo", "Owner": "team", "Phase": phase, "Project": "aep", "Repository": "rollout"}
    return {
        "provider": {
            "aws": [
                {"region": "eu-central-1", "allowed_account_ids": ["111122223333"], "default_tags": [{"tags": tags}]}
            ]
        },
        "terraform": {
            "required_providers": {"aws": schema.required()},
            "backend": {
                "s3": {
                    "allowed_account_ids": ["111122223333"],
                    "bucket": "aep-demo-tfstate",
                    "encrypt": True,
                    "key": f"demo/{phase}.tfstate",
                    "kms_key_id": "alias/aep-demo-state",
                    "region": "eu-central-1",
                    "use_lockfile": True,
                }
            },
        },
    }


def topic(**changes: object) -> Body:
    """A resource that passes every check."""
    return {"name": "alerts", "kms_master_key_id": "alias/aep-demo", **changes}


def remote_state(phase: str) -> Body:
    """How a stack reads an earlier phase."""
    backend = frame(phase)["terraform"]["backend"]["s3"]
    return {
        "backend": "s3",
        "config": {key: backend[key] for key in ("bucket", "key", "region", "allowed_account_ids")},
    }


def frames(*environments: str) -> dict[str, Frame]:
    """What the gate expects the stacks of environments, and the organization's, to have beside their resources."""

    def expected(phase: str) -> Frame:
        body, others = frame(phase), [other for other in PHASES if other != phase]
        states = {other: remote_state(other) for other in others}
        return Frame(body["terraform"]["backend"]["s3"], {"": body["provider"]["aws"][0]}, states)

    inside = {f"{environment}-{phase}": expected(phase) for environment in environments for phase in PHASES}
    return {**inside, "organization": expected("organization")}


@dataclass
class Project:
    """Its stacks and its register; change them, then judge."""

    folder: Path
    stacks: dict[str, Body] = field(default_factory=dict)
    risks: list[Mapping[str, Any]] = field(default_factory=list)
    """The register of the product."""
    common: list[Mapping[str, Any]] = field(default_factory=list)
    """The register for any product."""
    checks: dict[str, str] | None = None
    """Files in place of the project's own checks."""
    expected: Expected = field(
        default_factory=lambda: Expected(
            {"demo": PHASES}, outside=("organization",), frames=frames("demo"), products={"demo": "aep"}
        )
    )
    knows_types: bool = False
    """Whether the gate compares attributes with its tables, which have those that the project synthesizes."""

    def __post_init__(self) -> None:
        for phase in PHASES:
            self.stacks[f"demo-{phase}"] = {**frame(phase), "resource": {"aws_sns_topic": {phase: topic()}}}

    @property
    def out(self) -> Path:
        return self.folder / "cdktf.out"

    @property
    def products(self) -> Path:
        """The folder of the products' registers."""
        return self.folder / "risks"

    def add(self, phase: str, kind: str, name: str, settings: Body, *, section: str = "resource") -> None:
        """Add a block to a stack."""
        self.stacks[f"demo-{phase}"].setdefault(section, {}).setdefault(kind, {})[name] = settings

    def file(self, phase: str) -> Path:
        return self.out / "stacks" / f"demo-{phase}" / "cdk.tf.json"

    def write(self) -> None:
        """Write the stacks, the register and the checks."""
        for stack, body in self.stacks.items():
            path = self.out / "stacks" / stack / "cdk.tf.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(body, indent=2), encoding="utf-8")
        policies = self.folder / "policies"
        policies.mkdir(exist_ok=True)
        self.products.mkdir(exist_ok=True)
        for path, risks in ((policies / "risks.toml", self.common), (self.products / "aep.toml", self.risks)):
            path.write_text("\n".join(map(_entry, risks)), encoding="utf-8")
        if self.checks is None:
            if not (policies / "checks").exists():
                (policies / "checks").symlink_to(POLICIES / "checks")
        else:
            (policies / "checks").mkdir(exist_ok=True)
            for name, text in self.checks.items():
                (policies / "checks" / name).write_text(text, encoding="utf-8")

    def judge(self, *names: str, before: Callable[[], object] | None = None, today: date = TODAY) -> Verdict:
        """Write everything, do what is to be done to the files, and ask the gate."""
        self.write()
        if before:
            before()
        return run(
            out=self.out,
            policies=self.folder / "policies",
            products=self.products,
            expected=self.expected,
            today=today,
            names=names,
        )


def failed(verdict: Verdict) -> set[tuple[str, str]]:
    """Checks that failed, each with the address."""
    return {(finding.record.check, finding.record.block.address) for finding in verdict.findings}


def entry(**changes: object) -> Body:
    """A valid entry of the register but for the changes; None leaves a key out."""
    changed = {**copy.deepcopy(ENTRY), **changes}
    return {key: value for key, value in changed.items() if value is not None}


def _entry(risk: Mapping[str, Any]) -> str:
    lines = [
        f"{key} = {value.isoformat() if isinstance(value, date) else json.dumps(value)}" for key, value in risk.items()
    ]
    return "\n".join(["[[risk]]", *lines, ""])
