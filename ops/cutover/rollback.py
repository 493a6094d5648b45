"""Rolls back DNS to the previous target, or a service to its last good task definition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from environments.names import Names
from environments.schema import Environment
from modules.interrupts import deferred
from ops.aws import codedeploy, ecs
from ops.aws.dns import Record, describe, group, is_plain, same
from ops.aws.errors import AwsError, explained, is_absence
from ops.aws.session import Aws
from ops.aws.waiting import CLOCK, Time, polls
from ops.command import say
from ops.cutover.records import PresentRecords, Zone
from ops.cutover.watch import OverruledError
from ops.errors import OpsError, RefusedError
from ops.journal import Journal, Position

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceDeploymentBriefTypeDef

TRIES = 3
"""A running cutover may change the records at the same moment."""
SECONDS = 900
"""Maximum time of a deployment until it is stable."""
POLL_SECONDS = 10
Wait = Callable[[Time, Callable[[str], None]], None]
"""Waits for a change, by a clock, and reports on it."""
REVISIONS_A_CALL = 20
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^@:]+)@(?P<digest>\S+)")


def already(zone: Zone, present: PresentRecords) -> bool:
    """Whether all traffic goes to the previous target already.

    Raises:
        RefusedError: The name only has records that aren't a cutover's, and that lead elsewhere.
    """
    shares = zone.shares
    if present.weight is not None or not present.records or shares.own(present.records):
        return present.weight == 0
    if is_plain(present.records) and shares.obstacle(present.records) is None:
        return True
    raise RefusedError(
        f"{shares.host} has no record of a cutover to roll back, and leads to {describe(present.records)} instead of "
        f"{shares.previous.dns_name}; the owner of that record must change it"
    )


@deferred(last=True)
def back(zone: Zone, present: PresentRecords, journal: Journal, *, run: str = "") -> PresentRecords:
    """Send all traffic to the previous target. No signal interrupts that.

    Args:
        zone: Where the records are.
        present: The records now.
        journal: The journal; the rollback is done even if it can't be written.
        run: Id of the cutover that this ends.

    Raises:
        AwsError: Route 53 refuses, or doesn't respond.
        OverruledError: Another command keeps changing the records.
    """

    def log(outcome: str, before: Position, after: Position, **evidence: str) -> None:
        journal.append("back", outcome, before=before, after=after, evidence=evidence, run=run, must=False)

    if already(zone, present):
        log("done", 0, 0, found=str(present))
        return present
    log("intended", present.weight, 0)
    for _ in range(TRIES):
        problem: AwsError | None = None
        try:
            zone.replace("rollback dns", zone.shares.own(present.records), _wanted(zone, present))
        except AwsError as error:
            problem = error
        found = _read(zone, problem)
        if same(zone.shares.own(found.records), _wanted(zone, found)):
            log("done", present.weight, 0, **({"error": str(problem)} if problem else {}))
            return found
        if found.records == present.records:
            break
        present = found
    log("failed", present.weight, found.weight)
    raise problem or OverruledError(f"another command is changing the records too: now {describe(found.records)}")


def _wanted(zone: Zone, present: PresentRecords) -> list[Record]:
    """The records that return all traffic; without types that have other records, which Route 53 would refuse."""
    own = zone.shares.own(present.records)
    others = {group(record) for record in present.records if record not in own}
    return [record for record in zone.shares.at(0) if group(record) not in others]


def _read(zone: Zone, problem: AwsError | None) -> PresentRecords:
    """The records after a change; if they can't be read, the change's own error is raised."""
    try:
        return zone.read()
    except AwsError as error:
        raise (problem or error) from None


@dataclass(frozen=True)
class Step:
    """The running revision, and the previous one to return to."""

    running: str
    previous: str
    stops: str = ""
    """Id of CodeDeploy's deployment in progress, which the rollback stops."""

    def __str__(self) -> str:
        stops = f" (stops CodeDeploy's deployment {self.stops})" if self.stops else ""
        return f"{ecs.id_of(self.running)} → {ecs.id_of(self.previous)}{stops}"


class ServiceRollback:
    """One service of an environment."""

    def __init__(self, aws: Aws, environment: Environment, service: str) -> None:
        """Create it after `check`."""
        names = Names(environment)
        self._aws, self._ecs = aws, aws.client("ecs")
        self._shows = f"bin/ops tasks {environment.name} {service}"
        self._cluster, self._service = names.prefix, names.service(service)

    def step(self) -> Step:
        """Find the newest revision before the running one that was deployed successfully and whose images still exist.

        Raises:
            RefusedError: There is none.
            AwsError: AWS doesn't respond.
        """
        running = self._running().task_definition
        previous = next((each for each in self._deployed() if _revision(each) < _revision(running)), None)
        if previous is None:
            raise RefusedError(
                f"no revision before {ecs.id_of(running)} was deployed to {self._service} successfully in the 90 days "
                "that ECS records; roll back by the release file instead: bin/ops release rollback"
            )
        self._check_images(previous)
        return Step(running, previous)

    def go(self, step: Step, journal: Journal, *, time: Time = CLOCK, progress: Callable[[str], None] = say) -> None:
        """Deploy the previous revision, and wait until the service is stable.

        Signals wait until AWS has responded to the change; they interrupt the wait, and AWS continues.

        Raises:
            RefusedError: ECS gave the deployment up.
            OpsError: It takes too long; ECS continues.
            AwsError: AWS refuses, or doesn't respond.
        """
        log = partial(
            journal.append, "service", before=ecs.id_of(step.running), after=ecs.id_of(step.previous), must=False
        )
        try:
            with deferred():
                log("intended")
                wait = self._begin(step)
            wait(time, progress)
            with deferred(last=True):
                log("done")
        except (OpsError, KeyboardInterrupt) as error:
            with deferred(last=True):
                outcome = "failed" if isinstance(error, RefusedError) else "unknown"
                log(outcome, evidence={"reason": str(error) or "interrupted"})
                if isinstance(error, KeyboardInterrupt):
                    progress(f"AWS continues with what has begun: {self._shows}")
            raise

    def _begin(self, step: Step) -> Wait:
        """Start the deployment; the result waits for it."""
        deployment = ecs.deploy(self._ecs, self._cluster, self._service, step.previous)

        def wait(time: Time, progress: Callable[[str], None]) -> None:
            progress("waiting until it is stable")
            ecs.wait_until_deployed(
                self._ecs, self._cluster, self._service, deployment, seconds=SECONDS, every=POLL_SECONDS, clock=time
            )

        return wait

    def _running(self) -> ecs.EcsService:
        found = ecs.service(self._ecs, self._cluster, self._service)
        if found is None:
            raise OpsError(f"there is no service {self._service} in the cluster {self._cluster}; apply services first")
        return found

    def _deployed(self) -> Iterator[str]:
        """Task definitions of successful deployments, newest first.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
        """
        revisions = [each["targetServiceRevisionArn"] for each in self._deployments()]
        for some in ecs.parts(revisions, REVISIONS_A_CALL):
            with explained(f"look at revisions of {self._service}"):
                response = self._ecs.describe_service_revisions(serviceRevisionArns=some)
            found = {each["serviceRevisionArn"]: each["taskDefinition"] for each in response["serviceRevisions"]}
            yield from (found[each] for each in some if each in found)

    def _deployments(self) -> list[ServiceDeploymentBriefTypeDef]:
        """Successful deployments, newest first. AWS promises no order; botocore doesn't join this call's pages.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html
        """
        asked: Any = {"cluster": self._cluster, "service": self._service, "status": ["SUCCESSFUL"]}
        found: list[ServiceDeploymentBriefTypeDef] = []
        more: Any = {}
        while more is not None:
            with explained(f"list the deployments of {self._service}"):
                response = self._ecs.list_service_deployments(**asked, **more)
            found += response["serviceDeployments"]
            more = {"nextToken": response["nextToken"]} if response.get("nextToken") else None
        return sorted(found, key=_created, reverse=True)

    def _check_images(self, task_definition: str) -> None:
        containers = ecs.task_definition(self._ecs, task_definition).containers.values()
        for image in filter(None, (_IMAGE.fullmatch(each.get("image", "")) for each in containers)):
            try:
                with explained(f"look for the image of {ecs.id_of(task_definition)}"):
                    self._aws.client("ecr", region_name=image["region"]).describe_images(
                        registryId=image["account"],
                        repositoryName=image["name"],
                        imageIds=[{"imageDigest": image["digest"]}],
                    )
            except AwsError as error:
                if not is_absence(error.code):
                    raise
                raise RefusedError(
                    f"{ecs.id_of(task_definition)} needs {image['name']}@{image['digest']}, which the registry no "
                    "longer has; promote it again, or roll back to another release"
                ) from None


class BlueGreenRollback(ServiceRollback):
    """A service that CodeDeploy deploys: stops a deployment in progress, or else deploys the previous revision."""

    def __init__(self, aws: Aws, environment: Environment, service: str) -> None:
        """Create it after `check`."""
        super().__init__(aws, environment, service)
        self._codedeploy, self._spec = aws.client("codedeploy"), environment.product.service(service)

    def step(self) -> Step:
        """Find the deployment in progress, or else the newest revision before the running one.

        Raises:
            RefusedError: There is none.
            AwsError: AWS doesn't respond.
        """
        newest = codedeploy.newest(self._codedeploy, self._service)
        if newest is None or newest.ended:
            return super().step()
        others = {each.task_definition for each in self._running().deployments} - {newest.task_definition}
        return Step(newest.task_definition, next(iter(others), newest.task_definition), newest.id)

    def _deployed(self) -> Iterator[str]:
        """Task definitions of successful deployments, newest first; the first one is the service's own."""
        found = codedeploy.history(self._codedeploy, self._service)
        yield from (
            each.task_definition for each in found if each.status == codedeploy.SUCCEEDED and each.task_definition
        )
        yield self._running().created_with

    def _begin(self, step: Step) -> Wait:
        """Stop the deployment in progress, or start one; the result waits for it."""
        if step.stops:
            codedeploy.stop(self._codedeploy, step.stops)
            return partial(self._wait_for_rollback, step.stops)
        name, port = self._spec.name, self._spec.port or 0
        id_ = codedeploy.deploy(self._codedeploy, self._service, step.previous, name, port)

        def wait(time: Time, progress: Callable[[str], None]) -> None:
            progress(f"waiting for CodeDeploy's deployment {id_}")
            codedeploy.wait(self._codedeploy, id_, seconds=codedeploy.SECONDS, every=POLL_SECONDS, clock=time)

        return wait

    def _wait_for_rollback(self, stopped: str, time: Time, progress: Callable[[str], None]) -> None:
        for _ in polls(SECONDS, time, POLL_SECONDS):
            rollback = codedeploy.read(self._codedeploy, stopped).rollback
            if rollback:
                progress("waiting until all requests go to the previous tasks")
                codedeploy.wait(self._codedeploy, rollback, seconds=SECONDS, every=POLL_SECONDS, clock=time)
                return
        raise OpsError(f"CodeDeploy doesn't list a rollback of its deployment {stopped} after {SECONDS:g} s")


def rollback_of(aws: Aws, environment: Environment, service: str) -> ServiceRollback:
    """The rollback of a service, by what deploys it; after `check`."""
    blue_green = environment.product.service(service).deployment == "blue_green"
    return (BlueGreenRollback if blue_green else ServiceRollback)(aws, environment, service)


def _created(deployment: ServiceDeploymentBriefTypeDef) -> float:
    created: datetime | None = deployment.get("createdAt")
    return created.timestamp() if created else 0


def _revision(task_definition: str) -> int:
    return int(task_definition.rpartition(":")[2])
