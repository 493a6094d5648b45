"""Measures every policy document of synthesized stacks against AWS's limit on its size.

A document is measured as Terraform's provider sends it: without blanks. (IAM wouldn't count them; the provider removes
them for all kinds but service control policies, which are rendered without any in the first place.) References count
with the longest that they can be: environments/attributes.py.
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
"""How many values a message names."""


class DocumentsTooLongError(ValueError):
    """Policy documents that AWS would refuse; the message lists all, one a line."""


@dataclass(frozen=True)
class Document:
    """A policy document, or all inline policies of one role together."""

    phase: str
    address: str
    """Address of the resource that it is written in; of the first one, if they are several."""
    kind: DocumentKind
    text: str
    """What AWS gets and counts."""

    def __str__(self) -> str:
        return (
            f"{self.phase} {self.address}: the {self.kind.label} has {len(self.text):,} characters; AWS allows "
            f"{self.kind.longest:,} ({self.kind.source})"
        )


def check(name: str, stacks: Mapping[str, Body], values: object) -> None:
    """Measure the documents of an environment's stacks.

    Args:
        name: Name of the environment.
        stacks: Terraform JSON of its stacks by phase.
        values: Its values; the message names those that make a document long.

    Raises:
        DocumentsTooLongError: AWS would refuse some.
    """
    long = [each for each in documents(stacks) if len(each.text) > each.kind.longest]
    if long:
        lines = "\n".join(f"  {each}. {_longest(each.text, values)}" for each in long)
        raise DocumentsTooLongError(f"AWS would refuse these policy documents of {name!r}:\n{lines}")


def documents(stacks: Mapping[str, Body]) -> Iterator[Document]:
    """Every policy document of some stacks, as AWS gets it.

    Args:
        stacks: All stacks of an environment by phase, so that what one reads from another is known.
    """
    for phase in stacks:
        together: dict[str, list[Document]] = {}
        for owner, document in _Reader(stacks, phase).documents():
            if document.kind.together:
                together.setdefault(owner, []).append(document)
            else:
                yield document
        for first, *others in together.values():
            yield replace(first, text="".join([first.text, *(each.text for each in others)]))


class _Reader:
    """Reads the stack of one phase."""

    def __init__(self, stacks: Mapping[str, Body], phase: str) -> None:
        self._stacks, self._phase, self._body = stacks, phase, stacks[phase]
        provider = next(each for each in self._body["provider"]["aws"] if "alias" not in each)
        region = provider["region"]
        self._place = Place(partition(region), region, provider["allowed_account_ids"][0])

    def documents(self) -> Iterator[tuple[str, Document]]:
        """Each with whom it belongs to."""
        for kind, named in self._body.get("resource", {}).items():
            for name, settings in named.items():
                address = f"{kind}.{name}"
                for (holder, attribute), document in HOLDERS.items():
                    if holder == kind and attribute in settings:
                        text = self._render(settings[attribute], as_is=document.as_is)
                        yield self._owner(settings) or address, Document(self._phase, address, document, text)
                for inline in settings.get("inline_policy") or ():
                    yield address, Document(self._phase, address, INLINE, self._render(inline["policy"]))

    def _owner(self, settings: Body) -> str:
        """The role, user or group that an inline policy belongs to; empty for all other policies."""
        owner = next((str(settings[each]) for each in _OWNERS if each in settings), "")
        found = _REFERENCE.fullmatch(owner)
        return found[1].rpartition(".")[0] if found else owner

    def _render(self, value: str, *, as_is: bool = False) -> str:
        found = _DOCUMENT.fullmatch(value)
        if as_is and not found:
            return self._text(value)
        policy = self._policy(found["name"]) if found else json.loads(self._text(value))
        if as_is and found and not found["minified"]:
            return json.dumps(policy, indent=2)
        return json.dumps(policy, separators=(",", ":"))

    def _policy(self, name: str) -> dict[str, Any]:
        """A data source's document, as the provider renders it: what is single is no list.

        https://github.com/hashicorp/terraform-provider-aws/blob/v5.100.0/internal/service/iam/policy_model.go
        """
        statements = [self._statement(each) for each in self._body["data"][_DATA][name]["statement"]]
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
            for each in body.get(name) or ():
                principals.setdefault(each["type"], []).extend(each["identifiers"])
            if principals:
                statement[key] = {kind: self._values(identifiers) for kind, identifiers in principals.items()}
        for each in body.get("condition") or ():
            test = statement.setdefault("Condition", {}).setdefault(each["test"], {})
            test[each["variable"]] = self._values(each["values"])
        return statement

    def _values(self, values: list[str]) -> str | list[str]:
        texts = [self._text(each) for each in values]
        return texts[0] if len(texts) == 1 else texts

    def _text(self, text: str) -> str:
        """A text with its references replaced by the longest that they can be."""
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
    """The values that a text has most of, in words. What is part of a longer value counts as that one."""
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
    return f"Shorten what it has most of: {', '.join(words[field] for field in most)}"


def _leaves(values: object, field: str = "") -> Iterator[tuple[str, str]]:
    """All texts among some values, each with its field."""
    if isinstance(values, str):
        yield field, values
    elif is_dataclass(values):
        for each in fields(values):
            yield from _leaves(getattr(values, each.name), f"{field}.{each.name}".lstrip("."))
    elif isinstance(values, Mapping):
        for key, each in values.items():
            yield from _leaves(each, f"{field}.{key}")
    elif isinstance(values, tuple | list):
        for index, each in enumerate(values):
            yield from _leaves(each, f"{field}.{index}")
