"""The table of allowed permissions, which the gate compares with the IAM policies.

A principal is a role's purpose (`backend-task`), an AWS service, an ARN, or GitHub's name for a job.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from environments.arns import partition
from environments.guardduty import AGENT
from environments.schema import Environment, Service
from environments.schema.principals import arns

Verb = Literal["read", "write", "pull", "pass", "assume", "decrypt", "change"]
"""Read or write a secret, pull images of a repository, pass or assume a role, decrypt with a key, change a guard."""

EVERYTHING = "*"
"""As a target: every target of the verb."""

BREAK_GLASS = "break-glass"
DEPLOYER = "deployer"
PLANNER = "planner"
SCHEDULER = "scheduler"
DEPLOYMENT = "deployment"

GUARDS = ("identities", "keys", "budgets", "audit", "secrets' policies")
"""Protected settings, which only the break-glass role may change (R0.3)."""
CAPPED = (DEPLOYER, PLANNER)
"""Roles that must have a permissions boundary."""


class Permission(NamedTuple):
    """One thing that a principal may do."""

    principal: str
    verb: Verb
    target: str
    """Name of a secret or of a repository, purpose of a role or of a key, or a guard."""
    why: str


def permissions(environment: Environment) -> tuple[Permission, ...]:
    """All permissions that are allowed; all others are findings."""
    product = environment.product
    return (
        *_people(environment),
        *_audit(environment),
        *(row for service in product.services for row in _service(service)),
        *_images(environment),
        *_passed_on(environment),
        *_deployer(environment),
    )


def _people(environment: Environment) -> Iterator[Permission]:
    access = environment.access
    subject = f"repo:{access.github_repository or environment.product.repository}:environment"
    yield Permission(f"{subject}:{access.github_environment}", "assume", DEPLOYER, "Jobs that apply")
    yield Permission(f"{subject}:{access.github_plan_environment}", "assume", PLANNER, "Jobs that plan")
    for role, principals in (
        (DEPLOYER, access.deployers),
        (PLANNER, access.planners),
        (BREAK_GLASS, access.administrators),
    ):
        for arn in (arn for principal in principals for arn in arns(principal, partition(environment.region))):
            yield Permission(arn, "assume", role, "Named in the environment's access")
    if shared := access.shared_zone:
        for writer in shared.writers:
            yield Permission(writer, "assume", "dns", "Named in the environment's access")
        for reader in (*shared.writers, *shared.readers):
            yield Permission(reader, "assume", "dns-reader", "Named in the environment's access")
    yield Permission(PLANNER, "decrypt", "state", "Plans read the state")
    verbs: tuple[Verb, ...] = ("read", "write", "pull", "pass", "decrypt", "change")
    for verb in verbs:
        yield Permission(BREAK_GLASS, verb, EVERYTHING, "Administrators repair the account with it")


def _audit(environment: Environment) -> Iterator[Permission]:
    """AWS's own services, and the roles that they use to write."""
    audit, alerts = environment.audit, environment.alerts
    yield Permission("vpc-flow-logs.amazonaws.com", "assume", "flow-log", "Flow logs")
    if environment.database:
        yield Permission("monitoring.rds.amazonaws.com", "assume", "database-monitoring", "The database's metrics")
    if audit.cloudtrail:
        yield Permission("cloudtrail.amazonaws.com", "assume", "trail", "The trail's log group")
    if audit.config and environment.creates_account_resources:
        yield Permission("config.amazonaws.com", "decrypt", "audit", "The recorder checks what it wrote")
    if alerts.slack_workspace and alerts.slack_channel:
        yield Permission("chatbot.amazonaws.com", "assume", "slack", "Alarms in Slack")
    if environment.region != "us-east-1":
        yield Permission("events.amazonaws.com", "assume", "event-forward", "Events of the global endpoints")
    yield Permission(partition(environment.region).host("logs", environment.region), "decrypt", "logs", "Log groups")
    for service in ("budgets", "cloudwatch", "events", "events.rds"):
        yield Permission(f"{service}.amazonaws.com", "decrypt", "alerts", "Publishes to the encrypted topic")


def _service(service: Service) -> Iterator[Permission]:
    execution, task = _roles(service)
    for role in (execution, task):
        yield Permission("ecs-tasks.amazonaws.com", "assume", role, "Tasks")
    for secret in service.secrets:
        yield Permission(execution, "read", secret, "The service names it")
    if service.secrets:
        yield Permission(execution, "decrypt", "secrets", "Values of its secrets, and nothing else (by condition)")
    yield Permission(task, "decrypt", "secrets", "Sessions in containers, and no secret (by condition)")


def _images(environment: Environment) -> Iterator[Permission]:
    """The images of tasks: their own, and GuardDuty's agent where it is on."""
    product, registry = environment.product, environment.registry
    for service in product.services:
        execution, _ = _roles(service)
        if not registry.source_account:
            yield Permission(execution, "pull", service.repository, "Its image")
        if environment.profile.guardduty_agent:
            yield Permission(execution, "pull", AGENT, "GuardDuty's container in its tasks")
    for repository in sorted({service.repository for service in product.services}):
        if not registry.source_account:
            yield Permission(DEPLOYER, "pull", repository, "Promotes images")
            for account in registry.readers:
                roles = partition(environment.region).arn("iam", f"role/{product.name}-*", account_id=account)
                yield Permission(roles, "pull", repository, "The product's roles of another account run it")


def _passed_on(environment: Environment) -> Iterator[Permission]:
    """Roles that start tasks, and so pass the tasks' roles."""
    product = environment.product
    scheduled = [product.service(task.service) for task in product.scheduled_tasks]
    blue_green = [service for service in product.services if service.deployment == "blue_green"]
    for role, principal, services in (
        (SCHEDULER, "scheduler.amazonaws.com", scheduled),
        (DEPLOYMENT, "codedeploy.amazonaws.com", blue_green),
    ):
        if services:
            yield Permission(principal, "assume", role, "Starts tasks")
            yield Permission(DEPLOYER, "pass", role, "Creates the schedules and deployments that start tasks")
        for name in dict.fromkeys(each for service in services for each in _roles(service)):
            yield Permission(role, "pass", name, "Gives tasks their roles")


def _deployer(environment: Environment) -> Iterator[Permission]:
    product = environment.product
    for service in product.services:
        for role in _roles(service):
            yield Permission(DEPLOYER, "pass", role, "Creates services")
    set_by_operators = [secret.name for secret in product.secrets if secret.written_by == "operator"]
    for secret in set_by_operators:
        yield Permission(DEPLOYER, "write", secret, "Operators set its value")
    if set_by_operators:
        why = "Encrypts new values, through Secrets Manager only (by condition)"
        yield Permission(DEPLOYER, "decrypt", "secrets", why)
    yield Permission(DEPLOYER, "decrypt", "state", "Reads and writes the state")


def _roles(service: Service) -> tuple[str, str]:
    """Purposes of the execution role and of the task role."""
    return f"{service.name}-execution", f"{service.name}-task"
