"""The deployment of one service in AWS: start it, follow it, stop it, and what runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from environments.names import Names
from environments.schema import Environment
from ops.aws import codedeploy, ecs
from ops.aws.codedeploy import LifecycleEvent
from ops.aws.errors import AwsError
from ops.aws.session import Aws
from ops.aws.waiting import CLOCK, Time
from ops.command import say
from ops.cutover.rollback import BlueGreenRollback, Step
from ops.errors import OpsError, RefusedError
from ops.journal import Journal
from ops.release.deploy import deploy_of
from ops.services import named
from ops.tasks.restart import WAIT
from ops.tasks.running import SHORT_DIGEST, workloads


@dataclass(frozen=True)
class Runs:
    """What runs of a service, now."""

    revision: str
    """The primary one: task definition and revision."""
    image: str
    digest: str
    running: int
    desired: int
    tasks: Mapping[str, int]
    """Running tasks by the first digits of their image's digest. Previous tasks of a blue/green service run on for a
    while."""

    def __str__(self) -> str:
        tasks = ", ".join(f"{count} of sha256:{digest}…" for digest, count in self.tasks.items())
        return f"{self.revision}, {self.image}; {self.running} of {self.desired} tasks run: {tasks or 'none'}"

    def as_data(self) -> dict[str, object]:
        """It for a program."""
        return asdict(self)


@dataclass
class Followed:
    """A deployment that is followed."""

    id: str
    progress: Callable[[str], None]
    events: list[LifecycleEvent] = field(default_factory=list)
    """The lifecycle events of CodeDeploy's deployment, as they were last seen."""
    _error: str = ""

    def look(self, aws: Aws, cluster: str, name: str) -> None:
        """Show the lifecycle events that changed. An error is shown once, and doesn't change the result."""
        try:
            found = codedeploy.events(aws.client("codedeploy"), self.id, cluster, name)
        except AwsError as error:
            if str(error) != self._error:
                self._error = str(error)
                self.progress(self._error)
            return
        for event in found:
            if event not in self.events and event.status != "Pending":
                self.progress(f"  {event}")
        self.events = found or self.events


class ServiceDeployment:
    """The deployment of one service of an environment."""

    def __init__(
        self,
        aws: Aws,
        environment: Environment,
        service: str,
        *,
        clock: Time = CLOCK,
        progress: Callable[[str], None] = say,
    ) -> None:
        names = Names(environment)
        self._aws, self._environment, self._clock, self._progress = aws, environment, clock, progress
        self._cluster, self._name, self._spec = (
            names.prefix,
            names.service(service),
            environment.product.service(service),
        )
        self.followed = Followed("", progress)

    def start(self, ask: Callable[[str], None]) -> bool:
        """Start CodeDeploy's deployment of the applied revision; return whether one was needed.

        A deployment of that revision that is in progress is followed instead.

        Args:
            ask: Asks you to confirm.

        Raises:
            RefusedError: Another deployment is in progress, the applied revision has another image than the release
                file, or you declined.
            AwsError: CodeDeploy refuses, or doesn't respond.
        """
        client, name = self._aws.client("codedeploy"), self._spec.name
        found = deploy_of(self._aws, self._environment, name)
        current = codedeploy.newest(client, self._name)
        if current and not current.ended:
            if current.task_definition == found.applied:
                self.followed.id = current.id
                return False
            raise RefusedError(
                f"CodeDeploy's deployment {current.id} of {ecs.id_of(current.task_definition)} is in progress; wait "
                f"for its end, or stop it: bin/ops deploy {self._environment.name} {name} --stop"
            )
        if not found.needed:
            return False
        self._progress(f"{name}: {found}")
        ask(f"Deploy {name} in {self._environment.name} with CodeDeploy?")
        self.followed.id = codedeploy.deploy(client, self._name, found.applied, found.container, found.port)
        return True

    def watch(self) -> None:
        """Follow the deployment until all requests go to the new tasks, or until ECS's own is completed.

        Raises:
            DeploymentFailedError: It failed, or was stopped by a user or an alarm.
            OpsError: It takes too long, and continues; or there is no such service.
            AwsError: AWS doesn't respond.
        """
        if self._spec.deployment == "blue_green":
            self._watch_codedeploy()
            return
        client = self._aws.client("ecs")
        primary = self._service().primary
        if primary is None:
            raise OpsError(f"ECS lists no deployment of {self._name}")
        self.followed.id = primary.id
        ecs.wait_until_deployed(
            client,
            self._cluster,
            self._name,
            primary.id,
            seconds=WAIT,
            clock=self._clock,
            progress=lambda ours: self._progress(f"  {ours.running} of {ours.desired} new tasks run"),
        )

    def _watch_codedeploy(self) -> None:
        client, followed = self._aws.client("codedeploy"), self.followed
        if not followed.id:
            current = codedeploy.newest(client, self._name)
            if current is None or current.ended:
                return
            followed.id = current.id
        try:
            codedeploy.wait(
                client,
                followed.id,
                seconds=codedeploy.SECONDS,
                clock=self._clock,
                progress=lambda _: followed.look(self._aws, self._cluster, self._name),
            )
        finally:
            followed.look(self._aws, self._cluster, self._name)

    def runs(self) -> Runs:
        """What runs now.

        Raises:
            OpsError: There is no such service.
            AwsError: AWS doesn't respond.
        """
        client, found = self._aws.client("ecs"), self._service()
        image = ecs.task_definition(client, found.task_definition).container(self._spec.name)["image"]
        listed = ecs.tasks(client, self._cluster, service=self._name)
        own = [task.containers[self._spec.name] for task in listed if self._spec.name in task.containers]
        digests = Counter((each.image_digest or each.image).rpartition("sha256:")[2][:SHORT_DIGEST] for each in own)
        return Runs(
            ecs.id_of(found.task_definition),
            image,
            image.partition("@")[2],
            found.running,
            found.desired,
            dict(digests.most_common()),
        )

    def in_progress(self) -> Step | None:
        """How to stop CodeDeploy's deployment in progress; None if there is none, also if ECS deploys the service.

        Raises:
            AwsError: CodeDeploy doesn't respond.
        """
        if self._spec.deployment != "blue_green":
            return None
        current = codedeploy.newest(self._aws.client("codedeploy"), self._name)
        return None if current is None or current.ended else self._rollback().step()

    def stop(self, step: Step, journal: Journal) -> None:
        """Stop the deployment in progress, and wait until all requests go to the previous tasks.

        Raises:
            OpsError: It takes too long.
            AwsError: CodeDeploy refuses, for example because it has ended, or doesn't respond.
        """
        self._rollback().go(step, journal, time=self._clock, progress=self._progress)

    def _rollback(self) -> BlueGreenRollback:
        return BlueGreenRollback(self._aws, self._environment, self._spec.name)

    def _service(self) -> ecs.EcsService:
        found = ecs.service(self._aws.client("ecs"), self._cluster, self._name)
        if found is None:
            raise OpsError(f"there is no service {self._name} in {self._cluster}; apply services first")
        return found


def check(environment: Environment, service: str) -> None:
    """Refuse what isn't a service, before any AWS call.

    Raises:
        OpsError: The environment has no such service.
    """
    task = workloads(environment).get(service)
    if task and task.service.name != service:
        raise OpsError(f"{service} isn't a service; it gets the image of {task.service.name}, with the same apply")
    named(environment, service)
