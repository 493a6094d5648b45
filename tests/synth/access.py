"""Reads who may do what out of the secrets phase's stack."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch

import environments
from environments.schema import Environment, ScheduledTask
from tests.conftest import Body, Stack

ROTATION_LAMBDA = "arn:aws:lambda:us-east-1:111122223333:function:rotate"
ROTATION_ROLE = "arn:aws:iam::111122223333:role/rotate"


def other_values() -> Environment:
    """Production with a secret that rotates by itself, a service that deploys blue/green and a scheduled task."""
    prod = environments.load("prod")
    secret, *secrets = prod.product.secrets
    backend, *services = prod.product.services
    task = ScheduledTask(name="cleanup", service="backend", command=("cleanup",), schedule="rate(1 day)")
    rotating = replace(secret, rotation_lambda=ROTATION_LAMBDA, rotation_role=ROTATION_ROLE, rotation_days=45)
    product = replace(
        prod.product,
        secrets=(rotating, *secrets),
        services=(replace(backend, deployment="blue_green"), *services),
        scheduled_tasks=(task,),
    )
    return replace(prod, product=product)


def denied(stack: Stack, secret: str, action: str, role: str) -> bool:
    """Whether the secret's own policy keeps the role from the action, whatever IAM allows."""
    for statement in stack.policy(secret):
        assert statement["effect"] == "Deny"
        (condition,) = statement["condition"]
        assert (condition["test"], condition["variable"]) == ("ArnNotEquals", "aws:PrincipalArn")
        if any(fnmatch(action, each) for each in statement["actions"]) and role not in condition["values"]:
            return True
    return False


def statements(stack: Stack, role: str) -> dict[str, Body]:
    """A role's statements by their sids."""
    return {statement["sid"]: statement for statement in stack.policy(role)}
