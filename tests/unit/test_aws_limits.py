"""Values that AWS refuses are refused here, by the name of their field; values that it takes pass."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import environments
from environments.arns import partitions
from environments.schema import Environment, PreviousTarget, ScheduledTask, Secret, Service, SharedZone
from environments.schema.load_balancers import zone_of
from environments.schema.organization import validate_organization
from environments.schema.regions import region_problem, zone_letters
from environments.schema.schedules import ScheduleError
from environments.schema.types import VpcCidr
from environments.schema.validation import InvalidEnvironmentError, check_fields, validate
from tests.cases import every_case
from tests.unit.test_environments import changed, problems

_GIVEN = environments.load("prod")
# Its services can have any paths, since none has to be asked at its own.
PROD = replace(
    _GIVEN,
    product=replace(
        _GIVEN.product,
        services=tuple(replace(service, liveness=None, readiness=None) for service in _GIVEN.product.services),
    ),
)
BACKEND = "product.services.0"
OTHER_PARTITIONS = [region for each in partitions() if each.name != "aws" for region in each.regions]
ROTATED = Secret(
    name="ROTATED",
    description="A secret that rotates by itself",
    rotation_lambda="arn:aws:lambda:us-east-1:111122223333:function:rotate",
    rotation_role="arn:aws:iam::111122223333:role/rotate",
)


def problems_of(kind: Any, value: object) -> list[str]:
    return [problem.allowed for problem in check_fields(kind, value)]


def with_schedule(expression: str) -> Environment:
    task = ScheduledTask(name="nightly", service="backend", command=("true",), schedule=expression)
    return replace(PROD, product=replace(PROD.product, scheduled_tasks=(task,)))


def with_names(count: int, quota: int = 10) -> Environment:
    names = ("app.navralabs.com", *(f"name-{number}.navralabs.com" for number in range(1, count)))
    return replace(
        PROD, edge=replace(PROD.edge, certificate_names=names), quotas=replace(PROD.quotas, certificate_names=quota)
    )


def with_services(count: int, **settings: Any) -> Environment:
    """Services beside the two of the product, each with a path, or whatever the settings say."""
    template = PROD.product.services[0]
    more = [
        replace(
            template,
            **{"name": f"more{number}", "paths": (f"/more{number}/*",), "priority": 1000 + number, **settings},
        )
        for number in range(count)
    ]
    return replace(PROD, product=replace(PROD.product, services=(*PROD.product.services, *more)))


# Regions


def test_every_region_of_the_commercial_partition_is_a_region() -> None:
    assert [region for region in partitions()[0].regions if region_problem(region)] == []


@every_case("region", OTHER_PARTITIONS)
def test_another_partition_is_refused_by_its_name(region: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=r"is in partition aws-[a-z-]+, and only .* aws, is supported"):
        validate(replace(PROD, region=region))


@every_case(
    ("region", "hint"),
    [
        ("xx-nowhere-9", "known are"),
        ("eu-central-9", "did you mean eu-central-2"),
        ("us-east1", "did you mean us-east-1"),
        ("us-east-1a", "did you mean us-east-1"),
        ("US-EAST-1", "did you mean us-east-1"),
        ("aws-global", "known are"),
        ("", "known are"),
        ("eusc-de-east-1", "partition aws-eusc"),
    ],
)
def test_a_region_that_does_not_exist_is_refused_with_a_suggestion(region: str, hint: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=f"region: '{region}': must be an AWS region.*{hint}"):
        validate(replace(PROD, region=region))


def test_a_region_without_a_service_is_refused_where_the_service_is_used() -> None:
    thailand = replace(PROD, region="ap-southeast-7")
    assert set(problems(thailand)) == {"region"}
    without = replace(
        thailand,
        profile=replace(PROD.profile, waf=False),
        audit=replace(PROD.audit, guardduty=False, security_hub=False),
        accepts=("no_guardduty", "no_security_hub", "no_waf"),
    )
    validate(without)
    validate(replace(without, account_resources_from="shop-prod", audit=PROD.audit, accepts=("no_waf",)))
    task = ScheduledTask(name="nightly", service="backend", command=("true",), schedule="rate(1 day)")
    with pytest.raises(InvalidEnvironmentError, match=r"product\.scheduled_tasks.*EventBridge Scheduler"):
        validate(replace(without, product=replace(PROD.product, scheduled_tasks=(task,))))


@every_case(
    ("region", "zones", "wrong"),
    [
        ("us-east-1", ("a", "d", "f"), []),
        ("ap-northeast-1", ("a", "c", "d"), []),
        ("ap-northeast-1", ("a", "b", "c"), ["network.zones.1"]),
        ("ca-central-1", ("a", "b", "c"), ["network.zones.2"]),
        ("eu-west-1", ("a", "b", "d"), ["network.zones.2"]),
    ],
)
def test_zones_are_those_of_the_region(region: str, zones: tuple[str, ...], wrong: list[str]) -> None:
    environment = replace(PROD, region=region, network=replace(PROD.network, zones=zones))
    assert (problems(environment) if wrong else list(validate(environment).zones)) == (wrong or list(zones))


def test_every_region_has_zones_for_the_smallest_profile() -> None:
    assert all(len(zone_letters(region)) >= 2 for region in partitions()[0].regions)


# ARNs

ARNS = [
    ("edge.zone.role", "arn:aws-cn:iam::444455556666:role/dns"),
    ("edge.zone.role", "arn:aws:iam::444455556666:user/dns"),
    ("edge.zone.role", "arn:aws:iam:us-east-1:444455556666:role/dns"),
    ("edge.zone.role", "arn:aws:iam::4444:role/dns"),
    ("edge.zone.role", "arn:aws:iam::111122223333:role/dns"),
    ("edge.zone.reader", "arn:aws:iam::111122223333:role/dns"),
    ("edge.zone.reader", "arn:aws:iam::777788889999:role/dns"),
    ("access.administrators.0", "arn:aws-us-gov:iam::777788889999:role/lead"),
]


@every_case(("path", "arn"), ARNS, ids=[arn for _, arn in ARNS])
def test_an_arn_of_elsewhere_is_refused(path: str, arn: str) -> None:
    assert problems(changed(PROD, path, arn)) == [path]


@every_case(
    ("field", "arn"),
    [
        ("rotation_lambda", "arn:aws:lambda:eu-west-1:111122223333:function:rotate"),
        ("rotation_lambda", "arn:aws-cn:lambda:us-east-1:111122223333:function:rotate"),
        ("rotation_lambda", "arn:aws:iam::111122223333:role/rotate"),
        ("rotation_role", "arn:aws:lambda:us-east-1:111122223333:function:rotate"),
        ("rotation_role", "arn:aws-us-gov:iam::111122223333:role/rotate"),
    ],
)
def test_the_function_that_rotates_is_in_the_region(field: str, arn: str) -> None:
    secrets = PROD.product.secrets
    validate(replace(PROD, product=replace(PROD.product, secrets=(*secrets, ROTATED))))
    wrong = changed(ROTATED, field, arn)
    at = f"product.secrets.{len(secrets)}.{field}"
    assert problems(replace(PROD, product=replace(PROD.product, secrets=(*secrets, wrong)))) == [at]


def test_who_writes_in_a_shared_zone_is_a_role() -> None:
    shared = SharedZone(id="Z0EXAMPLE00", hosts=("*.navralabs.com",), writers=("arn:aws:iam::999999999999:role/a",))
    access = replace(PROD.access, shared_zone=shared)
    validate(replace(PROD, access=access))
    wrong = replace(shared, writers=("arn:aws:iam::999999999999:root",))
    assert problems(replace(PROD, access=replace(access, shared_zone=wrong))) == ["access.shared_zone.writers.0"]


def test_the_role_that_reads_a_zone_has_a_name_that_aws_accepts() -> None:
    long = replace(PROD.edge.zone, role=f"arn:aws:iam::444455556666:role/{'r' * 58}")
    assert problems(replace(PROD, edge=replace(PROD.edge, zone=long))) == ["edge.zone.reader"]
    validate(replace(PROD, edge=replace(PROD.edge, zone=replace(long, reader="arn:aws:iam::444455556666:role/r"))))
    existing = replace(long, kind="existing", role=None, reader="arn:aws:iam::444455556666:role/r")
    assert problems(replace(PROD, edge=replace(PROD.edge, zone=existing))) == ["edge.zone.reader"]


# Ranges

RIGHT_RANGES = ["10.0.0.0/16", "10.255.224.0/19", "172.16.0.0/16", "172.31.0.0/18", "192.168.0.0/16", "100.64.0.0/16"]
WRONG_RANGES = [
    ("127.0.0.0/16", "private are"),
    ("169.254.0.0/16", "private are"),
    ("0.0.0.0/16", "private are"),
    ("198.18.0.0/16", "private are"),
    ("192.0.0.0/19", "private are"),
    ("192.0.2.0/24", "from /16 to /19"),
    ("203.0.0.0/16", "private are"),
    ("224.0.0.0/16", "private are"),
    ("240.0.0.0/16", "private are"),
    ("172.32.0.0/16", "private are"),
    ("100.128.0.0/16", "private are"),
    ("8.8.0.0/16", "private are"),
    ("172.17.0.0/16", "AWS services use"),
    ("172.17.128.0/17", "AWS services use"),
    ("10.30.1.0/16", "host bits"),
    ("10.30.0.0/15", "from /16 to /19"),
    ("10.30.0.0/20", "from /16 to /19"),
    ("10.30.0.0", "from /16 to /19"),
    ("10.30.0.0/255.255.0.0", "from /16 to /19"),
    ("10.30.0.0/16 ", "from /16 to /19"),
    ("fd00::/16", "from /16 to /19"),
    ("", "from /16 to /19"),
]


@every_case("block", RIGHT_RANGES)
def test_a_vpc_can_have_a_private_range(block: str) -> None:
    validate(changed(PROD, "network.cidr", block))


@every_case(("block", "why"), WRONG_RANGES, ids=[block for block, _ in WRONG_RANGES])
def test_a_vpc_can_have_no_other_range(block: str, why: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=rf"network\.cidr: .*{why}"):
        validate(changed(PROD, "network.cidr", block))


addresses = st.one_of(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["10.0.0.0", "172.16.0.0", "172.17.0.0", "192.168.0.0", "100.64.0.0"]).flatmap(
        lambda start: st.integers(0, 2**16 - 1).map(lambda more: int(ipaddress.IPv4Address(start)) + more)
    ),
)


@given(addresses, st.integers(12, 24))
def test_a_range_is_taken_exactly_if_it_is_private_and_of_the_right_size(address: int, bits: int) -> None:
    network = ipaddress.IPv4Network((address, bits), strict=False)
    octets = network.network_address.packed
    private = (
        octets[0] == 10
        or (octets[0] == 172 and octets[1] in range(16, 32) and octets[1] != 17)
        or (octets[0] == 192 and octets[1] == 168)
        or (octets[0] == 100 and octets[1] in range(64, 128))
    )
    right = private and bits in range(16, 20)
    assert (problems_of(VpcCidr, str(network)) == []) is right


# Certificates


@every_case(
    ("environment", "wrong"),
    [
        (with_names(10), []),
        (with_names(11), ["edge.certificate_names"]),
        (with_names(12), ["edge.certificate_names"]),
        (with_names(12, quota=12), []),
        (with_names(100, quota=100), []),
        (with_names(101, quota=101), ["quotas.certificate_names"]),
        (changed(PROD, "edge.certificate_names", ("app.navralabs.com", "*.navralabs.com")), []),
        (changed(PROD, "edge.certificate_names", ("app.navralabs.com",) * 2), ["edge.certificate_names"]),
        (changed(PROD, "edge.certificate_names", ()), ["edge.certificate_names"]),
        (changed(PROD, "edge.certificate_names.0", f"{'a' * 50}.navralabs.com"), []),
        (changed(PROD, "edge.certificate_names.0", f"{'a' * 51}.navralabs.com"), ["edge.certificate_names.0"]),
        (changed(PROD, "edge.certificate_names.0", f"{'a' * 64}.navralabs.com"), ["edge.certificate_names.0"]),
        (changed(PROD, "edge.certificate_names.0", "a.*.navralabs.com"), ["edge.certificate_names.0"]),
        (changed(PROD, "edge.certificate_names.0", "*.*.navralabs.com"), ["edge.certificate_names.0"]),
        (changed(PROD, "edge.certificate_names.0", f"{'a.' * 121}navralabs.com"), ["edge.certificate_names.0"]),
        (changed(PROD, "edge.certificate_names.0", "-app.navralabs.com"), ["edge.certificate_names.0"]),
        (changed(PROD, "edge.host", "*.navralabs.com"), ["edge.host"]),
        (changed(PROD, "edge.zone.name", "*.navralabs.com"), ["edge.zone.name"]),
    ],
)
def test_a_certificate_has_as_many_names_as_the_quota(environment: Environment, wrong: list[str]) -> None:
    assert problems(environment) == wrong if wrong else validate(environment)


def test_the_message_says_how_many_there_are_and_which_setting_raises_the_quota() -> None:
    with pytest.raises(InvalidEnvironmentError, match=r"'12 names': .* 10 names .* quotas\.certificate_names"):
        validate(with_names(12))


# Load balancer and security groups


@every_case(
    ("environment", "wrong"),
    [
        (with_services(50, reaches=(), internet=False), []),
        (with_services(100, reaches=(), internet=False), ["product.services"]),
        (with_services(49, deployment="blue_green", reaches=()), []),
        (with_services(50, deployment="blue_green", reaches=()), ["product.services"]),
        (with_services(60, reaches=()), ["product.services"]),
        (replace(with_services(60, reaches=()), quotas=replace(PROD.quotas, security_group_rules=62)), []),
        (replace(with_services(3), quotas=replace(PROD.quotas, listener_rules=3)), ["product.services"]),
        (changed(PROD, f"{BACKEND}.paths", ("/a/*", "/b/*", "/c/*", "/d/*", "/e/*")), []),
        (changed(PROD, f"{BACKEND}.paths", ("/a/*", "/b/*", "/c/*", "/*/d/*/e")), []),
        (changed(PROD, f"{BACKEND}.paths", ("/a/*/b", "/b/*", "/c/*", "/*/d/*/?")), [f"{BACKEND}.paths"]),
        (changed(PROD, f"{BACKEND}.paths", ("/a", "/b", "/c", "/d", "/e", "/f")), [f"{BACKEND}.paths"]),
        (changed(PROD, f"{BACKEND}.paths.0", "/" + "a" * 128), [f"{BACKEND}.paths.0"]),
        (changed(PROD, f"{BACKEND}.paths.0", "/ä"), [f"{BACKEND}.paths.0"]),
    ],
)
def test_the_load_balancer_and_the_security_groups_take_all(environment: Environment, wrong: list[str]) -> None:
    assert set(problems(environment)) == set(wrong) if wrong else validate(environment)


# Windows

WINDOWS = [
    ("database.backup_window", "06:00-06:30", []),
    ("database.backup_window", "06:00-06:29", ["database.backup_window"]),
    ("database.backup_window", "06:00-06:00", ["database.backup_window"]),
    ("database.backup_window", "23:45-00:15", []),
    ("database.backup_window", "07:45-08:15", ["database.backup_window"]),
    ("database.maintenance_window", "sun:08:00-sun:08:30", []),
    ("database.maintenance_window", "sun:08:00-sun:08:29", ["database.maintenance_window"]),
    ("database.maintenance_window", "sun:23:45-mon:00:15", []),
    ("database.maintenance_window", "sun:07:00-mon:06:00", []),
    ("database.maintenance_window", "sun:07:00-mon:06:01", ["database.backup_window"]),
    ("database.maintenance_window", "sun:08:00-mon:09:00", ["database.maintenance_window", "database.backup_window"]),
    ("database.maintenance_window", "mon:08:00-sun:08:00", ["database.maintenance_window", "database.backup_window"]),
    ("database.maintenance_window", "Sun:08:00-Sun:09:00", ["database.maintenance_window"]),
    ("cache.snapshot_window", "06:00-07:00", []),
    ("cache.snapshot_window", "06:00-06:59", ["cache.snapshot_window"]),
    ("cache.snapshot_window", "09:30-10:30", ["cache.snapshot_window"]),
    ("cache.maintenance_window", "sun:09:00-sun:10:00", []),
    ("cache.maintenance_window", "sun:09:00-sun:09:59", ["cache.maintenance_window"]),
    ("cache.maintenance_window", "sun:06:30-sun:07:30", ["cache.snapshot_window"]),
]


@every_case(("path", "window", "wrong"), WINDOWS, ids=[f"{path}={window}" for path, window, _ in WINDOWS])
def test_windows_are_long_enough_and_apart(path: str, window: str, wrong: list[str]) -> None:
    environment = changed(PROD, path, window)
    assert sorted(problems(environment)) == sorted(wrong) if wrong else validate(environment)


# Where traffic went before


@every_case(
    ("dns_name", "zone_id", "wrong"),
    [
        ("app-1.us-east-1.elb.amazonaws.com", "Z35SXDOTRQ7X7K", []),
        ("dualstack.app-1.us-east-1.elb.amazonaws.com", "Z35SXDOTRQ7X7K", []),
        ("app-1.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2", []),
        ("app-1.elb.eu-west-1.amazonaws.com", "Z2IFOLAFXWLO4F", []),
        ("app-1.eu-west-1.elb.amazonaws.com", "Z35SXDOTRQ7X7K", ["cutover.previous.zone_id"]),
        ("app-1.elb.eu-west-1.amazonaws.com", "Z32O12XQLNTSW2", ["cutover.previous.zone_id"]),
        ("internal-app-1.us-east-1.elb.amazonaws.com", "Z35SXDOTRQ7X7K", ["cutover.previous.dns_name"]),
        ("app-1.xx-nowhere-9.elb.amazonaws.com", "Z35SXDOTRQ7X7K", ["cutover.previous.dns_name"]),
        ("app.navralabs.com", "Z35SXDOTRQ7X7K", ["cutover.previous.dns_name"]),
    ],
)
def test_the_previous_target_is_a_load_balancer_in_its_own_zone(dns_name: str, zone_id: str, wrong: list[str]) -> None:
    previous = PreviousTarget(dns_name=dns_name, zone_id=zone_id)
    environment = replace(PROD, cutover=replace(PROD.cutover, previous=previous))
    assert problems(environment) == wrong if wrong else validate(environment)


def test_every_commercial_region_has_a_zone_of_its_own_for_each_kind() -> None:
    zones = [
        zone_of(form.format(region))
        for form in ("a.{}.elb.amazonaws.com", "a.elb.{}.amazonaws.com")
        for region in partitions()[0].regions
    ]
    assert None not in zones
    assert len(set(zones)) == len(zones)


# Schedules


@every_case("expression", ["cron(0 3 * * ? *)", "rate(1 day)", "at(2028-02-29T03:00:00)"])
def test_a_schedule_that_scheduler_takes_passes(expression: str) -> None:
    validate(with_schedule(expression))


@every_case("expression", ["cron(0 3 * * * *)", "rate(1 days)", "at(2027-02-29T03:00:00)", "rate(x)"])
def test_a_schedule_that_scheduler_refuses_is_refused_by_its_field(expression: str) -> None:
    assert problems(with_schedule(expression)) == ["product.scheduled_tasks.0.schedule"]


def test_the_reason_is_in_the_message() -> None:
    assert issubclass(ScheduleError, ValueError)
    with pytest.raises(InvalidEnvironmentError, match="exactly one of day-of-month and day-of-week"):
        validate(with_schedule("cron(0 3 * * * *)"))


# Versions


@every_case(
    ("engine", "version", "right"),
    [
        ("redis", "7.0", True),
        ("redis", "7.1", True),
        ("redis", "7.2", False),
        ("redis", "8.0", False),
        ("redis", "6.2", False),
        ("valkey", "7.1", False),
        ("valkey", "7.2", True),
        ("valkey", "8.0", True),
        ("valkey", "8.1", True),
        ("valkey", "8.2", True),
        ("valkey", "8.9", False),
        ("valkey", "9.0", True),
        ("valkey", "9.1", True),
        ("valkey", "10.0", False),
    ],
)
def test_a_cache_has_a_version_of_its_engine(engine: str, version: str, right: bool) -> None:
    assert PROD.cache
    environment = replace(PROD, cache=replace(PROD.cache, engine=engine, version=version))  # type: ignore[arg-type]
    assert validate(environment) if right else problems(environment) == ["cache.version"]


@every_case(
    ("version", "right"),
    [(str(major), major in range(13, 19)) for major in range(9, 21)] + [("16.4", False), ("", False), ("16 ", False)],
)
def test_the_database_has_a_major_version_that_rds_offers(version: str, right: bool) -> None:
    environment = changed(PROD, "database.version", version)
    assert validate(environment) if right else problems(environment) == ["database.version"]


def test_the_schema_leaves_extended_support_to_the_gate() -> None:
    validate(replace(PROD, accepts=("extended_support",)))


# Single values that AWS refuses

REFUSED = [
    ("account_id", "١٢٣٤٥٦٧٨٩٠١٢"),
    ("owner", "platform; core"),
    ("owner", "p" * 257),
    ("profile.database_class", "db.m7g.enormous"),
    ("profile.database_class", "db.m7g"),
    ("profile.database_class", "db.zz9.micro"),
    ("profile.database_class", "db.m7g.micro"),
    ("profile.database_class", "db.m7g.3xlarge"),
    ("profile.database_class", "db.t4g.24xlarge"),
    ("profile.database_class", "cache.t4g.small"),
    ("profile.cache_node_type", "cache.t4g.2small"),
    ("profile.cache_node_type", "cache.zz1.large"),
    ("profile.cache_node_type", "cache.m7g.small"),
    ("profile.cache_node_type", "cache.r6gd.xlarge"),
    ("database.storage_limit", 54),
    ("waf.rate_limited_path", "/" + "a" * 200),
    ("waf.rate_limited_path", "/päth"),
    ("edge.certificate_names.1", "app.navra.internal"),
    ("edge.certificate_names.1", "navra.test"),
    ("edge.certificate_names.1", "x.us-east-1.elb.amazonaws.com"),
    ("access.administrators.0.arn", f"arn:aws:iam::777788889999:user/{'n' * 65}"),
    ("access.administrators.0.arn", "arn:aws:iam::777788889999:user/ops/"),
    ("database.name", "user"),
    ("database.name", "select"),
    ("database.user", "table"),
    ("database.user", "rds_owner"),
    ("database.user", "pg_owner"),
    ("edge.tls_policy", "ELBSecurityPolicy-TLS13-1-2-Res-2023-04"),
    ("edge.tls_policy", "ELBSecurityPolicy-TLS13-1-1-2021-06"),
    ("alerts.email.0", "alerts@navralabs.com, ops@navralabs.com"),
    ("alerts.email", ("alerts@navralabs.com", "alerts@navralabs.com")),
    ("alerts.email", ("a.b@navralabs.com", "a-b@navralabs.com")),
    ("budgets.actual_percent", (80, 80)),
    ("registry.readers", ("999999999999", "999999999999")),
    ("registry.source_account", "111122223333"),
    ("waf.counted_rules", ("SizeRestrictions_BODY", "SizeRestrictions_BODY")),
    ("cutover.resolvers.0", "1.1.1"),
    ("cutover.resolvers.0", "::::"),
    ("access.github_environment", "e" * 256),
    ("access.github_repository", "owner/name"),
    (f"{BACKEND}.environment", {"MY-NAME": "x"}),
    (f"{BACKEND}.environment", {"1ST": "x"}),
    (f"{BACKEND}.metrics_namespace", "AWS/ECS"),
    (f"{BACKEND}.writable.0", "tmp"),
    (f"{BACKEND}.writable.0", "/tmp/*"),
    (f"{BACKEND}.repository", "navralabs//aep"),
    (f"{BACKEND}.repository", "a" * 257),
    (f"{BACKEND}.traffic_shift", "CodeDeployDefault.ECSLinear"),
    (f"{BACKEND}.secrets", ("DATABASE_URL", "DATABASE_URL")),
    (f"{BACKEND}.health_check.path", "/" + "a" * 1024),
    (f"{BACKEND}.health_check.codes", "200-500"),
    (f"{BACKEND}.health_check.codes", "299-200"),
    (f"{BACKEND}.health_check.codes", "200-250-299"),
    (f"{BACKEND}.health_check.codes", "200,"),
    (f"{BACKEND}.health_check.timeout", 15),
    ("product.repository", "navralabs/.."),
    ("product.repository", f"{'a' * 40}/infrastructure"),
    ("product.secrets.0.description", "d" * 2049),
    ("product.rejections.namespace", "AWS/Billing"),
    ("product.rejections.rejected", ""),
]


@every_case(("path", "value"), REFUSED, ids=[f"{path}={value!s:.30}" for path, value in REFUSED])
def test_a_value_that_aws_refuses_is_refused_by_its_name(path: str, value: object) -> None:
    found = problems(changed(PROD, path, value))
    assert found, path
    # A part of a collection, or the collection as a whole; a repository is in the release file too.
    assert all(field.startswith(path) or field == "releases" for field in found), found


@every_case(
    ("path", "value"),
    [
        ("region", "cn-north-1"),
        ("allowed_regions.0", "xx-nowhere-9"),
        ("owner", "platform; core"),
        ("repository", "navralabs"),
        ("state_bucket", "xn--state"),
        ("state_bucket", "s" * 64),
        ("accounts.0.email", f"{'a' * 51}@navralabs.com"),
        ("accounts.0.name", "aep_prod"),
    ],
)
def test_the_organization_has_the_same_limits(path: str, value: str) -> None:
    organization = environments.load_organization()
    with pytest.raises(InvalidEnvironmentError) as refused:
        validate_organization(changed(organization, path, value))
    assert [problem.field for problem in refused.value.problems] == [path]


def test_names_that_s3_reserves_are_refused() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""
    for product in ("sthree", "amzn-s3-demo"):
        assert "product.name, stage" in problems(changed(PROD, "product.name", product)), product


@given(st.text(max_size=30))
def test_a_text_that_is_no_region_is_refused_in_words(text: str) -> None:
    known = partitions()[0].regions
    assert (region_problem(text) is None) == (text in known)


def test_a_worker_needs_no_place_at_the_load_balancer() -> None:
    worker = Service(name="worker", repository="navralabs/aep-backend", cpu=256, memory=512)
    validate(replace(PROD, product=replace(PROD.product, services=(*PROD.product.services, worker))))
