"""An image that may be promoted: what must hold first, and the promotion itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from environments.names import Names
from environments.schema import Environment
from ops.aws import ecs
from ops.aws.errors import code, explained
from ops.aws.session import Aws
from ops.conditions import Condition, ConditionResult, holds, run
from ops.promote.route import Route, route
from ops.promote.signature import is_signed
from ops.registry.copying import Copied, copy, put_tag
from ops.registry.repository import Blob, Repository
from ops.release.file import checked, repository_of, tag_of

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
"""In order. ECR also says INFORMATIONAL, UNDEFINED and UNTRIAGED: of no severity, or none known yet."""
DONE = ("COMPLETE", "ACTIVE")
"""Of basic scanning, and of enhanced scanning, which never ends.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
"""
UNDER_WAY = ("IN_PROGRESS", "PENDING")
POLL_SECONDS = 5


@dataclass(frozen=True)
class Scan:
    """The state of an image's scan, and its findings."""

    status: str
    counts: Mapping[str, int]
    """Findings of each severity."""

    def refused(self, severity: str) -> dict[str, int]:
        """Findings of this severity or a higher one."""
        refused = SEVERITIES[SEVERITIES.index(severity) :]
        return {each: self.counts[each] for each in reversed(refused) if self.counts.get(each)}

    @property
    def text(self) -> str:
        """The findings in words, the worst first."""
        known = [each for each in reversed(SEVERITIES) if each in self.counts]
        others = sorted(set(self.counts) - set(SEVERITIES))
        return ", ".join(f"{self.counts[each]} {each}" for each in (*known, *others)) or "no findings"


def scan(
    ecr: ECRClient,
    account_id: str,
    repository: str,
    digest: str,
    *,
    wait: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Scan:
    """Ask for the findings of an image, once its scan is done.

    Args:
        ecr: Client of the repository's region.
        account_id: The repository's account.
        repository: Its name.
        digest: An image of one platform: ECR doesn't scan an index.
        wait: Seconds that a scan under way is waited for.
        sleep: How to wait.

    Raises:
        AwsError: ECR doesn't know the image, or doesn't answer.
    """
    deadline = time.monotonic() + wait
    while (found := _ask(ecr, account_id, repository, digest)).status in UNDER_WAY and time.monotonic() < deadline:
        sleep(POLL_SECONDS)
    return found


def _ask(ecr: ECRClient, account_id: str, repository: str, digest: str) -> Scan:
    with explained(f"read the scan of {repository}@{digest} in account {account_id}"):
        try:
            answer = ecr.describe_image_scan_findings(
                registryId=account_id, repositoryName=repository, imageId={"imageDigest": digest}
            )
        except ecr.exceptions.ScanNotFoundException as error:
            return Scan(code(error), {})
    counts = answer.get("imageScanFindings", {}).get("findingSeverityCounts", {})
    return Scan(
        answer.get("imageScanStatus", {}).get("status", "unknown"),
        {str(severity): count for severity, count in counts.items()},
    )


def running(aws: Aws, environment: Environment, service: str, repository: str) -> set[str]:
    """Digests of a repository's images that a service runs, in deployments that are completed.

    Raises:
        AwsError: ECS can't be asked.
        NoContainerError: A task definition that it runs has no container of the service.
    """
    names, client = Names(environment), aws.client("ecs")
    found = ecs.service(client, names.prefix, names.service(service))
    runs = {each.task_definition for each in found.deployments if each.completed and each.running} if found else set()
    # Another container of the same image may be another release.
    definitions = [ecs.task_definition(client, arn) for arn in sorted(runs)]
    images = [definition.container(service)["image"].partition("@") for definition in definitions]
    return {digest for name, _, digest in images if digest and name.endswith(f"/{repository}")}


@dataclass(frozen=True)
class Image:
    """An image that is to be promoted, in the repository that it comes from."""

    route: Route
    service: str
    repository: str
    digest: str
    pulled: Repository
    wait: float
    """Seconds that a scan under way is waited for."""


def conditions(image: Image) -> tuple[Condition[Image], ...]:
    """What must hold before the image reaches the next environment."""
    origin, limit = image.route.origin.name, image.route.target.registry.refused_severity
    return (
        Condition(f"runs in {origin}", _runs),
        Condition(f"no finding of {limit} or over", _scanned),
        Condition("signed where asked for", _signed),
    )


def _runs(image: Image) -> str:
    """The previous environment runs it: ECS says so, or where that can't be asked, the release file."""
    route, origin = image.route, image.route.origin
    if isinstance(route.of_origin, str):
        known = {origin.releases[image.repository]}
        source = f"says its release file; ECS was not asked: {route.of_origin}"
    else:
        known, source = running(route.of_origin, origin, image.service, image.repository), "says ECS"
    others = f"{origin.name} runs {' and '.join(sorted(known)) or 'nothing of it'}, {source}"
    return holds([] if image.digest in known else [others], source)


def _scanned(image: Image) -> str:
    """ECR has scanned it, and found nothing that the target refuses; each platform's image, as ECR scans no index."""
    origin, limit = image.route.origin, image.route.target.registry.refused_severity
    client = image.route.aws.client("ecr", region_name=origin.region)
    passed, evidence = [], []
    for platform in image.pulled.manifest(image.digest).images:
        found = scan(client, origin.account_id, image.repository, platform.digest, wait=image.wait)
        passed.append(found.status in DONE and not found.refused(limit))
        if found.status in DONE:
            evidence.append(f"{platform.platform}: {found.text}")
        else:
            evidence.append(
                f"{platform.platform}: {found.status}, so nothing is known; scan it: aws ecr start-image-scan "
                f"--profile {origin.cli_profile} --repository-name {image.repository} "
                f"--image-id imageDigest={platform.digest}"
            )
    words = "; ".join(evidence) or "no image in it"
    return holds([] if passed and all(passed) else [words], words)


def _signed(image: Image) -> str:
    """It carries a signature by the target's key, where there is one."""
    key = image.route.target.registry.signing_key
    if key is None:
        return f"{image.route.target.name} asks for no signature"
    made = is_signed(image.pulled, image.digest, key)
    return holds([] if made else ["no signature by registry.signing_key"], "a signature by registry.signing_key")


@dataclass(frozen=True)
class Candidate:
    """An image, where it is and where it would go."""

    origin: str
    repository: str
    digest: str
    tag: str
    """The release tag that it gets."""
    checks: tuple[ConditionResult, ...]
    pulled: Repository
    pushed: Repository
    """The same one in the same-repository variant."""

    @property
    def passed(self) -> bool:
        """Whether all checks did."""
        return all(check.passed for check in self.checks)

    def promote(self, told: Callable[[Blob], None]) -> Copied:
        """Copy it, compare it, and give it its release tag, which thus says that all of it is there."""
        copied = Copied()
        if self.pulled is not self.pushed:
            copied = copy(self.pulled, self.pushed, self.digest, told)
        put_tag(self.pushed, self.pushed.manifest(self.digest), self.tag)
        return copied


def examine(target: Environment, service: str, *, digest: str | None, origin: str | None, wait: float) -> Candidate:
    """Find an image and check it.

    Args:
        target: Where it would go.
        service: The service that runs it.
        digest: Which; what the origin's release file names if left out.
        origin: The environment that it comes from, if several would do.
        wait: Seconds that a scan under way is waited for.

    Raises:
        OpsError: There is no such image, or it can't be checked.
    """
    repository = repository_of(target, service)
    given = checked(digest) if digest else None
    way = route(target, origin)
    wanted = given or way.origin.releases[repository]
    pulled, pushed = way.repositories(repository)
    image = Image(way, service, repository, wanted, pulled, wait)
    return Candidate(
        origin=way.origin.name,
        repository=repository,
        digest=wanted,
        tag=tag_of(target, wanted),
        checks=tuple(run(conditions(image), image, at_once=1)),
        pulled=pulled,
        pushed=pushed,
    )
