"""An environment that was made by hand is taken over: nothing is replaced, and the second plan is empty."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.terraform.report import Result
from tests.adopt.hand_made import APPROVED, Body, HandMade, hand_made
from tests.products import SUBJECTS

ENVIRONMENTS = {subject.environment.name: subject.environment for subject in SUBJECTS}
REPOSITORY = "aws_ecr_repository.example_mini"


def outcomes(found: Body, outcome: str) -> dict[str, Body]:
    return {each["address"]: each for each in found["addresses"] if each["outcome"] == outcome}


def take_over(account: HandMade, phase: str, found: Body) -> None:
    """Plan and apply a phase; everything that was found is imported, and nothing is replaced."""
    assert account.plan(phase) == {phase: Result.CHANGES}
    verdict = account.verdict(phase)
    wanted = {each["address"] for each in found["addresses"] if each["phase"] == phase and each["outcome"] == "adopt"}
    assert {each["address"] for each in verdict["imports"]} == wanted
    assert {each["class"] for each in verdict["imports"]} <= {"unchanged", "changed in place"}
    assert all(each["attributes"] for each in verdict["imports"] if each["class"] == "changed in place")
    assert not {"replace", "delete", "forget"} & verdict["changes"].keys()
    account.ops("apply", phase, "--yes", *APPROVED)


def settled(account: HandMade, *phases: str) -> None:
    """A second plan is empty, also without the values."""
    assert account.plan(*phases) == dict.fromkeys(phases, Result.NO_CHANGES)
    account.values.unlink()
    account.synth()
    assert account.plan(*phases) == dict.fromkeys(phases, Result.NO_CHANGES)


@pytest.mark.slow
@pytest.mark.requirement("R13.8")
@pytest.mark.timeout(3600)
def test_account_network_and_registry_of_a_small_product(tmp_path: Path) -> None:
    phases = ("account", "registry", "network")
    with hand_made(ENVIRONMENTS["mini-demo"], "mini", tmp_path, phases, {REPOSITORY}) as account:
        found = account.adopt()
        (blocked,) = outcomes(found, "blocked").values()
        assert blocked["address"] == REPOSITORY
        (fixed,) = blocked["fixed"]
        assert fixed["kind"] == "encryption"
        assert fixed["way_out"].startswith("copy the images")
        assert not outcomes(found, "ambiguous")
        assert not outcomes(found, "unknown")
        adopted = outcomes(found, "adopt")
        assert {"aws_vpc.vpc", "aws_iam_openid_connect_provider.github", "aws_route.route_public_internet"} <= {
            *adopted
        }
        assert len(adopted) >= 55
        # AWS's rule of each new group, which lets everything out.
        assert len(found["beside"]) == len(account.stacks()["network"]["resource"]["aws_security_group"])

        account.synth()
        account.ops("bootstrap", "--yes")
        for phase in ("account", "network"):
            take_over(account, phase, found)
        refused_and_released(account)
        take_over(account, "registry", found)
        settled(account, *phases)
        assert not outcomes(account.adopt(), "adopt")


def refused_and_released(account: HandMade) -> None:
    """The repository is imported all the same: the plan gate refuses it with the way out, which is then taken."""
    values = account.values.read_text(encoding="utf-8")
    account.values.write_text(values.replace("{", f'{{\n  "{REPOSITORY}": "example/mini",', 1), encoding="utf-8")
    account.synth()
    assert account.plan("registry", expect=1) == {"registry": Result.REFUSED}
    (finding,) = [each for each in account.verdict("registry")["findings"] if each["refused"]]
    assert (finding["kind"], finding["where"]) == ("fixed", REPOSITORY)
    assert "copy the images" in finding["remedy"]
    account.client("ecr").delete_repository(repositoryName="example/mini", force=True)
    account.values.write_text(values, encoding="utf-8")
    account.synth()


PHASES_OF_AEP = ("account", "network", "registry", "secrets", "data", "edge", "services")
PLAIN = ("aws_ecr_repository.navralabs_aep_frontend", "aws_lb_target_group.frontend_targets")
BLOCKED = {
    "aws_accessanalyzer_analyzer.access_analyzer": "name",
    "aws_config_configuration_recorder.config": "name",
    "aws_config_delivery_channel.config_channel": "name",
    "aws_ecr_repository.navralabs_aep_frontend": "encryption",
    "aws_lb_target_group.frontend_targets": "settings",
}
"""What can't be changed in place, and what it is about."""


def take_the_ways_out(account: HandMade) -> None:
    """Remove what `BLOCKED` names, as its ways out say; its images, records and targets are none."""
    config, elbv2 = account.client("config"), account.client("elbv2")
    config.delete_delivery_channel(DeliveryChannelName="default")
    config.delete_configuration_recorder(ConfigurationRecorderName="default")
    account.client("accessanalyzer").delete_analyzer(analyzerName="ConsoleAnalyzer")
    account.client("ecr").delete_repository(repositoryName="navralabs/aep-frontend", force=True)
    (group,) = elbv2.describe_target_groups(Names=["aep-staging-frontend"])["TargetGroups"]
    elbv2.delete_target_group(TargetGroupArn=group["TargetGroupArn"])


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[HandMade]:
    """A hand-made staging environment of AEP's shape."""
    with hand_made(ENVIRONMENTS["staging"], "aep", tmp_path, PHASES_OF_AEP, PLAIN) as account:
        yield account


def found_in(account: HandMade) -> Body:
    """What is found there, written as values: all that was made, and the rest with its way out."""
    found = account.adopt()
    blocked = outcomes(found, "blocked")
    assert {address: each["fixed"][0]["kind"] for address, each in blocked.items()} == BLOCKED
    assert all(one["way_out"] for each in blocked.values() for one in each["fixed"])
    assert not outcomes(found, "ambiguous")
    assert not outcomes(found, "unknown")
    assert {
        "aws_db_instance.database",
        "aws_elasticache_replication_group.cache",
        "aws_guardduty_detector.guardduty",
        "aws_lb.load_balancer",
        "aws_acm_certificate.certificate",
        "aws_route53_zone.zone",
        "aws_ecs_cluster.cluster",
        "aws_secretsmanager_secret.database_url",
    } <= outcomes(found, "adopt").keys()
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_is_found_in_the_whole_of_staging(staging: HandMade) -> None:
    found = found_in(staging)
    assert len(outcomes(found, "adopt")) >= 120


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_the_whole_of_staging_is_taken_over(staging: HandMade) -> None:
    account, found = staging, found_in(staging)
    take_the_ways_out(account)
    account.synth()
    account.ops("bootstrap", "--yes")
    for phase in PHASES_OF_AEP:
        take_over(account, phase, found)
        if phase == "account":
            account.assume("break-glass")
    settled(account, *PHASES_OF_AEP)
