"""The plan that Terraform makes of a synthesized stack while nothing of it exists."""

from __future__ import annotations

import re
from typing import Any

from ops.gate.understood import schema
from tests.conftest import Stack
from tests.plan_gate.plans import Body, change, first

_RESOURCE = re.compile(r"\b(aws_\w+\.\w+)((?:\.\w+)*)")
_REFERENCE = re.compile(r"\b(?:data\.)?(?:aws|terraform)_\w+\.\w+")
_EXPRESSION = re.compile(r"\$\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}")
_DEFAULTS: dict[str, Body] = {"aws_cloudtrail": {"enable_logging": True, "include_global_service_events": True}}
"""Values that the provider gives to arguments that are left out: https://registry.terraform.io/providers/hashicorp/aws"""
_OURS = frozenset({"//", "depends_on", "lifecycle", "provider", "provisioner", "timeouts"})


def first_plan(stack: Stack) -> Body:
    """The plan's JSON. Values of other stacks are known, as those stacks are applied first."""
    bodies = {f"{kind}.{id_}": body for kind, id_, body in stack.all_resources()}
    document = first(*(_created(address, body, bodies) for address, body in bodies.items()))
    document["configuration"]["root_module"]["resources"] = [
        {
            "address": address,
            "mode": "managed",
            "type": address.partition(".")[0],
            "name": address.partition(".")[2],
            "expressions": {
                name: {"references": _REFERENCE.findall(str(value))}
                for name, value in body.items()
                if name not in _OURS
            },
        }
        for address, body in bodies.items()
    ]
    return document


def _created(address: str, body: Body, bodies: dict[str, Body]) -> Body:
    kind = address.partition(".")[0]
    given = {name: value for name, value in body.items() if name not in _OURS}
    values, unknown = _split({**_DEFAULTS.get(kind, {}), **given}, schema.types()[kind], bodies)
    return change(address, None, values, unknown={**unknown, "id": True, "arn": True})


def _split(body: Body, known: Body, bodies: dict[str, Body]) -> tuple[Body, Body]:
    """The known values, and the mask of those that are unknown until apply."""
    values, masks = {}, {}
    for name, value in body.items():
        values[name], masks[name] = _value(value, known.get(name), bodies)
        if name.endswith("_wo"):
            values[name], masks[name] = None, False
    return values, {name: mask for name, mask in masks.items() if mask}


def _value(value: Any, known: Any, bodies: dict[str, Body]) -> tuple[Any, Any]:
    if isinstance(value, dict):
        split = _split(value, known if isinstance(known, dict) else {}, bodies)
        is_block = isinstance(known, dict) or known == "block" or not isinstance(known, list)
        return ([split[0]], [split[1]]) if is_block else split
    if isinstance(value, list):
        pairs = [
            _split(each, known if isinstance(known, dict) else {}, bodies)
            if isinstance(each, dict)
            else _value(each, None, bodies)
            for each in value
        ]
        return [each for each, _ in pairs], [mask for _, mask in pairs] if any(mask for _, mask in pairs) else False
    if isinstance(value, str) and (texts := _EXPRESSION.findall(value)):
        texts = [_text(text, bodies) for text in texts]
        if None in texts:
            return None, True
        return _EXPRESSION.sub(lambda _: str(texts.pop(0)), value), False
    return value, False


def _text(expression: str, bodies: dict[str, Body]) -> str | None:
    """What an expression gives; None if it isn't known until apply."""
    if "data.aws_iam_policy_document" in expression:
        return None
    for found in _RESOURCE.finditer(expression):
        given = bodies.get(found[1], {}).get(found[2].removeprefix("."))
        if not isinstance(given, str) or "${" in given or found[0] != expression:
            return None
        return given
    return re.sub(r"\W+", "-", expression)
