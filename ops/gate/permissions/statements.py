"""Policy documents as statements, from data sources or JSON, with references replaced by ARNs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from environments.attributes import Place, worth
from environments.documents import HOLDERS
from ops.gate.index import Index, not_understood
from ops.gate.model import ScannedBlock
from ops.gate.templates import parse_json, spans
from ops.iam.policy import IamStatement, listed, nested

DOCUMENT = "aws_iam_policy_document"
OWN_POLICIES: Mapping[str, tuple[str, str]] = {
    holder.attached_to: (kind, holder.subject) for (kind, _), holder in HOLDERS.items() if holder.attached_to
}
"""Resources with their own policy: the type that attaches one, and its attribute that names the resource."""
CHOSEN = {"aws_secretsmanager_secret": "Ab1Cd2"}
"""Placeholders for the characters of an ARN that AWS chooses; for other types, the block's name."""


@dataclass(frozen=True, kw_only=True)
class PlacedStatement(IamStatement):
    """A statement, with the block that contains it."""

    block: ScannedBlock
    unknown: ClassVar[str] = "&"


class Arns:
    """ARNs and other values for references in policies."""

    def __init__(self, index: Index, place: Place) -> None:
        """Take the blocks, and the account and region that they are in."""
        self._index, self.place = index, place

    def of(self, block: ScannedBlock) -> str | None:
        """The ARN of a role, secret, key or similar, as AWS would form it; None if only AWS knows it."""
        return self._attribute(block, "arn")

    def _attribute(self, block: ScannedBlock, name: str) -> str | None:
        named = {"name", "name_prefix"} & block.settings.keys()
        settings = block.settings if named else {**block.settings, "name": block.name}
        return worth(block.kind, name, settings, self.place, lambda _: CHOSEN.get(block.kind, block.name))

    def render(self, value: object, *, allows: bool) -> str:
        """A text with its references replaced; an unknown value means anything in an Allow, and nothing in a Deny."""
        text = str(value).replace("$${", "&{")
        parts, at = [], 0
        for start, end in spans(text):
            parts += [text[at:start], self._worth(text[start:end], allows=allows)]
            at = end
        rendered = "".join([*parts, text[at:]])
        return re.sub(r"&\{[^}]*\}", "*" if allows else "&", rendered)

    def _worth(self, reference: str, *, allows: bool) -> str:
        block = self._index.follow(reference)
        if block is None:
            return "*" if allows else "&"
        known = self._attribute(block, reference.rstrip("}").rpartition(".")[2])
        if known is None:
            return f"&{block.block.stack}.{block.block.address}"
        return self.render(known, allows=allows) if "${" in known else known


class Documents:
    """All policies of an environment, read once."""

    def __init__(self, index: Index, arns: Arns) -> None:
        """Take the blocks and their ARNs."""
        self._index = index
        self.arns = arns
        self._read: dict[str, list[PlacedStatement]] = {}

    @classmethod
    def of(cls, index: Index, place: Place) -> Documents:
        """The policies of an index's blocks; the same ones for every check."""
        found = index.once("documents", lambda: cls(index, Arns(index, place)))
        return found if found.arns.place == place else cls(index, Arns(index, place))

    @property
    def seen(self) -> frozenset[str]:
        """Names of the documents that were read."""
        return frozenset(self._read)

    def read(self, value: object, of: ScannedBlock) -> list[PlacedStatement]:
        """The statements of a policy that a block has as an attribute.

        Raises:
            ScanFailedError: The policy is neither a data source nor JSON.
        """
        document = self._index.follow(value)
        try:
            if document is not None and document.kind == DOCUMENT:
                if document.name not in self._read:
                    self._read[document.name] = list(self._document(document))
                return self._read[document.name]
            return [
                PlacedStatement.of_json(each, render=self._render, block=of)
                for each in listed(parse_json(str(value)).get("Statement"))
            ]
        except (ValueError, AttributeError) as error:
            raise not_understood(of, f"has a policy that is neither a document nor JSON ({error})") from error

    def own(self, block: ScannedBlock) -> list[PlacedStatement] | None:
        """The statements of a resource's own policies, in any block; None if it has none.

        Raises:
            ScanFailedError: Only Terraform can evaluate a policy.
        """
        named = {block.name, _bare(self.arns.of(block) or ""), block.settings.get("bucket"), block.settings.get("name")}
        policies = [(block.settings.get("policy"), block)]
        kind, attribute = OWN_POLICIES[block.kind]
        for policy in self._index.all(kind):
            if _bare(self._index.key(policy.settings.get(attribute), policy)) in named:
                policies.append((policy.settings.get("policy"), policy))
        found = [self.read(value, of) for value, of in policies if value]
        return [each for statements in found for each in statements] if found else None

    def _document(self, document: ScannedBlock) -> Iterator[PlacedStatement]:
        for name in ("source_policy_documents", "override_policy_documents"):
            for value in listed(document.settings.get(name)):
                yield from self.read(value, document)
        for each in nested(document.settings, "statement"):
            yield PlacedStatement.of_block(each, render=self._render, block=document)

    def _render(self, value: object, allows: bool) -> str:
        return self.arns.render(value, allows=allows)


def _bare(arn: str) -> str:
    """An ARN without the characters that Secrets Manager appends to a secret's name."""
    return re.sub(r"(:secret:.+)-\w{6}$", r"\1", arn)


def unseen(block: ScannedBlock, name: str) -> list[PlacedStatement]:
    """The statements of a policy that is in no stack: it counts as allowing everything."""
    return [PlacedStatement(block=block, sid=name, actions=("*",), resources=("*",))]
