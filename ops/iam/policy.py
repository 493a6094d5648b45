"""IAM statements: one type for all policies, read from AWS's JSON or from Terraform's `aws_iam_policy_document`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/data-sources/iam_policy_document
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from ops.iam.conditions import PolicyCondition, Values
from ops.iam.globs import matches, matches_any, matches_resource

Principals = tuple[tuple[str, str], ...]
"""Kind (AWS, Service, Federated, CanonicalUser) and identifier; `*` alone is ("AWS", "*")."""
ELEMENTS = frozenset(
    {
        *("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"),
        "Condition",
    }
)
"""Elements of a statement, as AWS documents them; another spelling is none that this reader understands."""
Render = Callable[[Any, bool], str]
"""Returns a value of a statement as text; the second argument is whether the statement allows."""
_PROBES = [
    f"arn:{partition}:{resource}"
    for partition in ("aws", "aws-cn", "aws-us-gov")
    for resource in ("s3:::bucket/key", "ec2:us-east-1:111122223333:instance/i-1")
]
"""ARNs of two services in each partition: a pattern that matches both is for all services."""
_POSITIVE = frozenset({"stringequals", "stringlike", "arnequals", "arnlike"})
_OWNERS = frozenset(
    {
        *("aws:principalaccount", "aws:principalarn", "aws:sourceaccount", "aws:sourcearn", "aws:sourceowner"),
        *("kms:calleraccount", "kms:encryptioncontext:aws:cloudtrail:arn", "kms:encryptioncontext:aws:logs:arn"),
    }
)
"""Condition keys, in lower case, with the account of the caller, or of the resource that a service calls for.

https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
"""
VERSION = "2012-10-17"
"""Version of the policy language that has policy variables."""
_REFERENCE = re.compile(r"\$\{[^}]*\}")
_WILD = frozenset("*?")


def listed(value: object) -> list[Any]:
    """A value, or a list of values, as a list; without a value, an empty list."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def nested(settings: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The nested blocks of that name."""
    return [each for each in listed(settings.get(name)) if isinstance(each, Mapping)]


def account(text: str) -> str:
    """The account that a principal or a condition's value names, by its id or in an ARN; empty if it names none."""
    parts = text.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[0] == "arn" else text if re.fullmatch(r"\d{12}", text) else ""


def _plain(value: object, allows: bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_variables(value: object, allows: bool) -> str:
    """A value of an older version, in which `${aws:username}` is a literal text.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    return _plain(value, allows).replace("${", "${$}{")


@dataclass(frozen=True, kw_only=True)
class IamStatement:
    """One statement of a policy. Missing elements are empty."""

    unknown: ClassVar[str] = ""
    """Marks what is unknown in its resources, principals and conditions; empty if all is known."""
    sid: str = ""
    allows: bool = True
    actions: Values = ()
    not_actions: Values = ()
    resources: Values = ()
    not_resources: Values = ()
    principals: Principals = ()
    not_principals: Principals = ()
    conditions: tuple[PolicyCondition, ...] = ()

    @classmethod
    def of_json(cls, statement: object, /, *, render: Render = _plain, **more: Any) -> Self:  # noqa: ANN401
        """Read a statement of a JSON policy.

        Args:
            statement: The statement, parsed.
            render: Returns its values as texts.
            more: Further attributes of a subclass.

        Raises:
            ValueError: AWS doesn't accept its form.
        """
        if not isinstance(statement, Mapping) or statement.get("Effect") not in ("Allow", "Deny"):
            raise ValueError("a statement's effect is neither Allow nor Deny")
        if unknown := statement.keys() - ELEMENTS:
            raise ValueError(f"{min(unknown)} is no element of a statement")
        conditions = statement.get("Condition") or {}
        if not isinstance(conditions, Mapping) or not all(isinstance(keys, Mapping) for keys in conditions.values()):
            raise ValueError("a condition isn't an object")
        if not (listed(statement.get("Action")) or listed(statement.get("NotAction"))):
            raise ValueError("a statement has no actions")
        if any(not listed(values) for keys in conditions.values() for values in keys.values()):
            raise ValueError("a condition has no values")
        if empty := [key for key, value in statement.items() if key.startswith("Not") and value in ([], "", {})]:
            raise ValueError(f"{empty[0]} is empty, which would mean everything")
        allows = statement["Effect"] == "Allow"

        def texts(values: object) -> Values:
            return tuple(render(value, allows) for value in listed(values))

        def principals(value: object) -> Principals:
            kinds = value if isinstance(value, Mapping) else {"AWS": value}
            return tuple((str(kind), text) for kind, identifiers in kinds.items() for text in texts(identifiers))

        return cls(
            sid=str(statement.get("Sid") or ""),
            allows=allows,
            actions=texts(statement.get("Action")),
            not_actions=texts(statement.get("NotAction")),
            resources=texts(statement.get("Resource")),
            not_resources=texts(statement.get("NotResource")),
            principals=principals(statement.get("Principal")),
            not_principals=principals(statement.get("NotPrincipal")),
            conditions=tuple(
                PolicyCondition(str(test), str(key), texts(values))
                for test, keys in conditions.items()
                for key, values in keys.items()
            ),
            **more,
        )

    @classmethod
    def of_block(cls, block: Mapping[str, Any], /, *, render: Render = _plain, **more: Any) -> Self:  # noqa: ANN401
        """Read a `statement` block of an `aws_iam_policy_document`, as the JSON that the provider creates.

        Conditions with the same test and variable become one condition with all values.

        Args:
            block: The block.
            render: Returns its values as texts.
            more: Further attributes of a subclass.

        Raises:
            ValueError: Terraform doesn't accept its form.
        """
        statement: dict[str, Any] = {"Sid": block.get("sid"), "Effect": block.get("effect", "Allow")}
        for name in ("actions", "not_actions", "resources", "not_resources"):
            if block.get(name) is not None:
                statement[name.title().replace("_", "").removesuffix("s")] = block[name]
        for name, element in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
            for named in nested(block, name):
                kind = "AWS" if named.get("type") == "*" else str(named.get("type"))
                kinds = statement.setdefault(element, {})
                kinds[kind] = [*kinds.get(kind, ()), *listed(named.get("identifiers"))]
        conditions = statement.setdefault("Condition", {})
        for asked in nested(block, "condition"):
            keys = conditions.setdefault(str(asked.get("test")), {})
            variable = str(asked.get("variable"))
            keys[variable] = [*keys.get(variable, ()), *listed(asked.get("values"))]
        return cls.of_json(statement, render=render, **more)

    @property
    def label(self) -> str:
        """Its name in messages."""
        return f"statement {self.sid!r}" if self.sid else "a statement without sid"

    @property
    def all_services(self) -> bool:
        """Whether its actions aren't limited to named services: `*`, `*:*`, `s*:Get*`, or NotAction."""
        return bool(self.not_actions) or any(_WILD & set(each.partition(":")[0]) for each in self.actions)

    @property
    def all_resources(self) -> bool:
        """Whether it includes all resources, or all of a service, or has NotResource."""
        return bool(self.not_resources) or any(map(_all_of_a_service, self.resources))

    @property
    def everyone(self) -> bool:
        """Whether it names principals by a pattern (AWS only accepts `*`), or has NotPrincipal."""
        return bool(self.not_principals) or any(_WILD & set(identifier) for _, identifier in self.principals)

    def confined_to(self, account_id: str) -> bool:
        """Whether a condition holds only for callers of an account, or for services on its behalf."""
        return any(
            condition.test.lower() in _POSITIVE
            and condition.key.lower() in _OWNERS
            and set(map(account, condition.values)) == {account_id}
            for condition in self.conditions
        )

    def about(self, action: str) -> bool:
        """Whether it includes an action. Names of actions are not case-sensitive."""
        found = self._known.get(action)
        if found is None:
            patterns = self._by_service.get(action.partition(":")[0].lower(), ()) + self._by_service.get("", ())
            found = self._known[action] = matches_any(patterns, action, case=False) is not bool(self.not_actions)
        return found

    def about_service(self, service: str) -> bool:
        """Whether it may include actions of a service, in lower case."""
        return bool(self.not_actions) or service in self._by_service or "" in self._by_service

    @cached_property
    def _known(self) -> dict[str, bool]:
        """By action, whether it includes the action."""
        return {}

    @cached_property
    def _by_service(self) -> Mapping[str, Values]:
        """Its patterns of actions by service; those of no named service are under an empty name."""
        found: dict[str, Values] = {}
        for pattern in self.not_actions or self.actions:
            service, colon, _ = pattern.partition(":")
            key = service.lower() if colon and not _WILD & set(service) else ""
            found[key] = (*found.get(key, ()), pattern)
        return found

    def on(self, resource: str | None) -> bool:
        """Whether it includes a resource. Without resources, it includes the policy's own resource.

        Args:
            resource: Its ARN; None means any resource, which only a Deny on `*` includes.
        """
        if not (self.resources or self.not_resources):
            return True
        if resource is None:
            return self.allows or "*" in self.resources
        return matches_resource(self.not_resources or self.resources, resource) is not bool(self.not_resources)

    @cached_property
    def is_filled(self) -> bool:
        """Whether its resources have neither policy variables nor unknown parts."""
        resources = (*self.resources, *self.not_resources)
        return not any("${" in each or (self.unknown and self.unknown in each) for each in resources)


def read(document: str | Mapping[str, Any]) -> list[IamStatement]:
    """The statements of a JSON policy.

    Raises:
        ValueError: It isn't JSON, or AWS doesn't accept its form.
    """
    content = json.loads(document) if isinstance(document, str) else document
    if not isinstance(content, Mapping):
        raise ValueError("a policy isn't an object")
    render = _plain if content.get("Version") == VERSION else _without_variables
    return [IamStatement.of_json(each, render=render) for each in listed(content.get("Statement"))]


def read_document(settings: Mapping[str, Any]) -> list[IamStatement]:
    """The statement blocks of an `aws_iam_policy_document`.

    Raises:
        ValueError: Terraform doesn't accept the form of a statement.
    """
    return [IamStatement.of_block(each) for each in nested(settings, "statement")]


def _all_of_a_service(resource: str) -> bool:
    """Whether a resource element includes all resources of at least one service."""
    *_, last = parts = resource.split(":", 5)
    if resource.startswith("arn:"):
        if len(parts) == 6 and last and set(last) <= _WILD:
            return True
        resource = _REFERENCE.sub("*", resource)
    elif "${" in resource:
        return False
    return sum(matches(resource, probe) for probe in _PROBES) >= 2 or (
        len(parts) in {4, 5} and parts[0] == "arn" and bool(last) and set(last) <= _WILD
    )
