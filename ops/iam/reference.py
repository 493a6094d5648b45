"""An extract of AWS's service authorization reference: all actions, with the resource types of each.

`make iam-data` writes the extract (extract.py); corrections.toml corrects it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ops.iam.globs import Pattern, Token, matcher, overlap, pattern, some

FILE = Path(__file__).with_name("reference.json")
CORRECTIONS = Path(__file__).with_name("corrections.toml")
_PLACEHOLDER = re.compile(r"(\$\{\w+\}|<\w+>)")
_ANY_PART = re.compile(rf"{_PLACEHOLDER.pattern}|(?<=/)tag-key$")
"""A part of a condition key that may be any text: `ssm:resourceTag/tag-key`, `ecs:ResourceTag/${TagKey}`.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
"""
_PLAIN = {"${Partition}": ":", "${Region}": ":", "${Account}": ":"}
"""Parts of every ARN. They have no colon."""


class ActionResource(NamedTuple):
    """One kind of resource that an action is authorized on."""

    type: str
    """Its type, as `service:type`."""
    arn: str
    """Its ARN with placeholders: `arn:${Partition}:ecs:${Region}:${Account}:cluster/${ClusterName}`."""
    required: bool
    """Whether every request has one."""


@dataclass(frozen=True)
class Action:
    """One action of AWS's IAM."""

    name: str
    """As in policies: `ecs:DeleteService`."""
    level: str
    """Access level: Read, List, Write, Tagging or Permissions management."""
    types: tuple[str, ...]
    """Resource types that it is authorized on, as `service:type`. Without types, only `*` grants it."""
    arns: tuple[Pattern, ...]
    """Patterns of their ARNs."""
    resources: tuple[ActionResource, ...]
    """The same types with the texts of their ARNs; one that has several ARNs is there several times."""
    samples: tuple[str, ...]
    """An ARN of each, in AWS's commercial partition, whose other variable parts match a `*` only."""
    keys: frozenset[str]
    """Condition keys that AWS sends with it, in lower case, without global keys (`aws:…`)."""
    needs: tuple[str, ...]
    """Other actions that its caller needs."""

    def on(self, resource: str) -> bool:
        """Whether a resource element of a policy can match a resource of this action."""
        found = self._known.get(resource)
        if found is None:
            found = self._known[resource] = resource == "*" or any(_overlaps(arn, resource) for arn in self.arns)
        return found

    @cached_property
    def _known(self) -> dict[str, bool]:
        """By resource element, whether it can match; `_overlaps` hashes patterns, which takes longer."""
        return {}

    def sends(self, key: str) -> bool:
        """Whether AWS sends a service's condition key with this action; not for global keys (`aws:…`)."""
        wanted = key.lower()
        return any(wanted.startswith(each[:-1]) if each.endswith("*") else wanted == each for each in self.keys)


@cache
def _overlaps(arn: Pattern, resource: str) -> bool:
    return overlap(arn, pattern(resource))


class Reference:
    """The corrected extract."""

    def __init__(self, data: Mapping[str, Any], corrections: Mapping[str, Any]) -> None:
        """Take the contents of the two files."""
        self._services: Mapping[str, Any] = data["services"]
        self.source: Mapping[str, str] = data["source"]
        """Package, version, month of release, licence and the page of AWS."""
        excluded = {each["name"]: each["excludes"] for each in corrections["placeholder"]}
        self._excluded = {**_PLAIN, **excluded}
        self._resources = {(each["service"], each["type"]): each["arns"] for each in corrections["resource"]}
        self._actions = {name: each["arns"] for each in corrections["action"] for name in each["names"]}
        self._found: dict[str, tuple[Action, ...]] = {}
        self._patterns: dict[str, Pattern] = {}

    @property
    def services(self) -> frozenset[str]:
        """Prefixes of all services in the extract."""
        return frozenset(self._services)

    @cached_property
    def actions(self) -> Mapping[str, tuple[Action, ...]]:
        """All actions by service."""
        return {service: tuple(self._of(service)) for service in self._services}

    def find(self, pattern: str) -> tuple[Action, ...]:
        """The actions that an action element of a policy includes: `ecs:Describe*`. Not case-sensitive."""
        found = self._found.get(pattern)
        if found is None:
            found = self._found[pattern] = tuple(self._matching(pattern.lower()))
        return found

    def _matching(self, wanted: str) -> Iterator[Action]:
        if "*" not in wanted and "?" not in wanted:
            if (found := self._named.get(wanted.partition(":")[0], {}).get(wanted)) is not None:
                yield found
            return
        service = wanted.partition(":")[0]
        match = matcher(wanted)
        yield from (action for name, action in self._named.get(service, {}).items() if match(name))

    @cached_property
    def _named(self) -> Mapping[str, Mapping[str, Action]]:
        """Actions by their names in lower case, by service."""
        return {
            service: {action.name.lower(): action for action in actions} for service, actions in self.actions.items()
        }

    def _of(self, service: str) -> Iterable[Action]:
        data = self._services[service]
        resources: Mapping[str, list[Any]] = data["resources"]
        for name, (level, marked, keys, needs) in data["actions"].items():
            types = [each.rstrip("*") for each in marked]
            full = f"{service}:{name}"
            targets = [
                ActionResource(f"{service}:{each.rstrip('*')}", text, each.endswith("*"))
                for each in marked
                if each.rstrip("*") in resources
                for text in self._resources.get((service, each.rstrip("*")), [resources[each.rstrip("*")][0]])
            ]
            if full in self._actions:
                kind = f"{service}:{types[0]}" if types else service
                targets = [ActionResource(kind, text, False) for text in self._actions[full]]
            sent = [*keys, *(key for each in types if each in resources for key in resources[each][1])]
            yield Action(
                full,
                level,
                tuple(f"{service}:{each}" for each in types) if targets else (),
                tuple(self._arn(target.arn) for target in targets),
                tuple(targets),
                tuple(_sample(target.arn) for target in targets),
                frozenset(map(_key, sent)),
                tuple(needs),
            )

    def _arn(self, text: str) -> Pattern:
        """The pattern of an ARN with placeholders, `arn:${Partition}:ecs:…`, none of which is empty."""
        if text in self._patterns:  # Many actions are on the same type of resource.
            return self._patterns[text]
        tokens: list[Token] = []
        for part in _PLACEHOLDER.split(text):
            if _PLACEHOLDER.fullmatch(part):
                tokens.extend(some(self._excluded.get(part, "")))
            else:
                tokens.extend(pattern(part))
        self._patterns[text] = tuple(tokens)
        return self._patterns[text]


@cache
def _sample(arn: str) -> str:
    return _PLACEHOLDER.sub("\0", arn.replace("${Partition}", "aws"))


@cache
def _key(text: str) -> str:
    return _ANY_PART.sub("*", text).lower()


@cache
def reference() -> Reference:
    """The committed extract, read once in about 20 ms."""
    data = json.loads(FILE.read_text(encoding="utf-8"))
    return Reference(data, tomllib.loads(CORRECTIONS.read_text(encoding="utf-8")))
