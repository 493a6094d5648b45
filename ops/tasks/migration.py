"""The database's migration, as a one-off task."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from environments.names import Names
from environments.schema import Environment
from ops import ecs
from ops.aws import Aws, explained, only
from ops.errors import OpsError, RefusedError
from ops.tasks.running import tasks
from ops.tasks.workloads import MIGRATION, workload


@dataclass(frozen=True)
class Prepared:
    """A migration that can be run."""

    definition: str
    """ARN of the task definition."""
    image: str
    network: dict[str, Any]
    """The service's own."""

    @property
    def revision(self) -> str:
        """Task definition and revision, as in `aep-migration-prod:7`."""
        return self.definition.rpartition("/")[2]


class Migration:
    """The migration of one environment."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        """Nothing is asked yet.

        Raises:
            OpsError: The product has no migration.
        """
        if not environment.product.migration:
            raise OpsError(f"{environment.product.name} has no migration: see product.migration in docs/settings.md")
        self.values = environment.product.migration
        self._aws, self._environment = aws, environment
        self._work = workload(environment, MIGRATION)
        self._cluster, self._ecs = Names(environment).prefix, aws.client("ecs")

    def prepare(self) -> Prepared:
        """Find what to run and where.

        Raises:
            OpsError: Task definition, its container or the service aren't there.
            RefusedError: A migration runs already: side by side they would run the same steps twice.
        """
        service = Names(self._environment).service(self._work.service.name)
        with explained(f"find the task definition {self._work.family} (phase services makes it)"):
            found = self._ecs.describe_task_definition(taskDefinition=self._work.family)["taskDefinition"]
        with explained(f"find the network of {service} (phase services makes it)"):
            answer = self._ecs.describe_services(cluster=self._cluster, services=[service])
        described = ecs.active_service(answer)
        networks = ecs.networks(described) if described else []
        if not networks:
            raise OpsError(f"the service {service} isn't there, whose network the migration uses; apply phase services")
        for task in tasks(self._aws, self._environment, self._work):
            raise RefusedError(
                f"a migration runs already: task {task.id} ({task.status}), by {task.started_by or 'somebody'}. "
                f"Follow it: python -m ops logs {self._environment.name} {MIGRATION} --follow"
            )
        image = ecs.container_definition(found, self._work.name)["image"]
        return Prepared(found["taskDefinitionArn"], image, networks[0])

    def start(self, prepared: Prepared) -> str:
        """Run the task and answer its id.

        Raises:
            OpsError: ECS doesn't take the call, or has no room for the task.
            RefusedError: Another one was started at the same moment; ours was stopped, hardly before it ran.
        """
        with explained(f"run {prepared.revision}"):
            answer = self._ecs.run_task(
                cluster=self._cluster,
                taskDefinition=prepared.definition,
                launchType="FARGATE",
                count=1,
                networkConfiguration=prepared.network,
                startedBy=_starter(self._aws.caller.arn),
                enableECSManagedTags=True,
                propagateTags="TASK_DEFINITION",
            )
        if failures := answer.get("failures"):
            why = "; ".join(f"{each.get('reason')} {each.get('detail', '')}".rstrip() for each in failures)
            raise OpsError(f"ECS runs no task: {why}")
        ours = ecs.id_of(only(answer["tasks"], "tasks that it ran")["taskArn"])
        for other in tasks(self._aws, self._environment, self._work):
            if other.id != ours:
                with explained(f"stop task {ours}, since task {other.id} was started at the same moment"):
                    self._ecs.stop_task(cluster=self._cluster, task=ours, reason="another migration was started too")
                raise RefusedError(
                    f"task {other.id} was started at the same moment by {other.started_by or 'somebody'}; ours was "
                    f"stopped. See which runs: python -m ops tasks {self._environment.name} {MIGRATION}"
                )
        return ours

    def stop_command(self, task: str) -> str:
        """What stops the task, which no command of ours does: half a migration may be worse than a long one."""
        return f"aws ecs stop-task --cluster {self._cluster} --task {task} --region {self._environment.region}"


def _starter(arn: str) -> str:
    """Who runs it, in the letters that ECS takes: the caller's role and session."""
    return re.sub(r"[^\w/-]", "-", arn.rpartition(":")[2])[:128]
