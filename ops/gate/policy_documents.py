"""Checks on every policy document: no statement without effect, and no document over AWS's size limit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from environments.arns import partition, partitions
from environments.attributes import Place
from environments.documents import ENDPOINT, HOLDERS, INLINE, OPERATORS, TRUTH, DocumentKind
from environments.endpoints import service_of
from modules.documents import documents
from ops.gate.index import Index
from ops.gate.model import Check, ErrorKind, Ledger, Record, ScanError, ScanFailedError, ScannedBlock
from ops.gate.permissions.statements import DOCUMENT, Arns, Documents, PlacedStatement
from ops.gate.stacks import EnvironmentStacks
from ops.iam.idle import idle
from ops.iam.policy import nested
from ops.iam.reference import reference

IDLE, LONG = "ROLLOUT_IAM_IDLE", "ROLLOUT_IAM_LONG"
CHECKS = {
    IDLE: Check(
        IDLE,
        "Every statement of a policy has an effect: AWS authorizes its actions on the resources that it names",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/"
        "reference_policies_actions-resources-contextkeys.html",
        own=True,
    ),
    LONG: Check(
        LONG,
        "Every policy document fits AWS's limit on its size",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
        own=True,
    ),
}
_SOMEWHERE = Place(partitions()[0], "us-east-1", "000000000000")
"""A place for stacks without a provider: which types an ARN can have doesn't depend on region and account."""


class Use(NamedTuple):
    """A document, and the block that uses it."""

    statements: Sequence[PlacedStatement]
    kind: DocumentKind | None
    holder: ScannedBlock


def idle_statements(view: Sequence[ScannedBlock]) -> list[Record]:
    """Find the statements of one merged view that have no effect.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger = Ledger()
    index = Index(view)
    place = _place(view)
    for use in uses(index, place or _SOMEWHERE):
        ledger.examine(IDLE, [use.holder.block, *(statement.block.block for statement in use.statements)])
        about = use.kind.about if use.kind else ()
        services = _services(use.holder, reference().services) if use.kind is ENDPOINT else ()
        for statement in use.statements:
            found = idle(statement, about=about, services=services, partition=place.partition.name if place else "")
            refused = [*_unknown_conditions(statement), *(_malformed(statement, use.kind) if use.kind else ())]
            for what in (*found, *refused):
                ledger.wrong(IDLE, statement.block.block, f"{statement.label}: {what}")
    return ledger.records()


def _malformed(statement: PlacedStatement, kind: DocumentKind) -> Iterator[str]:
    """What AWS rejects in a statement of a kind of policy."""
    for element in ("principals", "resources"):
        named = getattr(statement, element) or getattr(statement, f"not_{element}")
        if element in kind.needs and not named:
            yield f"names no {element}; AWS rejects such a {kind.label}"
        if element in kind.rejects and named:
            yield f"names {element}; AWS rejects such a {kind.label}"


def _unknown_conditions(statement: PlacedStatement) -> Iterator[str]:
    """What AWS rejects in the conditions of a statement.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    for test, key, values in statement.conditions:
        if not OPERATORS.fullmatch(test):
            yield f"has the operator {test!r} on {key}, which IAM doesn't have; AWS rejects such a policy"
        elif TRUTH.fullmatch(test) and not {each.lower() for each in values} <= {"true", "false"}:
            yield f"compares {key} by {test} with another value than true or false: it never holds, or AWS rejects it"


def document_sizes(view: Sequence[ScannedBlock], stacks: EnvironmentStacks) -> list[Record]:
    """Find the documents that AWS would refuse as too long.

    Args:
        view: The merged view of the stacks.
        stacks: The same stacks as they are on disk.

    Raises:
        ScanFailedError: The length of a document is unknown.
    """
    ledger = Ledger()
    blocks = {(each.block.stack, each.block.address): each.block for each in view}
    try:
        for document in documents({phase: each.content for phase, each in stacks.documents.items()}):
            block = blocks[stacks.documents[document.phase].stack, document.address]
            ledger.examine(LONG, [block])
            if len(document.text) > document.kind.longest:
                ledger.wrong(LONG, block, f"{document}; shorten it, or split it")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        what = f"has a policy that can't be measured ({error})"
        raise ScanFailedError(
            ScanError(ErrorKind.NOT_UNDERSTOOD, stacks.name, what, "write it as plain values and references")
        ) from error
    return ledger.records()


def _place(view: Sequence[ScannedBlock]) -> Place | None:
    """Where the providers of a view apply it: all are in one partition. None if that is unknown."""
    regions = [block.settings.get("region") for block in view if (block.section, block.kind) == ("provider", "aws")]
    try:
        return Place(partition(str(regions[0])), str(regions[0]), _SOMEWHERE.account_id)
    except LookupError:
        return None


def uses(index: Index, place: Place) -> Iterator[Use]:
    """Each policy document of a merged view with the block that uses it; without a kind if no block does.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    documents = Documents(index, _KnownArns(index, place))
    for block in index.resources():
        for (kind, attribute), holder in HOLDERS.items():
            if block.kind == kind and block.settings.get(attribute):
                yield Use(documents.read(block.settings[attribute], block), holder.document, block)
        for inline in nested(block.settings, "inline_policy"):
            yield Use(documents.read(inline.get("policy"), block), INLINE, block)
    for block in index.data(DOCUMENT):
        if block.name not in documents.seen:
            yield Use(documents.read(f"${{data.{block.kind}.{block.name}.json}}", block), None, block)


class _KnownArns(Arns):
    """ARNs for checks that skip unknown values, in an Allow as in a Deny."""

    def render(self, value: object, *, allows: bool) -> str:
        """A text with its references replaced; `&` marks an unknown value."""
        return super().render(value, allows=False)


def _services(endpoint: ScannedBlock, known: frozenset[str]) -> Sequence[str]:
    """The service of a VPC endpoint, as actions name it: the last parts of its name are the endpoint's."""
    parts = str(endpoint.settings.get("service_name", "")).split(".")
    return [name for part in parts if (name := service_of(part)) in known]
