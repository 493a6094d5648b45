"""IAM statements, whether they stand in a policy document block or in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.rule import Resource, Settings, blocks, texts


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: int
    """How many conditions narrow it."""
    named: tuple[tuple[str, str], ...] = ()
    """Its principals, each with its kind."""
    asked: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Its conditions: operator, key and values."""

    @property
    def label(self) -> str:
        """How to call it in a message."""
        return f"statement {self.sid!r}" if self.sid else "a statement without sid"


def of_document(document: Settings) -> list[Statement]:
    """The statements of an `aws_iam_policy_document`."""
    return [
        Statement(
            sid=str(each.get("sid", "")),
            allows=str(each.get("effect", "Allow")) == "Allow",
            actions=tuple(texts(each.get("actions"))),
            not_actions=tuple(texts(each.get("not_actions"))),
            resources=tuple(texts(each.get("resources"))),
            principals=tuple(
                principal for block in blocks(each, "principals") for principal in texts(block.get("identifiers"))
            ),
            conditions=len(blocks(each, "condition")),
            named=tuple(
                (str(block.get("type")), identifier)
                for block in blocks(each, "principals")
                for identifier in texts(block.get("identifiers"))
            ),
            asked=tuple(
                (str(block.get("test")), str(block.get("variable")), tuple(texts(block.get("values"))))
                for block in blocks(each, "condition")
            ),
        )
        for each in blocks(document, "statement")
    ]


def of_policy(resource: Resource, attribute: str = "policy") -> list[Statement] | None:
    """The statements of a resource's policy: its JSON's, or its document's. None if neither can be read."""
    value = resource.get(attribute)
    if isinstance(value, str):
        document = resource.follow(value)
        if document is not None and document.kind == "aws_iam_policy_document":
            return of_document(document)
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return list(_of_json(value)) if isinstance(value, Mapping) else None


def of_any(resource: Resource) -> list[Statement]:
    """The statements written in a block itself: a document's, or a resource's JSON, not what it refers to."""
    if resource.kind == "aws_iam_policy_document":
        return of_document(resource)
    return [
        statement
        for attribute in ("policy", "assume_role_policy", "access_policy")
        if not resource.text(attribute).startswith(("data.", "${"))
        for statement in of_policy(resource, attribute) or []
    ]


def of_role(role: Resource) -> list[Statement]:
    """The statements of all policies of a role that can be read: its own and those attached to it."""
    attached = (each.follow(each.get("policy_arn")) for each in role.users("aws_iam_role_policy_attachment"))
    policies = [*role.users("aws_iam_role_policy"), *(each for each in attached if each is not None)]
    return [statement for policy in policies for statement in of_policy(policy) or ()]


def _of_json(policy: Mapping[str, Any]) -> Iterator[Statement]:
    found = policy.get("Statement") or []
    for each in found if isinstance(found, list) else [found]:
        principal = each.get("Principal")
        kinds = principal if isinstance(principal, Mapping) else {"AWS": principal}
        yield Statement(
            sid=str(each.get("Sid", "")),
            allows=each.get("Effect") == "Allow",
            actions=tuple(texts(each.get("Action"))),
            not_actions=tuple(texts(each.get("NotAction"))),
            resources=tuple(texts(each.get("Resource"))),
            principals=tuple(identifier for kind in kinds.values() for identifier in texts(kind)),
            conditions=len(each.get("Condition") or {}),
            named=tuple((kind, identifier) for kind in kinds for identifier in texts(kinds[kind])),
            asked=tuple(
                (test, key, tuple(texts(values)))
                for test, keys in (each.get("Condition") or {}).items()
                for key, values in keys.items()
            ),
        )
