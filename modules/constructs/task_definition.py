"""A Fargate task definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdktf import TerraformLocal
from cdktf_cdktf_provider_aws.ecs_task_definition import (
    EcsTaskDefinition,
    EcsTaskDefinitionRuntimePlatform,
    EcsTaskDefinitionVolume,
)
from constructs import Construct

from environments.schema import Service
from modules.constructs.container import EXEC_DIRECTORIES, definitions, volume


class TaskDefinition:
    """One hardened container. Every change is a new revision; the earlier ones stay, to go back to."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        family: str,
        name: str,
        service: Service,
        command: Sequence[str],
        cpu: int,
        memory: int,
        port: int | None = None,
        variables: Mapping[str, str],
        repository_url: str,
        digest: str,
        secret_arns: Mapping[str, str],
        execution_role_arn: str,
        task_role_arn: str,
        log_group: str,
        region: str,
    ) -> None:
        """Make the task definition.

        Args:
            scope: The stack.
            id_: Id of the task definition.
            family: Its name.
            name: Name of its container, and first part of its log streams' names.
            service: The service whose user, directories, secrets and architecture it has.
            command: Replaces the image's, where given.
            cpu: CPU units.
            memory: MiB.
            port: What the container listens on, if on anything.
            variables: Plain environment variables.
            repository_url: Repository of the image.
            digest: The image's digest.
            secret_arns: ARNs of secrets by name.
            execution_role_arn: Pulls the image, reads the secrets, writes the logs.
            task_role_arn: What the application itself may do.
            log_group: Where it logs.
            region: Where that is.
        """
        # The expression has quotes, which can't stand in the JSON of container definitions.
        repository = f"{id_}_repository"
        TerraformLocal(scope, repository, repository_url)
        directories = [*service.writable, *EXEC_DIRECTORIES]
        EcsTaskDefinition(
            scope,
            id_,
            family=family,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(cpu),
            memory=str(memory),
            runtime_platform=EcsTaskDefinitionRuntimePlatform(
                cpu_architecture=service.architecture, operating_system_family="LINUX"
            ),
            execution_role_arn=execution_role_arn,
            task_role_arn=task_role_arn,
            volume=[EcsTaskDefinitionVolume(name=volume(directory)) for directory in directories],
            container_definitions=definitions(
                name=name,
                image=f"${{local.{repository}}}@{digest}",
                region=region,
                log_group=log_group,
                user=service.user,
                writable=directories,
                environment=variables,
                secrets={secret: secret_arns[secret] for secret in service.secrets},
                command=command,
                port=port,
                stop_timeout=service.stop_timeout,
            ),
            # Otherwise Terraform deregisters the revision that a rollback needs.
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html
            skip_destroy=True,
        )
        self.arn = f"${{aws_ecs_task_definition.{id_}.arn}}"
