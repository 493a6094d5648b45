"""What must hold before an image reaches the next environment. Each check answers with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from ops.promote.registry import Repository
from ops.promote.route import Route
from ops.promote.running import running
from ops.promote.scan import DONE, scan
from ops.promote.signature import is_signed


@dataclass(frozen=True)
class Check:
    """One of them, and how it came out."""

    name: str
    passed: bool
    evidence: str


def runs(route: Route, service: str, repository: str, digest: str) -> Check:
    """The earlier environment runs it: ECS says so, or where that can't be asked, the release file."""
    origin = route.origin
    if isinstance(route.of_origin, str):
        known, source = {origin.releases[repository]}, f"says its release file; ECS was not asked: {route.of_origin}"
    else:
        known, source = running(route.of_origin, origin, service, repository), "says ECS"
    others = f"{origin.name} runs {' and '.join(sorted(known)) or 'nothing of it'}, "
    return Check(f"runs in {origin.name}", digest in known, source if digest in known else others + source)


def scanned(route: Route, pulled: Repository, repository: str, digest: str, *, wait: float) -> Check:
    """ECR has scanned it, and found nothing that the target refuses; each platform's image, as ECR scans no index."""
    origin, limit = route.origin, route.target.registry.refused_severity
    client = route.aws.client("ecr", region=origin.region)
    passed, evidence = [], []
    for image in pulled.manifest(digest).images:
        found = scan(client, origin.account_id, repository, image.digest, wait=wait)
        passed.append(found.status in DONE and not found.refused(limit))
        if found.status in DONE:
            evidence.append(f"{image.platform}: {found.text}")
        else:
            evidence.append(
                f"{image.platform}: {found.status}, so nothing is known; scan it: aws ecr start-image-scan --profile "
                f"{origin.cli_profile} --repository-name {repository} --image-id imageDigest={image.digest}"
            )
    return Check(
        f"no finding of {limit} or over", bool(passed) and all(passed), "; ".join(evidence) or "no image in it"
    )


def signed(route: Route, pulled: Repository, digest: str) -> Check:
    """It carries a signature by the target's key, where there is one."""
    key = route.target.registry.signing_key
    if key is None:
        return Check("signed where asked for", True, f"{route.target.name} asks for no signature")
    made = is_signed(pulled, digest, key)
    return Check("signed where asked for", made, f"{'a' if made else 'no'} signature by registry.signing_key")
