"""The two roles of a service's tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from constructs import Construct

from environments.arns import partition
from modules.constructs.role import Role
from modules.policy import Statement, trust

ECS_TASKS = "ecs-tasks.amazonaws.com"
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


class TaskRoles:
    """What ECS may do to start a task, and what the application in it may do: two roles, for this service only."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        service: str,
        task_role_name: str,
        execution_role_name: str,
        repository_arn: str,
        agent_repository_arn: str | None,
        log_group_arn: str,
        exec_log_group_arn: str,
        secret_arns: Sequence[str],
        secrets_key_arn: str,
        metrics_namespace: str | None,
        account_id: str,
        region: str,
    ) -> None:
        """Make the roles.

        Args:
            scope: The stack.
            id_: First part of the roles' ids.
            service: The service, in descriptions.
            task_role_name: Name of the application's role.
            execution_role_name: Name of the role that ECS starts tasks with.
            repository_arn: Where the image is.
            agent_repository_arn: Where GuardDuty's agent is, if tasks get it.
            log_group_arn: Where tasks log.
            exec_log_group_arn: Where sessions in containers (ECS Exec) are logged.
            secret_arns: The secrets that the service names.
            secrets_key_arn: Key of the secrets, and of sessions in containers.
            metrics_namespace: CloudWatch namespace that the application publishes to, if to one.
            account_id: The account.
            region: Its region.
        """
        execution = Role(
            scope,
            f"{id_}_execution_role",
            name=execution_role_name,
            description=f"ECS starts tasks of {service} with it: image, logs, secrets",
            trust=[trust(ECS_TASKS, account_id=account_id)],
            statements=[
                *_start(repository_arn, log_group_arn),
                *_pull_agent(agent_repository_arn),
                *_read_secrets(secret_arns, secrets_key_arn, region),
            ],
        )
        # Containers get secrets from ECS, which reads them with the execution role: the application reads none itself.
        task = Role(
            scope,
            f"{id_}_task_role",
            name=task_role_name,
            description=f"What the application in tasks of {service} may do",
            trust=[trust(ECS_TASKS, account_id=account_id)],
            statements=[*_sessions(exec_log_group_arn, secrets_key_arn), *_publish(metrics_namespace)],
        )
        self.execution_role_arn = execution.arn
        self.task_role_arn = task.arn


def _start(repository_arn: str, log_group_arn: str) -> Iterator[Statement]:
    yield Statement(
        sid="LogInToTheRegistry",
        actions=["ecr:GetAuthorizationToken"],
        resources=["*"],
        because="GetAuthorizationToken has no resource; the token pulls only what the next statement allows",
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


def _read_secrets(secret_arns: Sequence[str], key_arn: str, region: str) -> Iterator[Statement]:
    if secret_arns:
        yield Statement(sid="ReadItsSecrets", actions=["secretsmanager:GetSecretValue"], resources=secret_arns)
        yield Statement(
            sid="DecryptItsSecrets",
            actions=["kms:Decrypt"],
            resources=[key_arn],
            # https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
            conditions=[
                ("StringEquals", "kms:ViaService", [partition(region).host("secretsmanager", region)]),
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
        because="the session agent lists log groups before it writes; DescribeLogGroups can't be narrowed to one",
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
            because="PutMetricData has no resource; the condition names the namespace",
            conditions=[("StringEquals", "cloudwatch:namespace", [namespace])],
        )
