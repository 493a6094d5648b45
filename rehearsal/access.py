"""What roles asked for in a rehearsal: what was denied although it is needed, and what must be denied."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from ops.iam.policy import listed
from rehearsal.rollout import Seen, StepError

if TYPE_CHECKING:
    from rehearsal.context import Rehearsal

NEGATIVE = Path(__file__).with_name("negative.toml")
"""What each role must not do; rows with `call` are tried in a rehearsal."""
PEOPLE = ("deployer", "planner")
"""Purposes of roles that people or jobs assume; ECS assumes those of tasks."""
TASKS = ("-task", "-execution")
"""How the purposes of tasks' roles end."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
"""Codes of a denied call: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""


def nothing_needed_was_denied(rehearsal: Rehearsal) -> Seen:
    """No role was denied what it asked for, but for the calls that must be denied; also where a command goes on.

    Raises:
        StepError: One was; the message names the role, the operation and why.
    """
    records = rehearsal.requests()
    denied = [
        f"{each['operation']} by {each['principal']}: {each['reason']}"
        for number, each in enumerate(records)
        if not each["allowed"] and number not in rehearsal.refused
    ]
    if denied or not records:
        raise StepError("; ".join(dict.fromkeys(denied)) or "no request was evaluated")
    seconds, whole = sum(each["seconds"] for each in records), time.monotonic() - rehearsal.started
    roles = {each["role"] for each in records}
    return Seen(
        f"{len(records)} requests of {len(roles)} roles and users; their evaluation took {seconds:.1f} s of processor "
        f"time, {100 * seconds / whole:.1f} % of the rehearsal"
    )


def what_is_forbidden_is_denied(rehearsal: Rehearsal) -> Seen:
    """Each role's session tries calls that its policies must deny, over HTTP: each ends with AWS's error.

    Raises:
        StepError: One is allowed, or fails for another reason.
    """
    before, wrong, tried = len(rehearsal.requests()), [], 0
    names = rehearsal.names
    arns = {
        each["RoleName"].removeprefix(f"{names.prefix}-"): each["Arn"]
        for page in rehearsal.owner.client("iam").get_paginator("list_roles").paginate()
        for each in page["Roles"]
        if each["RoleName"].startswith(f"{names.prefix}-")
    }
    for purpose, arn in arns.items():
        rows = list(_rows(purpose))
        if rows:
            keys = _keys(rehearsal, purpose, arn)
            found = [_tried(rehearsal, keys, row) for row in rows]
            tried += len(found)
            wrong += [f"{purpose}: {why}" for why in found if why]
    rehearsal.refused = range(before, len(rehearsal.requests()))
    if wrong or not tried:
        raise StepError("; ".join(wrong) or "no call was tried")
    return Seen(f"{tried} calls of {len(arns)} roles")


def _rows(purpose: str) -> Iterator[Mapping[str, Any]]:
    """The table's calls for a role of which the rehearsal can have a session."""
    if purpose in PEOPLE or purpose.endswith(TASKS):
        for row in tomllib.loads(NEGATIVE.read_text(encoding="utf-8"))["never"]:
            if "call" in row and any(fnmatchcase(purpose, pattern) for pattern in listed(row["role"])):
                yield row


def _keys(rehearsal: Rehearsal, purpose: str, arn: str) -> Mapping[str, str]:
    """Credentials of a role, by the arguments of boto3's clients."""
    if purpose in PEOPLE:
        return {name.lower(): value for name, value in rehearsal.people.as_role(purpose).items()}
    return task_keys(rehearsal, arn)


def task_keys(rehearsal: Rehearsal, role_arn: str) -> Mapping[str, str]:
    """Credentials of a task's role in the environment's VPC, by the arguments of boto3's clients."""
    taken = rehearsal.control.task_credentials(role_arn, rehearsal.vpc_id)
    return {
        "aws_access_key_id": taken["AccessKeyId"],
        "aws_secret_access_key": taken["SecretAccessKey"],
        "aws_session_token": taken["SessionToken"],
    }


def client(rehearsal: Rehearsal, service: Any, keys: Mapping[str, str]) -> Any:  # noqa: ANN401  (boto3's own types)
    """A client of a role's session, which goes straight to the emulator."""
    return boto3.client(
        service,
        endpoint_url=rehearsal.control.endpoint,
        region_name=rehearsal.environment.region,
        config=Config(retries={"total_max_attempts": 2}, proxies={}),
        aws_access_key_id=keys["aws_access_key_id"],
        aws_secret_access_key=keys["aws_secret_access_key"],
        aws_session_token=keys["aws_session_token"],
    )


def _tried(rehearsal: Rehearsal, keys: Mapping[str, str], row: Mapping[str, Any]) -> str:
    """Try a row's call; why it isn't as it must be, or nothing."""
    service, _, operation = row["call"]["operation"].partition(".")
    environment, names = rehearsal.environment, rehearsal.names
    values = {
        "account": environment.account_id,
        "region": environment.region,
        "prefix": names.prefix,
        "path": names.path,
        "product": environment.product.name,
        "stage": environment.stage,
        "state_bucket": names.state_bucket,
    }
    try:
        getattr(client(rehearsal, service, keys), operation)(**_filled(row["call"]["with"], values))
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code in DENIED and any(f"perform: {action}" in message for action in row["actions"]):
            return ""
        return f"{row['call']['operation']} isn't denied but fails: {error}"
    return f"{row['call']['operation']} is allowed, but: {row['why']} ({row['source']})"


def _filled(given: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401  (parameters of any call)
    if isinstance(given, dict):
        return {name: _filled(each, values) for name, each in given.items()}
    if isinstance(given, list):
        return [_filled(each, values) for each in given]
    return given.format_map(values) if isinstance(given, str) else given
