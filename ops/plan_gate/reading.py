"""A plan's JSON, read strictly: https://developer.hashicorp.com/terraform/internals/json-format.

Any part that this module doesn't know is a PlanError: a part that it skipped could be one that destroys a resource.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from ops.gate.documents import strict_json
from ops.gate.understood import schema
from ops.plan_gate.forms import (
    CONFIGURATION,
    PLANNED,
    PRIOR,
    RESOURCE_CHANGE,
    expect,
    expect_values,
    named,
    refuse_depth,
)
from ops.plan_gate.model import Change, Plan, PlanError, Values
from ops.terraform.inherited import inherited

FORMAT = "1.2"
"""The version that Terraform 1.8 and later write. Older versions don't record whether a plan is complete."""
_KNOWN = frozenset(
    {
        *("format_version", "terraform_version", "timestamp", "applyable", "complete", "errored", "checks"),
        *("configuration", "variables", "prior_state", "planned_values", "relevant_attributes"),
        *("resource_changes", "resource_drift", "deferred_changes", "output_changes"),
    }
)
_ACTIONS = frozenset(
    {
        ("no-op",),
        ("create",),
        ("read",),
        ("update",),
        ("delete",),
        ("forget",),
        ("delete", "create"),
        ("create", "delete"),
        ("create", "forget"),
    }
)
_ARCHIVE = b"PK"
"""A saved plan is a zip archive."""
_MODULES = re.compile(r"^(?:module\.[\w-]+(?:\[[^\]]*\])?\.)+")
_TIMEOUT = 300


def as_json(content: bytes, file: Path | None) -> bytes:
    """The plan's JSON: the content itself, or what Terraform makes of a saved plan.

    Raises:
        PlanError: Terraform isn't installed, or can't read the plan.
    """
    if not content.startswith(_ARCHIVE):
        return content
    terraform = shutil.which("terraform")
    if file is None or not terraform:
        raise PlanError("is a saved plan; pass its JSON: terraform show -json PLAN | bin/ops gate-plan -")
    command = [terraform, "show", "-json", "-no-color", file.name]
    try:
        done = subprocess.run(
            command, cwd=file.parent, env=inherited().kept, capture_output=True, timeout=_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise PlanError(f"terraform show took more than {_TIMEOUT} s") from None
    if done.returncode:
        raise PlanError("terraform show can't read it; run that in the plan's folder, initialized, to see why")
    return done.stdout


def parse(content: bytes) -> Values:
    """The JSON as an object.

    Raises:
        PlanError: It isn't one.
    """
    if not content.strip():
        raise PlanError("is empty; did terraform show fail?")
    try:
        document = strict_json(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise PlanError("isn't UTF-8") from None
    except json.JSONDecodeError as error:
        raise PlanError(f"isn't complete JSON (line {error.lineno}, column {error.colno})") from None
    except ValueError:  # Its message quotes the plan.
        raise PlanError("has a key twice in one object, a number that isn't JSON, or half of a character") from None
    except RecursionError:
        raise PlanError("is nested too deeply") from None
    if not isinstance(document, dict) or not document:
        raise PlanError("isn't a JSON object with a plan in it")
    refuse_depth(document)
    return document


def read(document: Values) -> Plan:
    """The plan in the document.

    Raises:
        PlanError: It isn't a whole plan that can be applied, or has parts that this gate doesn't know.
    """
    _acceptable(document)
    expect(document["configuration"], CONFIGURATION, "configuration")
    expect(document["planned_values"], PLANNED, "planned_values")
    expect(document.get("prior_state") or {}, PRIOR, "prior_state")
    for part in ("resource_changes", "resource_drift"):
        expect(document.get(part) or [], [RESOURCE_CHANGE], part)
        for each in _objects(document, part):
            _same_type(each)
    drift = {_text(each, "address"): _object(each, "change") for each in _objects(document, "resource_drift")}
    configured, references = _configured(document)
    raw = [each for each in _objects(document, "resource_changes") if _managed(each)]
    changes = [_change(each, drift, configured, references) for each in raw]
    planned = {change.address for change in changes}
    for each in _objects(document, "resource_drift"):
        if _managed(each) and _text(each, "address") not in planned:
            changes.append(_drifted(each))
    prior = _resources(document.get("prior_state"))
    _nothing_left_out(document, raw, prior)
    something = any(change.actions - {"no-op"} for change in changes) or any(
        _actions(each) - {"no-op"} for each in _mapping(document.get("output_changes")).values()
    )
    if something and document["applyable"] is not True:
        raise PlanError("can't be applied (applyable is false although it has changes); plan again")
    known = any(change.before is not None or change.recorded is not None for change in changes)
    return Plan(document, tuple(changes), first=not prior and not known)


def _acceptable(document: Values) -> None:
    version = document.get("format_version")
    if "values" in document:
        raise PlanError("is a state, not a plan: terraform show -json needs the saved plan's file name")
    if version != FORMAT:
        plain = isinstance(version, str) and len(version) < 10 and version.replace(".", "").isdigit()
        raise PlanError(f"has {f'format version {version}' if plain else 'no known format version'}, must be {FORMAT}")
    if document.get("errored") is not False:
        raise PlanError("is of a plan that failed (errored); fix what Terraform reports, and plan again")
    if document.get("complete") is not True or document.get("deferred_changes"):
        raise PlanError("isn't complete (created with -target, or with deferred changes); plan the whole stack")
    if not isinstance(document.get("applyable"), bool):
        raise PlanError("has no applyable, so whether it can be applied is unknown")
    if not isinstance(document.get("planned_values"), dict) or not isinstance(document.get("configuration"), dict):
        raise PlanError("lacks planned_values or configuration, so it isn't complete")
    if document.keys() - _KNOWN:
        raise PlanError(
            "has parts that this gate doesn't know; it was created by a later Terraform than .tool-versions"
        )


def _same_type(each: Values) -> None:
    """Refuse a resource whose type isn't that of its address."""
    kind, address = each.get("type"), _text(each, "address")
    if kind is None:
        return
    previous = each.get("previous_address")
    if previous and not _MODULES.sub("", previous).startswith(f"{kind}."):
        raise PlanError(f"moves {named(previous)} to another type, which this gate doesn't know; plan without the move")
    module = str(each.get("module_address", ""))
    own = address.removeprefix(f"{module}.") if module else _MODULES.sub("", address)
    prefix = {"data": "data.", "ephemeral": "ephemeral."}.get(str(each.get("mode")), "")
    if not own.startswith(f"{prefix}{kind}."):
        raise PlanError(f"has {named(address)} whose address is of another type than its type")


def _change(
    each: Values,
    drift: Mapping[str, Values],
    configured: Mapping[str, frozenset[str]],
    references: Mapping[str, Mapping[str, frozenset[str]]],
) -> Change:
    address = _text(each, "address")
    body = _object(each, "change")
    actions = _actions(body)
    before, after = (_values(body, "before"), _values(body, "after"))
    if (before is None and actions & {"update", "delete", "forget", "no-op"}) or (
        after is None and actions & {"update", "create", "no-op"}
    ):
        raise PlanError(f"has {named(address)} without its values before or after")
    for values in (before, after):
        expect_values(values or {}, schema.types().get(_text(each, "type"), {}), address)
    if (
        actions & {"create", "update"}
        and "module_address" not in each
        and not {address, address.split("[")[0]} & configured.keys()
    ):
        raise PlanError(f"changes {named(address)}, which isn't in the configuration; show the whole plan again")
    if actions == {"read"}:
        raise PlanError(f"reads {named(address)}, which is no data source")
    if actions == {"no-op"} and (before != after or _has_true(body.get("after_unknown"))):
        raise PlanError(f"says that {named(address)} doesn't change, but its values before and after differ")
    deposed = "deposed" in each
    drifted = None if deposed else drift.get(address, drift.get(str(each.get("previous_address"))))
    return Change(
        address=address,
        kind=_text(each, "type"),
        actions=actions,
        recorded=_values(drifted, "before") if drifted is not None else before,
        before=before,
        after=after,
        unknown=_unknown(body, after, address),
        configured=_evident(each, configured.get(address.split("[")[0])),
        references=references.get(address.split("[")[0], {}),
        reason=str(each.get("action_reason", "")),
        forced_by=tuple(_path(path) for path in body.get("replace_paths") or ()),
        deposed=deposed,
        imported=body.get("importing") is not None,
        moved=str(each.get("previous_address") or address) != address,
    )


def _evident(each: Values, configured: frozenset[str] | None) -> frozenset[str] | None:
    """The attributes that the configuration sets: also those that a `dynamic` block makes, which it doesn't list.

    An attribute that AWS computes keeps its value in an update, and a block is never computed then:
    https://developer.hashicorp.com/terraform/plugin/sdkv2/schemas/schema-behaviors#computed
    """
    body = _object(each, "change")
    before, after, unknown = (_mapping(body.get(key)) for key in ("before", "after", "after_unknown"))
    if configured is None or body.get("actions") != ["update"]:
        return configured
    known = schema.types().get(_text(each, "type"), {})
    return configured | {
        name
        for name in before.keys() | after.keys() | unknown.keys()
        if (unknown.get(name) is not True and before.get(name) != after.get(name))
        or (unknown.get(name) is True and (_is_block(known.get(name)) or _is_block(before.get(name))))
    }


def _unknown(body: Values, after: Values | None, address: str) -> Values:
    """The mask of unknown values.

    Raises:
        PlanError: All values together are unknown.
    """
    mask = body.get("after_unknown")
    if mask is True or (isinstance(mask, list) and after is not None):
        raise PlanError(f"has {named(address)} without an after_unknown for each value, so what it changes is unknown")
    return _mapping(mask)


def _has_true(mask: object) -> bool:
    """Whether a mask of unknown values marks one."""
    inner = mask.values() if isinstance(mask, dict) else mask if isinstance(mask, list) else ()
    return mask is True or any(map(_has_true, inner))


def _is_block(value: object) -> bool:
    """Whether it is a block: in the schema's extract, or as the value of a resource."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, dict) for each in value)
    return value == "block" or isinstance(value, dict)


def _drifted(each: Values) -> Change:
    """A change that only a refresh found: applying it changes the state, not the resource."""
    body = _object(each, "change")
    now = _values(body, "after")
    return Change(_text(each, "address"), _text(each, "type"), recorded=_values(body, "before"), before=now, after=now)


def _actions(body: object) -> frozenset[str]:
    actions = body.get("actions") if isinstance(body, dict) else None
    if not isinstance(actions, list) or not all(isinstance(each, str) for each in actions):
        raise PlanError("has a change without actions")
    if tuple(actions) not in _ACTIONS:
        raise PlanError("has a change with actions that this gate doesn't know")
    return frozenset(actions)


def _nothing_left_out(document: Values, raw: list[Values], prior: Mapping[str, object]) -> None:
    """Refuse a plan from whose list of changes an entry is missing."""
    listed = {str(each.get(key)) for each in raw for key in ("address", "previous_address")}
    planned = _resources({"values": document["planned_values"]})
    for address in (prior.keys() | planned.keys()) - listed:
        if prior.get(address) != planned.get(address):
            raise PlanError(
                "has a resource whose values change without an entry in resource_changes; it isn't complete"
            )


def _resources(state: object) -> dict[str, object]:
    """The values of all managed resources by address."""
    root = _mapping(_mapping(_mapping(state).get("values")).get("root_module"))

    def walk(module: Values) -> Iterator[tuple[str, object]]:
        for each in _objects(module, "resources"):
            _same_type(each)
            if _managed(each):
                yield _text(each, "address"), each.get("values", {})
        for child in _objects(module, "child_modules"):
            yield from walk(child)

    return dict(walk(root))


def _configured(document: Values) -> tuple[dict[str, frozenset[str]], dict[str, dict[str, frozenset[str]]]]:
    """By address: the attributes that the configuration sets, and by attribute what their expressions refer to."""
    root = _mapping(_mapping(document.get("configuration")).get("root_module"))
    expressions = {_text(each, "address"): _mapping(each.get("expressions")) for each in _objects(root, "resources")}
    references = {
        address: {name: found for name, value in body.items() if (found := frozenset(_references(value)))}
        for address, body in expressions.items()
    }
    return {address: frozenset(body) for address, body in expressions.items()}, references


def _references(expression: object) -> Iterator[str]:
    """The names in all `references` of an expression."""
    if isinstance(expression, list):
        for each in expression:
            yield from _references(each)
    elif isinstance(expression, dict):
        for key, value in expression.items():
            if key == "references" and isinstance(value, list):
                yield from map(str, value)
            else:
                yield from _references(value)


def _managed(each: Values) -> bool:
    mode = each.get("mode")
    if mode not in {"managed", "data"}:
        raise PlanError("has a resource that is neither managed nor data")
    return bool(mode == "managed")


def _objects(of: Values, key: str) -> list[Values]:
    found = of.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise PlanError(f"has {key} in a form that this gate doesn't know")
    return found


def _object(of: Values, key: str) -> Values:
    found = of.get(key)
    if not isinstance(found, dict):
        raise PlanError(f"has a resource without {key}")
    return found


def _values(of: Values, key: str) -> Values | None:
    found = of.get(key)
    if found is not None and not isinstance(found, dict):
        raise PlanError(f"has a resource whose {key} is no object")
    return found


def _text(of: Values, key: str) -> str:
    found = of.get(key)
    if not isinstance(found, str) or not found:
        raise PlanError(f"has a resource without {key}")
    return found


def _mapping(value: object) -> Values:
    return value if isinstance(value, dict) else {}


def _path(path: object) -> str:
    """A path as Terraform's documentation writes it: `rule[0].id`."""
    steps = path if isinstance(path, list) else [path]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
