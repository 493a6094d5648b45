"""What is refused, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from environments.schema import Environment
from environments.schema.validation import validate
from tests.ops.registry.registries import Registries, promote
from tests.shapes import on_arm

pytestmark = pytest.mark.slow  # a registry writes through to the disk: a second for each copy


@pytest.mark.requirement("R3.3")
def test_what_staging_does_not_run_is_refused(scanned: Registries) -> None:
    another: str = scanned.staging.image("another")["digest"]
    scanned.scans.pushed(another)
    scanned.scans.found(another)
    code, shown, told = promote("--yes", "--digest", another)
    assert code == 1
    assert f"fail     runs in staging: staging runs {scanned.digest}, according to its release file" in shown
    assert "not promoted: runs in staging\n" in told
    assert scanned.untouched()


@pytest.mark.requirement("R3.3")
def test_a_promoted_image_may_be_deployed_after_staging_has_moved_on(scanned: Registries) -> None:
    assert promote("--yes")[0] == 0
    another: str = scanned.staging.image("another")["digest"]
    scanned.runs_in_staging(another)
    code, shown, _ = promote("--yes", "--digest", scanned.digest)
    assert (code, f"pass     runs in staging: promoted before, as {scanned.tag}" in shown) == (0, True)
    # The tag of another image says nothing of this one.
    wrong: str = scanned.staging.image("third")["digest"]
    scanned.scans.pushed(wrong)
    scanned.scans.found(wrong)
    scanned.prod.image("fourth", f"release-prod-{wrong[7:19]}")
    code, shown, _ = promote("--yes", "--digest", wrong)
    assert (code, f"fail     runs in staging: staging runs {another}" in shown) == (1, True)


@pytest.mark.requirement("R3.3")
@pytest.mark.parametrize(
    ("status", "counts", "evidence"),
    [
        ("COMPLETE", {"HIGH": 1, "LOW": 4}, "linux/arm64: 1 HIGH, 4 LOW"),
        ("COMPLETE", {"CRITICAL": 2}, "linux/arm64: 2 CRITICAL"),
        (
            "FAILED",
            {},
            "linux/arm64: FAILED, so its findings are unknown; to scan it: aws ecr start-image-scan --profile",
        ),
        ("IN_PROGRESS", {}, "linux/arm64: IN_PROGRESS, so its findings are unknown"),
    ],
)
def test_findings_and_unfinished_scans_of_any_platform_are_refused(
    registries: Registries, status: str, counts: dict[str, int], evidence: str
) -> None:
    registries.scans.found(registries.images[0])
    registries.scans.found(registries.images[1], status, **counts)
    code, shown, told = promote("--yes")
    assert code == 1
    assert f"fail     no finding of HIGH or over: linux/amd64: no findings; {evidence}" in shown
    assert "not promoted: no finding of HIGH or over" in told
    assert registries.untouched()


def test_an_image_that_was_never_scanned_is_refused(registries: Registries) -> None:
    code, shown, _ = promote("--yes")
    assert code == 1
    assert "ScanNotFoundException, so its findings are unknown" in shown
    assert registries.untouched()


@pytest.fixture
def signing(prod: Environment, monkeypatch: pytest.MonkeyPatch) -> ec.EllipticCurvePrivateKey:
    """Production asks for signatures by this key."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    environment = replace(prod, registry=replace(prod.registry, signing_key=public))
    monkeypatch.setattr("ops.promote.command.load", lambda _: validate(environment))
    return key


@pytest.mark.requirement("R3.3")
@pytest.mark.usefixtures("signing")
def test_an_unsigned_image_is_refused_where_signatures_are_asked_for(scanned: Registries) -> None:
    code, shown, told = promote("--yes")
    assert code == 1
    assert "fail     signed where asked for: no signature by registry.signing_key" in shown
    assert "not promoted: signed where asked for" in told
    assert scanned.untouched()


@pytest.mark.requirement("R3.3")
def test_a_signed_image_takes_its_signature_along(registries: Registries, signing: ec.EllipticCurvePrivateKey) -> None:
    image = registries.staging.image("signed")
    registries.runs_in_staging(image["digest"])
    tag = registries.staging.signed(image, signing)
    code, shown, _ = promote("--yes")
    assert code == 0
    assert "pass     signed where asked for: a signature by registry.signing_key" in shown
    assert registries.prod.content(tag) == registries.staging.content(tag)


@pytest.mark.requirement("R3.3")
@pytest.mark.parametrize(("given", "code"), [("amd64", 1), ("arm64", 0)])
def test_an_image_for_another_platform_is_refused(
    registries: Registries, given: str, code: int, prod: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.promote.command.load", lambda _: validate(on_arm(prod)))
    registries.runs_in_staging(registries.staging.image(f"for {given}", architecture=given)["digest"])
    exit_code, shown, _ = promote("--yes")
    assert exit_code == code
    if code:
        assert "fail     built for linux/arm64: it is for linux/amd64; build it for linux/arm64 too" in shown
        assert registries.untouched()
    else:
        assert "pass     built for linux/arm64: it is for linux/arm64" in shown


def test_an_index_has_several_platforms(scanned: Registries) -> None:
    _, shown, _ = promote("--dry-run")
    assert "pass     built for linux/amd64: it is for linux/amd64, linux/arm64" in shown


def test_all_refusals_are_listed_at_once(registries: Registries) -> None:
    another: str = registries.staging.image("another")["digest"]
    registries.scans.pushed(another)
    code, _, told = promote("--dry-run", "--digest", another)
    assert code == 1
    assert "not promoted: runs in staging; no finding of HIGH or over" in told
