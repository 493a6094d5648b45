"""Alerts and budgets: who publishes to the topic, and whom it reaches."""

from __future__ import annotations

import pytest

from environments.names import Names
from environments.schema import Environment
from tests.conftest import Stack, of_aep
from tests.iam.blocks import allowed


@pytest.fixture
def account(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-account"]


@pytest.mark.requirement("R1.5")
def test_budgets_tell_of_cost_and_forecast_by_mail_and_topic(account: Stack, env: Environment) -> None:
    budgets = account.resources("aws_budgets_budget")
    filters = {id_: each.get("cost_filter") for id_, each in budgets.items()}
    assert filters["budget_account"] is None
    assert budgets["budget_account"]["limit_amount"] == str(env.budgets.monthly)
    services = {each[0]["values"][0]: int(budgets[id_]["limit_amount"]) for id_, each in filters.items() if each}
    assert services == env.budgets.services
    for budget in budgets.values():
        assert (budget["time_unit"], budget["budget_type"], budget["limit_unit"]) == ("MONTHLY", "COST", "USD")
        assert {each["notification_type"] for each in budget["notification"]} == {"ACTUAL", "FORECASTED"}
        for notification in budget["notification"]:
            assert notification["subscriber_email_addresses"] == list(env.alerts.email)
            assert notification["subscriber_sns_topic_arns"] == ["${aws_sns_topic.alerts.arn}"]


@of_aep
@pytest.mark.requirement("R1.5")
def test_a_budget_is_of_the_service_that_bills_nat_gateways(stacks: dict[str, Stack], env: Environment) -> None:
    """Cost Explorer has NAT gateways' hours and bytes in EC2 - Other, not in Amazon Virtual Private Cloud."""
    assert stacks[f"{env.name}-network"].resources("aws_nat_gateway")
    budgets = stacks[f"{env.name}-account"].resources("aws_budgets_budget").values()
    filters = [each for budget in budgets for each in budget.get("cost_filter") or ()]
    assert {"name": "Service", "values": ["EC2 - Other"]} in filters


@pytest.mark.requirement("R1.5")
def test_limits_of_services_fit_in_the_account_s(env: Environment) -> None:
    assert sum(env.budgets.services.values()) <= env.budgets.monthly


@pytest.mark.requirement("R1.5", "R8.3")
def test_alerts_reach_every_address_and_slack(account: Stack, env: Environment) -> None:
    mails = account.resources("aws_sns_topic_subscription").values()
    assert {(each["protocol"], each["endpoint"]) for each in mails} == {("email", email) for email in env.alerts.email}
    channels = account.resources("aws_chatbot_slack_channel_configuration")
    assert len(channels) == (1 if env.alerts.slack_channel else 0)
    for channel in channels.values():
        assert channel["sns_topic_arns"] == ["${aws_sns_topic.alerts.arn}"]
        assert channel["slack_channel_id"] == env.alerts.slack_channel
        # Without a guardrail of its own, a channel's is AdministratorAccess.
        assert channel["guardrail_policy_arns"] == ["${aws_iam_policy.slack_guardrail.arn}"]
        assert {a.split(":")[0] for s in account.policy("slack_guardrail") for a in s["actions"]} == {"cloudwatch"}


@pytest.mark.requirement("R8.3")
def test_alarms_budgets_databases_and_rules_can_publish_and_encrypt(account: Stack, env: Environment) -> None:
    names = Names(env)
    assert account.resources("aws_sns_topic")["alerts"]["kms_master_key_id"] == "${aws_kms_key.alerts_key.arn}"
    sources = {
        "cloudwatch.amazonaws.com": names.arn("cloudwatch", "alarm:aep-5xx"),
        "budgets.amazonaws.com": names.arn("budgets", "budget/account", region=""),
        "events.rds.amazonaws.com": names.arn("rds", "db:aep"),
        "events.amazonaws.com": None,
    }
    for document, action in (("alerts_policy", "sns:Publish"), ("alerts_key", "kms:GenerateDataKey")):
        for service, source in sources.items():
            statements = [s for s in account.policy(document) if service in s["principals"][0]["identifiers"]]
            resource = statements[0]["resources"][0]
            ours = {"aws:SourceAccount": env.account_id, "aws:SourceArn": source} if source else {}
            assert allowed(statements, action, resource, ours), f"{document}: {service}"
            if source:
                assert not allowed(statements, action, resource, ours | {"aws:SourceAccount": "999999999999"})
