"""What the page says, as JSON types: from the stacks, the values and the reports. A report that is missing is named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from environments.permissions import permissions
from environments.schema import Environment
from modules.phases import PHASES
from ops.cost.estimate import Estimate
from ops.cost.read import Skipped, estimate_of_view
from ops.cost.report import Report, as_data
from ops.errors import OpsError
from ops.export.configuration import block as as_hcl
from ops.export.constructs import Element
from ops.gate.folder import loaded
from ops.gate.model import ScannedBlock
from ops.gate.templates import references
from ops.parity.compare import compare
from ops.parity.values import ValuePath, differing, text, where
from ops.report.architecture import Architecture
from ops.report.controls import controls, judge
from ops.report.requirements import requirements
from ops.report.stacks import Synthesized
from ops.terraform.report import Result

Json = dict[str, Any]
_GATE = ("outcome", "today", "passed", "resources", "warnings", "errors")
"""What the page has of the gate's report as it is."""


class Reports:
    """The reports of other commands; each that is missing or not readable is remembered, with the command for it."""

    def __init__(self, out: Path) -> None:
        """Name the folder that synth wrote."""
        self._out = out
        self.missing: dict[str, str] = {}

    def read(self, name: str, command: str, part: str = "", keys: Iterable[str] = ("version",)) -> Json | None:
        """A report, or None.

        Args:
            name: File in `reports/`; `*` is the part.
            command: The command that writes it.
            part: One of several reports that are missed together.
            keys: What it must have; previous versions of a command may not write all of it.
        """
        path = self._out / "reports" / name.replace("*", part)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self.missing[name] = f"isn't written; {command} writes it"
            return None
        except (OSError, ValueError):
            self.missing[name] = f"isn't readable; run {command} again"
            return None
        if not isinstance(found, dict) or not found.keys() >= {*keys}:
            self.missing[name] = f"isn't a report; run {command} again"
            return None
        return found

    def gate(self, found: Sequence[Synthesized]) -> Json | None:
        """The gate's report, without the results of stacks that it didn't judge as they are now.

        Args:
            found: The environments; each of their stacks that has no results is remembered.
        """
        gate = self.read("gate.json", "make gate", keys=(*_GATE, "files", "passes", "findings", "accepted"))
        if gate is None:
            return None
        wanted = [stack for each in found for stack in _stacks(each)]
        current = {stack for stack in wanted if gate["files"].get(stack) == loaded(self._out / "stacks" / stack)}
        if other := [stack for stack in wanted if stack not in current]:
            self.missing["gate.json"] = (
                f"isn't about these stacks as they are now: {', '.join(other)}; run make gate again"
            )
        kept = {key: [each for each in gate[key] if each["stack"] in current] for key in ("findings", "accepted")}
        return {**gate, "stacks": current, **kept}


def contents(
    found: Sequence[Synthesized],
    shown: Sequence[Architecture],
    gate: Json | None,
    reports: Reports,
    risks: Sequence[Mapping[str, object]],
) -> Json:
    """Everything except the resources and the drawings.

    Args:
        found: The environments.
        shown: What their diagrams show, in the same order.
        gate: The gate's report about them.
        reports: The other commands' reports.
        risks: The register's entries, soonest expiry first.
    """
    rehearsals = {
        name: reports.read(f"rehearsal-{name}.json", f"make rehearse ENV={name}", keys=("steps", "passed"))
        for name in (each.environment.name for each in found)
    }
    accepted = Counter(each["risk"] for each in gate["accepted"]) if gate else Counter[str]()
    return {
        "gate": gate
        and {key: gate[key] for key in _GATE} | {"findings": len(gate["findings"]), "accepted": len(gate["accepted"])},
        "environments": [
            _environment(each, drawn, gate, rehearsals, reports) for each, drawn in zip(found, shown, strict=True)
        ],
        "cost": _cost(found),
        "settings": list(_differing([each.environment for each in found])),
        "risks": [{**risk, "findings": accepted[str(risk["id"])]} for risk in risks],
        "controls": [
            {"standard": control.standard, "id": control.id, "title": control.title}
            | {
                "results": {
                    each.environment.name: asdict(
                        judge(control, _types(each), gate, _stacks(each), each.environment.account_resources_from)
                    )
                    for each in found
                }
            }
            for control in controls()
        ],
        "requirements": [asdict(each) for each in requirements()],
        "missing": reports.missing,
    }


def resources(found: Sequence[Synthesized], gate: Json | None) -> Json:
    """Every resource and data source: where it is, its HCL, what it refers to, and what the gate says of it."""
    said: dict[tuple[str, str], list[Json]] = {}
    for kind in ("findings", "accepted"):
        for record in gate[kind] if gate else ():
            said.setdefault((record["stack"], record["address"]), []).append(
                {key: record[key] for key in ("check", "sentence", "risk", "why", "expires") if key in record}
            )
    rows: list[Json] = []
    for each in found:
        blocks = [block for block in each.view if block.section in {"resource", "data"} and not block.synthetic]
        numbers = {_named(block): len(rows) + number for number, block in enumerate(blocks)}
        documents = {document.stack: document.content for document in each.stacks.documents.values()}
        for block in blocks:
            stack, address = block.block.stack, block.block.address
            used = {*references(dict(block.settings)), *_waits(block)}
            raw = documents[stack][block.section][block.kind][address.rpartition(".")[2]]
            rows.append(
                {
                    "environment": each.environment.name,
                    "stack": stack,
                    "address": address,
                    "type": block.kind,
                    "file": block.block.file,
                    "line": block.block.line,
                    "arguments": _hcl(stack, Element(block.section, block.kind, address.rpartition(".")[2]), raw),
                    "uses": sorted({numbers[name] for name in used if name in numbers} - {numbers[_named(block)]}),
                    "gate": said.get((stack, address), []),
                }
            )
    return {"rows": rows}


def _hcl(stack: str, element: Element, settings: Json) -> str:
    """A resource as HCL; as JSON if it can't be written, which the gate reports."""
    try:
        return as_hcl(stack, element, settings)
    except OpsError:
        return json.dumps({name: value for name, value in settings.items() if name != "//"}, indent=2)


def _environment(
    each: Synthesized,
    shown: Architecture,
    gate: Json | None,
    rehearsals: Mapping[str, Json | None],
    reports: Reports,
) -> Json:
    environment, name = each.environment, each.environment.name
    stacks = _stacks(each)
    counted = Counter(block.block.stack for block in _resources(each))
    rehearsal = rehearsals[name]
    return {
        "name": name,
        "account": environment.account_id,
        "region": environment.region,
        "zones": len(shown.zones),
        "resources": sum(counted.values()),
        "findings": gate and sum(record["stack"] in stacks for record in gate["findings"]),
        "accepted": gate and sum(record["stack"] in stacks for record in gate["accepted"]),
        "records": [asdict(record) for record in shown.records],
        "arrows": [asdict(arrow) for arrow in shown.arrows],
        "permissions": [permission._asdict() for permission in permissions(environment)],
        "phases": list(_phases(name, counted, rehearsals, reports)),
        "status": reports.read(f"status-{name}.json", f"make status ENV={name}", keys=("phases", "table")),
        "rehearsal": rehearsal
        and {**rehearsal, "steps": [{**step, "plans": len(step.get("plans", ()))} for step in rehearsal["steps"]]},
        "verify": reports.read(f"verify-{name}.json", f"make verify ENV={name}", keys=("results",)),
    }


def _phases(
    name: str, counted: Mapping[str, int], rehearsals: Mapping[str, Json | None], reports: Reports
) -> Iterator[Json]:
    runs = [
        reports.read(f"run-{command}-{name}.json", f"make {command} ENV={name}", keys=("phases", "started_at"))
        for command in ("plan", "apply", "drift")
    ]
    for phase in PHASES:
        stack = f"{name}-{phase.name}"
        ran = {
            run["command"]: {"started_at": run["started_at"], **{key: result[key] for key in ("result", "waits_for")}}
            for run in filter(None, runs)
            for result in run["phases"]
            if result["phase"] == phase.name
        }
        # A plan without changes has no report; the one that exists is of a previous plan.
        judged = ran.get("plan", {}).get("result", Result.CHANGES) in {Result.CHANGES, Result.REFUSED}
        keys = ("outcome", "counts", "changes", "findings", "approved")
        plan = judged and reports.read(f"plan-{name}-*.json", f"make plan ENV={name}", phase.name, keys)
        yield {
            "name": phase.name,
            "summary": phase.summary,
            "reads": phase.reads,
            "applied_by": phase.applied_by,
            "stack": stack,
            "resources": counted.get(stack, 0),
            "runs": ran,
            "plan": {key: plan[key] for key in keys} if plan else None,
            "rehearsed": _rehearsed(stack, rehearsals),
        }


def _rehearsed(stack: str, rehearsals: Mapping[str, Json | None]) -> list[Json]:
    """The plans of a stack that rehearsals applied, in their order; growing environments are in one rehearsal."""
    return [
        {"rehearsal": name, "step": step["name"], **plan}
        for name, rehearsal in rehearsals.items()
        for step in (rehearsal or {"steps": ()})["steps"]
        for plan in step.get("plans", ())
        if plan["stack"] == stack
    ]


def _cost(found: Sequence[Synthesized]) -> Json:
    estimates = [estimate_of_view(each.view, each.environment) for each in found]
    return as_data(
        Report(
            tuple(each for each in estimates if isinstance(each, Estimate)),
            tuple(each for each in estimates if isinstance(each, Skipped)),
        )
    )


def _resources(each: Synthesized) -> list[ScannedBlock]:
    return [block for block in each.view if block.section == "resource" and not block.synthetic]


def _types(each: Synthesized) -> set[str]:
    return {block.kind for block in _resources(each)}


def _stacks(each: Synthesized) -> list[str]:
    return [document.stack for document in each.stacks.documents.values()]


def _named(block: ScannedBlock) -> tuple[str, str]:
    """The block as references name it."""
    return (f"data.{block.kind}" if block.section == "data" else block.kind), block.name


def _waits(block: ScannedBlock) -> Iterator[tuple[str, str]]:
    for address in block.settings.get("depends_on") or ():
        kind, _, name = str(address).rpartition(".")
        yield kind, name


def _differing(compared: Sequence[Environment]) -> Iterator[Json]:
    """Settings that differ, with the file and line of each value, and what they change in the stacks."""
    products: dict[str, list[Environment]] = {}
    for environment in compared:
        products.setdefault(environment.product.name, []).append(environment)
    effects: dict[ValuePath, list[str]] = {}
    for same in products.values():
        for one, other in pairwise(same):
            for each in compare(one, other).resources:
                part = " ".join(filter(None, (each.place.phase, each.place.address, each.place.argument)))
                for cause in each.causes:
                    effects.setdefault(cause.path, []).append(part)
    for value in differing(compared):
        depth = len(value.path)
        changes = dict.fromkeys(part for path, parts in effects.items() if path[:depth] == value.path for part in parts)
        yield {
            "setting": value.setting,
            "values": [text(given) for given in value.given],
            "places": [where(each, value, given) for each, given in zip(compared, value.given, strict=True)],
            "changes": list(changes),
        }
