"""How ECR's responses are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ops.aws.errors import AwsError
from ops.promote.candidate import Scan, scan

ACCOUNT, NAME, DIGEST = "444455556666", "navralabs/aep-backend", f"sha256:{'1' * 64}"
ASKED = {"registryId": ACCOUNT, "repositoryName": NAME, "imageId": {"imageDigest": DIGEST}}


@pytest.fixture
def ecr() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("ecr", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(client) as stub:
        yield client, stub
    client.close()


def answer(status: str, **counts: int) -> dict[str, Any]:
    return {"imageScanStatus": {"status": status}, "imageScanFindings": {"findingSeverityCounts": counts}}


@pytest.mark.parametrize(
    ("severity", "refused"),
    [("LOW", {"CRITICAL": 1, "MEDIUM": 2}), ("MEDIUM", {"CRITICAL": 1, "MEDIUM": 2}), ("HIGH", {"CRITICAL": 1})],
)
def test_findings_of_the_severity_and_over_are_refused(severity: str, refused: dict[str, int]) -> None:
    found = Scan("COMPLETE", {"MEDIUM": 2, "CRITICAL": 1, "INFORMATIONAL": 7, "HIGH": 0})
    assert found.refused(severity) == refused
    assert found.text == "1 CRITICAL, 0 HIGH, 2 MEDIUM, 7 INFORMATIONAL"
    assert Scan("COMPLETE", {}).text == "no findings"


def test_a_scan_under_way_is_waited_for(ecr: tuple[Any, Stubber]) -> None:
    client, stub = ecr
    for status in ("PENDING", "IN_PROGRESS", "COMPLETE"):
        stub.add_response("describe_image_scan_findings", answer(status, LOW=1), ASKED)
    slept: list[float] = []
    assert scan(client, ACCOUNT, NAME, DIGEST, wait=60, sleep=slept.append) == Scan("COMPLETE", {"LOW": 1})
    assert len(slept) == 2


def test_waiting_ends(ecr: tuple[Any, Stubber]) -> None:
    client, stub = ecr
    stub.add_response("describe_image_scan_findings", answer("IN_PROGRESS"), ASKED)
    assert scan(client, ACCOUNT, NAME, DIGEST, wait=0).status == "IN_PROGRESS"


def test_an_image_without_a_scan_has_that_for_its_status(ecr: tuple[Any, Stubber]) -> None:
    client, stub = ecr
    stub.add_client_error("describe_image_scan_findings", "ScanNotFoundException", expected_params=ASKED)
    assert scan(client, ACCOUNT, NAME, DIGEST, wait=60) == Scan("ScanNotFoundException", {})


def test_an_image_that_ecr_does_not_know_is_an_error(ecr: tuple[Any, Stubber]) -> None:
    client, stub = ecr
    stub.add_client_error("describe_image_scan_findings", "ImageNotFoundException", "no such image")
    with pytest.raises(AwsError, match=f"can't read the scan of {NAME}@{DIGEST} in account {ACCOUNT}: ImageNotFound"):
        scan(client, ACCOUNT, NAME, DIGEST, wait=60)
