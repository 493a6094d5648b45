"""How ECR's responses are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from environments import load
from environments.schema import Environment
from environments.schema.risks import UNSCANNED
from environments.schema.validation import InvalidEnvironmentError, validate
from ops.aws.errors import AwsError
from ops.conditions import ConditionResult, Status, run
from ops.promote.candidate import Image, Scan, conditions, scan
from ops.registry.repository import Manifest
from tests.cases import every_case

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


@every_case(
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


UNSUPPORTED = "UnsupportedImageError: The operating system and/or package manager are not supported."
"""What AWS says: https://github.com/aws-observability/aws-otel-collector/issues/2193"""
RISK = """
[[risk]]
id = "images-from-scratch"
profile_risks = ["unscanned_images"]
environments = ["prod"]
why = "the backend is one static program, which ECR can't scan"
compensation = "its build scans the program and its modules"
owner = "platform lead"
accepted = {accepted}
expires = {expires}
closes = "a base image that ECR scans"
"""


@dataclass
class Checked:
    """Checks an image of one platform whose scan has a status."""

    environment: Environment
    client: Any
    stub: Stubber

    def scan(self, status: str, reason: str = "") -> ConditionResult:
        manifest = Manifest(b'{"layers": []}', "x")
        response = {"imageScanStatus": {"status": status} | ({"description": reason} if reason else {})}
        if status == "ScanNotFoundException":
            self.stub.add_client_error("describe_image_scan_findings", status)
        else:
            self.stub.add_response("describe_image_scan_findings", response)
        pulled: Any = SimpleNamespace(manifest=lambda _: manifest)
        image = Image(self.environment, NAME, manifest.digest, pulled, load("staging"), self.client, 0)
        (condition,) = [each for each in conditions(image) if each.name.startswith("no finding")]
        return run([condition], image)[0]


@pytest.fixture
def checked(ecr: tuple[Any, Stubber]) -> Checked:
    return Checked(load("prod"), *ecr)


@pytest.fixture
def unscanned(checked: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Checked]:
    """Production accepts that images of the repository run unscanned; the register's entry expires in some days."""

    def accept(days: int) -> Checked:
        expires = datetime.now(UTC).date() + timedelta(days=days)
        text = RISK.format(accepted=expires - timedelta(days=100), expires=expires)
        (tmp_path / "aep.toml").write_text(text, encoding="utf-8")
        monkeypatch.setattr("ops.risks.listing.of_products", lambda: tmp_path)
        prod = checked.environment
        registry = replace(prod.registry, unscanned=(NAME,))
        return replace(checked, environment=replace(prod, registry=registry, accepts=(*prod.accepts, UNSCANNED)))

    return accept


@pytest.mark.requirement("R3.3")
@pytest.mark.parametrize(
    ("status", "reason"),
    [("FAILED", UNSUPPORTED), ("UNSUPPORTED_IMAGE", ""), ("UNSUPPORTED_IMAGE", "the image is built from scratch")],
)
def test_an_image_that_ecr_cant_scan_has_awss_reason_and_a_way_on(
    checked: Checked, unscanned: Callable[[int], Checked], status: str, reason: str
) -> None:
    result = checked.scan(status, reason)
    assert result.status is Status.FAIL
    assert f"image: {status}{reason and f' ({reason})'}, so its findings are unknown; build it on" in result.evidence
    assert f"or accept that it runs unscanned: {NAME} in registry.unscanned, and unscanned_images in" in result.evidence
    assert "start-image-scan" not in result.evidence, "it would have the same result"
    accepted = unscanned(30).scan(status, reason)
    assert accepted.status is Status.PASS
    assert accepted.evidence.startswith(f"image: {status}")
    assert "accepted until " in accepted.evidence and "by the risk images-from-scratch" in accepted.evidence
    assert unscanned(-1).scan(status, reason).status is Status.FAIL, "the acceptance has expired"


@pytest.mark.parametrize("status", ["FAILED", "IN_PROGRESS", "ScanNotFoundException", "LIMIT_EXCEEDED"])
def test_the_risk_is_for_images_that_cant_be_scanned_only(unscanned: Callable[[int], Checked], status: str) -> None:
    assert unscanned(30).scan(status).status is Status.FAIL


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("IN_PROGRESS", "run it again with a longer --wait"),
        ("PENDING", "run it again with a longer --wait"),
        ("ScanNotFoundException", "to scan it: aws ecr start-image-scan --profile navra-staging"),
        ("FAILED", "if it fails again, build it on another base image"),
        ("LIMIT_EXCEEDED", "try again then"),
        ("SCAN_ELIGIBILITY_EXPIRED", "enhanced scanning of it has ended"),
        ("FINDINGS_UNAVAILABLE", "switch scanning on"),
        ("IMAGE_ARCHIVED", "restore it"),
        ("a new status", "to scan it: "),
    ],
)
def test_advice_fits_the_scans_status(checked: Checked, status: str, advice: str) -> None:
    result = checked.scan(status)
    assert (result.status, advice in result.evidence) == (Status.FAIL, True), result.evidence
    assert ("start-image-scan" in result.evidence) == (status in ("ScanNotFoundException", "FAILED", "a new status"))


def test_a_repository_of_another_product_cant_be_unscanned() -> None:
    prod = load("prod")
    registry = replace(prod.registry, unscanned=("other/image",))
    with pytest.raises(InvalidEnvironmentError, match=r"registry\.unscanned.*other/image"):
        validate(replace(prod, registry=registry, accepts=(*prod.accepts, UNSCANNED)))
    with pytest.raises(InvalidEnvironmentError, match="unscanned_images"):
        validate(replace(prod, registry=replace(prod.registry, unscanned=(NAME,))))
