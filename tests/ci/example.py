"""Writes docs/examples/pull-request-comment.md: the comment on a change of AEP's values. `python -m tests.ci.example`.

The change is real, and so are both synths and the judgement of the plan gate. The plans are built from the stacks, so
that the page needs no Terraform.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import environments
from environments.names import Names
from environments.schema import Environment
from modules.phases import PHASES
from modules.synthesis import synthesize
from ops.ci import gathered, plans
from ops.ci.comment import Shown, text
from ops.cost import read as cost
from ops.cost.read import view
from ops.gate.index import Index
from ops.gate.model import ScannedBlock
from ops.gate.permissions.statements import Arns, Documents
from ops.iam.policy import IamStatement
from ops.markdown import LIMIT
from ops.plan_gate import reports
from ops.plan_gate.run import run as judge
from ops.terraform.plan import summary
from ops.terraform.report import PhaseResult, Report, Result
from ops.terraform.stack import Stack
from ops.versions import ROOT, Version
from tests.conftest import Stack as Synthesized
from tests.conftest import read_stacks
from tests.ops.cost import PRICES
from tests.plan_gate.first_plans import first_plan
from tests.plan_gate.plans import Body, change, plan
from tests.products import AEP, values

PAGE = ROOT / "docs" / "examples" / "pull-request-comment.md"
HEAD, BASE = "4f0c1d2b" * 5, "9a8b7c6d" * 5
TODAY = date(2026, 11, 29)
RUN = "https://github.com/navralabs/aep-infrastructure/actions/runs/1234567890"
NAMES = ("prod", "staging")
CHANGES = {
    "aep.py": [
        (
            'environment={"APP_ENV": "{stage}"},\n            user=',
            'environment={"APP_ENV": "{stage}"},\n            secrets=("OPENAI_API_KEY",),\n'
            "            internet=True,\n            user=",
        )
    ],
    "profiles.py": [("Scaling(minimum=2, maximum=6)", "Scaling(minimum=3, maximum=6)")],
    "prod.py": [("backup_days=30", "backup_days=14")],
    "risks/aep.toml": [('id = "single-task"', 'id = "one-task"'), ("2027-11-27", "2026-12-20")],
}
"""The frontend gets a secret and the internet, prod a third task and fewer backups, and two accepted risks change."""
_HEAD = """# The comment on a pull request

`ops ci comment --base main --pull 7 prod staging` writes one comment on a pull request, and updates it in place: a
section for each environment, between hidden lines, so that the job of an environment replaces only its own.
This is an example. AEP's frontend gets a secret and access to the internet. `prod` gets a third task of each
service, and keeps backups for fewer days. Accepted risks of `staging` change. `staging` isn't planned in that job.

---

"""
_DOCUMENT = re.compile(r"\$\{data\.aws_iam_policy_document\.(\w+)\.json\}")


def page(base: Path) -> str:
    """The page.

    Args:
        base: AEP's environments, synthesized.
    """
    with TemporaryDirectory() as folder:
        changed, out = Path(folder) / "values", Path(folder) / "out"
        shutil.copytree(AEP, changed, ignore=shutil.ignore_patterns("__pycache__"))
        for name, edits in CHANGES.items():
            content = (changed / name).read_text(encoding="utf-8")
            for old, new in edits:
                assert old in content, old
                content = content.replace(old, new)
            (changed / name).write_text(content, encoding="utf-8")
        with values(changed):
            chosen = [environments.load(name) for name in NAMES]
            synthesize(chosen, out, organization=False)
            return _HEAD + text(_shown(base, chosen, out), LIMIT)


def _shown(base: Path, chosen: list[Environment], out: Path) -> Shown:
    prod = chosen[0]
    results = [_planned(prod, phase.name, base, out) for phase in PHASES]
    Report("plan", prod.name, datetime.now(UTC), HEAD, tuple(results)).write(out)
    version = Version("main", BASE, ROOT, base, AEP)
    with (
        patch.object(gathered, "commit", lambda: (HEAD, False)),
        patch.object(plans, "commit", lambda: (HEAD, False)),
        patch.object(cost, "read_prices", lambda _: PRICES),
    ):
        return gathered.compared(version, chosen, out, TODAY, RUN, whole=False)


def _planned(environment: Environment, phase: str, base: Path, out: Path) -> PhaseResult:
    stack = next(Stack(environment, each, out) for each in PHASES if each.name == phase)
    document = plan_of(stack.name, environment, base, out)
    if all(each["change"]["actions"] == ["no-op"] for each in document["resource_changes"]):
        return PhaseResult(phase, Result.NO_CHANGES)
    verdict = judge(json.dumps(document).encode(), name=stack.name)
    assert not verdict.error, (stack.name, verdict.error)
    reports.write(verdict, out / "reports")
    stack.saved_summary.write_text(summary(json.dumps(document)), encoding="utf-8")
    refused = any(each.refused for each in verdict.findings)
    return PhaseResult(phase, Result.REFUSED if refused else Result.CHANGES, verdict.counts)


def plan_of(name: str, environment: Environment, *folders: Path) -> Body:
    """The plan of a stack that is applied as the first folder has it, and configured as the second one has it."""
    old, new = (
        {
            each["address"]: each["change"]["after"]
            for each in first_plan(_with_policies(read_stacks(folder)[name], environment, view(environment, folder)))[
                "resource_changes"
            ]
        }
        for folder in folders
    )
    return plan(*(change(address, old.get(address), new.get(address)) for address in dict.fromkeys((*old, *new))))


def _with_policies(stack: Synthesized, environment: Environment, view: Sequence[ScannedBlock]) -> Synthesized:
    """The stack with its policy documents as JSON, in place of the data sources."""
    documents = Documents(Index(view), Arns(Index(view), Names(environment).place))
    prefix = re.sub(r"\W", "_", stack.name)

    def put(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: put(each) for key, each in value.items()}
        if isinstance(value, list):
            return [put(each) for each in value]
        found = _DOCUMENT.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        named = f"${{data.aws_iam_policy_document.{prefix}__{found[1]}.json}}"
        return json.dumps({"Statement": [_statement(each) for each in documents.read(named, view[0])]})

    return Synthesized(stack.name, {**stack.document, "resource": put(stack.document.get("resource", {}))})


def _statement(each: IamStatement) -> Body:
    found: Body = {"Sid": each.sid, "Effect": "Allow" if each.allows else "Deny"}
    for name in ("actions", "not_actions", "resources", "not_resources"):
        if values_ := getattr(each, name):
            found[name.title().replace("_", "").removesuffix("s")] = list(values_)
    for kind, name in each.principals:
        found.setdefault("Principal", {}).setdefault(kind, []).append(name)
    for condition in each.conditions:
        found.setdefault("Condition", {}).setdefault(condition.test, {})[condition.key] = list(condition.values)
    return found


if __name__ == "__main__":
    with TemporaryDirectory() as here, values(AEP):
        synthesize(environments.load_all(), Path(here), organization=False)
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(Path(here)), encoding="utf-8")
    sys.stdout.write(f"Wrote {PAGE.relative_to(ROOT)}.\n")
