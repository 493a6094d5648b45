"""Policy documents as statements, whether they are data sources or JSON, their references made ARNs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from environments.attributes import Place, worth
from ops.gate.index import Index, listed, nested, not_understood
from ops.gate.model import ScannedBlock
from ops.gate.templates import parse_json, spans

DOCUMENT = "aws_iam_policy_document"
_CHOSEN = {"aws_secretsmanager_secret": "Ab1Cd2"}
"""What stands for the characters of an ARN that AWS chooses; for others, the block's name."""


@dataclass(frozen=True)
class Condition:
    """One condition of a statement."""

    test: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement, with the block that it is written in."""

    block: ScannedBlock
    sid: str
    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    """Kind and identifier."""
    conditions: tuple[Condition, ...]
    excepted: tuple[str, ...] = ()
    """What NotPrincipal names, in a statement that has it."""

    def about(self, action: str) -> bool:
        """Whether it is about an action."""
        if self.not_actions:
            return not matches(self.not_actions, action, case=False)
        return matches(self.actions, action, case=False)

    def covers(self, action: str, resource: str | None) -> bool:
        """Whether it is about an action on a resource; None stands for any resource at all.

        A Deny counts for any resource only if it is about every one.
        """
        if not self.about(action):
            return False
        if resource is None:
            return self.allows or "*" in self.resources
        if self.not_resources:
            return not matches(self.not_resources, resource)
        return matches(self.resources, resource)


@cache
def _pattern(texts: tuple[str, ...], *, case: bool) -> re.Pattern[str]:
    alternatives = (re.escape(text).replace(r"\*", ".*").replace(r"\?", ".") for text in texts)
    return re.compile("|".join(alternatives) or r"\Z.", 0 if case else re.IGNORECASE)


def matches(patterns: tuple[str, ...], text: str, *, case: bool = True) -> bool:
    """Whether a text is one of IAM's patterns: `*` is any text, `?` any character."""
    return _pattern(patterns, case=case).fullmatch(text) is not None


class Arns:
    """What references in policies are worth."""

    def __init__(self, index: Index, place: Place) -> None:
        """Take the blocks, and the account and region that they are in."""
        self._index, self._place = index, place

    def of(self, block: ScannedBlock) -> str | None:
        """The ARN of a role, secret, key or the like, as AWS would make it; None if only AWS knows it."""
        return self._attribute(block, "arn")

    def _attribute(self, block: ScannedBlock, name: str) -> str | None:
        named = {"name", "name_prefix"} & block.settings.keys()
        settings = block.settings if named else {**block.settings, "name": block.name}
        return worth(block.kind, name, settings, self._place, lambda _: _CHOSEN.get(block.kind, block.name))

    def render(self, value: object, *, allows: bool) -> str:
        """A text with its references replaced; what can't be known is anything in an Allow, and nothing in a Deny."""
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
        """Take the blocks, and who knows their ARNs."""
        self._index = index
        self.arns = arns
        self._read: dict[str, list[Statement]] = {}

    @property
    def seen(self) -> frozenset[str]:
        """Names of the data sources' documents that were read."""
        return frozenset(self._read)

    def read(self, value: object, of: ScannedBlock) -> list[Statement]:
        """The statements of a policy that a block has as an attribute.

        Raises:
            UntrustedError: It is neither a data source's document nor JSON.
        """
        document = self._index.follow(value)
        if document is not None and document.kind == DOCUMENT:
            if document.name not in self._read:
                self._read[document.name] = list(self._document(document))
            return self._read[document.name]
        try:
            content = parse_json(str(value))
            return [self._json(each, of) for each in listed(content.get("Statement"))]
        except (ValueError, AttributeError) as error:
            raise not_understood(of, f"has a policy that is neither a document nor JSON ({error})") from error

    def _document(self, document: ScannedBlock) -> Iterator[Statement]:
        settings = document.settings
        for name in ("source_policy_documents", "override_policy_documents"):
            for value in listed(settings.get(name)):
                yield from self.read(value, document)
        for each in nested(settings, "statement"):
            conditions = [
                (str(one.get("test")), str(one.get("variable")), listed(one.get("values")))
                for one in nested(each, "condition")
            ]
            principals = [
                (str(one.get("type")), identifier)
                for one in nested(each, "principals")
                for identifier in listed(one.get("identifiers"))
            ]
            excepted = [
                identifier for one in nested(each, "not_principals") for identifier in listed(one.get("identifiers"))
            ]
            if "not_principals" in each:
                principals = [("AWS", _all_but(each.get("effect")))]
            yield self._statement(document, each, principals, conditions, excepted)

    def _json(self, each: Mapping[str, Any], of: ScannedBlock) -> Statement:
        principal = _all_but(each.get("Effect")) if "NotPrincipal" in each else each.get("Principal")
        kinds = principal if isinstance(principal, Mapping) else {"AWS": principal}
        principals = [(str(kind), identifier) for kind, value in kinds.items() for identifier in listed(value)]
        conditions = [
            (str(test), str(key), listed(values))
            for test, keys in (each.get("Condition") or {}).items()
            for key, values in keys.items()
        ]
        spared = each.get("NotPrincipal") or {}
        excepted = [
            identifier
            for value in (spared.values() if isinstance(spared, Mapping) else [spared])
            for identifier in listed(value)
        ]
        snake = {re.sub(r"(?<!^)([A-Z])", r"_\1", key).lower(): value for key, value in each.items()}
        plural = {name: snake.get(name.removesuffix("s")) for name in _LISTS}
        return self._statement(of, {**snake, **plural}, principals, conditions, excepted)

    def _statement(
        self,
        block: ScannedBlock,
        settings: Mapping[str, Any],
        principals: list[tuple[str, Any]],
        conditions: list[tuple[str, str, list[Any]]],
        excepted: list[Any],
    ) -> Statement:
        allows = str(settings.get("effect", "Allow")) == "Allow"

        def texts(values: object) -> tuple[str, ...]:
            return tuple(self.arns.render(value, allows=allows) for value in listed(values))

        lists = {name: texts(settings.get(name)) for name in _LISTS}
        return Statement(
            block=block,
            sid=str(settings.get("sid") or ""),
            allows=allows,
            principals=tuple((kind, self.arns.render(value, allows=allows)) for kind, value in principals),
            conditions=tuple(Condition(test, key, texts(values)) for test, key, values in conditions),
            excepted=texts(excepted),
            **lists,
        )


_LISTS = ("actions", "not_actions", "resources", "not_resources")


def _all_but(effect: object) -> str:
    """What all principals but some are taken for: everybody in an Allow, nobody in a Deny."""
    return "&nobody" if effect == "Deny" else "*"


def unseen(block: ScannedBlock, name: str) -> list[Statement]:
    """The statements of a policy that no stack holds: it has to be taken for everything."""
    return [Statement(block, name, True, ("*",), (), ("*",), (), (), ())]
