"""An image to promote: its conditions, and the promotion itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import environments
from environments.names import Names
from environments.schema import Environment, risks
from ops.aws import ecs
from ops.aws.errors import code, explained
from ops.aws.session import Aws
from ops.conditions import Condition, ConditionResult, holds, run
from ops.errors import OpsError
from ops.gate.register import of_products
from ops.promote.route import Route, route
from ops.promote.signature import is_signed
from ops.registry.copying import Copied, copy, put_tag
from ops.registry.platforms import built_for, needed
from ops.registry.repository import Blob, Repository
from ops.release.file import checked, repository_of, tag_of
from ops.risks.listing import accepted as accepted_risks

if TYPE_CHECKING:
    from types_boto3_ecr import ECRClient

SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
"""In order. ECR also has INFORMATIONAL, UNDEFINED and UNTRIAGED: no severity, or not known yet."""
DONE = ("COMPLETE", "ACTIVE")
"""Status of finished basic scanning, and of enhanced scanning, which never ends.

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
    reason: str = ""
    """What ECR says about the status."""

    @property
    def unsupported(self) -> bool:
        """Whether ECR can't scan the image at all, as one without an operating system (scratch, distroless).

        Basic scanning fails with UnsupportedImageError, enhanced scanning has a status for it.
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-troubleshooting.html
        """
        return self.status == "UNSUPPORTED_IMAGE" or (self.status == "FAILED" and "UnsupportedImage" in self.reason)

    def refused(self, severity: str) -> dict[str, int]:
        """Findings of this severity or a higher one."""
        refused = SEVERITIES[SEVERITIES.index(severity) :]
        return {each: self.counts[each] for each in reversed(refused) if self.counts.get(each)}

    @property
    def text(self) -> str:
        """The findings as text, highest severity first."""
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
    """Read the findings of an image when its scan is done.

    Args:
        ecr: Client of the repository's region.
        account_id: The repository's account.
        repository: The repository's name.
        digest: An image of one platform: ECR doesn't scan an index.
        wait: Seconds to wait for a scan in progress.
        sleep: How to wait.

    Raises:
        AwsError: ECR doesn't have the image, or doesn't respond.
    """
    deadline = time.monotonic() + wait
    while (found := _ask(ecr, account_id, repository, digest)).status in UNDER_WAY and time.monotonic() < deadline:
        sleep(POLL_SECONDS)
    return found


def _ask(ecr: ECRClient, account_id: str, repository: str, digest: str) -> Scan:
    with explained(f"read the scan of {repository}@{digest} in account {account_id}"):
        try:
            response = ecr.describe_image_scan_findings(
                registryId=account_id, repositoryName=repository, imageId={"imageDigest": digest}
            )
        except ecr.exceptions.ScanNotFoundException as error:
            return Scan(code(error), {})
    counts = response.get("imageScanFindings", {}).get("findingSeverityCounts", {})
    return Scan(
        response.get("imageScanStatus", {}).get("status", "unknown"),
        {str(severity): count for severity, count in counts.items()},
        " ".join(response.get("imageScanStatus", {}).get("description", "").split()),
    )


def running(aws: Aws, environment: Environment, service: str, repository: str) -> set[str]:
    """Digests of a repository's images that a service runs in completed deployments.

    Raises:
        AwsError: ECS's response is an error.
        NoContainerError: A running task definition has no container of the service.
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
    """An image that an environment is to run, in the repository where it is now."""

    target: Environment
    """The environment that is to run it."""
    repository: str
    digest: str
    pulled: Repository
    registry: Environment
    """The environment in whose account the repository is."""
    ecr: ECRClient
    """Client of the repository's region."""
    wait: float
    """Seconds to wait for a scan in progress."""


def conditions(image: Image) -> tuple[Condition[Image], ...]:
    """What must hold of an image, wherever it comes from."""
    target = image.target
    platforms = " and ".join(needed(target.product.services, image.repository))
    return (
        Condition(f"built for {platforms}", _built),
        Condition(f"no finding of {target.registry.refused_severity} or over", _scanned),
        Condition("signed where asked for", _signed),
    )


def _runs(route: Route, service: str, pushed: Repository, image: Image) -> str:
    """The origin runs the image, according to ECS or, without credentials for ECS, to the release file.

    An image that was promoted before ran there then: the origin may have moved on before it is deployed. The tag shows
    that in the target's own repository only, to which no one else pushes.
    """
    origin = route.origin
    tag = tag_of(route.target, image.digest)
    before = pushed.find(tag) if pushed is not image.pulled else None
    if before and before.digest == image.digest:
        return holds([], f"promoted before, as {tag}")
    if isinstance(route.of_origin, str):
        known = {origin.releases[image.repository]}
        source = f"according to its release file (not ECS: {route.of_origin})"
    else:
        known, source = running(route.of_origin, origin, service, image.repository), "according to ECS"
    others = f"{origin.name} runs {' and '.join(sorted(known)) or 'no image of this repository'}, {source}"
    return holds([] if image.digest in known else [others], source)


def _built(image: Image) -> str:
    """The image has every platform that the services of its repository run on."""
    found = built_for(image.pulled, image.pulled.manifest(image.digest))
    missing = [each for each in needed(image.target.product.services, image.repository) if each not in found]
    words = f"it is for {', '.join(found) or 'no platform'}"
    advice = f"{words}; build it for {' and '.join(missing)} too, or change the service's architecture"
    return holds([advice] if missing else [], words)


def _scanned(image: Image) -> str:
    """ECR has scanned the image of each platform, with no finding that the target refuses. ECR can't scan an index."""
    limit, accepted = image.target.registry.refused_severity, _accepted(image)
    passed, evidence = [], []
    for platform in image.pulled.manifest(image.digest).images:
        found = scan(image.ecr, image.registry.account_id, image.repository, platform.digest, wait=image.wait)
        passed.append((found.status in DONE and not found.refused(limit)) or (found.unsupported and bool(accepted)))
        words = found.text if found.status in DONE else f"{found.status}{found.reason and f' ({found.reason})'}"
        if found.status not in DONE:
            words += f", so its findings are unknown; {accepted or _advice(image, found, platform.digest)}"
        evidence.append(f"{platform.platform}: {words}")
    words = "; ".join(evidence) or "the index has no image"
    return holds([] if passed and all(passed) else [words], words)


def _accepted(image: Image) -> str:
    """The recorded risk under which images of this repository run without a scan; empty if there is none."""
    if image.repository not in image.target.registry.unscanned:
        return ""
    today = datetime.now(UTC).date()
    entries = [each for each in accepted_risks(today, image.target) if risks.UNSCANNED in each.accepts]
    return next((f"accepted until {each.expires} by the risk {each.id}" for each in entries if not each.expired), "")


def _advice(image: Image, found: Scan, digest: str) -> str:
    """What to do about a scan without findings, so that the next attempt has another result."""
    if found.unsupported:
        file = environments.shown(of_products() / f"{image.target.product.name}.toml")
        return (
            f"build it on a base image that ECR scans, or accept that it runs unscanned: {image.repository} in "
            f"registry.unscanned, and {risks.UNSCANNED} in profile_risks of an entry in {file} that hasn't expired"
        )
    start = (
        f"aws ecr start-image-scan --profile {image.registry.cli_profile} --repository-name {image.repository} "
        f"--image-id imageDigest={digest}"
    )
    return _ADVICE.get(found.status, _ADVICE["FAILED"]).format(start=start)


_ADVICE = {
    "IN_PROGRESS": "run it again with a longer --wait",
    "PENDING": "run it again with a longer --wait",
    "ScanNotFoundException": "to scan it: {start}",
    "FAILED": "to scan it: {start} (once in 24 hours); if it fails again, build it on another base image",
    "LIMIT_EXCEEDED": "ECR scans an image once in 24 hours: try again then",
    "SCAN_ELIGIBILITY_EXPIRED": "enhanced scanning of it has ended: lengthen the re-scan duration, or push a new build",
    "FINDINGS_UNAVAILABLE": "switch scanning on for its registry, then push a new build",
    "IMAGE_ARCHIVED": "restore it from the archive storage class, or push a new build",
}
"""By the scan's status. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html

ECR scans an image once in 24 hours: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html
"""


def _signed(image: Image) -> str:
    """The image has a signature by the target's key, if the target has a key."""
    key = image.target.registry.signing_key
    if key is None:
        return f"{image.target.name} requires no signature"
    signed = is_signed(image.pulled, image.digest, key)
    return holds([] if signed else ["no signature by registry.signing_key"], "a signature by registry.signing_key")


@dataclass(frozen=True)
class Candidate:
    """An image, its repository and the repository to copy it to."""

    origin: str
    repository: str
    digest: str
    tag: str
    """Its release tag in the target."""
    checks: tuple[ConditionResult, ...]
    pulled: Repository
    pushed: Repository
    """The same object in the same-repository variant."""

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    def promote(self, copying: Callable[[Blob], None], copied: Copied, *, leave_out: bool = False) -> None:
        """Copy the image, compare it, and then tag it: the release tag shows that the copy is complete.

        Args:
            copying: Called with each blob before it is copied.
            copied: Where to count what is copied, also before an error.
            leave_out: Whether to leave out attachments that the target doesn't take.

        Raises:
            RegistryError: A registry refuses, or doesn't respond.
        """
        if self.pulled is not self.pushed:
            copy(self.pulled, self.pushed, self.digest, copying, leave_out=leave_out, copied=copied)
        put_tag(self.pushed, self.pushed.manifest(self.digest), self.tag)


def examine(
    target: Environment, service: str, *, digest: str | None, origin: str | None, wait: float, tag: str | None = None
) -> Candidate:
    """Find an image and check it.

    Args:
        target: The environment to promote to.
        service: The service that runs the image.
        digest: The image; by default the origin's release file names it.
        origin: The environment that it comes from, if there are several.
        wait: Seconds to wait for a scan in progress.
        tag: A tag of the image in the other environment's repository, in place of its digest.

    Raises:
        OpsError: There is no such image, or it can't be checked.
    """
    repository = repository_of(target, service)
    given = checked(digest) if digest else None
    way = route(target, origin)
    pulled, pushed = way.repositories(repository)
    wanted = given or (_digest_of(pulled, tag) if tag else way.origin.releases[repository])
    client = way.aws.client("ecr", region_name=way.origin.region)
    image = Image(target, repository, wanted, pulled, way.origin, client, wait)
    runs = Condition(f"runs in {way.origin.name}", partial(_runs, way, service, pushed))
    return Candidate(
        origin=way.origin.name,
        repository=repository,
        digest=wanted,
        tag=tag_of(target, wanted),
        checks=tuple(run((runs, *conditions(image)), image, at_once=1)),
        pulled=pulled,
        pushed=pushed,
    )


def _digest_of(pulled: Repository, tag: str) -> str:
    found = pulled.find(tag)
    if found is None:
        raise OpsError(f"{pulled.name} has no {tag}; push the image there first, for example from your pipeline")
    return found.digest
