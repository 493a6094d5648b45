"""Checks what each task runs, and as which role: its own workload's, as the values say.

ECS starts whatever a task definition names. With another service's execution role a container gets that service's
secrets; with another command or a variable such as LD_PRELOAD it runs another program of the image; with HTTPS_PROXY it
sends its requests to another host. So the program, image, user, variables, secrets and log group of each container are
compared with the values, and not with a list of dangerous ones.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from environments.names import Names
from environments.schema import Environment, Service
from environments.schema.workload import Workload
from ops.gate.index import Index, at
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.permissions.actors import Actors
from ops.gate.templates import plain
from ops.iam.globs import matches_any
from ops.iam.policy import IamStatement, listed, nested

TASK, ROLE = "ROLLOUT_TASK", "ROLLOUT_ROLE"
CHECKS = {
    TASK: Check(
        TASK,
        "Each task runs its own workload's image, program, variables and secrets, as the environment's values say",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html",
        own=True,
    ),
    ROLE: Check(
        ROLE,
        "Each task, and each service of AWS, uses the role that is for it, which allows no other work",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-iam-roles.html",
        own=True,
    ),
}
DEFINITION = "aws_ecs_task_definition"
ROLES: Mapping[tuple[str, str], str] = {
    ("aws_chatbot_slack_channel_configuration", "iam_role_arn"): "slack",
    ("aws_cloudtrail", "cloud_watch_logs_role_arn"): "trail",
    ("aws_cloudwatch_event_target", "role_arn"): "event-forward",
    ("aws_codedeploy_deployment_group", "service_role_arn"): "deployment",
    ("aws_db_instance", "monitoring_role_arn"): "database-monitoring",
    ("aws_flow_log", "iam_role_arn"): "flow-log",
    ("aws_scheduler_schedule", "target.role_arn"): "scheduler",
}
"""The purpose of the role that a service of AWS uses for a resource, by type and attribute."""
_LOG_OPTIONS = "logConfiguration.options.awslogs"
STARTED_BY = {
    "aws_ecs_service": "task_definition",
    "aws_scheduler_schedule": "target.ecs_parameters.task_definition_arn",
}
"""What starts tasks, with its attribute that names the task definition."""

_WRITE_LOGS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")
_GIVE_ROLES = "iam:PassRole"
_READ_ZONE = (
    *("route53:GetChange", "route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource"),
    "cloudtrail:LookupEvents",
)
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "deployment": (
        *("cloudwatch:DescribeAlarms", "ecs:CreateTaskSet", "ecs:DeleteTaskSet", "ecs:DescribeServices"),
        *("ecs:UpdateServicePrimaryTaskSet", "elasticloadbalancing:Describe*", "elasticloadbalancing:ModifyListener"),
        *("elasticloadbalancing:ModifyRule", _GIVE_ROLES),
    ),
    "database-monitoring": (*_WRITE_LOGS, "logs:CreateLogGroup", "logs:GetLogEvents", "logs:PutRetentionPolicy"),
    "dns": ("route53:ChangeResourceRecordSets", *_READ_ZONE),
    "dns-reader": _READ_ZONE,
    "event-forward": ("events:PutEvents",),
    "execution": (
        *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken"),
        *("ecr:GetDownloadUrlForLayer", "kms:Decrypt", "secretsmanager:GetSecretValue", *_WRITE_LOGS),
    ),
    "flow-log": _WRITE_LOGS,
    "scheduler": ("ecs:RunTask", "ecs:TagResource", _GIVE_ROLES),
    "slack": ("cloudwatch:Describe*", "cloudwatch:GetMetricData", "cloudwatch:GetMetricWidgetImage"),
    "task": (
        *("cloudwatch:PutMetricData", "kms:Decrypt", "logs:DescribeLogGroups", *_WRITE_LOGS),
        *("ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel"),
        *("ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"),
    ),
    "trail": _WRITE_LOGS,
}
"""What a role may do at most, by its purpose or the end of that; people's and the pipeline's roles aren't here.

A role that a task or a service of AWS uses has the permissions of that work only: with `ecs:ExecuteCommand` a task runs
commands in other tasks, with `s3:PutObject` it copies data out.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-iam-roles.html
"""

Examined = tuple[str, ScannedBlock, Iterable[str]]
"""A check, a block, and what is wrong with it."""


def what_runs(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare the tasks and the services' roles of one environment with its values.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.
    """
    ledger, index, names = Ledger(), Index.of(view), Names(environment)
    for examine in (_tasks, _starters, _roles, _permissions):
        for check, block, problems in examine(index, names):
            ledger.judge(check, block.block, problems)
    return ledger.records()


def _tasks(index: Index, names: Names) -> Iterator[Examined]:
    """Each task definition, compared with the workload that it is for."""
    workloads = _workloads(names.environment)
    for task in index.all(DEFINITION):
        family = str(task.settings.get("family"))
        if family in workloads:
            run = _Run(task, workloads[family], names, index)
            yield TASK, task, run.differences()
            yield ROLE, task, run.roles()
        else:
            what = f"its family {family!r} belongs to no service, scheduled task or migration"
            yield TASK, task, [f"{what} of the environment's values"]


def _starters(index: Index, names: Names) -> Iterator[Examined]:
    """Each service and schedule, with why it starts another workload's task."""
    for starter in index.all(*STARTED_BY):
        yield TASK, starter, _starts(starter, index, names)


def _roles(index: Index, names: Names) -> Iterator[Examined]:
    """Each resource for which a service of AWS uses a role, with why that isn't the role for it."""
    for (kind, attribute), purpose in ROLES.items():
        for block in index.all(kind):
            others = (_other_role(index, value, names.role(purpose)) for value in at(block.settings, attribute))
            yield ROLE, block, [f"{attribute} {what}" for what in others if what]


def _permissions(index: Index, names: Names) -> Iterator[Examined]:
    """Each statement of a role in the table of actions, with the actions that the role doesn't need."""
    for principal in Actors(index, names).principals:
        allowed = ACTIONS.get(principal.name) or ACTIONS.get(principal.name.rpartition("-")[2], ())
        for held in principal.identity if allowed else ():
            lets = f"{held.statement.label} lets {principal.name} call"
            more = [f"{lets} {action}, which it doesn't need" for action in _more(held.statement, allowed)]
            yield ROLE, held.statement.block, more


def _more(statement: IamStatement, allowed: tuple[str, ...]) -> Iterator[str]:
    """The actions that a statement allows beyond a list."""
    if statement.allows:
        yield from (each for each in statement.actions if not matches_any(allowed, each, case=False))
        yield from ("all actions but some" for _ in statement.not_actions[:1])


def _workloads(environment: Environment) -> dict[str, Workload]:
    """Everything that runs as a task, by the family of its task definition."""
    names = Names(environment)
    return {names.service(workload.name): workload for workload in environment.product.workloads}


class _Run:
    """One task definition, and the workload that it is for."""

    def __init__(self, task: ScannedBlock, workload: Workload, names: Names, index: Index) -> None:
        self._task, self._workload, self._names, self._index = task, workload, names, index
        product = names.environment.product
        self._service = workload if isinstance(workload, Service) else product.service(workload.service)

    def roles(self) -> Iterator[str]:
        """Each role that isn't the one of its service."""
        for kind in ("execution", "task"):
            wanted = self._names.role(f"{self._service.name}-{kind}")
            if what := _other_role(self._index, self._task.settings.get(f"{kind}_role_arn"), wanted):
                yield f"{kind}_role_arn {what}"

    def differences(self) -> Iterator[str]:
        """Each difference from the values, without the values themselves: a command may contain a credential."""
        containers = nested(self._task.settings, "container_definitions")
        if [each.get("name") for each in containers] != [self._workload.name]:
            found = ", ".join(str(each.get("name")) for each in containers) or "none that can be read"
            yield f"its containers are {found}; the values have one, {self._workload.name}"
        for container in containers:
            yield from self._container(container)

    def _container(self, container: Mapping[str, Any]) -> Iterator[str]:
        service, environment = self._service, self._names.environment
        of = f"{service.name} in the environment's values"
        if self._image(container.get("image")) != self._released():
            yield f"its image isn't the released digest of {service.repository}"
        if listed(container.get("command")) != [_escaped(word) for word in self._workload.command]:
            yield f"its command isn't the one of {self._workload.name} in the environment's values"
        if container.get("user") != service.user:
            yield f"its user isn't {service.user}, the one of {of}"
        port = self._workload.port if isinstance(self._workload, Service) else None
        if {*at(container, "systemControls.value")} - {str(port)}:
            yield f"it may listen on other ports below 1024 than its own, {port}"
        variables = {name: _escaped(value) for name, value in environment.variables(service).items()}
        yield from _differing("variables", of, _pairs(container, "environment", "value"), variables.items())
        secrets = {name: self._names.secret(name) for name in service.secrets}
        references = _pairs(container, "secrets", "valueFrom")
        given = [(name, self._name(value, "aws_secretsmanager_secret")) for name, value in references]
        yield from _differing("secrets", of, given, secrets.items())
        groups = [self._name(each, "aws_cloudwatch_log_group") for each in at(container, f"{_LOG_OPTIONS}-group")]
        if groups != [self._names.log_group(service.name)]:
            yield f"it doesn't log to the log group of {of}"
        if [*at(container, f"{_LOG_OPTIONS}-region")] != [environment.region]:
            yield f"it doesn't log to {environment.region}, the environment's region"

    def _image(self, image: object) -> str:
        """The image with its repository's host, as far as it is known."""
        repository, _, digest = str(image).partition("@")
        found, block = plain(self._index.local(repository)), self._index.follow(repository)
        if block is None or found is None or block.kind != "aws_ecr_repository":
            return f"{self._index.local(repository)}@{digest}"
        environment = self._names.environment
        host = self._names.partition.registry(environment.account_id, environment.region)
        return f"{host}/{block.settings.get('name')}@{digest}" if found["attribute"] == ".repository_url" else ""

    def _released(self) -> str:
        """The image that the environment's release file has for the service."""
        environment, repository = self._names.environment, self._service.repository
        account = environment.registry.source_account or environment.account_id
        host = self._names.partition.registry(account, environment.region)
        return f"{host}/{repository}@{environment.releases[repository]}"

    def _name(self, value: object, kind: str) -> object:
        """The name of the resource of a type that a value refers to; None for anything else."""
        block = self._index.follow(value)
        return block.settings.get("name") if block is not None and block.kind == kind else None


def _starts(starter: ScannedBlock, index: Index, names: Names) -> Iterator[str]:
    """Why a service or schedule starts another workload's task."""
    product = names.environment.product
    known: dict[str, Mapping[str, Workload]] = {
        "aws_ecs_service": {names.service(service.name): service for service in product.services},
        "aws_scheduler_schedule": {names.resource(task.name): task for task in product.scheduled_tasks},
    }
    workload = known[starter.kind].get(str(starter.settings.get("name")))
    if workload is None:
        yield f"its name {starter.settings.get('name')!r} is of nothing that the environment's values run"
        return
    for value in at(starter.settings, STARTED_BY[starter.kind]):
        task = index.follow(value)
        family = task.settings.get("family") if task is not None and task.kind == DEFINITION else None
        if family != names.service(workload.name):
            yield f"it starts the task {family!r}, not its own {names.service(workload.name)!r}"
    own = {names.target_group(workload.name, colour) for colour in ("", "green")}
    for value in at(starter.settings, "load_balancer.target_group_arn"):
        target = index.follow(value)
        if target is None or target.settings.get("name") not in own:
            yield f"it gets the requests of another target group than its own, {names.target_group(workload.name)}"


def _other_role(index: Index, value: object, wanted: str) -> str:
    """Why a value isn't the wanted role; empty if it is."""
    role = index.follow(value)
    name = role.settings.get("name") if role is not None and role.kind == "aws_iam_role" else None
    found = f"the role {name}" if name else "no role of the stacks"
    return "" if name == wanted else f"is {found}; it must be {wanted}"


def _pairs(container: Mapping[str, Any], entries: str, value: str) -> list[tuple[str, str]]:
    """Names and values of a container's variables or secrets."""
    return [(str(each.get("name")), str(each.get(value))) for each in nested(container, entries)]


def _differing(
    label: str, of: str, given: Iterable[tuple[str, object]], wanted: Iterable[tuple[str, object]]
) -> Iterator[str]:
    """Names that only one side has, or that have different values or more than one."""
    found, known = Counter(given), Counter(wanted)
    if names := sorted({name for name, _ in (found - known) + (known - found)}):
        yield f"its {label} differ from those of {of}: {', '.join(names)}"


def _escaped(text: str) -> str:
    """A text as a template: `$${` is a literal."""
    return text.replace("${", "$${").replace("%{", "%%{")
