"""What stops an alarm, hides an event or sends traffic elsewhere is found, and no product's stacks have any of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from environments.schema import Environment
from ops.gate import alarms, detection, events, firewall, kept, traffic
from ops.gate.model import Record, ScannedBlock
from ops.gate.stacks import expected_stacks, select
from ops.gate.view import merged_view
from tests.cases import every_case
from tests.gate.planted.row import GONE
from tests.products import AEP, HERE, SHAPES, values

Proof = Callable[[Sequence[ScannedBlock], Environment], list[Record]]
PROOFS: tuple[Proof, ...] = (
    alarms.silent_alarms,
    detection.unseen,
    firewall.unblocked,
    kept.lost_data,
    traffic.stray_traffic,
)
Views = Callable[[str, str], tuple[list[ScannedBlock], Environment]]
Change = tuple[str, list[str | int], Any, str, str]
"""A block, a place in it, what is there then, and where and how it is reported."""
PROD, SHOP = ("aep", "prod"), ("shop", "shop-prod")


@pytest.fixture(scope="module")
def views(outputs: Callable[[Path], Path]) -> Views:
    """The merged view of an environment of a product, and its values."""

    @cache
    def view(product: str, name: str) -> tuple[list[ScannedBlock], Environment]:
        with values(HERE / product):
            expected = expected_stacks()
            (stacks,) = select(outputs(HERE / product), [name], expected).environment_stacks
            return merged_view(stacks), expected.values[name]

    return view


def changed(value: Any, place: Sequence[str | int], new: Any) -> Any:
    """A value with another one, or nothing, at a place in it."""
    key, rest = place[0], place[1:]
    if isinstance(value, list):
        assert isinstance(key, int)
        here = [] if new is GONE and not rest else [changed(value[key], rest, new) if rest else new]
        return [*value[:key], *here, *value[key + 1 :]]
    without = {name: each for name, each in value.items() if name != key}
    if rest:
        return {**value, str(key): changed(value.get(key, {}), rest, new)}
    return without if new is GONE else {**without, str(key): new}


def planted(view: Sequence[ScannedBlock], address: str, place: Sequence[str | int], new: Any) -> list[ScannedBlock]:
    """A view with a change in a block, or without it."""
    assert any(block.block.address == address for block in view), address
    return [
        replace(block, settings=changed(block.settings, place, new)) if block.block.address == address else block
        for block in view
        if place or block.block.address != address
    ]


def found(view: Sequence[ScannedBlock], environment: Environment) -> list[str]:
    """What the proofs find: check, address and words."""
    records = [record for proof in PROOFS for record in proof(view, environment) if not record.passed]
    return [f"{each.check} {each.block.address} {' '.join(each.details)}" for each in records]


@pytest.mark.slow
@every_case("folder", [AEP, *SHAPES], ids=lambda folder: folder.name)
@pytest.mark.requirement("R13.2")
def test_no_product_has_any(folder: Path, outputs: Callable[[Path], Path]) -> None:
    with values(folder):
        expected = expected_stacks()
        for stacks in select(outputs(folder), (), expected).environment_stacks:
            if environment := expected.values.get(stacks.name):
                assert found(merged_view(stacks), environment) == []


ALARM, COMPOSITE = "aws_cloudwatch_metric_alarm.", "aws_cloudwatch_composite_alarm.cutover"
ROLLBACK = "aws_cloudwatch_composite_alarm"
CPU, TASKS = f"{ALARM}backend_cpu", f"{ALARM}backend_missing_tasks"
SERVICE = "aws_ecs_service.backend_service"
RECORD = "aws_route53_record.application_current"
USER, OFF_USER = "aws_elasticache_user.cache_users_application", "aws_elasticache_user.cache_users_default"
CLUSTER, SESSIONS = "aws_ecs_cluster.cluster", ["configuration", "execute_command_configuration", "log_configuration"]
DATABASE_EVENTS = "aws_db_event_subscription.database_events"
CHANGES = "aws_db_event_subscription.database_parameter_events"
DATABASE = "${aws_db_instance.prod_data__database.identifier}"
RULE, HTTPS, HTTP = "aws_lb_listener_rule.https_backend", "aws_lb_listener.https", "aws_lb_listener.http"
FIREWALL = "aws_wafv2_web_acl.web_acl"
TARGET = "aws_cloudwatch_event_target.root_console_target"
EVENTS = "aws_cloudwatch_event_rule.guardduty_finding"
TOPIC, BALANCER = "aws_sns_topic.alerts", "aws_lb.load_balancer"
GROUPS = "aws_lb_target_group.prod_edge__"
MEMBER = 'ALARM("${aws_cloudwatch_metric_alarm.prod_observability__load_balancer_5xx.alarm_name}")'

CACHE, PARAMETERS = "aws_elasticache_parameter_group.cache_parameters", "aws_db_parameter_group.database_parameters"
IMAGES = "aws_ecr_lifecycle_policy.navralabs_aep_backend_lifecycle"
SELECTIONS: list[dict[str, Any]] = [
    {"tagStatus": "tagged", "tagPrefixList": ["release-"], "countType": "imageCountMoreThan", "countNumber": 9999},
    {"tagStatus": "tagged", "tagPatternList": ["sha256-*"], "countType": "imageCountMoreThan", "countNumber": 9999},
    {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
    {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 30},
]


def images(changed_rule: int, name: str, value: object) -> str:
    """A lifecycle policy that is right but for one value of a rule."""
    rules = [
        {"rulePriority": number, "selection": {**each, name: value} if number == changed_rule else each}
        for number, each in enumerate(SELECTIONS)
    ]
    return json.dumps({"rules": rules[::-1]})


ONE = {"tagStatus": "tagged", "tagPrefixList": ["release-prod-"], "countType": "imageCountMoreThan", "countNumber": 1}
OF_STAGE = json.dumps(
    {"rules": [{"rulePriority": number, "selection": each} for number, each in enumerate([ONE, *SELECTIONS])]}
)


@pytest.mark.slow
@every_case(
    "change",
    [
        (CPU, ["threshold"], 100, CPU, "has the threshold 100, must be 85"),
        (CPU, ["threshold"], True, CPU, "has the threshold True"),
        (CPU, ["metric_name"], "CPUReservation", CPU, "which isn't in ops/gate/alarms.py"),
        (CPU, ["statistic"], "Minimum", CPU, "hides a bad state; must be Average"),
        (CPU, ["comparison_operator"], "LessThanThreshold", CPU, "but high values are the bad ones"),
        (CPU, ["treat_missing_data"], "missing", CPU, "must be 'notBreaching'"),
        (CPU, ["evaluation_periods"], 1, CPU, "since a single value may be an outlier"),
        (CPU, [], GONE, SERVICE, "0 alarms are on AWS/ECS CPUUtilization of aep-backend-prod, must be 1"),
        (TASKS, [], GONE, SERVICE, "0 alarms are on desired - FILL(running, 0) of aep-backend-prod"),
        (f"{ALARM}cache_002_memory", [], GONE, "aws_elasticache_replication_group.cache", "of aep-prod-002, must be 1"),
        (f"{ALARM}blocked_requests", [], GONE, FIREWALL, "0 alarms are on AWS/WAFV2 BlockedRequests of aep-prod"),
        (f"{ALARM}backend_unhealthy", ["evaluation_periods"], 1, f"{ALARM}backend_unhealthy", "tasks may start"),
        (
            COMPOSITE,
            ["alarm_rule"],
            'ALARM("${aws_cloudwatch_metric_alarm.prod_observability__backend_cpu.alarm_name}")',
            COMPOSITE,
            "includes aws_cloudwatch_metric_alarm.backend_cpu",
        ),
        (
            f"{ROLLBACK}.backend_rollback",
            ["alarm_rule"],
            MEMBER,
            f"{ROLLBACK}.backend_rollback",
            "backend_missing_tasks",
        ),
        (EVENTS, ["event_pattern"], '{"source": [{"prefix": ""}]}', EVENTS, "matches a change of an ECS task"),
        (EVENTS, ["event_pattern"], '{"source": [{"exists": true}]}', EVENTS, "has the forms exists in its pattern"),
        (RECORD, ["provider"], GONE, RECORD, "is written by the provider None, must be aws.dns"),
        (
            "aws_acm_certificate_validation.certificate_validation",
            ["validation_record_fqdns", 0],
            GONE,
            "aws_acm_certificate_validation.certificate_validation",
            "doesn't wait for the validation of",
        ),
        (
            "aws_route53_record.certificate_app_navralabs_com",
            [],
            GONE,
            "aws_acm_certificate_validation.certificate_validation",
            "app.navralabs.com needs one validation record",
        ),
        (PARAMETERS, ["parameter", 4, "value"], "all", PARAMETERS, "must be"),
        (CPU, ["evaluation_periods"], 16, CPU, "fires after 960 seconds; must be 900 or less"),
        (CPU, ["evaluation_periods"], 0, CPU, "evaluates 0 periods"),
        (CPU, ["dimensions", "ServiceName"], "x", CPU, "must be aws_ecs_service.name of this environment"),
        (CPU, ["dimensions", "Other"], "x", CPU, "which this environment doesn't have"),
        (
            f"{ALARM}cache_001_memory",
            ["dimensions", "CacheClusterId"],
            "x-001",
            f"{ALARM}cache_001_memory",
            "must be aws",
        ),
        (f"{ALARM}blocked_requests", ["dimensions", "Rule"], "x", f"{ALARM}blocked_requests", "doesn't have"),
        (TASKS, ["metric_query", 0, "expression"], "0", TASKS, "has the formula 0 of other metrics"),
        (TASKS, ["metric_query", 1], GONE, TASKS, "of other metrics"),
        (TASKS, ["metric_query", 2, "metric", "stat"], "Sum", TASKS, "of other metrics"),
        (TASKS, ["metric_query", 2, "metric", "period"], 3600, TASKS, "fires after 18000 seconds"),
        (TASKS, ["metric_query", 1, "metric", "dimensions", "ClusterName"], "x", TASKS, "must be aws_ecs_cluster.name"),
        (COMPOSITE, ["alarm_rule"], "TRUE", COMPOSITE, "so it may never fire"),
        (COMPOSITE, ["alarm_rule"], f"NOT {MEMBER}", COMPOSITE, "so it may never fire"),
        (COMPOSITE, ["alarm_rule"], MEMBER, COMPOSITE, f"doesn't include {ALARM}backend_errors"),
        (COMPOSITE, ["alarm_rule"], 'ALARM("other")', COMPOSITE, "isn't an alarm of this environment"),
        (SERVICE, ["alarms", "alarm_names", 1], GONE, SERVICE, "no alarm on UnHealthyHostCount of aep-prod-backend"),
        (SERVICE, ["lifecycle", "postcondition"], GONE, SERVICE, "has no postcondition on self.task_definition"),
        (SERVICE, ["lifecycle", "ignore_changes"], ["load_balancer"], SERVICE, "so an apply deploys nothing"),
        (
            SERVICE,
            ["deployment_controller", "type"],
            "CODE_DEPLOY",
            SERVICE,
            "the value of its deployment is 'rolling'",
        ),
        (
            SERVICE,
            ["load_balancer", 0, "target_group_arn"],
            f"${{{GROUPS}frontend_targets.arn}}",
            SERVICE,
            "must be ['aep",
        ),
        (
            "aws_appautoscaling_target.backend_scaling",
            ["resource_id"],
            "service/a/b",
            "aws_appautoscaling_target",
            "no serv",
        ),
        (RECORD, ["type"], "MX", RECORD, "which the environment's values don't lead to"),
        (RECORD, ["weighted_routing_policy", "weight"], 100, RECORD, "has the weights [100], must be 0"),
        (RECORD, ["alias", "name"], "other.example.com", RECORD, "must lead to ('aws_lb.dns_name', 'aws_lb.zone_id')"),
        (RECORD, ["alias", "evaluate_target_health"], True, RECORD, "evaluate_target_health must be False"),
        (RECORD, ["zone_id"], "Z1", RECORD, "is in the zone Z1, must be in that of navralabs.com"),
        (RECORD, [], GONE, BALANCER, "app.navralabs.com A aep-prod-current has no record"),
        (
            HTTPS,
            ["default_action", 0, "target_group_arn"],
            f"${{{GROUPS}backend_targets.arn}}",
            HTTPS,
            "must forward to",
        ),
        (HTTPS, ["lifecycle"], {"ignore_changes": ["default_action"]}, HTTPS, "ignores changes of default_action"),
        (HTTP, ["default_action", 0, "target_group_arn"], f"${{{GROUPS}backend_targets.arn}}", HTTP, "without TLS"),
        (RULE, ["listener_arn"], "${aws_lb_listener.prod_edge__http.arn}", RULE, "is of a listener without TLS"),
        (RULE, ["action", 0, "type"], "redirect", RULE, "has the actions ['redirect']"),
        (RULE, ["lifecycle"], {"ignore_changes": ["action"]}, RULE, "ignores changes of action"),
        (RULE, [], GONE, BALANCER, "0 listener rules forward to aep-prod-backend"),
        (RULE, ["action", 0], {"type": "redirect"}, BALANCER, "1 listener rules redirect"),
        (FIREWALL, ["rule", 4, "override_action"], {"count": {}}, FIREWALL, "rule common only counts"),
        (FIREWALL, ["rule", 2, "action"], {"count": {}}, FIREWALL, "rule rate-limit doesn't block"),
        (
            FIREWALL,
            ["rule", 0, "statement", "managed_rule_group_statement", "rule_action_override"],
            [{"name": "x"}],
            FIREWALL,
            "changes what rules of AWSManagedRulesAmazonIpReputationList do",
        ),
        (
            "aws_wafv2_web_acl_logging_configuration.web_acl_log_configuration",
            ["redacted_fields", 0],
            GONE,
            "aws_wafv2_web_acl_logging_configuration.web_acl_log_configuration",
            "must redact ['authorization', 'cookie']",
        ),
        (
            "aws_guardduty_detector_feature.guardduty_runtime_monitoring",
            [],
            GONE,
            "aws_guardduty_detector",
            "has no feature R",
        ),
        (
            "aws_guardduty_detector_feature.guardduty_runtime_monitoring",
            ["additional_configuration", 1, "status"],
            "DISABLED",
            "aws_guardduty_detector.guardduty",
            "ECS_FARGATE_AGENT_MANAGEMENT is DISABLED, must be ENABLED",
        ),
        (
            "aws_ecs_cluster.cluster",
            ["tags"],
            {"GuardDutyManaged": "false"},
            "aws_ecs_cluster.cluster",
            "profile.guardduty_agent",
        ),
        (
            "aws_securityhub_standards_subscription.security_hub_fsbp",
            [],
            GONE,
            "aws_securityhub_account",
            "has 1 standards",
        ),
        (
            "aws_cloudtrail.trail",
            ["event_selector", 0, "data_resource", 0, "values"],
            ["x/"],
            "aws_cloudtrail.trail",
            "tfstate",
        ),
        ("aws_s3_bucket_logging.trail_bucket_logging", [], GONE, "aws_s3_bucket.trail_bucket", "has no access logs"),
        ("aws_db_event_subscription.database_events", [], GONE, "aws_db_instance.database", "are subscribed by no"),
        ("aws_budgets_budget.budget_account", ["notification", 3], GONE, "aws_budgets_budget", "at 100 % (FORECASTED)"),
        (
            EVENTS,
            ["event_pattern"],
            '{"source": ["aws.guardduty"], "account": ["1"]}',
            TOPIC,
            "no rule alerts it of a GuardDuty",
        ),
        (EVENTS, ["event_pattern"], "{", TOPIC, "no rule alerts it of a GuardDuty"),
        (
            EVENTS,
            ["event_pattern"],
            '{"detail": {"severity": [{"exists": true}]}}',
            TOPIC,
            "no rule alerts it of a GuardDuty",
        ),
        (TARGET, [], GONE, TOPIC, "no rule alerts it of a sign-in of the root user"),
        (TARGET, ["input_transformer"], GONE, TARGET, "sends the event itself"),
        (TARGET, ["input_transformer", "input_paths", "account"], "$.other", TARGET, "which no such event has"),
        (TARGET, ["input_transformer", "input_template"], '"<account>"', TARGET, "isn't a notification"),
        (TARGET, ["input_transformer", "input_template"], "<account>", TARGET, "so the alert lacks a fact"),
        (TARGET, ["input_transformer"], {"input_template": "{}"}, TARGET, "without a fact of the event"),
        (COMPOSITE, [], GONE, BALANCER, "no composite alarm aep-prod-cutover exists"),
        (f"{ROLLBACK}.backend_rollback", [], GONE, BALANCER, "no composite alarm aep-prod-backend-rollback exists"),
        ("aws_chatbot_slack_channel_configuration.slack", [], GONE, TOPIC, "gets no alerts: alerts.slack_channel"),
        (
            "aws_sns_topic_subscription.alerts_alerts_navralabs_com",
            ["endpoint"],
            "x@example.test",
            TOPIC,
            "gets no alerts: alerts.email",
        ),
        (SERVICE, ["health_check_grace_period_seconds"], GONE, SERVICE, "so starting tasks are stopped"),
        (SERVICE, ["wait_for_steady_state"], False, SERVICE, "so an apply ends before the deployment does"),
        (f"{ALARM}load_balancer_5xx", ["evaluation_periods"], 2, f"{ALARM}load_balancer_5xx", "must be 1 of 300"),
        (f"{ALARM}load_balancer_5xx", ["period"], 60, f"{ALARM}load_balancer_5xx", "must be 1 of 300"),
        (CACHE, ["parameter"], [{"name": "maxmemory-policy", "value": "allkeys-lru"}], CACHE, "must be volatile-lru"),
        (PARAMETERS, ["parameter", 0, "value"], "0", PARAMETERS, "rds.force_ssl is 0, must be 1"),
        (PARAMETERS, ["parameter", 2], GONE, PARAMETERS, "log_connections is None"),
        (PARAMETERS, ["parameter", 5, "value"], "-1", PARAMETERS, "log_min_duration_statement is -1, must be 1000"),
        (PARAMETERS, ["parameter", 0, "name"], "autovacuum", PARAMETERS, "sets autovacuum, which isn't in"),
        (IMAGES, ["policy"], images(3, "countNumber", 1), IMAGES, "expires another image by imageCountMoreThan 1"),
        (
            IMAGES,
            ["policy"],
            images(2, "countNumber", 1),
            IMAGES,
            "expires an image without a tag by sinceImagePushed 1",
        ),
        (IMAGES, ["policy"], images(0, "tagPrefixList", ["old-"]), IMAGES, "expires a released image by"),
        (IMAGES, ["policy"], OF_STAGE, IMAGES, "expires a released image by imageCountMoreThan 1"),
        (IMAGES, ["policy"], images(0, "tagPrefixList", ["release-", "x"]), IMAGES, "expires a released image by"),
        (IMAGES, ["policy"], images(1, "countNumber", 10), IMAGES, "expires a signature by imageCountMoreThan 10"),
        (IMAGES, ["policy"], images(3, "tagStatus", "untagged"), IMAGES, "never expires another image"),
        (IMAGES, ["policy"], "{}", IMAGES, "isn't a policy with rules"),
        (SERVICE, ["lifecycle", "ignore_changes"], [], SERVICE, "doesn't ignore changes of desired_count"),
        (USER, ["lifecycle", "ignore_changes", 0], GONE, USER, "doesn't ignore changes of access_string"),
        (OFF_USER, ["lifecycle"], {"ignore_changes": ["passwords"]}, OFF_USER, "ignores changes of passwords"),
        (
            CLUSTER,
            [*SESSIONS, "cloud_watch_log_group_name"],
            "${aws_cloudwatch_log_group.prod_services__backend_logs.name}",
            CLUSTER,
            "in the log group /aep/prod/backend, must be /aep/prod/exec",
        ),
        (CHANGES, ["source_ids"], [DATABASE], CHANGES, "about other sources than this environment's aws_db_parameter"),
        (DATABASE_EVENTS, ["source_ids"], [DATABASE, DATABASE], DATABASE_EVENTS, "about other sources"),
        (
            TASKS,
            ["metric_query", 2, "metric", "dimensions", "ServiceName"],
            "${aws_ecs_service.prod_services__frontend_service.name}",
            TASKS,
            "of metrics about several resources",
        ),
    ],
    ids=lambda change: f"{change[0]} {change[-1]}",
)
def test_a_change_of_production_is_found(views: Views, change: Change) -> None:
    address, place, new, where, what = change
    view, environment = views(*PROD)
    assert [each for each in found(planted(view, address, place, new), environment) if where in each and what in each]


BLUE_GREEN = "aws_ecs_service.api_service"
DEPLOYMENT = "aws_codedeploy_deployment_group.api_deployment_group"
PAIR = ["load_balancer_info", "target_group_pair_info"]


@every_case(
    "change",
    [
        (
            DEPLOYMENT,
            ["alarm_configuration", "alarms", 2],
            GONE,
            DEPLOYMENT,
            "of shop-prod-api-green rolls a deployment back",
        ),
        (DEPLOYMENT, [*PAIR, "target_group", 1], GONE, DEPLOYMENT, "moves requests between ['shop-prod-api']"),
        (DEPLOYMENT, [*PAIR, "prod_traffic_route", "listener_arns"], ["x"], DEPLOYMENT, "of a listener without TLS"),
        (DEPLOYMENT, ["ecs_service", "service_name"], "x", DEPLOYMENT, "deploys another service than shop-api-prod"),
        (
            "aws_lb_listener_rule.https_api",
            ["action", 0, "target_group_arn"],
            "${aws_lb_target_group.shop_prod_edge__api_green_targets.arn}",
            "aws_lb_listener_rule.https_api",
            "which has tasks only after a deployment",
        ),
        (BLUE_GREEN, ["lifecycle", "ignore_changes", 1], GONE, BLUE_GREEN, "doesn't ignore changes of task_definition"),
        ("aws_lb_listener_rule.https_api", ["lifecycle"], GONE, "https_api", "doesn't ignore changes of action"),
        ("aws_lb_listener_rule.https_redirects", [], GONE, BALANCER, "0 listener rules redirect"),
        ("aws_lb_listener_rule.https_search", [], GONE, BALANCER, "0 listener rules forward to shop-prod-search"),
    ],
    ids=lambda change: f"{change[0]} {change[-1]}",
)
def test_a_change_of_blue_green_deployments_and_redirects_is_found(views: Views, change: Change) -> None:
    address, place, new, where, what = change
    view, environment = views(*SHOP)
    assert [each for each in found(planted(view, address, place, new), environment) if where in each and what in each]


def test_the_alarms_of_a_cutover_may_be_in_groups_that_have_them_all(views: Views) -> None:
    view, environment = views(*PROD)
    (cutover,) = (block for block in view if block.block.address == COMPOSITE)
    members = cutover.settings["alarm_rule"].split(" OR ")
    groups = {f"cutover_{number}": members[number - 1 :: 2] for number in (1, 2)}

    def grouped(groups: dict[str, list[str]]) -> list[str]:
        named = [
            replace(
                cutover,
                block=replace(cutover.block, address=f"aws_cloudwatch_composite_alarm.{id_}"),
                name=id_,
                settings={
                    **cutover.settings,
                    "alarm_name": f"aep-prod-{id_.replace('_', '-')}",
                    "alarm_rule": " OR ".join(some),
                },
            )
            for id_, some in groups.items()
        ]
        rule = " OR ".join(f'ALARM("${{aws_cloudwatch_composite_alarm.{id_}.alarm_name}}")' for id_ in groups)
        return found(planted([*view, *named], COMPOSITE, ["alarm_rule"], rule), environment)

    assert grouped(groups) == []
    (problem,) = grouped({**groups, "cutover_2": groups["cutover_2"][1:]})
    assert f"{COMPOSITE} doesn't include aws_cloudwatch_metric_alarm." in problem
    assert any(
        "isn't an alarm of this environment" in each for each in grouped({**groups, "cutover_2": ['ALARM("x")']})
    )
    assert any("has 101 alarms; AWS takes 100" in each for each in grouped({**groups, "cutover_2": members[:1] * 101}))


def test_a_cutover_in_progress(views: Views) -> None:
    view, environment = views(*PROD)
    begun = replace(environment, cutover=replace(environment.cutover, weight=10))
    assert environment.cutover.previous
    assert {each.target[0] for each in traffic.shares(begun).values()} == {"", environment.cutover.previous.dns_name}
    assert {(each.weight, each.evaluates_health) for each in traffic.shares(begun).values()} == {(10, True), (90, True)}
    assert "has the weights [0], must be 10" in " ".join(found(view, begun))


@every_case(
    ("pattern", "event", "expected"),
    [
        ({"a": [1]}, {"a": 1}, True),
        ({"a": [1]}, {"a": True}, False),
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": ["x"]}, {}, False),
        ({"a": {"b": ["x"]}}, {"a": {"b": "x"}}, True),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": [{"prefix": "x"}]}, {"a": "xy"}, True),
        ({"a": [{"numeric": [">=", 7, "<", 9]}]}, {"a": 8}, True),
        ({"a": [{"numeric": [">=", 7, "<", 9]}]}, {"a": 9}, False),
        ({"a": [{"anything-but": "z"}]}, {"a": "x"}, False),
        ("text", {}, False),
        (None, {}, False),
    ],
    ids=str,
)
def test_patterns_of_events(pattern: object, event: object, expected: bool) -> None:
    assert events.matches(pattern, event) is expected


@every_case(
    ("pattern", "matched"),
    [
        ({"detail-type": ["AWS Console Sign In via CloudTrail"]}, {"a console sign-in of an IAMUser"}),
        ({"detail-type": [{"prefix": "GuardDuty"}]}, {"a GuardDuty finding of severity 2"}),
        ({"detail": {"eventName": ["AssumeRole"]}}, {"a call of AssumeRole by an AssumedRole"}),
        ({"source": ["aws.other"]}, set()),
    ],
    ids=str,
)
def test_ordinary_events(views: Views, pattern: object, matched: set[str]) -> None:
    _, environment = views(*PROD)
    found = {what for what, event in events.ordinary_of(environment).items() if events.matches(pattern, event)}
    assert matched <= found
    assert bool(matched) is bool(found)
