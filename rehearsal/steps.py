"""What a rehearsal does, step by step; each says what it saw, or raises StepError."""

from __future__ import annotations

from typing import TYPE_CHECKING

import environments
from modules.phases import BEFORE_ROLES, PHASES
from ops.aws import ecs
from ops.command import load
from ops.conditions import run
from ops.rollout.people import ADMINISTRATOR, DEPLOYER, PLANNER
from ops.tasks.migration import Migration
from ops.tasks.running import MIGRATION, workload
from ops.terraform.bootstrap import bootstrap
from ops.terraform.destroy import Destroyer, destroyable, unprotected
from ops.terraform.plan import NO_REFRESH, Planner, caller_flags
from ops.terraform.report import Result
from ops.terraform.schedule import in_reverse
from ops.verify.context import Context
from ops.verify.criteria import chosen
from rehearsal import blue_green, leaks
from rehearsal.access import nothing_needed_was_denied, what_is_forbidden_is_denied
from rehearsal.context import Rehearsal, Synthesized
from rehearsal.leftovers import STAYS, leftovers
from rehearsal.rollout import (
    FIRST,
    GROWING,
    MOVING,
    Rollout,
    Seen,
    Step,
    StepError,
    digest_of,
    nothing_left,
    phases_that_change,
    public_records,
    released,
)
from rehearsal.task_calls import tasks_get_what_they_need
from rehearsal.values import Values, synthesize

if TYPE_CHECKING:
    from environments.schema import Environment, Service

WEIGHTS = (0, 10, 100)
"""Shares of traffic that the rehearsed cutover goes through, in percent, before it goes back."""
CUTOVER = "cutover"
REGISTRY = "registry"
FAILING = 3
"""Exit code of the migration that fails."""
MIGRATION_SECONDS = 60
"""How long it may take."""
NETWORK = "network"
"""The phase whose first plan the planner creates, too."""
RELEASED = {"aws_ecs_task_definition", "aws_ecs_service", "aws_scheduler_schedule"}
"""Types of resources that a new image may change: revisions, and what runs them."""


def every_phase_applies(rehearsal: Rehearsal) -> Seen:
    """Each phase is planned, checked and applied after those that it reads; `state` is first, into its own bucket.

    Once the roles exist, each phase is planned and applied by its own: break-glass or deployer. Where another stage
    creates what the account has once, that stage's first phases are applied before.
    """
    if rehearsal.environment.account_resources_from:
        _apply_account_resources(rehearsal)
    rehearsal.take(rehearsal.source)
    first = bootstrap(rehearsal.session, lambda planned: None, FIRST)
    if first.result is not Result.APPLIED:
        raise StepError(f"{first.phase} {first.line} {first.message}")
    rehearsal.keep_report(rehearsal.session.stacks([first.phase])[first.phase])
    rollout = Rollout(rehearsal, FIRST)
    results = rollout.run(BEFORE_ROLES)
    rehearsal.sign_in(PLANNER)
    _planner_plans(rehearsal)
    results += rollout.run([phase.name for phase in PHASES if phase.name not in BEFORE_ROLES])
    phases = (first, *(each for each in results if each.phase != first.phase))
    if rehearsal.name_exists and not rollout.prepared:
        raise StepError("cutover was planned although the public name had a plain record")
    share = public_weights(rehearsal).get(rehearsal.names.weighted_records[0], 0)
    if share != rehearsal.environment.cutover.weight:
        raise StepError(f"{share} % of the traffic goes here, not {rehearsal.environment.cutover.weight} %")
    return Seen(f"{_none_left_out(rehearsal)} resources; {share} % of the traffic goes here", phases, rollout.planning)


def _apply_account_resources(rehearsal: Rehearsal) -> None:
    """Apply the phases of another stage that create what the account has once, with the first credentials."""
    own, source = rehearsal.environment, rehearsal.environment.account_resources_from
    creator = next(each for each in environments.load_each().environments if each.prefix == source)
    rehearsal.switch_to(creator)
    rehearsal.take(synthesize(creator, rehearsal.folder / "creator"))
    first = bootstrap(rehearsal.session, lambda planned: None)
    if first.result is not Result.APPLIED:
        raise StepError(f"{creator.name}: {first.phase} {first.line} {first.message}")
    Rollout(rehearsal, FIRST).run([*BEFORE_ROLES, REGISTRY])
    rehearsal.switch_to(own)


def _planner_plans(rehearsal: Rehearsal) -> None:
    """The planner plans a phase that isn't applied; the role that applies it then plans again, as operators do.

    Raises:
        StepError: It can't, or its plan has no changes.
    """
    session = rehearsal.by(PLANNER)
    planned = Planner(session, FIRST).plan(session.stacks([NETWORK])[NETWORK])
    if planned.result is not Result.CHANGES:
        raise StepError(f"the planner's plan: {planned.phase} {planned.line} {planned.message}")


def _none_left_out(rehearsal: Rehearsal) -> int:
    """The number of resources; every synthesized one must be in a state."""
    count = 0
    for phase, stack in rehearsal.session.stacks().items():
        resources = stack.content.get("resource", {})
        wanted = {f"{kind}.{name}" for kind, found in resources.items() for name in found}
        state = rehearsal.session.states.get(phase, again=True)
        if missing := wanted - set(state.addresses if state else ()):
            raise StepError(f"{phase} was applied without {', '.join(sorted(missing))}")
        count += len(wanted)
    return count


def break_glass_is_seen(rehearsal: Rehearsal) -> Seen:
    """Every use of the break-glass role is reported to the topic of alerts, with principal, account and MFA device.

    The rehearsal checks that each time that it assumes the role; this step shows the last alert.

    Raises:
        OpsError: Nothing is reported, or not who assumed the role.
    """
    rehearsal.by(ADMINISTRATOR)
    rehearsal.sign_in(ADMINISTRATOR)
    rehearsal.sign_in(PLANNER)
    return Seen(f"{len(rehearsal.alerts)} of {len(rehearsal.alerts)} uses; the last one: {rehearsal.alerts[-1]}")


def second_plan_is_empty(rehearsal: Rehearsal) -> Seen:
    """The planner's plan of every phase has no changes; nor has an administrator's of what the planner can't read."""
    results = nothing_left(rehearsal)
    caller = rehearsal.by(PLANNER).aws.caller
    unread = [name for name, stack in rehearsal.session.stacks().items() if NO_REFRESH in caller_flags(caller, stack)]
    if unread:
        nothing_left(rehearsal, unread, ADMINISTRATOR)
    return Seen(f"{len(results)} phases", tuple(results))


def exit_criteria_hold(rehearsal: Rehearsal) -> Seen:
    """The exit criteria hold in AWS itself, not only in Terraform's state."""
    results = run(chosen(over_http=False), Context(rehearsal.by(PLANNER).aws, rehearsal.environment))
    bad = [f"{each.name}: {each.status} ({each.evidence})" for each in results if not each.passed]
    if bad or not results:
        raise StepError("; ".join(bad) or "no criterion was checked")
    return Seen(f"{len(results)} criteria", criteria=tuple(each.as_data() for each in results))


def failed_migration_fails(rehearsal: Rehearsal) -> Seen:
    """A migration ends with its own container's exit code, not with that of another container of its task."""
    aws, environment = rehearsal.by(DEPLOYER).aws, rehearsal.environment
    migration = Migration(aws, environment)
    rehearsal.control.task_exit(workload(environment, MIGRATION).family, FAILING)
    id_ = migration.start(migration.prepare())
    ended = migration.follow(id_, seconds=MIGRATION_SECONDS, progress=_unheard, line=_unheard)
    task, _ = ecs.task(aws.client("ecs"), rehearsal.names.prefix, id_)
    codes = {each.name: each.exit_code for each in (task.containers.values() if task else ())}
    others = {name: code for name, code in codes.items() if name != MIGRATION}
    if not others:
        raise StepError("its task has no other container, so this step proves nothing")
    if ended.exit_code != FAILING:
        raise StepError(f"exit code {ended.exit_code}, of containers with {codes}")
    return Seen(f"exit code {FAILING}, while {', '.join(f'{name} ended with {code}' for name, code in others.items())}")


def _unheard(_: object) -> None:
    """Ignore the migration's output: this step needs its exit code only."""


def log_groups_are_ours(rehearsal: Rehearsal) -> Seen:
    """Every log group has a key and a retention: no AWS service created one by itself."""
    client = rehearsal.owner.client("logs")
    found = [each for page in client.get_paginator("describe_log_groups").paginate() for each in page["logGroups"]]
    bad = [each["logGroupName"] for each in found if "kmsKeyId" not in each or "retentionInDays" not in each]
    if bad or not found:
        raise StepError(f"without key or retention: {', '.join(sorted(bad))}" if bad else "there are no log groups")
    return Seen(f"{len(found)} log groups")


def no_secret_is_stored(rehearsal: Rehearsal) -> Seen:
    """Values of secrets are in no version of a state, and in no plan, log or report."""
    wanted = leaks.needles(rehearsal.planted)
    if len(rehearsal.planted) < len(rehearsal.environment.product.secrets):
        raise StepError(f"only {len(rehearsal.planted)} secrets have a value to search for")
    s3 = rehearsal.owner.client("s3")
    found = [*leaks.in_bucket(s3, rehearsal.names.state_bucket, wanted), *leaks.in_files(rehearsal.folder, wanted)]
    if found:
        raise StepError("; ".join(found))
    return Seen(f"{len(wanted)} values searched for")


def traffic_moves_by_weight(rehearsal: Rehearsal) -> Seen:
    """The public name's records have each weight in turn, and the first one again at the end."""
    cutover = rehearsal.environment.cutover
    # Without a previous target there is nothing to share: all or none.
    weights = [*(WEIGHTS if cutover.previous else (WEIGHTS[0], WEIGHTS[-1])), WEIGHTS[0]]
    if weights[-1] != cutover.weight:
        weights.append(cutover.weight)
    return Seen(" → ".join(_move(rehearsal, weight) for weight in weights))


def _move(rehearsal: Rehearsal, weight: int) -> str:
    values = Values(rehearsal.environment, rehearsal.folder / "values")
    values.weight(weight)
    rehearsal.take(values.synthesize(), (CUTOVER,))
    Rollout(rehearsal, MOVING).run([CUTOVER])
    current, previous = rehearsal.names.weighted_records
    expected = {current: weight, previous: 100 - weight}
    if rehearsal.environment.cutover.previous is None:
        expected = {current: weight} if weight == WEIGHTS[-1] else {}
    present = public_weights(rehearsal)
    if present != expected:
        raise StepError(f"at weight {weight} Route 53 has {present}, not {expected}")
    return str(weight)


def public_weights(rehearsal: Rehearsal) -> dict[str, int]:
    """Weights of the public name in Route 53, by set identifier; they are the same for all record types.

    Raises:
        StepError: They differ between A and AAAA records, so IPv6 users would go to another target.
    """
    found: dict[str, int] = {}
    for record in public_records(rehearsal):
        if "Weight" in record and found.setdefault(record["SetIdentifier"], record["Weight"]) != record["Weight"]:
            raise StepError(f"{record['SetIdentifier']} has different weights for {record['Type']} and another type")
    return found


def release_touches_services_only(rehearsal: Rehearsal) -> Seen:
    """A new image's digest changes task definitions, services and schedules, and nothing else."""
    rehearsal.take(_another_image(rehearsal))
    changed = phases_that_change(rehearsal)
    rollout = Rollout(rehearsal)
    rollout.run(changed)
    others = rollout.touched() - RELEASED
    if others or not rollout.touched():
        raise StepError(f"a new digest touches {sorted(others) or 'nothing'}")
    nothing_left(rehearsal, changed)
    return Seen(f"{', '.join(sorted(rollout.touched()))} in {', '.join(changed)}")


def rolled_back_deployment_fails(rehearsal: Rehearsal) -> Seen:
    """When ECS rolls a deployment back, its apply fails; with the previous digest restored, a plan has no changes."""
    (service, *_) = _rolling(rehearsal.environment)
    rehearsal.control.roll_back(rehearsal.names.prefix, rehearsal.names.service(service.name))
    rehearsal.take(released(rehearsal, service.repository, digest_of("an image that does not start")))
    changed = phases_that_change(rehearsal)
    try:
        Rollout(rehearsal).run(changed)
    except StepError as error:
        said = str(error)
    else:
        raise StepError("ECS rolled the deployment back, and the apply did not fail")
    if "rolled the deployment" not in said:
        raise StepError(f"the apply failed for another reason: {said}")
    rehearsal.take(_another_image(rehearsal))
    Rollout(rehearsal).run(changed)
    nothing_left(rehearsal, changed)
    return Seen("the apply failed; the previous digest was restored and applied")


def _another_image(rehearsal: Rehearsal) -> Synthesized:
    """Stacks with another image of the first service."""
    return released(rehearsal, rehearsal.environment.product.services[0].repository, digest_of("another image"))


def _rolling(environment: Environment) -> list[Service]:
    """The services that ECS itself deploys."""
    return [service for service in environment.product.services if service.deployment == "rolling"]


def grows_in_place(larger: str) -> Step:
    """The step from an environment to a larger one of the same stage."""

    def step(rehearsal: Rehearsal) -> Seen:
        """No stateful resource is replaced or deleted, and a second plan is empty."""
        rehearsal.switch_to(load(larger))
        rehearsal.take(rehearsal.source)
        rollout = Rollout(rehearsal, GROWING)
        results = rollout.run()
        if lost := rollout.lost():
            raise StepError("; ".join(lost))
        nothing_left(rehearsal)
        counts = {verb: sum(each.counts.get(verb, 0) for each in results) for verb in ("create", "update", "replace")}
        return Seen(", ".join(f"{count} to {verb}" for verb, count in counts.items()), tuple(results), rollout.planning)

    return step


def destroy_leaves_nothing(rehearsal: Rehearsal) -> Seen:
    """Everything is deleted except what is kept on purpose."""
    unprotected(rehearsal.environment)
    stacks = destroyable(rehearsal.session)
    results = []
    for purpose, last in ((ADMINISTRATOR, False), (None, True)):
        # Destroying `account` deletes the roles, so it needs the credentials that existed before them.
        rehearsal.sign_in(purpose)
        chosen = {name: stack for name, stack in stacks.items() if (name in BEFORE_ROLES) is last}
        results += in_reverse(rehearsal.session, chosen, Destroyer(rehearsal.session).destroy)
    bad = [each for each in results if each.result is not Result.DESTROYED]
    if bad:
        raise StepError("; ".join(f"{each.phase} {each.line} {each.message}" for each in bad))
    if found := list(leftovers(rehearsal)):
        raise StepError(f"left behind: {', '.join(found)}")
    return Seen(f"kept on purpose: {'; '.join(STAYS.values())}", tuple(results))


def steps(environment: Environment, larger: str | None) -> dict[str, Step]:
    """The steps of an environment's rehearsal, in order, by what each proves."""
    found: dict[str, Step] = {
        "every phase applies": every_phase_applies,
        "every use of break-glass raises an alert": break_glass_is_seen,
        "a second plan is empty": second_plan_is_empty,
        "exit criteria hold": exit_criteria_hold,
        "tasks get what they need": tasks_get_what_they_need,
        "what is forbidden is denied": what_is_forbidden_is_denied,
        **({"a failed migration fails": failed_migration_fails} if environment.product.migration else {}),
        "every log group has our key and retention": log_groups_are_ours,
        "traffic moves by weight and back": traffic_moves_by_weight,
        "a new release touches services only": release_touches_services_only,
        **(
            {"a deployment that rolled back fails its apply": rolled_back_deployment_fails}
            if _rolling(environment)
            else {}
        ),
    }
    found |= blue_green.steps(environment)
    if larger:
        found[f"grows into {larger} in place"] = grows_in_place(larger)
    found["no role was denied what it needs"] = nothing_needed_was_denied
    found["no secret is stored"] = no_secret_is_stored
    if not environment.protected:
        found["destroying leaves nothing behind"] = destroy_leaves_nothing
    return found
