"""Rules for values that are well-formed but that AWS refuses: quotas, partitions, regions, windows.

Each rule names the page of AWS that states it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

from environments.arns import account_of, partition
from environments.endpoints import unreachable
from environments.flows import INTERNET, S3, flows
from environments.schema.environment import Environment
from environments.schema.infrastructure import READER
from environments.schema.load_balancers import zone_of
from environments.schema.regions import GUARDDUTY, SCHEDULER, SECURITY_HUB, WAF, lacks, zone_letters
from environments.schema.rules import Problem, rule

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
TARGET_GROUPS = 100
WILDCARDS = 5
# https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
LONGEST_COMMON_NAME = 64
OWN_TAGS = ("Project", "Environment", "Phase", "Owner", "Repository", "Name", "Tier")
"""Keys of the tags that stacks set."""
_DAY = 24 * 60
_WEEK = 7 * _DAY
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@rule("region", "access", "edge", "product")
def arns_are_of_the_partition(environment: Environment) -> Iterator[Problem]:
    """Roles and functions are in the region's partition: accounts of another one can't be reached.

    https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
    """
    own = partition(environment.region).name
    for field, text in _texts(environment, ""):
        if text.startswith("arn:") and text.split(":")[1] != own:
            yield Problem(field, text, f"an ARN of partition {own}, like the region {environment.region}")


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """All texts in a value, each with the path of its field."""
    if isinstance(value, str):
        yield path, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, f"{path}.{key}")
    elif isinstance(value, tuple):
        for index, part in enumerate(value):
            yield from _texts(part, f"{path}.{index}")


@rule("region", "profile", "product", "audit", "account_resources_from")
def the_region_has_the_services(environment: Environment) -> Iterator[Problem]:
    """The region has every service that is used. https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html."""
    audit, creates = environment.audit, environment.creates_account_resources
    used = {
        SCHEDULER: ("product.scheduled_tasks", bool(environment.product.scheduled_tasks)),
        WAF: ("profile.waf", environment.profile.waf),
        GUARDDUTY: ("audit.guardduty", audit.guardduty and creates),
        SECURITY_HUB: ("audit.security_hub", audit.security_hub and creates),
    }
    for service, (field, needed) in used.items():
        if needed and lacks(environment.region, service):
            allowed = f"not with {field}: botocore's endpoint data has no {service.name} in this region"
            yield Problem("region", environment.region, allowed)


@rule("region", "network")
def zones_exist(environment: Environment) -> Iterator[Problem]:
    """The region has the zones. https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html."""
    letters = zone_letters(environment.region)
    for index, letter in enumerate(environment.network.zones):
        if letter not in letters:
            allowed = f"{environment.region} has the zones {', '.join(letters)} (environments/schema/regions.py)"
            yield Problem(f"network.zones.{index}", letter, allowed)


@rule("edge", "quotas")
def the_certificate_is_issued(environment: Environment) -> Iterator[Problem]:
    """As many names as the quota, each once. https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html."""
    names, most = environment.edge.certificate_names, environment.quotas.certificate_names
    if len(names) > most:
        allowed = f"ACM's quota is {most} names in a certificate; when AWS has raised it, set quotas.certificate_names"
        yield Problem("edge.certificate_names", f"{len(names)} names", allowed)
    if len(names[0]) > LONGEST_COMMON_NAME:
        allowed = f"up to {LONGEST_COMMON_NAME} characters, as the first name; a longer one can come second"
        yield Problem("edge.certificate_names.0", names[0], allowed)


@rule("product", "edge", "quotas")
def the_load_balancer_takes_all_services(environment: Environment) -> Iterator[Problem]:
    """Rules, target groups and wildcards. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html."""
    services = environment.product.load_balanced
    with_rules = [service for service in services if service.priority is not None]
    rules = len(with_rules) + bool(environment.edge.redirects)
    if rules > environment.quotas.listener_rules:
        allowed = f"the load balancer's quota is {environment.quotas.listener_rules} rules (quotas.listener_rules)"
        yield Problem("product.services", f"{rules} listener rules", allowed)
    groups = sum(2 if service.deployment == "blue_green" else 1 for service in services)
    if groups > TARGET_GROUPS:
        allowed = f"a load balancer may have {TARGET_GROUPS} target groups; a blue/green service has two"
        yield Problem("product.services", f"{groups} target groups", allowed)
    for index, service in enumerate(environment.product.services):
        wildcards = sum(path.count("*") + path.count("?") for path in service.paths)
        if wildcards > WILDCARDS and service in with_rules:
            allowed = f"a listener rule may have {WILDCARDS} wildcards"
            yield Problem(f"product.services.{index}.paths", service.paths, allowed)


@rule("product", "profile", "network", "region")
def apis_are_reachable(environment: Environment) -> Iterator[Problem]:
    """Tasks reach the internet through NAT, and each API of AWS that they need through an endpoint or NAT."""
    profile, named = environment.profile, environment.profile.endpoints or ()
    nat = f'the profile {profile.name} has nat="none"; nat="single" or "per_zone" has a way out'
    for index, service in enumerate(environment.product.services):
        field = f"product.services.{index}"
        if service.internet and not environment.nat_zones:
            yield Problem(f"{field}.internet", True, f"False: {nat}")
        for api in unreachable(environment, service):
            if api.required:
                allowed = f"must have {api.endpoint!r}, with which tasks of {service.name} {api.why}"
                allowed += f"; or {field}.internet and a NAT gateway"
                yield Problem("profile.endpoints", profile.endpoints, allowed)
    if environment.nat_zones and not any(service.internet for service in environment.product.services):
        yield Problem("profile.nat", profile.nat, '"none": only services with internet=True use NAT; there are none')
    if "monitoring" in named and not any(service.metrics_namespace for service in environment.product.services):
        yield Problem("profile.endpoints", "monitoring", "not without a service with metrics_namespace, which uses it")
    if (profile.endpoint_zones or 0) > profile.zone_count:
        yield Problem("profile.endpoint_zones", profile.endpoint_zones, f"up to zone_count, {profile.zone_count}")


@rule("product")
def ranges_of_codes_are_ordered(environment: Environment) -> Iterator[Problem]:
    """A range ends after it starts. https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html."""
    for index, service in enumerate(environment.product.services):
        if service.health_check:
            codes = service.health_check.codes
            ranges = [part.split("-") for part in codes.split(",") if "-" in part]
            if any(ends[0] >= ends[-1] for ends in ranges):
                field = f"product.services.{index}.health_check.codes"
                yield Problem(field, codes, "ranges from the lower to the higher code, such as 200-299")


@rule("product", "quotas")
def security_groups_take_all_rules(environment: Environment) -> Iterator[Problem]:
    """Rules of one direction. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups."""
    table, most = flows(environment), environment.quotas.security_group_rules
    outbound = Counter(flow.source for flow in table if flow.source != INTERNET)
    inbound = Counter(flow.target for flow in table if flow.target not in {INTERNET, S3})
    for direction, counts in (("inbound", inbound), ("outbound", outbound)):
        for party, count in counts.items():
            if count > most:
                allowed = f"a security group may have {most} {direction} rules (quotas.security_group_rules)"
                yield Problem("product.services", f"{count} {direction} rules of {party}", allowed)


@rule("database")
def database_windows_fit(environment: Environment) -> Iterator[Problem]:
    """Each is 30 minutes or longer, and they are apart.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
    """
    if database := environment.database:
        yield from _windows("database.backup_window", database.backup_window, database.maintenance_window, shortest=30)


@rule("cache")
def cache_windows_fit(environment: Environment) -> Iterator[Problem]:
    """Each is 60 minutes or longer, and they are apart.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups-automatic.html and
    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
    """
    if cache := environment.cache:
        yield from _windows("cache.snapshot_window", cache.snapshot_window, cache.maintenance_window, shortest=60)


def _windows(field: str, daily: str, weekly: str, *, shortest: int) -> Iterator[Problem]:
    """Problems of a daily window, which is named by its field, and of the section's weekly one."""
    maintenance = f"{field.partition('.')[0]}.maintenance_window"
    start, end = daily.split("-")
    first, length = _minute(start), (_minute(end) - _minute(start)) % _DAY
    weekly_start, weekly_end = weekly.split("-")
    weekly_first = _minute_of_week(weekly_start)
    weekly_length = (_minute_of_week(weekly_end) - weekly_first) % _WEEK
    if length < shortest:
        yield Problem(field, daily, f"{shortest} minutes or longer")
    if not shortest <= weekly_length <= _DAY:
        yield Problem(maintenance, weekly, f"from {shortest} minutes to 24 hours")
    upkeep = {(weekly_first + minute) % _WEEK for minute in range(weekly_length)}
    if any((day * _DAY + first + minute) % _WEEK in upkeep for day in range(7) for minute in range(length)):
        yield Problem(field, daily, f"apart from {maintenance}, {weekly}")


def _minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def _minute_of_week(moment: str) -> int:
    day, _, time = moment.partition(":")
    return _DAYS.index(day) * _DAY + _minute(time)


@rule("cutover")
def the_previous_target_can_be_an_alias(environment: Environment) -> Iterator[Problem]:
    """Its zone is the load balancer's own. https://docs.aws.amazon.com/general/latest/gr/elb.html."""
    previous = environment.cutover.previous
    if previous is None:
        return
    zone = zone_of(previous.dns_name)
    if zone is None:
        allowed = "the DNS name of an internet-facing load balancer, such as app-1.us-east-1.elb.amazonaws.com"
        yield Problem("cutover.previous.dns_name", previous.dns_name, allowed)
    elif zone != previous.zone_id:
        allowed = f"{zone}, the zone of {previous.dns_name}"
        yield Problem("cutover.previous.zone_id", previous.zone_id, allowed)


@rule("account_id", "account_resources_from", "region", "product", "edge", "registry", "stage")
def others_are_others(environment: Environment) -> Iterator[Problem]:
    """Accounts and regions in ARNs match those of the values."""
    own, registry, zone = environment.account_id, environment.registry, environment.edge.zone
    if registry.source_account == own and environment.creates_account_resources:
        yield Problem("registry.source_account", own, "another account's id; none creates the repositories here")
    if environment.account_resources_from == environment.prefix:
        yield Problem("account_resources_from", environment.prefix, "another product and stage; none means this one")
    if zone.kind == "other_account" and zone.role and account_of(zone.role) == own:
        yield Problem("edge.zone.role", zone.role, 'a role of another account; kind="existing" is a zone of this one')
    if zone.role and zone.read_role:
        if account_of(zone.read_role) != account_of(zone.role):
            yield Problem("edge.zone.reader", zone.reader, f"a role of the zone's account, {account_of(zone.role)}")
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
        if len(zone.read_role.rpartition("/")[2]) > 64:
            allowed = (
                f"required: {zone.role} has too long a name for one with {READER} appended, of up to 64 characters"
            )
            yield Problem("edge.zone.reader", zone.reader, allowed)
    for index, secret in enumerate(environment.product.secrets):
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
        if secret.rotation_lambda and secret.rotation_lambda.split(":")[3] != environment.region:
            allowed = f"a function in the secret's region, {environment.region}"
            yield Problem(f"product.secrets.{index}.rotation_lambda", secret.rotation_lambda, allowed)


@rule("ignored_tags")
def own_tags_are_not_ignored(environment: Environment) -> Iterator[Problem]:
    """Terraform would neither set nor compare a tag of its own that it ignores."""
    ignored = environment.ignored_tags
    for name, values in (("keys", ignored.keys), ("key_prefixes", ignored.key_prefixes)):
        for value in values:
            own = [tag for tag in OWN_TAGS if tag == value or (name == "key_prefixes" and tag.startswith(value))]
            if own:
                rule = f"must be tags of others; Terraform itself sets {', '.join(own)}"
                yield Problem(f"ignored_tags.{name}", value, rule)


@rule("alerts", "budgets", "registry", "edge", "access", "waf", "cutover", "product", "profile", "ignored_tags")
def lists_have_each_value_once(environment: Environment) -> Iterator[Problem]:
    """AWS refuses the second of two equal subscribers, notifications, statements, names or conditions."""
    lists: dict[str, Sequence[Hashable]] = {
        "budgets.actual_percent": environment.budgets.actual_percent,
        "budgets.forecast_percent": environment.budgets.forecast_percent,
        "registry.readers": environment.registry.readers,
        "edge.certificate_names": environment.edge.certificate_names,
        "waf.counted_rules": environment.waf.counted_rules,
        "cutover.steps": environment.cutover.steps,
        "profile.endpoints": environment.profile.endpoints or (),
        "cutover.resolvers": environment.cutover.resolvers,
        "ignored_tags.keys": environment.ignored_tags.keys,
        "ignored_tags.key_prefixes": environment.ignored_tags.key_prefixes,
    }
    for index, service in enumerate(environment.product.services):
        lists[f"product.services.{index}.secrets"] = service.secrets
        lists[f"product.services.{index}.reaches"] = service.reaches
        lists[f"product.services.{index}.writable"] = service.writable
    if shared := environment.access.shared_zone:
        lists |= {f"access.shared_zone.{name}": getattr(shared, name) for name in ("hosts", "readers", "writers")}
    # The id of a subscription is made of its address's letters and digits.
    lists["alerts.email"] = [re.sub("[^a-z0-9]+", "_", email.lower()) for email in environment.alerts.email]
    for field, values in lists.items():
        for value, count in Counter(values).items():
            if count > 1:
                yield Problem(field, value, "each value once")
