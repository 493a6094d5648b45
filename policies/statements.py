"""IAM statements of a block: in its attributes, in a document that it refers to, or in a role's policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from environments.documents import HOLDERS
from ops.gate.templates import parse_json
from ops.iam.policy import IamStatement, nested, read, read_document
from policies.rule import Resource

DOCUMENT = "aws_iam_policy_document"


def written_in(block: Resource) -> Sequence[IamStatement]:
    """The statements in a block itself: of a document, or in JSON; not those of documents that it refers to.

    JSON is read in the attributes that hold policies, and recognized by its form in other attributes.

    Raises:
        ValueError: AWS doesn't accept the form of a policy.
    """
    return block.once(_written_in)


def _written_in(block: Resource) -> Sequence[IamStatement]:
    return tuple(_statements(block))


def _statements(block: Resource) -> Iterator[IamStatement]:
    if block.kind == DOCUMENT:
        yield from read_document(block)
    for kind, attribute in HOLDERS:
        value = block.get(attribute) if kind == block.kind else None
        if value and not (isinstance(value, str) and value.startswith(("data.", "${"))):
            yield from _read(value)
    for policy in _recognized({key: value for key, value in block.items() if (block.kind, key) not in HOLDERS}):
        yield from read(policy)


def _recognized(value: object) -> Iterator[Mapping[str, object]]:
    """Policies anywhere in a value, as JSON or as parsed by checkov."""
    if isinstance(value, str) and '"Statement"' in value:
        yield from _recognized(parse_json(value))
    elif isinstance(value, dict):
        if "Statement" in value:
            yield value
        else:
            for each in value.values():
                yield from _recognized(each)
    elif isinstance(value, list):
        for each in value:
            yield from _recognized(each)


def of_policy(resource: Resource, attribute: str = "policy") -> list[IamStatement] | None:
    """The statements of a resource's policy, from JSON or a document; None if it can't be read."""
    return _readable(resource, resource.get(attribute))


def of_role(role: Resource) -> list[IamStatement]:
    """The statements of all policies of a role that can be read: its own and those attached to it."""
    attached = (each.follow(each.get("policy_arn")) for each in role.users("aws_iam_role_policy_attachment"))
    policies = [*role.users("aws_iam_role_policy"), *(each for each in attached if each is not None)]
    values = [
        *((role, each.get("policy")) for each in nested(role, "inline_policy")),
        *((each, each.get("policy")) for each in policies),
    ]
    return [statement for block, value in values for statement in _readable(block, value) or ()]


def _readable(block: Resource, value: object) -> list[IamStatement] | None:
    document = block.follow(value) if isinstance(value, str) else None
    try:
        return read_document(document) if document is not None and document.kind == DOCUMENT else _read(value)
    except ValueError:
        return None


def _read(value: object) -> list[IamStatement]:
    """Read JSON that checkov may have parsed."""
    if isinstance(value, str):
        value = parse_json(value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, Mapping):
        raise ValueError("a policy isn't an object")
    return read(value)
