"""Every policy document fits AWS's limit on its size, for every name and region that the schema allows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import environments
import main
from environments.arns import partitions
from environments.schema import Environment, IamUser
from environments.schema.regions import zone_letters
from environments.schema.validation import InvalidEnvironmentError, validate
from modules.documents import DocumentsTooLongError, PolicyDocument, check, documents
from modules.synthesis import synthesize
from tests.cases import every_case
from tests.conftest import Stack

Synthesize = Callable[[Environment], dict[str, Stack]]
PROD = environments.load("prod")
SHARE = 0.8
"""Of its limit, what a policy of the deployer and its boundary may have: room for what comes."""
ROLE = "r" * 64
"""The longest name of a role."""


def named(product: str, stage: str, region: str, base: str = "prod") -> Environment:
    """An environment with these names; its services have the shortest, so that the others can be long.

    Raises:
        InvalidEnvironmentError: The schema doesn't allow them.
    """
    start = environments.load(base)
    services = tuple(replace(each, name=name) for each, name in zip(start.product.services, "xy", strict=True))
    assert start.product.migration
    migration = replace(start.product.migration, service="x")
    environment = replace(
        start,
        name="prod",
        stage=stage,
        region=region,
        network=replace(start.network, zones=tuple(zone_letters(region)[:3])),
        product=replace(start.product, name=product, services=services, migration=migration),
    )
    if zone_role := start.edge.zone.role:
        role, reader = f"{zone_role.rpartition('/')[0]}/{ROLE}", f"{zone_role.rpartition('/')[0]}/{ROLE[1:]}s"
        zone = replace(start.edge.zone, role=role, reader=reader)
        environment = replace(environment, edge=replace(start.edge, zone=zone))
    return validate(environment)


def usable(region: str) -> bool:
    """Whether production can be in a region as it is."""
    try:
        named("aa", "b", region)
    except InvalidEnvironmentError:
        return False
    return True


REGIONS = sorted(filter(usable, partitions()[0].regions), key=len, reverse=True)
"""Those with the longest names first."""


def longest(stage: str, region: str, base: str = "prod") -> Environment:
    """The longest product name that the schema allows with a stage."""
    found = None
    for length in range(2, 70):
        try:
            found = named("a" * length, stage, region, base)
        except InvalidEnvironmentError:
            break
    assert found
    with pytest.raises(InvalidEnvironmentError, match="AWS allows"):
        named(f"{found.product.name}a", stage, region, base)
    return found


def measured(phases: dict[str, Stack]) -> list[PolicyDocument]:
    return list(documents({phase: stack.document for phase, stack in phases.items()}))


def fits(made: list[PolicyDocument]) -> None:
    """Assert that everything fits, and that the deployer's documents leave room."""
    assert {each.kind.label for each in made} >= {"managed policy", "trust policy", "bucket policy", "key policy"}
    deployer = [
        each for each in made if each.address.startswith(("aws_iam_policy.boundary", "aws_iam_policy.deployer"))
    ]
    assert len(deployer) == 7
    for document in made:
        share = SHARE if document in deployer else 1
        assert len(document.text) < share * document.kind.longest, document


@pytest.mark.requirement("R13.12")
@every_case("name", environments.known())
def test_the_documents_of_an_environment_fit(stacks: dict[str, Stack], name: str) -> None:
    phases = {key.removeprefix(f"{name}-"): each for key, each in stacks.items() if each.name.startswith(f"{name}-")}
    fits(measured({phase: each for phase, each in phases.items() if f"{name}-{phase}" in stacks and "-" not in phase}))


@pytest.mark.requirement("R13.12")
def test_the_longest_names_and_region_fit(synthesized: Synthesize) -> None:
    environment = longest("b", REGIONS[0])
    assert len(environment.product.name) > 20 and len(environment.region) == len("ap-southeast-1")
    fits(measured(synthesized(environment)))


@st.composite
def names(draw: st.DrawFn) -> Environment:
    """Names of all lengths that the schema allows together, and a region."""
    environment = longest(draw(st.sampled_from("bq")) * draw(st.integers(1, 20)), draw(st.sampled_from(REGIONS)))
    room = len(environment.product.name)
    product = "p" * draw(st.integers(max(1, room - 8), room))
    try:
        return named(product, environment.stage, environment.region, draw(st.sampled_from(["prod", "staging"])))
    except InvalidEnvironmentError:
        assume(False)
        raise


@pytest.mark.slow
@pytest.mark.requirement("R13.12")
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(names())
def test_all_names_and_regions_fit(synthesized: Synthesize, environment: Environment) -> None:
    fits(measured(synthesized(environment)))


def too_long() -> Environment:
    people = tuple(IamUser(arn=f"arn:aws:iam::777788889999:user/platform-engineer-{number}") for number in range(40))
    return replace(PROD, access=replace(PROD.access, planners=people))


@pytest.mark.requirement("R13.12")
def test_a_document_that_aws_would_refuse_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "load", lambda _: too_long())
    monkeypatch.setattr(main, "OUTPUT", tmp_path)
    assert main.main(["prod"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "error: policy documents of environment 'prod' are longer than AWS allows:\n  account aws_iam_role.planner: the"
    )
    for part in (
        "trust policy has 2,",
        "AWS allows 2,048 (https://docs.aws.amazon.com/",
        "access.planners (several values)",
    ):
        assert part in said
    assert said.count("\n") == 2
    assert list(tmp_path.iterdir()) == [], "nothing is written"


def body(*statements: Any, **resources: Any) -> dict[str, dict[str, Any]]:
    """The stacks of an environment that has one."""
    provider = {"region": "us-east-1", "allowed_account_ids": ["111122223333"]}
    document = {"d": {"statement": list(statements)}}
    data = {"data": {"aws_iam_policy_document": document}} if statements else {}
    return {"one": {"provider": {"aws": [provider]}, "resource": resources, **data}}


def one(stacks: dict[str, dict[str, Any]]) -> PolicyDocument:
    (document,) = documents(stacks)
    return document


READ = {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["${aws_s3_bucket.b.arn}/*"]}
BUCKET = {"b": {"bucket": "logs"}}
POLICY = {"p": {"policy": "${data.aws_iam_policy_document.d.json}"}}


def test_a_document_is_measured_as_aws_gets_it() -> None:
    text = one(body(READ, aws_iam_policy=POLICY, aws_s3_bucket=BUCKET)).text
    assert text == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject",'
        '"Resource":"arn:aws:s3:::logs/*"}]}'
    )


@every_case(
    ("reference", "kind", "settings_", "length"),
    [
        ("aws_kms_key.x.arn", "aws_kms_key", {}, len("arn:aws:kms:us-east-1:111122223333:key/") + 36),
        ("aws_kms_key.x.key_id", "aws_kms_key", {}, 36),
        ("aws_iam_role.x.arn", "aws_iam_role", {"name": "role"}, len("arn:aws:iam::111122223333:role/role")),
        ("aws_iam_role.x.name", "aws_iam_role", {"name": "role"}, 4),
        ("aws_s3_bucket.x.id", "aws_s3_bucket", {"bucket": "logs"}, 4),
        (
            "aws_secretsmanager_secret.x.arn",
            "aws_secretsmanager_secret",
            {"name": "a/b"},
            len("arn:aws:secretsmanager:us-east-1:111122223333:secret:a/b-") + 6,
        ),
        ("aws_sns_topic.x.arn", "aws_sns_topic", {"name": "${aws_s3_bucket.b.bucket}"}, 39),
    ],
)
def test_a_reference_counts_with_the_longest_that_it_can_be(
    reference: str, kind: str, settings_: dict[str, str], length: int
) -> None:
    written = {**READ, "resources": [f"${{{reference}}}"]}
    resources: dict[str, Any] = {"aws_s3_bucket": dict(BUCKET), "aws_iam_policy": POLICY}
    resources.setdefault(kind, {})["x"] = settings_
    (statement,) = json.loads(one(body(written, **resources)).text)["Statement"]
    assert len(statement["Resource"]) == length


def test_a_reference_that_cannot_be_measured_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"aws_lambda_function\.x\.arn.*whose length is unknown"):
        list(documents(body({**READ, "resources": ["${aws_lambda_function.x.arn}"]}, aws_iam_policy=POLICY)))


def test_inline_policies_count_together() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "x" * 6_000}]})
    policies = {name: {"role": "${aws_iam_role.r.id}", "policy": text} for name in ("p", "q")}
    stacks = body(aws_iam_role_policy=policies, aws_iam_role={"r": {"name": "r"}})
    assert one(stacks).address == "aws_iam_role_policy.p"
    with pytest.raises(DocumentsTooLongError, match=r"role's inline policies has 12,\d+ characters; AWS allows 10,240"):
        check("prod", stacks, PROD)


def test_blanks_of_a_service_control_policy_count_where_they_are_sent() -> None:
    sizes = [
        len(one(body(READ, aws_s3_bucket=BUCKET, aws_organizations_policy={"p": {"content": reference}})).text)
        for reference in ("${data.aws_iam_policy_document.d.minified_json}", "${data.aws_iam_policy_document.d.json}")
    ]
    assert sizes[0] + 50 < sizes[1]


def test_a_value_that_is_part_of_a_longer_one_is_not_blamed() -> None:
    text = json.dumps({"Statement": [{"Resource": [f"{PROD.product.services[0].repository}/{n}" for n in range(500)]}]})
    with pytest.raises(DocumentsTooLongError) as raised:
        check("prod", body(aws_iam_policy={"p": {"policy": text}}), PROD)
    assert "product.services.0.repository 'navralabs/aep-backend' (500 times)" in str(raised.value)
    assert "product.name" not in str(raised.value)


def test_an_output_folder_stays_as_it_was(tmp_path: Path) -> None:
    synthesize([PROD], tmp_path, organization=False)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    with pytest.raises(DocumentsTooLongError):
        synthesize([too_long()], tmp_path, organization=False)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before
