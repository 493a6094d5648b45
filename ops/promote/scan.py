"""What ECR's scan found in an image."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ops.aws import code, explained

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
    counts: dict[str, int]
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
    ecr: Any,  # noqa: ANN401  (boto3 makes clients at run time)
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


def _ask(ecr: Any, account_id: str, repository: str, digest: str) -> Scan:  # noqa: ANN401
    with explained(f"read the scan of {repository}@{digest} in account {account_id}"):
        try:
            answer = ecr.describe_image_scan_findings(
                registryId=account_id, repositoryName=repository, imageId={"imageDigest": digest}
            )
        except ecr.exceptions.ScanNotFoundException as error:
            return Scan(code(error), {})
    return Scan(
        answer.get("imageScanStatus", {}).get("status", "unknown"),
        answer.get("imageScanFindings", {}).get("findingSeverityCounts", {}),
    )
