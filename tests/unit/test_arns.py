"""ARNs and host names of AWS are made in one place, with the partition of their region."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import environments
from environments.arns import UnknownRegionError, account_of, partition, partitions, root_of
from tests.cases import every_case

ROOT = Path(__file__).parents[2]
ONE_PLACE = ROOT / "environments/arns.py"
# Values that a person gives are whole ARNs; the schema checks their partition.
VALUES = {file for file in environments.PACKAGE.glob("*.py") if file.stem not in {*environments.LIBRARY, "__init__"}}
FIXED = {
    "an ARN with a fixed partition": re.compile(r"arn:aws[a-z-]*:(?!\*)"),
    "a regional host with a fixed suffix": re.compile(r"region\}\.amazonaws\.com"),
    "an endpoint with a fixed suffix": re.compile(r"com\.amazonaws\.(?!jsii)"),
}


@every_case("folder", ["environments", "modules", "ops", "policies", "rehearsal"])
def test_no_other_module_writes_an_arn_or_a_regional_host(folder: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {what}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        if file not in {ONE_PLACE, *VALUES}
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        for what, pattern in FIXED.items()
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


@every_case(
    ("region", "arn", "host", "endpoint", "registry"),
    [
        (
            "eu-central-1",
            "arn:aws:s3:::bucket",
            "kms.eu-central-1.amazonaws.com",
            "com.amazonaws.eu-central-1.kms",
            "111122223333.dkr.ecr.eu-central-1.amazonaws.com",
        ),
        (
            "us-gov-west-1",
            "arn:aws-us-gov:s3:::bucket",
            "kms.us-gov-west-1.amazonaws.com",
            "com.amazonaws.us-gov-west-1.kms",
            "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com",
        ),
        (
            "cn-north-1",
            "arn:aws-cn:s3:::bucket",
            "kms.cn-north-1.amazonaws.com.cn",
            "cn.com.amazonaws.cn-north-1.kms",
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
        ),
    ],
)
def test_a_region_decides_the_partition(region: str, arn: str, host: str, endpoint: str, registry: str) -> None:
    own = partition(region)
    assert own.bucket("bucket") == arn
    assert own.host("kms", region) == host
    assert own.endpoint_service("kms", region) == endpoint
    assert own.registry("111122223333", region) == registry


def test_accounts_and_policies_have_the_partition_too() -> None:
    gov = partition("us-gov-west-1")
    assert gov.root("111122223333") == "arn:aws-us-gov:iam::111122223333:root"
    assert gov.managed_policy("AdministratorAccess") == "arn:aws-us-gov:iam::aws:policy/AdministratorAccess"
    assert gov.zone("Z0") == "arn:aws-us-gov:route53:::hostedzone/Z0"
    assert root_of("arn:aws-cn:sts::111122223333:assumed-role/a/b") == "arn:aws-cn:iam::111122223333:root"
    assert account_of("arn:aws:iam::111122223333:role/a") == "111122223333"


def test_a_region_that_does_not_exist_has_no_partition() -> None:
    with pytest.raises(UnknownRegionError, match="xx-nowhere-9"):
        partition("xx-nowhere-9")


def test_botocore_reads_its_data_the_same_way() -> None:
    """Of every region, botocore itself says the same partition and the same host suffix."""
    from botocore.session import get_session  # noqa: PLC0415  (loads slowly)

    session = get_session()
    resolver = session.get_component("endpoint_resolver")
    for own in partitions():
        for region in own.regions:
            assert session.get_partition_for_region(region) == own.name
            assert resolver.construct_endpoint("kms", region)["dnsSuffix"] == own.dns_suffix
