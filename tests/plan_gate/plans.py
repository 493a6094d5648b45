"""Plans as `terraform show -json` writes them, in as few words as a test needs."""

from __future__ import annotations

import json
from typing import Any

from ops.plan_gate.model import APPROVABLE, NOTHING_APPROVED, FindingKind, PlanFinding, PlanVerdict
from ops.plan_gate.run import run

Body = dict[str, Any]
REPLACE = ("delete", "create")


def change(
    address: str,
    before: Body | None = None,
    after: Body | None = None,
    *,
    actions: tuple[str, ...] = (),
    unknown: Body | None = None,
    **more: Any,
) -> Body:
    """One entry of `resource_changes`; what it does follows from before and after where nothing else is said."""
    if not actions:
        actions = ("create",) if before is None else ("delete",) if after is None else ("update",)
        actions = ("no-op",) if before == after else actions
    kind, _, name = address.removeprefix(f"{more.get('module_address', '')}.").partition(".")
    inner = {"replace_paths": more.pop("replace_paths")} if "replace_paths" in more else {}
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": list(actions),
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "before_sensitive": {},
            "after_sensitive": {},
            **inner,
        },
        **more,
    }


def plan(*changes: Body, drift: tuple[Body, ...] = (), **parts: Any) -> Body:
    """A whole plan. Beside the changes it holds a subnet that is left as it is, so that it isn't a stack's first."""
    settled = change("aws_vpc.main", {"id": "vpc-1"}, {"id": "vpc-1"})
    every = [settled, *changes]
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": [_resource(each, "after") for each in every if _has(each)]}},
        "resource_changes": every,
        **({"resource_drift": list(drift)} if drift else {}),
        "prior_state": {
            "format_version": "1.0",
            "values": {"root_module": {"resources": [_resource(each, "before") for each in every if _had(each)]}},
        },
        "configuration": {
            "root_module": {
                "resources": [
                    {
                        "address": each["address"],
                        "mode": "managed",
                        "type": each["type"],
                        "name": each["name"],
                        "expressions": {
                            key: {} for key in {**each["change"]["after"], **each["change"]["after_unknown"]}
                        },
                    }
                    for each in every
                    if _has(each)
                ]
            }
        },
        "timestamp": "2026-05-06T07:08:09Z",
        "applyable": True,
        "complete": True,
        "errored": False,
        **parts,
    }


def first(*changes: Body, **parts: Any) -> Body:
    """A plan that makes a stack."""
    whole = plan(*changes, **parts)
    del whole["prior_state"]
    whole["resource_changes"] = list(changes)
    whole["planned_values"] = {"root_module": {"resources": [_resource(each, "after") for each in changes]}}
    return whole


def policy(*statements: Body) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Any = "s3:GetObject", resources: Any = "arn:aws:s3:::a/*", **more: Any) -> Body:
    return {"Sid": "Read", "Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: Any = "s3:*", resources: Any = "*", **more: Any) -> Body:
    return {"Sid": "Never", "Effect": "Deny", "Action": actions, "Resource": resources, **more}


def judge(document: Body, *, approve: bool = False, alone: bool = False) -> PlanVerdict:
    """The verdict; approving approves every kind that can be."""
    approved = frozenset(APPROVABLE) if approve else NOTHING_APPROVED
    return run(json.dumps(document).encode(), name="demo", approved=approved, alone=alone)


def found(document: Body, kind: FindingKind) -> list[PlanFinding]:
    """The findings of a kind, in a plan that could be judged."""
    verdict = judge(document)
    assert not verdict.error, verdict.error
    return verdict.of(kind)


def widened(document: Body) -> list[str]:
    return [each.what for each in found(document, FindingKind.WIDENING)]


def _has(each: Body) -> bool:
    return each["change"]["after"] is not None


def _had(each: Body) -> bool:
    return each["change"]["before"] is not None


def _resource(each: Body, when: str) -> Body:
    return {
        **{key: each[key] for key in ("address", "mode", "type", "name")},
        "values": each["change"][when],
        "sensitive_values": {},
    }
