"""Compares the size of every policy document of synthesized stacks with AWS's limit.

A document is measured as Terraform's provider sends it: without whitespace. (IAM doesn't count whitespace. The provider
removes it from all kinds except service control policies, which are rendered without any.) A reference counts with its
greatest possible length: environments/attributes.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from environments.arns import partition
from environments.attributes import Place, worth
from environments.documents import HOLDERS, INLINE, DocumentKind

Body = Mapping[str, Any]
_DATA = "aws_iam_policy_document"
_REFERENCE = re.compile(r"(?<!\$)\$\{([^{}]+)\}")
_DOCUMENT = re.compile(rf"\$\{{data\.{_DATA}\.(?P<name>[\w-]+)\.(?P<minified>minified_)?json\}}")
_REMOTE = re.compile(r'data\.terraform_remote_state\.([\w-]+)\.outputs\.(\w+)(?:\["([^"]+)"\])?')
_RESOURCE = re.compile(r"(\w+)\.([\w-]+)\.(\w+)")
_OWNERS = ("role", "user", "group")
_NAMED = 3
"""How many values an error message names."""


class DocumentsTooLongError(ValueError):
    """Policy documents that are longer than AWS allows; the message lists all, one a line."""


@dataclass(frozen=True)
class PolicyDocument:
    """A policy document, or all inline policies of one role together."""

    phase: str
    address: str
    """Address of its resource; of the first one, if there are several."""
    kind: DocumentKind
    text: str
    """The text that AWS receives and counts."""

    def __str__(self) -> str:
        return (
            f"{self.phase} {self.address}: the {self.kind.label} has {len(self.text):,} characters; AWS allows "
            f"{self.kind.longest:,} ({self.kind.source})"
        )


def check(name: str, stacks: Mapping[str, Body], values: object) -> None:
    """Check the sizes of an environment's policy documents.

    Args:
        name: Name of the environment.
        stacks: Terraform JSON of its stacks by phase.
        values: Its values; the message names those that take most of a document.

    Raises:
        DocumentsTooLongError: Some are longer than AWS allows.
    """
    long = [document for document in documents(stacks) if len(document.text) > document.kind.longest]
    if long:
        lines = "\n".join(f"  {document}. {_longest(document.text, values)}" for document in long)
        raise DocumentsTooLongError(f"policy documents of environment {name!r} are longer than AWS allows:\n{lines}")


def documents(stacks: Mapping[str, Body]) -> Iterator[PolicyDocument]:
    """Every policy document of an environment, as AWS receives it.

    Args:
        stacks: All stacks of the environment by phase: a document may refer to another phase's outputs.
    """
    together: dict[tuple[str, str], list[PolicyDocument]] = {}
    for phase in stacks:
        for owner, document in _Reader(stacks, phase).documents():
            if document.kind.together:
                together.setdefault((document.kind.label, owner), []).append(document)
            else:
                yield document
    for first, *others in together.values():
        yield replace(first, text="".join([first.text, *(other.text for other in others)]))


class _Reader:
    """Reads the stack of one phase."""

    def __init__(self, stacks: Mapping[str, Body], phase: str) -> None:
        self._stacks, self._phase, self._body = stacks, phase, stacks[phase]
        provider = next(provider for provider in self._body["provider"]["aws"] if "alias" not in provider)
        region = provider["region"]
        self._place = Place(partition(region), region, provider["allowed_account_ids"][0])

    def documents(self) -> Iterator[tuple[str, PolicyDocument]]:
        """Each document with its owner."""
        for kind, named in self._body.get("resource", {}).items():
            for name, settings in named.items():
                address = f"{kind}.{name}"
                for (type_, attribute), holder in HOLDERS.items():
                    if type_ == kind and attribute in settings:
                        text = self._render(settings[attribute], as_is=holder.document.as_is)
                        yield (
                            self._owner(settings) or address,
                            PolicyDocument(self._phase, address, holder.document, text),
                        )
                for inline in settings.get("inline_policy") or ():
                    document = PolicyDocument(self._phase, address, INLINE, self._render(inline["policy"]))
                    yield str(settings.get("name", address)), document

    def _owner(self, settings: Body) -> str:
        """Name of the role, user or group of an inline policy; empty for all other policies.

        By name, because another phase, or a text instead of a reference, may attach one to the same role.
        """
        owner = next((str(settings[owner]) for owner in _OWNERS if owner in settings), "")
        try:
            return self._text(owner)
        except LookupError:
            return owner

    def _render(self, value: str, *, as_is: bool = False) -> str:
        found = _DOCUMENT.fullmatch(value)
        if as_is and not found:
            return self._text(value)
        policy = self._policy(found["name"]) if found else json.loads(self._text(value))
        if as_is and found and not found["minified"]:
            return json.dumps(policy, indent=2)
        return json.dumps(policy, separators=(",", ":"))

    def _policy(self, name: str) -> dict[str, Any]:
        """A data source's document, as the provider renders it: a single value isn't a list.

        https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/iam/policy_model.go
        """
        statements = [self._statement(block) for block in self._body["data"][_DATA][name]["statement"]]
        return {"Version": "2012-10-17", "Statement": statements}

    def _statement(self, body: Body) -> dict[str, Any]:
        statement: dict[str, Any] = {"Sid": body["sid"]} if body.get("sid") else {}
        statement["Effect"] = body.get("effect", "Allow")
        for ours, theirs in (("actions", "Action"), ("resources", "Resource")):
            for prefix, not_ in (("", ""), ("not_", "Not")):
                if values := body.get(f"{prefix}{ours}"):
                    statement[f"{not_}{theirs}"] = self._values(values)
        for name, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
            principals: dict[str, list[str]] = {}
            for principal in body.get(name) or ():
                principals.setdefault(principal["type"], []).extend(principal["identifiers"])
            if principals:
                statement[key] = {kind: self._values(identifiers) for kind, identifiers in principals.items()}
        for condition in body.get("condition") or ():
            test = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
            test[condition["variable"]] = self._values(condition["values"])
        return statement

    def _values(self, values: list[str]) -> str | list[str]:
        texts = [self._text(value) for value in values]
        return texts[0] if len(texts) == 1 else texts

    def _text(self, text: str) -> str:
        """The text, with each reference replaced by the longest value that it can have."""
        replaced = _REFERENCE.sub(lambda found: self._reference(found[1]), text)
        return replaced.replace("&{", "${").replace("$${", "${")

    def _reference(self, expression: str) -> str:
        if remote := _REMOTE.fullmatch(expression):
            phase, output, key = remote.groups()
            value = self._stacks[phase]["output"][output]["value"]
            return _Reader(self._stacks, phase)._text(value[key] if key else value)
        if resource := _RESOURCE.fullmatch(expression):
            kind, name, attribute = resource.groups()
            settings = self._body.get("resource", {}).get(kind, {}).get(name, {})
            if text := worth(kind, attribute, settings, self._place, "x".__mul__):
                return self._text(text)
        raise LookupError(
            f"{self._phase}: a policy has ${{{expression}}}, whose length is unknown; add it to {worth.__module__}"
        )


def _longest(text: str, values: object) -> str:
    """A sentence that names the values that take most of the text. A part of a longer value counts as that value."""
    weights: dict[str, int] = {}
    words: dict[str, str] = {}
    for path, value in sorted(_leaves(values), key=lambda leaf: -len(leaf[1])):
        count = text.count(value) if len(value) > 1 else 0
        if count:
            text = text.replace(value, "\0")
            field = re.sub(r"\.\d+(\.arn)?$", "", path)
            words[field] = f"{field} (several values)" if field in words else f"{field} {value!r} ({count} times)"
            weights[field] = weights.get(field, 0) + count * len(value)
    most = sorted(weights, key=lambda field: -weights[field])[:_NAMED]
    return f"Shorten the values that take most of it: {', '.join(words[field] for field in most)}"


def _leaves(values: object, field: str = "") -> Iterator[tuple[str, str]]:
    """All strings among the values, each with the path of its field."""
    if isinstance(values, str):
        yield field, values
    elif is_dataclass(values):
        for inner in fields(values):
            yield from _leaves(getattr(values, inner.name), f"{field}.{inner.name}".lstrip("."))
    elif isinstance(values, Mapping):
        for key, value in values.items():
            yield from _leaves(value, f"{field}.{key}")
    elif isinstance(values, tuple | list):
        for index, value in enumerate(values):
            yield from _leaves(value, f"{field}.{index}")
