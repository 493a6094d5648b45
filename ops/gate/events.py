"""Samples of events, and whether a rule of EventBridge matches them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops.gate.model import ScannedBlock

Event = Mapping[str, Any]
_READ = frozenset({"numeric", "prefix"})
"""The forms of patterns that `matches` knows."""


def samples_of(environment: Environment) -> dict[str, Event]:
    """Events that must alert, by what they are, with the facts that such an event has.

    https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
    """
    names, once = Names(environment), environment.creates_account_resources
    role = names.role("break-glass")
    account, partition = environment.account_id, names.partition
    session = partition.arn("sts", f"assumed-role/{role}/person", region="", account_id=account)
    found: dict[str, Event] = {}
    if environment.audit.guardduty and once:
        for severity in (7, 8.9, 9.5):
            detail = {"severity": severity, "title": "A threat", "type": "UnauthorizedAccess:IAMUser/Other"}
            found[f"a GuardDuty finding of severity {severity}"] = _event(
                environment, "aws.guardduty", "GuardDuty Finding", detail
            )
    if environment.audit.cloudtrail:
        signs_in = "AWS Console Sign In via CloudTrail"
        users = {
            "a sign-in of the root user": {"type": "Root", "arn": partition.root(account)},
            "a console sign-in of the break-glass role": {"type": "AssumedRole", "arn": session},
        }
        for what, user in users.items():
            found[what] = _event(
                environment, "aws.signin", signs_in, {"eventName": "ConsoleLogin", "userIdentity": user}
            )
        request = {"roleArn": names.role_arn("break-glass"), "roleSessionName": "person", "serialNumber": "arn"}
        user = {"type": "IAMUser", "arn": partition.arn("iam", "user/person", region="", account_id=account)}
        assumed = {"eventName": "AssumeRole", "eventSource": "sts.amazonaws.com", "requestParameters": request}
        found["an assumption of the break-glass role"] = _event(
            environment, "aws.sts", "AWS API Call via CloudTrail", {**assumed, "userIdentity": user}
        )
    return found


def ordinary_of(environment: Environment) -> dict[str, Event]:
    """Events that happen all the time, by what they are: no rule may match them."""
    names, account = Names(environment), environment.account_id
    partition, signs_in = names.partition, "AWS Console Sign In via CloudTrail"
    users = {
        "IAMUser": partition.arn("iam", "user/person", region="", account_id=account),
        "AssumedRole": partition.arn("sts", "assumed-role/Admin/person", region="", account_id=account),
    }
    low = {"severity": 2, "title": "A threat", "type": "Recon:EC2/Portscan"}
    found = {"a GuardDuty finding of severity 2": _event(environment, "aws.guardduty", "GuardDuty Finding", low)}
    for kind, arn in users.items():
        user = {"type": kind, "arn": arn}
        detail = {"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "userIdentity": user}
        found[f"a console sign-in of an {kind}"] = _event(environment, "aws.signin", signs_in, detail)
        for service, call in (("sts", "AssumeRole"), ("s3", "PutObject"), ("ec2", "DescribeInstances")):
            request = {"roleArn": names.role_arn("deployer"), "roleSessionName": "person"}
            called = {"eventName": call, "eventSource": f"{service}.amazonaws.com", "requestParameters": request}
            found[f"a call of {call} by an {kind}"] = _event(
                environment, f"aws.{service}", "AWS API Call via CloudTrail", {**called, "userIdentity": user}
            )
    change = {"desiredStatus": "RUNNING", "lastStatus": "RUNNING"}
    found["a change of an ECS task"] = _event(environment, "aws.ecs", "ECS Task State Change", change)
    return found


def unread(pattern: object) -> Iterator[str]:
    """The forms in a pattern that `matches` doesn't know, and takes as never matching."""
    if isinstance(pattern, Mapping):
        yield from (name for name in pattern if name.startswith("$"))
        for each in pattern.values():
            yield from unread(each)
    elif isinstance(pattern, list):
        yield from (name for each in pattern if isinstance(each, Mapping) for name in each.keys() - _READ)
    else:
        yield repr(pattern)


def _event(environment: Environment, source: str, kind: str, detail: Event) -> Event:
    """An event with what all events have, and what all of CloudTrail's have."""
    where = {"account": environment.account_id, "region": environment.region, "time": "2026-01-01T00:00:00Z"}
    user = {"accountId": environment.account_id, "principalId": "AIDAEXAMPLE", **detail.get("userIdentity", {})}
    caller = {"userIdentity": user, "sourceIPAddress": "192.0.2.1", "eventTime": "2026-01-01T00:00:00Z"}
    return {
        **where,
        "source": source,
        "detail-type": kind,
        "detail": {**detail, **(caller if "userIdentity" in detail else {})},
    }


def pattern(rule: ScannedBlock) -> object:
    """The pattern of a rule; None, which matches nothing, if it can't be read."""
    try:
        return json.loads(str(rule.settings.get("event_pattern")))
    except ValueError:
        return None


def matches(pattern: object, event: object) -> bool:
    """Whether EventBridge matches an event; a form that isn't understood matches nothing.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    if isinstance(pattern, Mapping):
        return isinstance(event, Mapping) and all(matches(each, event.get(name)) for name, each in pattern.items())
    return isinstance(pattern, list) and any(_matches_one(each, event) for each in pattern)


def _matches_one(wanted: object, value: object) -> bool:
    if isinstance(wanted, Mapping):
        if wanted.keys() == {"prefix"}:
            return isinstance(value, str) and value.startswith(str(wanted["prefix"]))
        if wanted.keys() == {"numeric"} and isinstance(value, int | float):
            terms = wanted["numeric"]
            return all(_compare(value, *terms[index : index + 2]) for index in range(0, len(terms), 2))
        return False
    return type(wanted) is type(value) and wanted == value


def _compare(value: float, operator: str, limit: float) -> bool:
    compared = {"<": value < limit, "<=": value <= limit, "=": value == limit, ">": value > limit, ">=": value >= limit}
    return compared.get(operator, False)


def has(event: Event, path: str) -> bool:
    """Whether an event has a value at a path such as `$.detail.title`."""
    value: object = event
    for part in path.removeprefix("$.").split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value is not None


def is_notification(template: str) -> bool:
    """Whether a template has Slack's format: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html."""
    try:
        message = json.loads(template)
    except ValueError:
        return False
    content = message.get("content") if isinstance(message, Mapping) else None
    return isinstance(content, Mapping) and bool(content.get("title")) and "<" in str(content.get("description"))
