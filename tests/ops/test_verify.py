"""Each exit criterion is green when all is well, and red or untold for a reason that it names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from threading import Event
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from botocore import validate, xform_name
from hypothesis import given, settings
from hypothesis import strategies as st

import environments
from modules.phases import PHASES
from ops.aws.errors import AwsError
from ops.conditions import Condition, ConditionResult, FailedError, Status, exit_code, run
from ops.golive.items import public_name_leads_here
from ops.verify.criteria import CRITERIA, chosen
from tests.cases import every_case
from tests.ops.verify_responses import AGENT, LOAD_BALANCER, PREVIOUS, Canned, FakeZone, records
from tests.products import SUBJECTS, Subject

Break = Callable[[Canned], None]
OF_AWS = [check for check in CRITERIA if not check.over_http]


def one(name: str, context: Canned) -> ConditionResult:
    (check,) = (check for check in CRITERIA if check.name == name)
    return run([check], context)[0]


def again(context: Canned) -> Canned:
    """The same responses, in a new context."""
    fresh = Canned(context.environment)
    fresh.answers = context.answers
    return fresh


def put(service: str, operation: str, *path: object, value: object) -> Break:
    """Change one place of an answer."""

    def change(context: Canned) -> None:
        place: Any = context.answers[service, operation]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def fails(service: str, operation: str, code: str) -> Break:
    error = botocore.exceptions.ClientError({"Error": {"Code": code, "Message": "said AWS"}}, operation)
    return lambda context: context.answers.update({(service, operation): error})


def dns(*shares: tuple[int, str]) -> Break:
    def change(context: Canned) -> None:
        context.records = records(context.environment.edge.host, list(shares))

    return change


def listed(*containers: dict[str, Any]) -> Break:
    """Let every task list these containers."""

    def change(context: Canned) -> None:
        described = context.answers["ecs", "describe_tasks"]
        context.answers["ecs", "describe_tasks"] = lambda **given: {
            "tasks": [{**task, "containers": list(containers)} for task in described(**given)["tasks"]]
        }

    return change


def container(**changed: object) -> Break:
    return lambda context: definition(context)["containerDefinitions"][0].update(changed)


def definition(context: Canned, service: str = "backend") -> dict[str, Any]:
    """The task definition of a service."""
    answer = context.answers["ecs", "describe_task_definition"](taskDefinition=f"arn:{service}:1")
    found: dict[str, Any] = answer["taskDefinition"]
    return found


SERVICE = ("ecs", "describe_services", "services", 0)
TASK = {
    "taskArn": "arn:aws:ecs:task/aep/x",
    "taskDefinitionArn": "arn:backend:1",
    "containers": [AGENT],
    "lastStatus": "RUNNING",
}
BALANCER = ("elbv2", "describe_load_balancers", "LoadBalancers", 0)
HTTPS = ("elbv2", "describe_listeners", "Listeners", 0)
INSTANCE = ("rds", "describe_db_instances", "DBInstances", 0)
CACHE = ("elasticache", "describe_replication_groups", "ReplicationGroups", 0)
NO_SECRET = {"VersionIdsToStages": {"1": ["AWSPENDING"]}}

# What is changed, in which words the check says so.
BROKEN: list[tuple[str, Break, str]] = [
    ("caller-is-the-account", put("sts", "get_caller_identity", "Account", value="1"), "account 1, not 111122223333"),
    ("state-is-kept", put("s3", "get_bucket_versioning", "Status", value="Suspended"), "versioning of .* is Suspended"),
    (
        "state-is-kept",
        lambda context: context.answers["s3", "get_bucket_encryption"]["ServerSideEncryptionConfiguration"][
            "Rules"
        ].append({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}),
        "is encrypted with AES256, aws:kms, not aws:kms",
    ),
    ("state-is-kept", fails("s3", "get_bucket_versioning", "NoSuchBucket"), "NoSuchBucket: said AWS"),
    (
        "alerts-have-subscribers",
        put("sns", "list_subscriptions_by_topic", "Subscriptions", 0, "SubscriptionArn", value="PendingConfirmation"),
        "alerts@navralabs.com has not confirmed",
    ),
    ("vpc-is-its-own", put("ec2", "describe_vpcs", "Vpcs", 0, "IsDefault", value=True), "is the default VPC"),
    ("vpc-is-its-own", put("ec2", "describe_vpcs", "Vpcs", value=[]), "there are 0 VPCs named aep-prod"),
    (
        "subnets-are-in-three-tiers",
        put("ec2", "describe_subnets", "Subnets", 0, "MapPublicIpOnLaunch", value=True),
        "subnet-public-a gives out public addresses",
    ),
    (
        "subnets-are-in-three-tiers",
        put("ec2", "describe_subnets", "Subnets", 0, "CidrBlock", value="10.0.0.0/24"),
        "no public subnet 10.30.96.0/24 in zone a",
    ),
    (
        "subnets-are-in-three-tiers",
        put("ec2", "describe_route_tables", "RouteTables", 4, "Routes", 1, "NatGatewayId", value="igw-1"),
        "private subnet subnet-private-a leads to igw-1",
    ),
    (
        "subnets-are-in-three-tiers",
        put("ec2", "describe_route_tables", "RouteTables", 4, "Associations", value=[]),
        "private subnet subnet-private-a leads to nowhere",
    ),
    (
        "subnets-are-in-three-tiers",
        put(
            "ec2",
            "describe_route_tables",
            "RouteTables",
            7,
            "Routes",
            value=[{"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"}],
        ),
        "isolated subnet subnet-isolated-a leads to elsewhere",
    ),
    (
        "nat-gateways-are-there",
        put("ec2", "describe_nat_gateways", "NatGateways", 0, "State", value="failed"),
        "2 available, 3 wanted",
    ),
    (
        "endpoints-are-available",
        put("ec2", "describe_vpc_endpoints", "VpcEndpoints", 5, "State", value="pending"),
        "kms is pending",
    ),
    (
        "endpoints-are-available",
        put("ec2", "describe_vpc_endpoints", "VpcEndpoints", value=[]),
        "no endpoint of ecr.api",
    ),
    ("flow-log-is-on", put("ec2", "describe_flow_logs", "FlowLogs", value=[]), "no active flow log of all traffic"),
    (
        "repositories-are-scanned-and-immutable",
        put("ecr", "describe_repositories", "repositories", 0, "imageTagMutability", value="MUTABLE"),
        "tags of navralabs/aep-backend are MUTABLE",
    ),
    (
        "repositories-are-scanned-and-immutable",
        put("ecr", "describe_repositories", "repositories", 1, "imageScanningConfiguration", "scanOnPush", value=False),
        "navralabs/aep-frontend doesn't scan on push",
    ),
    (
        "repositories-are-scanned-and-immutable",
        fails("ecr", "get_lifecycle_policy", "LifecyclePolicyNotFoundException"),
        "LifecyclePolicyNotFoundException",
    ),
    (
        "secrets-have-values",
        lambda context: context.answers.update({("secretsmanager", "describe_secret"): NO_SECRET}),
        "aep/prod/REDIS_URL has no value",
    ),
    (
        "secrets-have-values",
        put("secretsmanager", "describe_secret", "DeletedDate", value=datetime(2026, 1, 1, tzinfo=UTC)),
        "aep/prod/DATABASE_URL has no value",
    ),
    ("database-is-as-its-values-say", put(*INSTANCE, "MultiAZ", value=False), "MultiAZ of aep-prod is False, not True"),
    ("database-is-as-its-values-say", put(*INSTANCE, "StorageEncrypted", value=False), "StorageEncrypted .* is False"),
    (
        "database-takes-tls-only",
        put("rds", "describe_db_parameters", "Parameters", 0, "ParameterValue", value="0"),
        "rds.force_ssl of aep-16 is 0, not 1",
    ),
    (
        "database-takes-tls-only",
        put(*INSTANCE, "DBParameterGroups", 0, "ParameterApplyStatus", value="pending-reboot"),
        "aep-16 is pending-reboot",
    ),
    ("cache-is-as-its-values-say", put(*CACHE, "TransitEncryptionEnabled", value=False), "TransitEncryptionEnabled"),
    ("cache-is-as-its-values-say", put(*CACHE, "MemberClusters", value=["aep-1"]), "nodes of aep-prod is 1, not 2"),
    (
        "certificate-is-issued",
        put("acm", "describe_certificate", "Certificate", "Status", value="PENDING_VALIDATION"),
        "PENDING_VALIDATION",
    ),
    (
        "certificate-is-issued",
        put("acm", "describe_certificate", "Certificate", "SubjectAlternativeNames", value=[]),
        "lacks app.navralabs.com",
    ),
    ("certificate-is-issued", put("elbv2", "describe_listeners", "Listeners", value=[]), "has no listener on port 443"),
    ("load-balancer-is-public-and-logs", put(*BALANCER, "Scheme", value="internal"), "it is internal"),
    ("load-balancer-is-public-and-logs", put(*BALANCER, "State", "Code", value="provisioning"), "it is provisioning"),
    (
        "load-balancer-is-public-and-logs",
        put(*BALANCER, "AvailabilityZones", 0, "SubnetId", value="subnet-private-a"),
        "subnet-private-a isn't a public subnet",
    ),
    (
        "load-balancer-is-public-and-logs",
        put("elbv2", "describe_load_balancer_attributes", "Attributes", 1, "Value", value="false"),
        "access_logs.s3.enabled is false, not true",
    ),
    (
        "load-balancer-is-public-and-logs",
        fails("elbv2", "describe_load_balancers", "LoadBalancerNotFound"),
        "there is no load balancer aep-prod; apply",
    ),
    ("listeners-use-the-tls-policy", put(*HTTPS, "SslPolicy", value="ELBSecurityPolicy-2016-08"), "2016-08, not ELB"),
    (
        "listeners-use-the-tls-policy",
        put("elbv2", "describe_listeners", "Listeners", 1, "DefaultActions", value=[{"Type": "forward"}]),
        "port 80 doesn't redirect to HTTPS",
    ),
    (
        "rules-route-paths-to-services",
        put("elbv2", "describe_rules", "Rules", 0, "Actions", 0, "TargetGroupArn", value="arn:aep-prod-frontend"),
        "/api/\\* leads to aep-prod-frontend, not to backend",
    ),
    (
        "targets-are-healthy",
        put("elbv2", "describe_target_health", "TargetHealthDescriptions", value=[]),
        "aep-prod-backend: no targets",
    ),
    (
        "targets-are-healthy",
        put(
            "elbv2", "describe_target_health", "TargetHealthDescriptions", 0, "TargetHealth", "State", value="unhealthy"
        ),
        "aep-prod-frontend: unhealthy",
    ),
    ("services-are-steady", put(*SERVICE, "runningCount", value=1), "backend runs 1 of 2 tasks"),
    (
        "services-are-steady",
        put(*SERVICE, "deployments", 0, "rolloutState", value="FAILED"),
        "not completed .PRIMARY, failed",
    ),
    (
        "services-are-steady",
        put(*SERVICE, "status", value="INACTIVE"),
        "cluster aep-prod has no service aep-backend-prod",
    ),
    (
        "tasks-are-private",
        put(*SERVICE, "networkConfiguration", "awsvpcConfiguration", "assignPublicIp", value="ENABLED"),
        "backend gives its tasks public",
    ),
    (
        "tasks-are-private",
        put(*SERVICE, "networkConfiguration", "awsvpcConfiguration", "subnets", value=["subnet-public-a"]),
        "runs in subnet-public-a, no private subnet",
    ),
    (
        "tasks-are-private",
        put(
            "ec2", "describe_network_interfaces", "NetworkInterfaces", 0, "Association", value={"PublicIp": "192.0.2.1"}
        ),
        "eni-1 has a public address",
    ),
    ("released-digests-run", container(image="1.dkr.ecr/navralabs/aep-backend:latest"), "backend runs .*:latest, not"),
    ("released-digests-run", container(name="other"), "has no container 'backend'; it has other"),
    ("released-digests-run", listed(AGENT), "task backend1 has no container 'backend'; it has aws-guardduty-agent"),
    (
        "released-digests-run",
        listed(AGENT, {"name": "backend", "image": "1.dkr.ecr/navralabs/aep-backend@sha256:other"}),
        "backend runs .*@sha256:other, not navralabs/aep-backend@sha256:7",
    ),
    ("secrets-come-from-secrets-manager", container(name="other"), "has no container 'backend'; it has other"),
    (
        "secrets-come-from-secrets-manager",
        container(environment=[{"name": "REDIS_URL", "value": "x"}]),
        "backend has REDIS_URL as a plain variable",
    ),
    (
        "secrets-come-from-secrets-manager",
        container(secrets=[]),
        "backend doesn't get DATABASE_URL from Secrets Manager",
    ),
    (
        "tasks-pulled-their-images",
        lambda context: context.answers.update({("ecs", "describe_tasks"): {"tasks": [TASK]}}),
        "backend: a running task has no pull time",
    ),
    (
        "tasks-write-logs",
        lambda context: context.answers.update({("logs", "describe_log_streams"): {"logStreams": []}}),
        "/aep/prod/backend has no stream of task backend1",
    ),
    (
        "tasks-write-logs",
        lambda context: context.answers.update(
            {("logs", "describe_log_streams"): {"logStreams": [{"logStreamName": "backend/proxy/backend1"}]}}
        ),
        "/aep/prod/backend has no stream of task backend1",
    ),
    (
        "alarms-are-configured",
        put("cloudwatch", "describe_alarms", "MetricAlarms", 0, "ActionsEnabled", value=False),
        "aep-prod-.* doesn't notify",
    ),
    (
        "alarms-are-configured",
        put("cloudwatch", "describe_alarms", "MetricAlarms", value=[]),
        "aep-prod-cutover is missing",
    ),
    (
        "no-alarm-is-on",
        put("cloudwatch", "describe_alarms", "MetricAlarms", 0, "StateValue", value="ALARM"),
        "aep-prod-.* is on",
    ),
    ("dashboard-is-there", fails("cloudwatch", "get_dashboard", "ResourceNotFound"), "ResourceNotFound"),
    (
        "firewall-is-as-the-profile-says",
        lambda context: context.answers.update({("wafv2", "get_web_acl_for_resource"): {}}),
        "has no firewall, the profile says aep-prod",
    ),
    (
        "public-dns-is-as-the-values-say",
        dns((10, LOAD_BALANCER), (90, PREVIOUS)),
        "DNS sends 10 % .* cutover.weight is 0",
    ),
    ("public-dns-is-as-the-values-say", dns((1, LOAD_BALANCER)), "DNS sends 100 %"),
]


@pytest.fixture(params=SUBJECTS, ids=str)
def whole(request: pytest.FixtureRequest) -> Canned:
    """An environment in which everything is as it should be."""
    subject: Subject = request.param
    return Canned(subject.environment)


@pytest.fixture
def context() -> Canned:
    """Production, with everything as it should be."""
    return Canned(environments.load("prod"))


@pytest.mark.requirement("R1.6", "R2.7")
def test_everything_is_green_when_all_is_well(whole: Canned) -> None:
    absent = {"database", "cache"} - set(whole.environment.stores)
    for result in run(OF_AWS, whole):
        skipped = any(result.name.startswith(f"{store}-") for store in absent)
        wanted = Status.SKIPPED if skipped else Status.PASS
        assert (result.status, result.evidence != "") == (wanted, True), f"{result.name}: {result.evidence}"


def test_alarms_without_data_dont_show_that_none_is_on(context: Canned) -> None:
    for alarm in context.answers["cloudwatch", "describe_alarms"]["MetricAlarms"]:
        alarm["StateValue"] = "INSUFFICIENT_DATA"
    result = one("no-alarm-is-on", context)
    assert (result.status, "so no metric alarm has data" in result.evidence) == (Status.UNKNOWN, True)


@pytest.mark.requirement("R1.6", "R2.7")
@every_case(("name", "broken", "says"), BROKEN, ids=[f"{name}-{i}" for i, (name, *_) in enumerate(BROKEN)])
def test_what_is_wrong_is_red_and_named(context: Canned, name: str, broken: Break, says: str) -> None:
    assert one(name, context).status is Status.PASS
    fresh = Canned(context.environment)
    broken(fresh)
    result = one(name, fresh)
    assert result.status is Status.FAIL, result.evidence
    assert re.search(says, result.evidence), result.evidence


def test_every_check_of_aws_is_seen_red() -> None:
    assert {check.name for check in OF_AWS} == {name for name, *_ in BROKEN}


def test_answers_of_the_tests_have_the_shapes_of_aws(context: Canned) -> None:
    session = botocore.session.get_session()
    # By what each answer depends on: any of the calls that the checks make will do.
    given = {"taskDefinition": "arn:backend:1", "serviceName": "aep-backend-prod", "logGroupName": "/aep/prod/backend"}
    for (service, operation), answer in context.answers.items():
        model = session.get_service_model(service)
        (name,) = (each for each in model.operation_names if xform_name(each) == operation)
        said = answer(**given, tasks=["arn:aws:ecs:task/aep/backend1"]) if callable(answer) else answer
        report = validate.ParamValidator().validate(said, model.operation_model(name).output_shape)
        assert not report.has_errors(), f"{service} {operation}: {report.generate_report()}"


def test_without_a_firewall_in_the_profile_one_is_too_many() -> None:
    context = Canned(environments.load("prod-starter"))
    assert one("firewall-is-as-the-profile-says", context).status is Status.PASS
    put("wafv2", "get_web_acl_for_resource", "WebACL", value={"Name": "other"})(context)
    assert "has other, the profile says none" in one("firewall-is-as-the-profile-says", context).evidence


@pytest.mark.requirement("R10.1")
def test_before_the_cutover_the_public_name_may_be_anything_else(context: Canned) -> None:
    context.records = []
    assert one("public-dns-is-as-the-values-say", context).status is Status.PASS
    dns((100, PREVIOUS))(context)
    assert one("public-dns-is-as-the-values-say", context).status is Status.PASS


@pytest.mark.requirement("R10.1")
def test_ipv6_users_are_users_too() -> None:
    """An AAAA record has weights of its own; 100 % of the A records aren't everybody."""
    context = Canned(environments.load("prod"))
    context.environment = replace(context.environment, cutover=replace(context.environment.cutover, weight=100))
    dns((100, LOAD_BALANCER), (0, PREVIOUS))(context)
    assert one("public-dns-is-as-the-values-say", context).status is Status.PASS
    context = again(context)
    context.records.insert(0, {**context.records[1], "Type": "AAAA", "Weight": 100})
    result = one("public-dns-is-as-the-values-say", context)
    host = context.environment.edge.host
    assert (result.status, result.evidence) == (
        Status.FAIL,
        f"DNS sends 0 % of {host} here by AAAA records, cutover.weight is 100",
    )
    with pytest.raises(FailedError, match=r"0 % of .* here by AAAA records"):
        public_name_leads_here(context)


@pytest.mark.requirement("R10.1")
@pytest.mark.parametrize(
    ("zones", "light", "evidence"),
    [
        (0, Status.FAIL, "there is no public zone"),
        (1, Status.PASS, "100 % of"),
        (2, Status.UNKNOWN, "2 public zones are named"),
    ],
)
def test_a_zone_is_found_by_its_name_only_if_one_has_it(
    zones: int, light: Status, evidence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Canned(environments.load("staging"))
    zone = context.environment.edge.zone.name
    private = {"Id": "/hostedzone/Z0", "Name": f"{zone}.", "Config": {"PrivateZone": True}}
    public = [{**private, "Id": f"/hostedzone/Z{n}", "Config": {"PrivateZone": False}} for n in range(zones)]
    monkeypatch.setattr(FakeZone, "list_hosted_zones_by_name", lambda *_, **__: {"HostedZones": [private, *public]})
    result = one("public-dns-is-as-the-values-say", context)
    assert result.status is light
    assert result.evidence.startswith(evidence)


@pytest.mark.requirement("R2.7")
@pytest.mark.parametrize("name", ["tasks-pulled-their-images", "tasks-write-logs"])
def test_without_a_running_task_it_is_unknown(context: Canned, name: str) -> None:
    context.answers["ecs", "list_tasks"] = {"taskArns": []}
    result = one(name, context)
    assert (result.status, result.evidence) == (Status.UNKNOWN, "ECS lists no running task of backend, frontend")
    assert one("tasks-are-private", context).status is Status.PASS


def test_blue_green_services_say_in_their_task_sets_where_they_run(context: Canned) -> None:
    service = context.answers["ecs", "describe_services"]["services"][0]
    task_set = {"status": "PRIMARY", "stabilityStatus": "STEADY_STATE", "taskDefinition": service["taskDefinition"]}
    service["taskSets"] = [{**task_set, "networkConfiguration": service.pop("networkConfiguration")}]
    service["deployments"] = []
    assert one("tasks-are-private", context).status is Status.PASS
    assert one("services-are-steady", context).status is Status.PASS
    service["taskSets"][0]["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] = "ENABLED"
    assert one("tasks-are-private", again(context)).status is Status.FAIL


@given(st.integers(0, 2**32))
@settings(max_examples=20)
def test_the_order_of_what_aws_lists_changes_nothing(seed: int) -> None:
    context, order = Canned(environments.load("prod")), Random(seed)
    for call, answer in context.answers.items():
        context.answers[call] = _shuffled(answer, order)
    results = run(OF_AWS, context)
    assert not [f"{result.name}: {result.evidence}" for result in results if result.status is not Status.PASS]


@pytest.mark.parametrize(
    ("state", "more", "says"),
    [
        ("STABILIZING", [], "backend has a deployment that is not completed (PRIMARY, in progress)"),
        (
            "STEADY_STATE",
            [{"status": "ACTIVE", "stabilityStatus": "STEADY_STATE"}],
            "not completed (ACTIVE, completed)",
        ),
    ],
)
def test_a_deployment_of_codedeploys_is_under_way_until_its_task_set_is_the_only_one(
    context: Canned, state: str, more: list[dict[str, Any]], says: str
) -> None:
    service = context.answers["ecs", "describe_services"]["services"][0]
    service["deployments"] = []
    service["taskSets"] = [*more, {"status": "PRIMARY", "stabilityStatus": state}]
    result = one("services-are-steady", context)
    assert (result.status, says in result.evidence) == (Status.FAIL, True), result.evidence


def test_the_image_that_codedeploy_deployed_is_the_one_that_counts(context: Canned) -> None:
    """A service of CodeDeploy's keeps the task definition that it was created with; its task sets have others."""
    service = context.answers["ecs", "describe_services"]["services"][0]
    task_set = {"status": "PRIMARY", "stabilityStatus": "STEADY_STATE", "taskDefinition": service["taskDefinition"]}
    service.update(deployments=[], taskSets=[task_set], taskDefinition="arn:frontend:1")
    assert one("released-digests-run", context).status is Status.PASS


@pytest.mark.requirement("R10.1")
@pytest.mark.parametrize(("here", "elsewhere", "share"), [(255, 1, 99), (1, 255, 1)])
def test_a_share_that_is_not_all_is_not_rounded_to_all(context: Canned, here: int, elsewhere: int, share: int) -> None:
    """1 of 256 IPv6 users who are sent elsewhere are users too."""
    context.records = records(context.environment.edge.host, [(100, LOAD_BALANCER), (0, PREVIOUS)])
    ipv6 = records(context.environment.edge.host, [(here, LOAD_BALANCER), (elsewhere, PREVIOUS)])[:2]
    context.records[2:2] = [{**record, "Type": "AAAA"} for record in ipv6]
    with pytest.raises(FailedError, match=f"DNS sends {share} % of app.navralabs.com here by AAAA records"):
        public_name_leads_here(context)


def _shuffled(answer: Any, order: Random) -> Any:
    """An answer with all of its lists in another order."""
    if callable(answer):
        return lambda **given: _shuffled(answer(**given), order)
    if isinstance(answer, dict):
        return {key: _shuffled(value, order) for key, value in answer.items()}
    if isinstance(answer, list):
        return order.sample([_shuffled(value, order) for value in answer], len(answer))
    return answer


@pytest.mark.parametrize("position", [0, 9])
def test_a_deleted_endpoint_hides_no_available_one(context: Canned, position: int) -> None:
    endpoints = context.answers["ec2", "describe_vpc_endpoints"]["VpcEndpoints"]
    endpoints.insert(position, {**endpoints[2], "State": "deleted"})
    assert one("endpoints-are-available", context).status is Status.PASS


def test_a_second_container_in_a_task_definition_is_not_taken_for_the_service(context: Canned) -> None:
    sidecar = {"name": "proxy", "image": "proxy:1", "environment": [{"name": "REDIS_URL", "value": "x"}]}
    for service in context.environment.product.services:
        definition(context, service.name)["containerDefinitions"].insert(0, sidecar)
    for name in ("released-digests-run", "secrets-come-from-secrets-manager"):
        assert one(name, context).status is Status.PASS


def test_a_rule_leads_to_what_it_forwards_to_and_the_lowest_number_decides(context: Canned) -> None:
    rules = context.answers["elbv2", "describe_rules"]["Rules"]
    for number, rule in enumerate(rules, 1):
        rule["Priority"] = "default" if rule["IsDefault"] else str(number)
        rule["Actions"].insert(0, {"Type": "authenticate-oidc", "Order": 1})
    assert one("rules-route-paths-to-services", context).status is Status.PASS
    (backend,) = (rule for rule in rules if not rule["IsDefault"])
    elsewhere = {**backend, "Actions": [{"Type": "fixed-response"}]}
    for priority, light in (("9", Status.PASS), ("0", Status.FAIL)):
        for position in (0, len(rules)):
            fresh = again(context)
            changed = [*rules]
            changed.insert(position, {**elsewhere, "Priority": priority})
            fresh.answers = {**context.answers, ("elbv2", "describe_rules"): {"Rules": changed}}
            assert one("rules-route-paths-to-services", fresh).status is light


def test_a_redirect_is_found_among_other_actions(context: Canned) -> None:
    (plain,) = (each for each in context.answers["elbv2", "describe_listeners"]["Listeners"] if each["Port"] == 80)
    plain["DefaultActions"].insert(0, {"Type": "authenticate-oidc", "Order": 1})
    assert one("listeners-use-the-tls-policy", context).status is Status.PASS


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ExpiredToken"])
def test_what_aws_refuses_to_say_cant_be_told(context: Canned, code: str) -> None:
    fails("rds", "describe_db_instances", code)(context)
    result = one("database-takes-tls-only", context)
    assert result.status is Status.UNKNOWN
    assert result.evidence.startswith(f"{code}: said AWS")


def test_an_answer_of_another_form_costs_only_its_own_check(context: Canned) -> None:
    del context.answers["ec2", "describe_vpcs"]["Vpcs"][0]["IsDefault"]
    results = {result.name: result for result in run(OF_AWS, context)}
    assert [name for name, result in results.items() if result.status is not Status.PASS] == ["vpc-is-its-own"]
    assert results["vpc-is-its-own"].evidence == "AWS's response doesn't have the expected form (KeyError: 'IsDefault')"


def test_a_zone_that_may_not_be_read_cant_be_told(context: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: str) -> None:
        raise AwsError("can't assume arn:aws:iam::444455556666:role/aep-staging-dns: AccessDenied: no")

    monkeypatch.setattr(context.aws, "assuming", refused)
    result = one("public-dns-is-as-the-values-say", context)
    assert (result.status, result.evidence[:40]) == (Status.UNKNOWN, "can't assume arn:aws:iam::444455556666:r")


def test_every_phase_but_none_else_has_checks() -> None:
    assert {check.phase for check in CRITERIA} == {phase.name for phase in PHASES}
    assert {check.phase for check in chosen(["edge"])} == {"edge"}
    assert not [check for check in chosen(over_http=False) if check.over_http]
    assert len({check.name for check in CRITERIA}) == len(CRITERIA)
    for check in CRITERIA:
        assert check.meaning.endswith("."), check.name


def test_checks_run_side_by_side_and_answer_in_order(context: Canned) -> None:
    second_began = Event()

    def first(_: object) -> str:
        """Waits for the second."""
        assert second_began.wait(5)
        return "first"

    def second(_: object) -> str:
        """Comes later."""
        second_began.set()
        return "second"

    seen: list[str] = []
    checks = [Condition("", ask) for ask in (first, second)]
    results = run(checks, context, done=lambda result: seen.append(result.evidence))
    assert [result.evidence for result in results] == ["first", "second"]
    assert seen == ["second", "first"]


def test_red_weighs_more_than_untold() -> None:
    def results(*lights: Status) -> list[ConditionResult]:
        return [ConditionResult("a", "edge", (), "", light, "") for light in lights]

    assert exit_code(results(Status.PASS)) == 0
    assert exit_code(results(Status.PASS, Status.UNKNOWN)) == 2
    assert exit_code(results(Status.FAIL, Status.UNKNOWN)) == 1
