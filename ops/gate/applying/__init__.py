"""Checks that no resource's own policy denies an action that applying a phase needs.

`AdministratorAccess` doesn't override a Deny in the policy of a secret, key, bucket, topic, queue or repository: `data`
writes `DATABASE_URL`, whose policy denies that to all but its writers. A Deny counts unless its conditions surely fail
for Terraform's session. The table of permissions and the deployer's tests check what identity policies allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from environments.names import Names
from environments.schema import Environment
from modules.phases import PHASES, Phase
from ops.gate.applying.denials import DenyingResource, calling, denying, stopped
from ops.gate.applying.needs import Use, uses
from ops.gate.index import Index, shown
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.statements import PlacedStatement

__all__ = ["CHECKS", "STOPPED", "who_applies_can"]

STOPPED = "ROLLOUT_APPLY_STOPPED"
_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"
CHECKS = {
    STOPPED: Check(STOPPED, "No resource's own policy stops the role that applies a phase", _SOURCE, own=True),
}


def who_applies_can(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare what resources' own policies deny with the actions that each phase needs.

    Args:
        view: The merged view of all stacks of one environment.
        environment: Its values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger, names, index = Ledger(), Names(environment), Index(view)
    for target in denying(index, names):
        ledger.examine(STOPPED, (denial.block.block for denial in target.denials))
        for phase in PHASES:
            blocks = [block for block in view if block.block.stack == names.stack(phase.name)]
            for use in uses(blocks, target.block, index):
                for denial, what in _stops(target, use, phase, names):
                    ledger.wrong(STOPPED, denial.block.block, what)
    return ledger.records()


def _stops(target: DenyingResource, use: Use, phase: Phase, names: Names) -> Iterator[tuple[PlacedStatement, str]]:
    """The denials that stop a use, each with a description."""
    by, on = calling(names, phase.role, use.keys), shown(target.block)
    needs = f"{phase.name} is applied by {phase.role}, and {use.by} needs"
    for denial in target.denials:
        words = f"{shown(denial.block)} {denial.sid}".strip()
        if use.actions is None:
            # Unknown actions may include the denied ones.
            if any(stopped(denial, target, action, by) for action in denial.actions or ("*",)):
                table = "the actions that it calls are unknown (ops/gate/applying/needs.py)"
                yield denial, f"{needs} {on}; {table}, and {words} denies something"
            continue
        for action in use.actions:
            if how := stopped(denial, target, action, by):
                yield denial, f"{needs} {action} on {on}: {words} {how}"
