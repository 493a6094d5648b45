"""Back in one command: DNS to where the traffic came from, or a service to its last good task definition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from environments.names import Names
from environments.schema import Environment
from ops.aws import ecs
from ops.aws.dns import Record, describe, is_plain, same
from ops.aws.errors import AwsError, explained, is_absence
from ops.aws.session import Aws
from ops.aws.waiting import CLOCK, Time
from ops.command import say
from ops.cutover.records import Answer, Zone
from ops.cutover.watch import OverruledError
from ops.errors import OpsError, RefusedError
from ops.journal import Journal, Position

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceDeploymentBriefTypeDef

TRIES = 3
"""A running cutover may change the records at the same moment."""
SECONDS = 900
"""How long a deployment may take until it is steady."""
LOOK_SECONDS = 10
REVISIONS_A_CALL = 20
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^@:]+)@(?P<digest>\S+)")


def already(zone: Zone, stand: Answer) -> bool:
    """Whether all traffic goes to the previous target already.

    Raises:
        RefusedError: The name has only records that aren't a cutover's, and they lead elsewhere.
    """
    shares = zone.shares
    if stand.weight is not None or not stand.records or shares.own(stand.records):
        return stand.weight == 0
    if is_plain(stand.records) and shares.obstacle(stand.records) is None:
        return True
    raise RefusedError(
        f"{shares.host} has no record of a cutover's to take back, and names {describe(stand.records)} instead of "
        f"{shares.previous.dns_name}; the owner of that record must change it"
    )


def back(zone: Zone, stand: Answer, journal: Journal, *, run: str = "") -> Answer:
    """Give everything to the previous target.

    Args:
        zone: Where the records are.
        stand: What they say now.
        journal: Where it is written down, if that is possible.
        run: Id of the cutover that this ends.

    Raises:
        AwsError: Route 53 refuses, or doesn't answer.
        OverruledError: Somebody else changes the records again and again.
    """

    def log(outcome: str, before: Position, after: Position, **evidence: str) -> None:
        journal.append("back", outcome, before=before, after=after, evidence=evidence, run=run, must=False)

    if already(zone, stand):
        log("done", 0, 0, found=str(stand))
        return stand
    log("intended", stand.weight, 0)
    for _ in range(TRIES):
        problem: AwsError | None = None
        try:
            zone.replace("rollback dns", zone.shares.own(stand.records), _wanted(zone, stand))
        except AwsError as error:
            problem = error
        found = _read(zone, problem)
        if same(zone.shares.own(found.records), _wanted(zone, found)):
            log("done", stand.weight, 0, **({"error": str(problem)} if problem else {}))
            return found
        if found.records == stand.records:
            break
        stand = found
    log("failed", stand.weight, found.weight)
    raise problem or OverruledError(f"somebody else changes the records too; they say {describe(found.records)}")


def _wanted(zone: Zone, stand: Answer) -> list[Record]:
    """The records that give everything back, but of types that have somebody else's: Route 53 would refuse them all."""
    own = zone.shares.own(stand.records)
    others = {record["Type"] for record in stand.records if record not in own}
    return [record for record in zone.shares.at(0) if record["Type"] not in others]


def _read(zone: Zone, problem: AwsError | None) -> Answer:
    """The records after a change; if they can't be read, the change's own error is raised."""
    try:
        return zone.read()
    except AwsError as error:
        raise (problem or error) from None


@dataclass(frozen=True)
class Step:
    """From which revision to which."""

    running: str
    earlier: str

    def __str__(self) -> str:
        return f"{ecs.id_of(self.running)} → {ecs.id_of(self.earlier)}"


def check(environment: Environment, service: str) -> None:
    """Refuse what can't be rolled back here, before anything is asked of AWS.

    Raises:
        OpsError: The environment has no such service, or not ECS but CodeDeploy deploys it.
    """
    values = {each.name: each for each in environment.product.services}
    if service not in values:
        raise OpsError(f"unknown service {service!r}; {environment.name} has {', '.join(sorted(values))}")
    if values[service].deployment != "rolling":
        raise OpsError(
            f"CodeDeploy deploys {service}: stop its deployment with a rollback, or deploy the earlier revision "
            f"there (aws deploy list-deployments --application-name {Names(environment).service(service)})"
        )


class ServiceRollback:
    """One service of an environment."""

    def __init__(self, aws: Aws, environment: Environment, service: str) -> None:
        """Make it; `check` has to allow it."""
        names = Names(environment)
        self._aws, self._ecs = aws, aws.client("ecs")
        self._cluster, self._service = names.prefix, names.service(service)

    def step(self) -> Step:
        """Find the newest revision before the running one that was deployed with success, its images still there.

        Raises:
            RefusedError: There is none.
            AwsError: AWS doesn't say.
        """
        running = self._running().task_definition
        earlier = next((each for each in self._deployed() if _revision(each) < _revision(running)), None)
        if earlier is None:
            raise RefusedError(
                f"no revision before {ecs.id_of(running)} was deployed to {self._service} with success in the 90 days "
                "that ECS remembers; go back by the release file instead: python -m ops release rollback"
            )
        self._check_images(earlier)
        return Step(running, earlier)

    def go(self, step: Step, journal: Journal, *, time: Time = CLOCK, tell: Callable[[str], None] = say) -> None:
        """Deploy the earlier revision, and wait until the service is steady on it.

        Raises:
            RefusedError: ECS gave the deployment up.
            OpsError: It takes too long; ECS goes on.
            AwsError: AWS refuses, or doesn't answer.
        """
        log = partial(
            journal.append, "service", before=ecs.id_of(step.running), after=ecs.id_of(step.earlier), must=False
        )
        log("intended")
        try:
            deployment = ecs.deploy(self._ecs, self._cluster, self._service, step.earlier)
            tell("waiting until it is stable")
            ecs.wait_until_deployed(
                self._ecs, self._cluster, self._service, deployment, seconds=SECONDS, every=LOOK_SECONDS, clock=time
            )
        except (OpsError, KeyboardInterrupt) as error:
            outcome = "failed" if isinstance(error, RefusedError) else "unknown"
            log(outcome, evidence={"reason": str(error) or "interrupted"})
            raise
        log("done")

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
                answer = self._ecs.describe_service_revisions(serviceRevisionArns=some)
            found = {each["serviceRevisionArn"]: each["taskDefinition"] for each in answer["serviceRevisions"]}
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
                answer = self._ecs.list_service_deployments(**asked, **more)
            found += answer["serviceDeployments"]
            more = {"nextToken": answer["nextToken"]} if answer.get("nextToken") else None
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
                    f"{ecs.id_of(task_definition)} needs {image['name']}@{image['digest']}, and the registry doesn't "
                    "have it any more; promote it again, or go back to another release"
                ) from None


def _created(deployment: ServiceDeploymentBriefTypeDef) -> float:
    created: datetime | None = deployment.get("createdAt")
    return created.timestamp() if created else 0


def _revision(task_definition: str) -> int:
    return int(task_definition.rpartition(":")[2])
