"""Policies and requests of AWS's examples, in a short form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ops.iam.conditions import Values
from ops.iam.evaluation import Document, Policies, Request

ACCOUNT, OTHER = "111122223333", "444455556666"
USER = f"arn:aws:iam::{ACCOUNT}:user/exampleuser"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/examplerole"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/examplerole/examplerolesessionname"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/exampleuser"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
BUCKET, OBJECT = "arn:aws:s3:::amzn-s3-demo-bucket", "arn:aws:s3:::amzn-s3-demo-bucket/home/a.txt"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"

Body = dict[str, Any]


class Example(NamedTuple):
    """One row of a table: what AWS documents about one request."""

    title: str
    source: str
    """AWS's page."""
    allowed: bool
    request: Request
    policies: Policies
    because: str = ""
    """What the reason of a denial names: a kind of policy, or a statement."""


def statement(action: str | Sequence[str], resource: Any = "*", *, sid: str = "", **more: Any) -> Body:
    """A statement that allows; `Effect` and other elements can be given."""
    given = {"Action": action, "Resource": resource}
    return {"Sid": sid, "Effect": "Allow", **{element: value for element, value in given.items() if value}, **more}


def deny(action: str | Sequence[str], resource: object = "*", **more: Any) -> Body:
    """A statement that denies."""
    return statement(action, resource, Effect="Deny", **more)


def to(principal: Any, action: str | Sequence[str], resource: object = "*", **more: Any) -> Body:
    """A statement of a resource's own policy; a text is the ARN of a principal of AWS, or `*`."""
    named = {"AWS": principal} if isinstance(principal, str) and principal != "*" else principal
    return statement(action, resource, Principal=named, **more)


def document(*statements: Body, version: str = "2012-10-17", name: str = "example") -> Document:
    """A policy of some statements."""
    return Document.of(name, {"Version": version, "Statement": list(statements)})


def policies(**kinds: Any) -> Policies:
    """Policies by kind; each is a document, a statement, a list of them, or for the organization a list of levels."""

    def read(value: Any) -> list[Document]:
        several = value if isinstance(value, list) else [value]
        return [each if isinstance(each, Document) else document(each) for each in several]

    given: dict[str, Any] = {}
    for kind, value in kinds.items():
        if kind == "organization":
            given[kind] = [read(level) for level in value]
        elif value is not None:
            given[kind] = read(value) if kind in {"identity", "session", "resource"} else read(value)[0]
    return Policies(**given)


def request(
    principal: str = SESSION,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    *,
    owner: str = "",
    **context: str | Values,
) -> Request:
    """A request; condition keys have `__` for the colon and `_S_` for a slash."""
    return Request(
        principal=principal,
        account=principal.split(":")[4] if principal.startswith("arn:") else "",
        action=action,
        resource=resource,
        owner=owner,
        context={
            key.replace("__", ":").replace("_S_", "/").lower(): (value,) if isinstance(value, str) else value
            for key, value in context.items()
        },
    )


READ = statement("s3:GetObject", sid="Read")
SILENT = statement("ec2:DescribeVpcs")
FULL = statement("*", sid="FullAWSAccess")
