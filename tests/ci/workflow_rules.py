"""What holds for every workflow, as functions that name what is wrong; test_workflows.py plants faults."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import typer
import yaml  # type: ignore[import-untyped]
from typer.core import TyperGroup

from modules.phases import PHASES
from ops.__main__ import app
from ops.ci.jobs import ACTIONS

Parsed = dict[str, Any]
PROGRAMS = ("make", "bin/ops", "bin/install-terraform")
"""What a step may run."""
TERRAFORM = re.compile(
    r"bin/ops (rollout|ci look|ci failed|ci watch (drift|versions)|deploy(?!.*--skip apply))|make (test|rehearse)\b"
)
"""Commands that run Terraform. GitHub's image has none: https://github.com/actions/runner-images/issues/9848."""
PINNED = {f"{action.name}@{action.commit} # {action.version}" for action in ACTIONS}
GIVEN = {"repository_dispatch": "github.event.client_payload", "workflow_dispatch": "inputs."}
"""What the sender of a dispatch writes, by trigger."""
SAMPLES = {
    "APPROVALS": "--approve-widening --approve-loss-in-place --approve-outage --approve-protection-off",
    "NUMBER": "7",
    "PERCENT": "100",
    "SHA256": "0" * 64,
    "sha256": "0" * 64,
}
"""A value of each variable, where the text `value` isn't one."""


def parsed(text: str) -> Parsed:
    """A workflow. YAML 1.1 reads the key `on` as true."""
    document = _loaded(text)
    assert isinstance(document, dict)
    return {"on" if key is True else str(key): value for key, value in document.items()}


def _loaded(text: str) -> Any:
    """A document, read by libyaml where PyYAML has it: ten times as fast."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def problems(text: str) -> list[str]:
    """What is wrong with a workflow."""
    document = parsed(text)
    sent = [GIVEN[trigger] for trigger in document["on"] if trigger in GIVEN]
    return [
        *_of_workflow(document),
        *(f"{name}: {each}" for name, job in document["jobs"].items() for each in _of_job(job, sent)),
        *_of_actions(text),
        *_of_phases(document),
    ]


def _of_workflow(document: Parsed) -> Iterator[str]:
    if document.get("permissions") != {}:
        yield "its token may do something in every job"
    if "concurrency" not in document:
        yield "any number of runs at a time"
    if re.search(r"\bsecrets\b\s*[.:\[]", str(document)):
        yield "uses a secret"


def _of_job(job: Parsed, sent: Sequence[str]) -> Iterator[str]:
    permissions = job.get("permissions")
    if not isinstance(permissions, dict):
        yield "no permissions of its own"
        permissions = {}
    if "uses" in job:
        if not re.fullmatch(r"\./\.github/workflows/[a-z-]+\.yml", job["uses"]):
            yield f"runs a workflow from elsewhere: {job['uses']}"
        return
    if not 1 <= job.get("timeout-minutes", 0) <= 360:
        yield "no timeout"
    roles = {step["run"].split()[-1] for step in job["steps"] if "ci sign-in" in step.get("run", "")}
    kind = {"planner": "plan_environment", "deployer": "deploy_environment"}
    elsewhere = [role for role in roles if kind[role] not in job.get("environment", "")]
    if roles and (elsewhere or permissions.get("id-token") != "write"):
        yield f"signs in as {', '.join(sorted(roles))} in another GitHub environment, or without a token"
    if not roles and ("id-token" in permissions or "environment" in job):
        yield "may get a token for AWS, and doesn't sign in"
    commands = [step.get("run", "") for step in job["steps"]]
    needing = [each for each in commands if TERRAFORM.search(each)]
    if needing and "bin/install-terraform" not in commands:
        yield f"runs Terraform, which the runner doesn't have: {needing[0]}"
    for step in job["steps"]:
        yield from _of_step(step, {**job.get("env", {}), **step.get("env", {})}, permissions, sent)


def _of_step(
    step: Parsed, variables: Mapping[str, str], permissions: Mapping[str, str], sent: Sequence[str]
) -> Iterator[str]:
    if "uses" in step:
        if step["uses"].startswith("actions/checkout@") and step["with"].get("persist-credentials") is not False:
            yield "leaves the token in the clone"
        return
    command = step["run"]
    if "${{" in command:
        yield f"text of an expression becomes part of a command: {command}"
    if command.removeprefix("exec ").split(maxsplit=1)[0] not in PROGRAMS or re.search(r"[;|&\n`]|\$\(", command):
        yield f"more than one command of this project: {command}"
    if "GITHUB_TOKEN" in variables and not {"issues", "pull-requests"} & permissions.keys():
        yield f"has a token that may do nothing: {command}"
    words = shlex.split(command.partition(" -- ")[0])
    for name, value in variables.items():
        if any(source in value for source in sent) and any(word.startswith(f"${name}") for word in words):
            yield f"${name} of a dispatch could be an option: {command}"


def _of_actions(text: str) -> Iterator[str]:
    for used in re.findall(r"uses: ([^.\s].*)", text):
        if used not in PINNED:
            yield f"an action that isn't pinned, or unknown: {used}"


def _of_phases(document: Parsed) -> Iterator[str]:
    """Only the deployer's phases are applied, in order: each plan after earlier applies, each apply after its plan."""
    rolled = [(name, found[1], job) for name, job in document["jobs"].items() for found in [_rolled_out(job)] if found]
    if not rolled:
        return
    applied = [phase for name, phase, _ in rolled if name == f"apply-{phase}"]
    expected = [phase.name for phase in PHASES if phase.applied_by == "deployer"]
    if applied != expected or {phase for _, phase, _ in rolled} != set(expected):
        yield f"rolls out {', '.join(applied)}, not {', '.join(expected)}"
    for name, phase, job in rolled:
        earlier = [f"apply-{each}" for each in applied[: applied.index(phase)]] if phase in applied else []
        if name == f"plan-{phase}" and not {"look", *earlier} <= set(job["needs"]):
            yield f"{name} doesn't wait for {', '.join(earlier)}"
        if name == f"apply-{phase}":
            plan = f"plan-{phase}"
            if job["needs"] != [plan] or f"needs.{plan}.outputs.changes == 'true'" not in job["if"]:
                yield f"{name} runs without changes in {plan}"
            if job["env"]["SHA256"] != f"${{{{ needs.{plan}.outputs.sha256 }}}}":
                yield f"{name} applies another plan than {plan} stored"


def _rolled_out(job: Parsed) -> re.Match[str] | None:
    runs = "\n".join(step.get("run", "") for step in job.get("steps", ()))
    return re.search(r'bin/ops rollout "\$ENVIRONMENT" (\S+) --stored?\b', runs)


def commands(name: str, text: str) -> set[str]:
    """The command lines of `bin/ops` and `make` in a workflow or an example, with sample values for variables."""
    return {filled(line, SAMPLES) for line in lines(name, text)}


def lines(name: str, text: str) -> set[str]:
    """The command lines of `bin/ops` and `make` in a workflow or an example, as they are."""
    strings = re.findall(r'^ +"(.*)",$', text, re.MULTILINE) if name.endswith(".tf") else _strings(_loaded(text))
    parts = (
        part.strip().removeprefix("../../../").removeprefix("exec ")
        for each in strings
        for part in re.split(r"\|\||>>", each)
    )
    return {part.replace('\\"', '"') for part in parts if part.startswith(("bin/ops ", "make "))}


def filled(line: str, given: Mapping[str, str]) -> str:
    """A command line with values in place of its variables; `value` for those that have none."""
    return re.sub(r"\$\{?(\w+)(?::\?)?\}?", lambda found: given.get(found[1], "value"), line)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


@cache
def _program() -> Any:
    return typer.main.get_command(app)


def unparsed(line: str) -> str:
    """Why the real command line of `ops` doesn't accept a line of `bin/ops …`; empty if it does."""
    command: Any = _program()
    name: str | None = "ops"
    words, context = shlex.split(line.removeprefix("bin/ops ")), None
    try:
        while True:
            context = command.make_context(name, list(words), parent=context)
            if not isinstance(command, TyperGroup):
                return ""
            name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
    except Exception as error:  # Typer's own, which have no public name.
        if not hasattr(error, "format_message"):
            raise
        return str(error.format_message())
