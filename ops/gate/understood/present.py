"""Compares the resources that exist with the environment's values, by the line `present` of each type's table.

A protection that is gone leaves nothing behind that a check could judge. A second resource of a name replaces the
first without an error: CloudWatch, EventBridge, S3 and Secrets Manager take it as a change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from environments.schema import Environment
from ops.gate.index import Index, values_at
from ops.gate.model import ErrorKind, ScanError, ScannedBlock
from ops.gate.understood import schema, table
from ops.gate.understood.facts import Facts, facts
from ops.iam.policy import listed

PRESENT = "present"
"""The key of a type's table."""
UNCOUNTED = ("proof ", "nothing: ")
"""How a line starts if something else counts the resources, or their number doesn't matter."""
RULE = re.compile(
    r"(?:(?P<fact>[a-z]\w*)(?: of (?P<path>[\w.]+))?(?: by (?P<parts>[\w./-]+(?: and [\w./-]+)*))?"
    r"|each (?P<kind>aws_\w+) by (?P<attribute>[\w.]+))"
)
"""`FACT`, `FACT by ATTRIBUTE and …`, `FACT of BLOCK by ATTRIBUTE and …` or `each TYPE by ATTRIBUTE`."""


def scan_errors(view: Sequence[ScannedBlock], environment: Environment) -> Iterator[ScanError]:
    """A scan error for each resource that an environment lacks, or has without a reason in its values.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.
    """
    index, known = Index(view), facts(environment)
    by_kind: dict[str, list[ScannedBlock]] = {}
    for block in view:
        if block.section in schema.SECTIONS and not block.synthetic:
            by_kind.setdefault(f"{schema.SECTIONS[block.section]}{block.kind}", []).append(block)
    for kind, types in table.types().items():
        blocks = by_kind.get(kind, [])
        for line in listed(types.get(PRESENT)):
            if not line.startswith(UNCOUNTED):
                for wrong, what in differences(line, blocks, index, known):
                    seen = wrong or next(iter(blocks), None)
                    where = f"{seen.block.file}:{seen.block.line}" if seen else f"{environment.name}, any stack"
                    address = f" {wrong.block.address}" if wrong else ""
                    yield ScanError(
                        ErrorKind.NOT_UNDERSTOOD, f"{where}{address}", f"{kind}: {what}", table.AS_SYNTHESIZED
                    )


def differences(
    line: str, blocks: Sequence[ScannedBlock], index: Index, known: Facts
) -> Iterator[tuple[ScannedBlock | None, str]]:
    """How the blocks of a type differ from what its line says: a block that is too many, or none, and what is wrong.

    Args:
        line: The line of its table.
        blocks: All blocks of the type.
        index: The index of the merged view.
        known: What the environment has.
    """
    rule = RULE.fullmatch(line)
    if rule is None:
        raise ValueError(f"the line `{PRESENT} = {line!r}` isn't one that ops/gate/understood/present.py explains")
    parts = (rule["parts"] or "").split(" and ") if rule["parts"] else []
    wanted: list[tuple[str, ...]]
    if kind := rule["kind"]:
        wanted, label = [(each.block.address,) for each in index.all(kind)], f"{rule['attribute']} of"
        found = [*_targets(blocks, rule["attribute"], index)]
    else:
        wanted, label = [tuple(each) if parts else () for each in known[rule["fact"]]], " and ".join(parts)
        found = [
            (tuple(_text(block, unit, part, index) for part in parts), block)
            for block in blocks
            for unit in _nested(block.settings, rule["path"].split(".") if rule["path"] else [])
        ]
    count = Counter(values for values, _ in found)
    if not label:
        if len(found) != len(wanted):
            more = found[-1][1] if len(found) > len(wanted) else None
            yield more, f"{len(found)} exist, must be {len(wanted)}, from the environment's values"
        return
    for values in sorted((Counter(wanted) - count).keys()):
        yield None, f"none has {label} {', '.join(values)}, which the environment's values lead to"
    for values in sorted((count - Counter(wanted)).keys()):
        again = "a second one has" if values in wanted else "one has"
        last = next(block for its, block in reversed(found) if its == values)
        yield last, f"{again} {label} {', '.join(values)}, which the environment's values don't lead to"


def _targets(
    blocks: Sequence[ScannedBlock], attribute: str, index: Index
) -> Iterator[tuple[tuple[str, ...], ScannedBlock]]:
    """The address that each value of an attribute refers to, with the block that has the attribute."""
    for block in blocks:
        for value in values_at(block.settings, attribute):
            target = index.follow(value)
            yield (target.block.address if target else "another value",), block


def _nested(settings: Mapping[str, Any], path: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The blocks at a path."""
    if not path:
        yield settings
        return
    for each in listed(settings.get(path[0])):
        if isinstance(each, Mapping):
            yield from _nested(each, path[1:])


def _text(block: ScannedBlock, unit: Mapping[str, Any], part: str, index: Index) -> str:
    """The values of an attribute as a text, with names instead of references; `/` is the resource's own attribute."""
    settings = block.settings if part.startswith("/") else unit
    return " ".join(sorted(str(index.evaluated(value)) for value in values_at(settings, part.removeprefix("/"))))
