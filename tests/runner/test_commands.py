"""Plan, apply, drift, outputs and destroy, as an operator types them, with real Terraform on emulated AWS."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from environments import load
from environments.names import Names
from rehearsal.emulator.client import Control
from rehearsal.emulator.settings import credentials
from tests.runner.operator import Operator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(20 * 60)]
REPOSITORY = "navralabs/aep-backend"


LEFT_IN_THE_SHELL = {
    "TF_WORKSPACE": "left",
    "TF_DATA_DIR": "elsewhere",
    "TF_CLI_ARGS_plan": "-refresh=false",
    "TF_REATTACH_PROVIDERS": "{}",
    "TF_INPUT": "1",
}


def check_that_the_shell_changes_nothing(operator: Operator) -> None:
    """Neither another workspace with its own state, nor a comparison that doesn't look at AWS."""
    left = operator.with_variables(**LEFT_IN_THE_SHELL)
    said = left.run("drift", "prod", "registry", expect=1).stderr
    assert f"Terraform runs without {', '.join(sorted(LEFT_IN_THE_SHELL))} of this shell" in said
    assert "image_tag_mutability: MUTABLE in the account, IMMUTABLE in the code" in said
    assert "plan of prod: 1 changes" in left.plan("registry")  # The comparison found the change here too.


@pytest.mark.requirement("R5.5")
def test_from_plan_to_destroy(operator: Operator) -> None:
    """One long way, since each apply takes its time."""
    said = operator.plan("registry", "secrets")
    assert "secrets  waiting for account" in said
    assert "registry  changes  7 to create" in said
    report = operator.report("plan")
    assert report["phases"]["secrets"]["waits_for"] == ["account", "registry"]
    stack, ecr = operator.stack("registry"), operator.client("ecr")
    assert stack.saved_summary.read_text().startswith("+   aws_ecr_")
    left = (stack.saved, stack.saved_json, stack.saved_summary, stack.provenance)
    assert [path.stat().st_mode & 0o077 for path in left] == [0, 0, 0, 0], "for the owner only"

    refused = operator.run("apply", "prod", "registry", expect=1).stderr
    assert "No terminal to ask on" in refused
    assert not ecr.describe_repositories()["repositories"]
    said = operator.apply("registry")
    assert "registry: 7 to create; planned" in said
    assert {each["repositoryName"] for each in ecr.describe_repositories()["repositories"]} >= {REPOSITORY}
    assert not stack.saved.exists(), "a plan is applied once"
    assert "there is no saved plan of prod-registry" in operator.apply("registry", expect=1)

    assert "registry  no changes" in operator.plan("registry")
    shown = json.loads(operator.run("outputs", "prod", "registry", "--json").stdout)
    assert REPOSITORY in shown["repository_urls"]
    assert json.loads(operator.run("outputs", "prod", "registry", "network", "--json").stdout) == {"registry": shown}

    operator.run("drift", "prod", "registry")
    ecr.put_image_tag_mutability(repositoryName=REPOSITORY, imageTagMutability="MUTABLE")
    check_that_the_shell_changes_nothing(operator)
    differs = operator.run("drift", "prod", expect=1).stderr
    assert "update aws_ecr_repository." in differs
    assert "account  not applied" in differs
    assert operator.report("drift")["phases"]["registry"]["counts"] == {"update": 1}

    protected = operator.run("destroy", "prod", "--confirm", "prod", expect=1).stderr
    assert "prod is protected: no command destroys it" in protected


def test_before_there_is_a_state_bucket_bootstrap_is_named(operator: Operator) -> None:
    names = Names(load("prod"))
    operator.client("s3").delete_bucket(Bucket=names.state_bucket)
    for command in ("plan", "drift", "apply"):
        said = operator.run(command, "prod", expect=2).stderr
        assert f"there is no state bucket {names.state_bucket} yet; make bootstrap ENV=prod" in said


def test_a_bootstrap_that_was_cut_off_goes_on(operator: Operator, control: Control) -> None:
    """Until it came to its end, nothing is planned with a state that isn't the bucket's."""
    names, stack = Names(load("prod")), operator.stack("state")
    operator.client("s3").delete_bucket(Bucket=names.state_bucket)
    operator.client("kms").delete_alias(AliasName=names.alias("state"))
    control.fail("kms", "CreateAlias", "AccessDeniedException", 1, status=400)
    said = operator.run("bootstrap", "prod", "--yes", expect=2).stderr
    assert "created resources are in the state; to continue: make bootstrap ENV=prod" in said
    for command in ("plan", "apply", "drift"):
        said = operator.run(command, "prod", "state", expect=2).stderr
        assert f"exists, but its own state is still in {stack.folder}; to continue: make bootstrap ENV=prod" in said
    operator.run("bootstrap", "prod", "--yes")
    assert not [*stack.folder.glob("*_override.tf.json"), *stack.folder.glob("terraform.tfstate*")]
    record = json.loads(
        operator.client("s3").get_object(Bucket=names.state_bucket, Key=names.applied_key("state"))["Body"].read()
    )
    assert record["stack_sha256"] == stack.digest
    (stack.folder / "local_override.tf.json").write_text('{"terraform": {"backend": {"local": {}}}}')
    assert "state  no changes" in operator.plan("state"), "what another machine's bootstrap left is no state"


def test_destroy_wants_the_environments_name(operator: Operator, output: Path) -> None:
    staging = load("staging")
    names, variables = Names(staging), {**operator.variables, **credentials(staging.account_id)}
    for stack in (output / "stacks").glob("staging-*"):
        shutil.copytree(stack, operator.out / "stacks" / stack.name)
    other = replace(operator, variables=variables)
    kept = {"type": "aws_ecr_repository", "name": "backend", "mode": "managed", "instances": [{}]}
    state = {"version": 4, "serial": 1, "lineage": "l", "outputs": {}, "resources": [kept]}
    where = {"Bucket": names.state_bucket, "Key": names.state_key("registry")}
    other.client("s3").create_bucket(Bucket=names.state_bucket)
    other.client("s3").put_object(**where, Body=json.dumps(state).encode())
    for given in ((), ("--confirm", "prod"), ("--confirm", "Staging")):
        said = other.run("destroy", "staging", *given, expect=1).stderr
        # A wrong name is refused before anything is read.
        assert given or "1 resources of staging (account 444455556666): registry" in said
        assert "--confirm must be 'staging'" in said
        assert "nothing was destroyed" in said
    assert json.loads(other.client("s3").get_object(**where)["Body"].read()) == state


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "prdo"), "unknown environment 'prdo'; did you mean prod? known: prod, prod-starter, staging"),
        (("plan", "prod", "netwrok"), "unknown phase 'netwrok'; did you mean network? known: state"),
        (("apply", "prod", "netwrok"), "unknown phase 'netwrok'; did you mean network? known: state"),
        (("recover", "prod", "netwrok"), "unknown phase 'netwrok'; did you mean network? known: state"),
        (("outputs", "prod", "netwrok"), "unknown phase 'netwrok'; did you mean network? known: state"),
        (("plan", "staging"), "staging-state isn't synthesized in "),
    ],
)
def test_a_mistyped_name_gets_one_clear_line(operator: Operator, arguments: tuple[str, ...], said: str) -> None:
    variables = {**operator.variables}
    if "staging" in arguments:
        variables |= credentials(load("staging").account_id)
    errors = replace(operator, variables=variables).run(*arguments, expect=2).stderr
    assert errors.startswith(f"error: {said}")
    assert len(errors.splitlines()) == 1
