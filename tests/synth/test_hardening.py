"""The web application firewall: there where the profile has one, in full, and nothing where it has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import environments
from environments.schema import Environment, Profile
from tests.conftest import Body, Stack

BLOCKING = {
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
}


@pytest.fixture(scope="module")
def variant(synthesized: Callable[[Environment], dict[str, Stack]]) -> tuple[Environment, Stack]:
    """Staging with a firewall, and with numbers of its own."""
    staging = environments.load("staging")
    profile: Profile = replace(staging.profile, waf=True)
    waf = replace(
        staging.waf, rate_limit=123, rate_limited_path="/v2/", counted_rules=(), log_retention=400, blocked_requests=7
    )
    environment = replace(staging, profile=profile, waf=waf)
    return environment, synthesized(environment)["hardening"]


@pytest.fixture(params=["prod", "variant"])
def guarded(request: pytest.FixtureRequest, stacks: dict[str, Stack]) -> tuple[Environment, Stack]:
    """Environments that have a firewall."""
    if request.param == "variant":
        variant: tuple[Environment, Stack] = request.getfixturevalue("variant")
        return variant
    return environments.load(request.param), stacks[f"{request.param}-hardening"]


def only(named: dict[str, Body]) -> Body:
    assert len(named) == 1
    return next(iter(named.values()))


def rules(stack: Stack) -> dict[str, Body]:
    return {rule["name"]: rule for rule in only(stack.resources("aws_wafv2_web_acl"))["rule"]}


@pytest.mark.requirement("R9.1", "R11.1")
def test_the_profile_decides(stacks: dict[str, Stack], env: Environment) -> None:
    stack = stacks[f"{env.name}-hardening"]
    assert bool(list(stack.all_resources())) is env.profile.waf
    assert bool(stack.outputs["web_acl_arns"]) is env.profile.waf
    assert ("no_waf" in env.accepted_risks) is not env.profile.waf


@pytest.mark.requirement("R9.1")
def test_it_stands_before_the_load_balancer(guarded: tuple[Environment, Stack]) -> None:
    _, stack = guarded
    association = only(stack.resources("aws_wafv2_web_acl_association"))
    assert association["resource_arn"] == "${data.terraform_remote_state.edge.outputs.load_balancer_arn}"
    assert association["web_acl_arn"] == stack.outputs["web_acl_arns"]["load_balancer"]
    assert only(stack.resources("aws_wafv2_web_acl"))["scope"] == "REGIONAL"


@pytest.mark.requirement("R9.1")
def test_managed_rules_block_but_for_the_ones_that_a_value_names(guarded: tuple[Environment, Stack]) -> None:
    environment, stack = guarded
    groups = {
        rule["statement"]["managed_rule_group_statement"]["name"]: rule
        for rule in rules(stack).values()
        if "managed_rule_group_statement" in rule["statement"]
    }
    assert {name for name, rule in groups.items() if "none" in rule["override_action"]} == BLOCKING
    counted = {
        (name, override["name"])
        for name, rule in groups.items()
        for override in rule["statement"]["managed_rule_group_statement"].get("rule_action_override", [])
        if "count" in override["action_to_use"]
    }
    assert counted == {("AWSManagedRulesCommonRuleSet", name) for name in environment.waf.counted_rules}


@pytest.mark.requirement("R9.1")
def test_one_address_cannot_call_the_limited_path_without_end(guarded: tuple[Environment, Stack]) -> None:
    environment, stack = guarded
    rule = next(rule for rule in rules(stack).values() if "rate_based_statement" in rule["statement"])
    statement = rule["statement"]["rate_based_statement"]
    assert "block" in rule["action"]
    assert (statement["limit"], statement["evaluation_window_sec"]) == (environment.waf.rate_limit, 300)
    assert statement["aggregate_key_type"] == "IP"
    match = statement["scope_down_statement"]["byte_match_statement"]
    assert (match["search_string"], match["positional_constraint"]) == (
        environment.waf.rate_limited_path,
        "STARTS_WITH",
    )
    assert "uri_path" in match["field_to_match"]


def test_rules_have_priorities_and_metrics_of_their_own(guarded: tuple[Environment, Stack]) -> None:
    _, stack = guarded
    acl = only(stack.resources("aws_wafv2_web_acl"))
    shown = [acl["visibility_config"], *(rule["visibility_config"] for rule in acl["rule"])]
    assert all(each["cloudwatch_metrics_enabled"] for each in shown)
    assert not any(each["sampled_requests_enabled"] for each in shown), "samples keep tokens readable"
    assert len({each["metric_name"] for each in shown}) == len(shown)
    assert len({rule["priority"] for rule in acl["rule"]}) == len(acl["rule"])


@pytest.mark.requirement("R9.1", "R8.5")
def test_it_logs_without_what_lets_a_reader_act_as_the_user(guarded: tuple[Environment, Stack]) -> None:
    environment, stack = guarded
    group = only(stack.resources("aws_cloudwatch_log_group"))
    assert group["name"].startswith("aws-waf-logs-"), "WAF takes no other name"
    assert group["retention_in_days"] == environment.waf.log_retention
    assert group["kms_key_id"] == "${data.terraform_remote_state.account.outputs.log_key_arn}"
    logging = only(stack.resources("aws_wafv2_web_acl_logging_configuration"))
    assert logging["log_destination_configs"] == ["${aws_cloudwatch_log_group.web_acl_log.arn}"]
    assert {field["single_header"]["name"] for field in logging["redacted_fields"]} == {"authorization", "cookie"}
    (statement,) = stack.policy("web_acl_log")
    assert statement["principals"] == [{"identifiers": ["delivery.logs.amazonaws.com"], "type": "Service"}]
    assert statement["resources"][0].endswith(f"{environment.account_id}:log-group:{group['name']}:*")
    assert {"aws:SourceAccount", "aws:SourceArn"} == {each["variable"] for each in statement["condition"]}


def test_many_blocked_requests_are_told(guarded: tuple[Environment, Stack]) -> None:
    environment, stack = guarded
    alarm = only(stack.resources("aws_cloudwatch_metric_alarm"))
    assert alarm["threshold"] == environment.waf.blocked_requests
    acl = only(stack.resources("aws_wafv2_web_acl"))["visibility_config"]["metric_name"]
    assert alarm["dimensions"] == {"WebACL": acl, "Region": environment.region, "Rule": "ALL"}
