"""The two roles of a service's tasks, and the roles of Scheduler and CodeDeploy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from environments.guardduty import agent_repository
from environments.names import Names
from environments.schema import ScheduledTask, Service
from modules.bindings.engine import Construct
from modules.constructs.role import Role
from modules.policy import Statement, trust

ECS_TASKS = "ecs-tasks.amazonaws.com"
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


class TaskRoles:
    """A service's execution role, with which ECS starts tasks, and its task role, which the application uses.

    `secret_arns` are the service's secrets. Their key also encrypts ECS Exec sessions.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: Service,
        names: Names,
        repository_arn: str,
        secret_arns: Sequence[str],
        secrets_key_arn: str,
    ) -> None:
        self.execution_role_arn = Role(
            scope,
            f"{id_}_execution_role",
            names=names,
            purpose=f"{spec.name}-execution",
            description=f"ECS uses it to start tasks of {spec.name}: image, logs, secrets",
            trust=[trust(ECS_TASKS, names)],
            statements=execution_statements(
                spec, names, repository_arn=repository_arn, secret_arns=secret_arns, secrets_key_arn=secrets_key_arn
            ),
        ).arn
        # ECS reads secrets with the execution role and gives them to containers, so the application reads none itself.
        self.task_role_arn = Role(
            scope,
            f"{id_}_task_role",
            names=names,
            purpose=f"{spec.name}-task",
            description=f"Permissions of the application in tasks of {spec.name}",
            trust=[trust(ECS_TASKS, names)],
            statements=task_statements(spec, names, secrets_key_arn=secrets_key_arn),
        ).arn


def execution_statements(
    spec: Service, names: Names, *, repository_arn: str, secret_arns: Sequence[str], secrets_key_arn: str
) -> list[Statement]:
    """What a service's execution role may do. The endpoints' policies are made of the same statements."""
    environment = names.environment
    agent_arn = agent_repository(environment.region) if environment.profile.guardduty_agent else None
    return [
        *_start(repository_arn, names.log_group_arn(spec.name)),
        *_pull_agent(agent_arn),
        *_read_secrets(secret_arns, secrets_key_arn, names),
    ]


def task_statements(spec: Service, names: Names, *, secrets_key_arn: str) -> list[Statement]:
    """What a service's task role may do. The endpoints' policies are made of the same statements."""
    return [*_sessions(names.log_group_arn("exec"), secrets_key_arn), *_publish(spec.metrics_namespace)]


def _start(repository_arn: str, log_group_arn: str) -> Iterator[Statement]:
    yield Statement(
        sid="LogInToTheRegistry",
        actions=["ecr:GetAuthorizationToken"],
        resources=["*"],
        because="GetAuthorizationToken has no resource; the next statement limits what the token can pull",
    )
    yield Statement(
        sid="PullItsImage",
        actions=PULL,
        resources=[repository_arn],
    )
    yield Statement(
        sid="WriteItsLogs",
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[f"{log_group_arn}:*"],
    )


def _pull_agent(repository_arn: str | None) -> Iterator[Statement]:
    """https://docs.aws.amazon.com/guardduty/latest/ug/prereq-runtime-monitoring-ecs-support.html."""
    if repository_arn:
        yield Statement(sid="PullGuardDutysAgent", actions=PULL, resources=[repository_arn])


def _read_secrets(secret_arns: Sequence[str], key_arn: str, names: Names) -> Iterator[Statement]:
    if secret_arns:
        yield Statement(sid="ReadItsSecrets", actions=["secretsmanager:GetSecretValue"], resources=secret_arns)
        yield Statement(
            sid="DecryptItsSecrets",
            actions=["kms:Decrypt"],
            resources=[key_arn],
            # https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
            conditions=[
                ("StringEquals", "kms:ViaService", [names.host("secretsmanager")]),
                ("StringEquals", "kms:EncryptionContext:SecretARN", secret_arns),
            ],
        )


def _sessions(log_group_arn: str, key_arn: str) -> Iterator[Statement]:
    """ECS Exec: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-required-iam-permissions."""
    yield Statement(
        sid="OpenSessionChannels",
        actions=[f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")],
        resources=["*"],
        because="session channels have no resource",
    )
    yield Statement(
        sid="FindTheSessionLog",
        actions=["logs:DescribeLogGroups"],
        resources=["*"],
        because="ECS Exec's agent lists log groups before it writes; DescribeLogGroups can't be limited to one",
    )
    yield Statement(
        sid="LogSessions",
        actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        resources=[f"{log_group_arn}:*"],
    )
    yield Statement(
        sid="DecryptSessionsButNoSecrets",
        actions=["kms:Decrypt"],
        resources=[key_arn],
        conditions=[("Null", "kms:EncryptionContext:SecretARN", ["true"])],
    )


def _publish(namespace: str | None) -> Iterator[Statement]:
    if namespace:
        yield Statement(
            sid="PublishItsMetrics",
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            because="PutMetricData has no resource; the condition limits the namespace",
            conditions=[("StringEquals", "cloudwatch:namespace", [namespace])],
        )


def _pass_roles(sid: str, arns: Sequence[str]) -> Statement:
    return Statement(
        sid=sid,
        actions=["iam:PassRole"],
        resources=arns,
        conditions=[("StringEquals", "iam:PassedToService", [ECS_TASKS])],
    )


class SchedulerRole:
    """The role that EventBridge Scheduler starts scheduled tasks with, in their cluster only."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: Sequence[ScheduledTask],
        names: Names,
        task_role_arns: Sequence[str],
    ) -> None:
        self.arn = Role(
            scope,
            id_,
            names=names,
            purpose="scheduler",
            description="EventBridge Scheduler uses it to start scheduled tasks",
            trust=[trust("scheduler.amazonaws.com", names)],
            statements=[
                Statement(
                    sid="RunScheduledTasks",
                    actions=["ecs:RunTask"],
                    resources=[names.arn("ecs", f"task-definition/{names.service(task.name)}:*") for task in spec],
                    conditions=[("ArnEquals", "ecs:cluster", [names.arn("ecs", f"cluster/{names.prefix}")])],
                ),
                Statement(
                    sid="TagThem",
                    actions=["ecs:TagResource"],
                    resources=[names.arn("ecs", f"task/{names.prefix}/*")],
                    conditions=[("StringEquals", "ecs:CreateAction", ["RunTask"])],
                ),
                _pass_roles("GiveThemTheirRoles", task_role_arns),
            ],
        ).arn


class DeploymentRole:
    """CodeDeploy's role, like AWS's AWSCodeDeployRoleForECSLimited, limited to the blue/green services.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForECSLimited.html
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: Sequence[Service],
        names: Names,
        task_role_arns: Sequence[str],
    ) -> None:
        paths = [f"{names.prefix}/{names.service(service.name)}" for service in spec]
        service_arns = [names.arn("ecs", f"service/{path}") for path in paths]
        self.arn = Role(
            scope,
            id_,
            names=names,
            purpose="deployment",
            description="CodeDeploy uses it to move requests between blue and green tasks",
            trust=[trust("codedeploy.amazonaws.com", names)],
            statements=[
                Statement(
                    sid="MoveServices",
                    actions=["ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"],
                    resources=service_arns,
                ),
                # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
                Statement(
                    sid="MakeTaskSets",
                    actions=["ecs:CreateTaskSet"],
                    resources=["*"],
                    because="CreateTaskSet has no resource; the conditions limit cluster and services",
                    conditions=[
                        ("ArnEquals", "ecs:cluster", [names.arn("ecs", f"cluster/{names.prefix}")]),
                        ("ArnEquals", "ecs:service", service_arns),
                    ],
                ),
                Statement(
                    sid="RemoveTaskSets",
                    actions=["ecs:DeleteTaskSet"],
                    resources=[names.arn("ecs", f"task-set/{path}/*") for path in paths],
                ),
                Statement(
                    sid="SeeTheLoadBalancer",
                    actions=[
                        "elasticloadbalancing:DescribeListeners",
                        "elasticloadbalancing:DescribeRules",
                        "elasticloadbalancing:DescribeTargetGroups",
                    ],
                    resources=["*"],
                    because="Elastic Load Balancing's Describe actions have no resource",
                ),
                Statement(
                    sid="MoveRequests",
                    actions=["elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule"],
                    resources=[
                        names.arn("elasticloadbalancing", f"{kind}/app/{names.prefix}/*")
                        for kind in ("listener", "listener-rule")
                    ],
                ),
                Statement(
                    sid="WatchAlarms",
                    actions=["cloudwatch:DescribeAlarms"],
                    resources=["*"],
                    because="DescribeAlarms on named resources omits composite alarms",
                ),
                _pass_roles("GiveTasksTheirRoles", task_role_arns),
            ],
        ).arn
