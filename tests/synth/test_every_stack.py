"""What holds for every stack and resource of every environment."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import environments
from environments.names import ZONE_ROLE, Names
from environments.schema import Environment
from modules import contracts
from modules.phases import PHASES
from tests.cases import every_case
from tests.conftest import ENVIRONMENTS, Stack, of_aep

ORGANIZATION = environments.load_organization()

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
STATEFUL = {
    "aws_db_instance",
    "aws_ecr_repository",
    "aws_elasticache_replication_group",
    "aws_kms_key",
    "aws_route53_zone",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
}
# What the provider has no tags for, or what AWS itself names.
LOOKS_LIKE_A_SECRET = re.compile(
    r"(?i)(sk-[a-z0-9]{20}|AKIA[0-9A-Z]{16}|-----BEGIN|postgres(?:ql)?(?:\+\w+)?://\w+:[^$@\s]+@|rediss?://\w*:[^$@\s]+@)"
)


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


def test_three_environments_by_eleven_phases(stacks: dict[str, Stack]) -> None:
    wanted = {f"{name}-{phase.name}" for name in ENVIRONMENTS for phase in PHASES} | {"organization"}
    assert len(PHASES) == 11
    assert {"prod", "prod-starter", "staging"} <= set(ENVIRONMENTS)
    assert set(stacks) == wanted


@pytest.mark.requirement("R1.4")
def test_every_stack_refuses_other_accounts(stacks: dict[str, Stack], env: Environment) -> None:
    for phase in PHASES:
        terraform = stacks[f"{env.name}-{phase.name}"].document
        for provider in terraform["provider"]["aws"]:
            assert provider["allowed_account_ids"] == [env.account_id] or provider.get("assume_role")
        backend = terraform["terraform"]["backend"]["s3"]
        assert backend == {
            "bucket": Names(env).state_bucket,
            "key": f"{env.stage}/{phase.name}.tfstate",
            "region": env.region,
            "encrypt": True,
            "kms_key_id": Names(env).alias_arn("state"),
            "use_lockfile": True,
            "allowed_account_ids": [env.account_id],
        }


@pytest.mark.requirement("R1.4")
def test_the_organization_stack_refuses_other_accounts(stacks: dict[str, Stack]) -> None:
    document = stacks["organization"].document
    assert [provider["allowed_account_ids"] for provider in document["provider"]["aws"]] == [[ORGANIZATION.account_id]]


@of_aep
@pytest.mark.requirement("R1.4")
def test_the_cli_profile_is_a_value(env: Environment) -> None:
    assert env.cli_profile
    assert environments.load("prod").cli_profile == environments.load("prod-starter").cli_profile == "navra-prod"


@pytest.mark.requirement("R11.4", "R11.1")
def test_sizes_of_one_stage_share_names_keys_and_tags(stacks: dict[str, Stack]) -> None:
    for phase in PHASES:
        small, large = (stacks[f"{name}-{phase.name}"].document for name in ("prod-starter", "prod"))
        assert small["terraform"] == large["terraform"]
        assert small["provider"] == large["provider"]


@pytest.mark.requirement("R11.4")
def test_going_from_starter_to_prod_keeps_every_stateful_resource(stacks: dict[str, Stack]) -> None:
    """Same addresses and names; the rehearsal shows that no argument that differs replaces one."""
    naming = ("identifier", "replication_group_id", "name", "bucket", "domain_name")
    for phase in PHASES:
        small, large = (stacks[f"{name}-{phase.name}"] for name in ("prod-starter", "prod"))
        for kind, id_, body in small.all_resources():
            if kind in STATEFUL:
                other = large.resources(kind)[id_]
                assert {key: body.get(key) for key in naming} == {key: other.get(key) for key in naming}


@pytest.mark.requirement("R5.5")
def test_stateful_resources_of_protected_environments_cannot_be_destroyed(
    stacks: dict[str, Stack], env: Environment
) -> None:
    found = set()
    for phase in PHASES:
        for kind, id_, body in stacks[f"{env.name}-{phase.name}"].all_resources():
            if kind in STATEFUL:
                found.add(kind)
                assert body.get("lifecycle", {}).get("prevent_destroy", False) is env.protected, f"{kind}.{id_}"
    has = {
        "aws_db_instance": env.database,
        "aws_ecr_repository": env.registry.source_account is None,
        "aws_elasticache_replication_group": env.cache,
        "aws_route53_zone": env.edge.zone.kind == "created",
        "aws_secretsmanager_secret": env.product.secrets,
    }
    assert found == {kind for kind in STATEFUL if has.get(kind, True)}


@pytest.mark.requirement("R5.5")
def test_destroying_empties_no_bucket_but_an_unprotected_environments_logs(
    stacks: dict[str, Stack], env: Environment
) -> None:
    """AWS destroys empty buckets only, and logs come by themselves. The bucket of states is never emptied."""
    for phase in PHASES:
        for id_, bucket in stacks[f"{env.name}-{phase.name}"].resources("aws_s3_bucket").items():
            logs = phase.name == "account"
            assert bucket.get("force_destroy", False) is (logs and not env.protected), id_


@pytest.mark.requirement("R0.2")
def test_no_secret_value_stands_in_any_stack(stacks: dict[str, Stack]) -> None:
    for name, stack in stacks.items():
        for text in strings(stack.document):
            assert not LOOKS_LIKE_A_SECRET.search(text), f"{name}: {text[:40]}"
        # The planner plans records in another account's zone with another role than the values have, and nothing else.
        variables = {ZONE_ROLE} if name.endswith(("-edge", "-cutover")) else set()
        assert stack.document.get("variable", {}).keys() <= variables, f"{name}: values come from environments/"
        for kind, id_, body in stack.all_resources():
            for argument in (
                "password",
                "secret_string",
                "secret_binary",
                "auth_token",
                "master_password",
                "passwords",
            ):
                assert not body.get(argument), f"{name}: {kind}.{id_}.{argument}"


@pytest.mark.requirement("R0.1")
def test_nothing_but_load_balancer_and_nat_is_public(stacks: dict[str, Stack]) -> None:
    for name, stack in stacks.items():
        for kind, id_, body in stack.all_resources():
            where = f"{name}: {kind}.{id_}"
            assert not body.get("publicly_accessible"), where
            assert not body.get("map_public_ip_on_launch"), where
            assert "aws_instance" not in kind, where
            assert '"assign_public_ip": true' not in json.dumps(body), where
            if kind == "aws_eip":
                assert id_.startswith("nat_address_"), where
            if kind == "aws_lb":
                assert all("public" in subnet for subnet in body["subnets"]), where


@pytest.mark.requirement("R0.3")
def test_the_deployers_phases_hold_no_identities_keys_budgets_or_audit(
    stacks: dict[str, Stack], env: Environment
) -> None:
    for phase in PHASES:
        if phase.applied_by == "deployer":
            for kind, id_, _ in stacks[f"{env.name}-{phase.name}"].all_resources():
                assert not re.match(r"aws_(iam|kms|budgets|cloudtrail|guardduty|config|securityhub)", kind), id_


@pytest.mark.requirement("R0.3")
def test_every_wildcard_has_its_reason_beside_it(stacks: dict[str, Stack]) -> None:
    for name, stack in stacks.items():
        for id_, document in stack.data("aws_iam_policy_document").items():
            reasons = document["//"].get("because", {})
            for statement in document["statement"]:
                if statement["effect"] == "Allow" and "*" in [
                    *statement.get("actions", []),
                    *statement.get("resources", []),
                ]:
                    assert len(reasons.get(statement["sid"], "")) > 15, f"{name}: {id_}: {statement['sid']}"


@pytest.mark.requirement("R1.2")
def test_every_statement_of_a_permission_has_resources(stacks: dict[str, Stack], env: Environment) -> None:
    """AWS refuses one without: a list by secret, service or store may be empty in another product.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    for phase in PHASES:
        for id_, document in stacks[f"{env.name}-{phase.name}"].data("aws_iam_policy_document").items():
            for statement in document["statement"]:
                # A resource's own policy, which names principals, is about that resource.
                assert statement.get("resources") or statement.get("principals"), f"{id_}: {statement['sid']}"


@pytest.mark.requirement("R0.5")
def test_staging_and_production_are_the_same_code(stacks: dict[str, Stack]) -> None:
    """The same kinds of things in every phase, but for what values switch."""
    switched = {"aws_route53_zone", "aws_chatbot_slack_channel_configuration", "aws_wafv2_web_acl"}
    for phase in PHASES:
        kinds = [
            set(stacks[f"{name}-{phase.name}"].document.get("resource", {})) for name in ("staging", "prod-starter")
        ]
        assert not (kinds[0] ^ kinds[1]) - switched or phase.name in ("account", "edge", "cutover", "registry"), (
            phase.name
        )


def test_what_is_read_is_published(stacks: dict[str, Stack], env: Environment) -> None:
    """Every use of another phase's output names one that the phase has, and a key that its map has."""
    for phase in PHASES:
        text = json.dumps(stacks[f"{env.name}-{phase.name}"].document)
        pattern = r'data\.terraform_remote_state\.(\w+)\.outputs\.(\w+)(?:\[\\+"([^"\\]+)\\+"\])?'
        for upstream, output, key in re.findall(pattern, text):
            assert upstream in phase.reads
            outputs = stacks[f"{env.name}-{upstream}"].outputs
            assert output in outputs, f"{phase.name}: {upstream}.{output}"
            if key:
                assert key in outputs[output], f"{phase.name}: {upstream}.{output}[{key}]"


def test_phases_read_only_earlier_ones() -> None:
    names = [phase.name for phase in PHASES]
    for index, phase in enumerate(PHASES):
        assert set(phase.reads) <= set(names[:index]), phase.name


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_each_phase_publishes_its_contract(stacks: dict[str, Stack], env: Environment, phase: Any) -> None:
    (contract,) = (each for each in contracts.Contract.__subclasses__() if each.phase == phase.name)
    assert set(stacks[f"{env.name}-{phase.name}"].outputs) == {field.name for field in fields(contract)}


@every_case("environment", ["prod", "prod-starter", "staging"])
def test_addresses_are_the_golden_ones(stacks: dict[str, Stack], environment: str) -> None:
    """An address that changes is destroyed and made again: such a diff must be wanted, and reviewed.

    `make golden` writes the lists.
    """
    for phase in PHASES:
        stack = stacks[f"{environment}-{phase.name}"]
        found = sorted(f"{kind}.{id_}" for kind, id_, _ in stack.all_resources())
        file = GOLDEN / f"{stack.name}.txt"
        assert file.exists(), f"{file.name} is missing: make golden"
        assert found == file.read_text(encoding="utf-8").split(), f"{file.name}: if the change is wanted, make golden"
