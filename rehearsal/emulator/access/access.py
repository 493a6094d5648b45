"""Decides each call by the applied policies, records it, and returns AWS's error for a denied one."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from moto.core.request import Request as HttpRequest
from werkzeug.wrappers import Response

from ops.iam.conditions import Values
from ops.iam.evaluation import Decision, Policies, Request, evaluate
from rehearsal.emulator.access.calls import Call, read
from rehearsal.emulator.access.denials import denial
from rehearsal.emulator.access.policies import endpoint_of, entity, policies
from rehearsal.emulator.access.requests import UnmappedError, fallback, requests
from rehearsal.emulator.callers import Caller

_SERVICE_ROLES = ":role/aws-service-role/"


class Access:
    """The evaluation of calls, switched on by a file for its records."""

    def __init__(self, records: Path) -> None:
        """Args: records: File to which each evaluated request is appended, one JSON object a line."""
        self._records = records

    def answer(self, signing_name: str, region: str, caller: Caller, request: HttpRequest) -> Response | None:
        """The error of a denied call; none for an allowed one, or one that isn't evaluated.

        Raises:
            UnmappedError: A role's session calls an operation with no known actions or resources.
        """
        start = time.thread_time()
        who = entity(caller)
        if who is None or _SERVICE_ROLES in who.arn:
            return None
        call = read(signing_name, region, request)
        if call is None:
            raise UnmappedError(f"{signing_name}: {request.method} {request.path} is an unknown operation")
        for asked, decision in self._decisions(call, caller):
            now = time.thread_time()
            self._record(call, asked, decision, now - start)
            start = now
            if not decision.allowed:
                sys.stderr.write(f"denied: {call.name} for {asked.principal}: {decision.reason}\n")
                return denial(call, asked, decision)
        return None

    def _decisions(self, call: Call, caller: Caller) -> Iterator[tuple[Request, Decision]]:
        try:
            asked = requests(call, caller)
        except UnmappedError:
            if caller.user is None:
                raise
            asked = [fallback(call, caller)]
        for each in asked:
            yield self._decide(call, caller, each)

    @staticmethod
    def _decide(call: Call, caller: Caller, asked: Request) -> tuple[Request, Decision]:
        # What a service does on the caller's behalf doesn't go through the caller's VPC endpoint.
        own = asked.action.partition(":")[0] == call.prefix
        endpoint = endpoint_of(caller, call.signing_name, call.region) if own else None
        if endpoint is not None:
            asked = asked._replace(context=_through(endpoint.id, caller.vpc, asked.context))
        applied: Policies = policies(caller, asked, endpoint)
        return asked, evaluate(asked, applied)

    def _record(self, call: Call, asked: Request, decision: Decision, seconds: float) -> None:
        line: dict[str, Any] = {
            "principal": asked.principal,
            "role": "".join(asked.context.get("aws:principalarn", ())),
            "operation": call.name,
            "action": asked.action,
            "resource": asked.resource,
            "context": {key: list(values) for key, values in sorted(asked.context.items()) if key not in _ALWAYS},
            "allowed": decision.allowed,
            "reason": decision.reason,
            "seconds": round(seconds, 6),
            "statements": [
                {"kind": each.kind, "policy": each.policy, "sid": each.statement.sid} for each in decision.statements
            ],
        }
        with self._records.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _through(endpoint: str, vpc: str, context: Mapping[str, Values]) -> dict[str, Values]:
    """The condition keys of a call through a VPC endpoint: `aws:VpcSourceIp` replaces `aws:SourceIp`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpcsourceip
    """
    kept = {_INSIDE.get(key, key): values for key, values in context.items()}
    return {**kept, "aws:sourcevpce": (endpoint,), "aws:sourcevpc": (vpc,)}


_INSIDE = {"aws:sourceip": "aws:vpcsourceip"}
_ALWAYS = frozenset(
    f"aws:{name}"
    for name in (
        *("currenttime", "epochtime", "principalaccount", "principalarn", "principalisawsservice", "principaltype"),
        *("securetransport", "sourceip", "tokenissuetime", "userid", "viaawsservice", "vpcsourceip"),
    )
)
"""Keys of every call, which the records leave out."""
