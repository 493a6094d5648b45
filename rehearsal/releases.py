"""Releases in a copy of the project, with the commands that operators type, and what runs afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from environments.names import Names
from ops.aws import ecs
from rehearsal.registries import Registries
from rehearsal.rollout import StepError
from rehearsal.transcript import Transcript
from rehearsal.values import Values

if TYPE_CHECKING:
    from environments.schema import Environment, Service
    from rehearsal.context import Rehearsal

RUN = "alembic current"
"""A command; no container runs in a rehearsal."""
FAILING = 3
"""Exit code of a task that fails."""


@dataclass
class Releases:
    """The releases of an environment's services."""

    rehearsal: Rehearsal
    values: Values
    log: Transcript
    registries: Registries
    released: dict[str, str] = field(default_factory=dict)
    """The digest of each repository in the release file."""

    @property
    def environment(self) -> Environment:
        """The environment."""
        return self.rehearsal.environment

    @property
    def promoted(self) -> bool:
        """Whether images run in another environment first."""
        return self.registries.source is not self.environment

    def build(self, service: Service, text: str) -> str:
        """Push an image; where images are promoted, the other environment runs it. Return its digest."""
        digest = self.registries.push(service, text)
        if self.promoted:
            self.values.release(service.repository, digest, self.registries.source)
        return digest

    def first(self) -> None:
        """Build an image for each service, which the release file names."""
        for service in self._by_repository():
            self.released[service.repository] = self.build(service, f"{service.name} 1")
            self.values.release(service.repository, self.released[service.repository])
        self.values.commit("first release")

    def promote(self) -> None:
        """Copy the images of the release file to the environment's own registry."""
        for service in self._by_repository():
            self.log.ops(f"Copy the image of {service.name}", "promote", self.environment.name, service.name)

    def deploy(self, why: str, service: Service, digest: str, *options: str) -> None:
        """Deploy an image with `ops deploy`, commit the release file, and check what runs.

        Args:
            why: What the command is for.
            service: The service.
            digest: The image that must run then.
            options: What operators type after the service.

        Raises:
            StepError: The command failed, or another image runs.
        """
        self.log.ops(why, "deploy", self.environment.name, service.name, *options)
        self.values.commit(why)
        self.released[service.repository] = digest
        self.runs(service, digest)

    def runs(self, service: Service, digest: str) -> None:
        """Check the image of a service that gets requests, and of its running tasks, in ECS itself.

        Raises:
            StepError: It is another one, or no task runs.
        """
        client, names = self.rehearsal.owner.client("ecs"), Names(self.environment)
        found = ecs.service(client, names.prefix, names.service(service.name))
        if found is None:
            raise StepError(f"there is no service {names.service(service.name)}")
        images = {ecs.task_definition(client, found.task_definition).container(service.name)["image"]}
        tasks = ecs.tasks(client, names.prefix, service=names.service(service.name))
        # Previous tasks of a blue/green service run on for a while.
        own = [task for task in tasks if task.task_definition == found.task_definition]
        if service.deployment == "rolling":
            own = list(tasks)
        images |= {f"{service.repository}@{task.containers[service.name].image_digest}" for task in own}
        if not own or any(image.rpartition("@")[2] != digest for image in images):
            raise StepError(f"{len(own)} tasks of {service.name} run {' and '.join(sorted(images))}, not {digest}")

    def run_tasks(self) -> None:
        """Run a scheduled task by hand, or else a command in a service's image; its exit code is the command's.

        Raises:
            StepError: A command ended with another exit code than its task.
        """
        product, name = self.environment.product, self.environment.name
        scheduled = [each.name for each in product.scheduled_tasks]
        task, command = (scheduled[0], "") if scheduled else (product.services[0].name, f" -- {RUN}")
        shown = f"bin/ops run {name} {task}{command}"
        typed = ("-m", "ops", "run", name, task, "--yes", *command.split())
        self.log.run("Run a task now", shown, *typed)
        self.rehearsal.control.task_exit(Names(self.environment).service(task), FAILING)
        self.log.run("A failed task's exit code is the command's", shown, *typed, expect=(FAILING,))

    def _by_repository(self) -> list[Service]:
        """The first service of each repository."""
        found: dict[str, Service] = {}
        for service in self.environment.product.services:
            found.setdefault(service.repository, service)
        return list(found.values())


def releases(rehearsal: Rehearsal, values: Values, log: Transcript, folder: Path) -> Releases:
    """The releases of a rehearsal; their registries' logs go to the folder."""
    return Releases(rehearsal, values, log, Registries(rehearsal.environment, rehearsal.control, folder))
