"""The credentials that ECS gives to tasks, whose calls come from a VPC."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from ops.errors import OpsError
from ops.iam.evaluation import Document, Policies, Request, evaluate
from rehearsal.emulator.callers import Caller, sessions

_ECS = "ecs-tasks.amazonaws.com"


def task_credentials(account_id: str, region: str, role_arn: str, vpc_id: str) -> dict[str, Any]:
    """Let ECS assume a role for a task, if the role's trust policy allows it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cross-service-confused-deputy-prevention.html

    Raises:
        OpsError: It doesn't, or there is no such role.
    """
    partition = role_arn.split(":")[1]
    role = next((each for each in iam_backends[account_id][partition].roles.values() if each.arn == role_arn), None)
    if role is None:
        raise OpsError(f"{account_id} has no role {role_arn}")
    context = {
        "aws:sourceaccount": (account_id,),
        "aws:sourcearn": (f"arn:{partition}:ecs:{region}:{account_id}:*",),
    }
    asked = Request(principal=_ECS, account="", action="sts:AssumeRole", resource=role_arn, context=context)
    trust = Document.of(role_arn, role.assume_role_policy_document)
    decision = evaluate(asked, Policies(resource=(trust,)))
    if not decision.allowed:
        raise OpsError(f"ECS can't assume {role_arn}: {decision.reason}")
    backend = sts_backends[account_id][partition]
    assumed: Any = backend.assume_role(region, "task", role_arn, "", 3600, "")
    arn = f"arn:{partition}:sts::{account_id}:assumed-role/{role.name}/task"
    caller = Caller(account_id, arn, role_arn, f"{role.id}:task", since=utcnow(), vpc=vpc_id)
    sessions(backend)[assumed.access_key_id] = caller
    return {
        "AccessKeyId": assumed.access_key_id,
        "SecretAccessKey": assumed.secret_access_key,
        "SessionToken": assumed.session_token,
    }
