"""Checks that nothing is shared with, or sent to, an account or endpoint that the environment's values don't name.

`mentions` finds in a text what leads out of an account: ARNs, account and organization ids, hosts, addresses, regions,
buckets, and ids that AWS gave to other resources. It reads the environment's values and the stacks, and everything that
only the stacks mention is a finding. So types of resources need no list of attributes. Three tables are narrower: what
one attribute may be (`ENDPOINTS`), which of AWS's services a policy may name (`SERVICES`), and whose policies may name
another account (`SHARED`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from environments.arns import Partition, account_of, partition, partitions
from environments.beside import GLOBAL_REGION
from environments.documents import (
    BUCKET,
    ENDPOINT,
    KEY,
    LOGS,
    QUEUE,
    REGISTRY,
    REPOSITORY,
    SECRET,
    TOPIC,
    TRUST,
    DocumentKind,
)
from environments.endpoints import interface_endpoints
from environments.guardduty import agent_repository
from environments.names import Names
from environments.schema import Environment, PermissionSet
from environments.schema.organization import Organization
from ops.gate.index import Index, values_at
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.policy_documents import uses
from ops.gate.templates import parse_json, spans
from ops.gate.understood import schema
from ops.iam.policy import IamStatement, account

OUTSIDE = "ROLLOUT_OUTSIDE"
CHECKS = {
    OUTSIDE: Check(
        OUTSIDE,
        "Nothing is shared with, or sent to, an account or endpoint that the environment's values don't name",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/what-is-access-analyzer.html",
        own=True,
    )
}


class Mention(NamedTuple):
    """Something that a text mentions, and that may be outside of an environment."""

    kind: str
    text: str


# https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html and its other types
_UNIT = r"(?<![\w-])(?:o-[a-z0-9]{10,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})(?![\w-])"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_UNIQUE = r"(?<![A-Z0-9])A(?:BIA|CCA|GPA|IDA|IPA|KIA|NPA|NVA|PKA|ROA|SCA|SIA)[A-Z0-9]{12,}"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
_RESOURCE = r"(?<![\w-])[a-z]{1,10}(?:-[a-z]{2,10})?-(?:[0-9a-f]{17}|[0-9a-f]{8})(?![\w-])"
_ADDRESS = "address"
_REGION = "region"
_PATTERNS = {
    "account": re.compile(r"(?<!\d)\d{12}(?!\d)"),
    "part of an organization": re.compile(_UNIT),
    "IAM id": re.compile(_UNIQUE),
    "resource": re.compile(_RESOURCE),
    "hosted zone": re.compile(r"(?<![A-Za-z0-9])Z[A-Z0-9]{12,31}(?![A-Za-z0-9])"),
    "host": re.compile(r"(?<![\w.@/*$-])[*_]*\.?((?:[\w-]+\.)+[a-z]{2,})(?!-|\.?\w)", re.IGNORECASE),
    _ADDRESS: re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?)(?![\w.])"),
    _REGION: re.compile(r"(?<![\w-])([a-z]{2}(?:-[a-z]+)+-\d)(?!\d)"),
}
_HAVE = {
    "part of an organization": "-",
    "IAM id": "A",
    "resource": "-",
    "hosted zone": "Z",
    "host": ".",
    _ADDRESS: ".",
    _REGION: "-",
}
"""A character that every match has: searching for it first takes less time."""
_ARN = re.compile(r"arn:[\w-]*:([\w.*?-]*):([\w*?-]*):([\w*?-]*):([^\s\"',]*)")
# These also match texts that only begin alike, without a group; otherwise a search begins again at each character.
_EMAIL = re.compile(r"[\w.+-]++(@(?:[\w-]+\.)+[a-z]{2,})?", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]*+(?:://(?:[^\s/@]*@)?([^\s/:?#\"'&]*))?", re.IGNORECASE)
_WORD = re.compile(r"[a-z_]*|[0-9]{0,11}")
"""Texts without a character that a mention has; most are such words."""
_HOLE = "&"
"""Instead of a reference, so that what is on both sides of it stays separate."""
_PROSE = frozenset({"alarm_description", "description", "label"})
"""Attributes that are texts for people."""
_EVENT_SOURCE = re.compile(r"aws\.\w+")
"""As in `aws.sts`: https://docs.aws.amazon.com/eventbridge/latest/ref/events.html."""
_GITHUB = ("github.com", "token.actions.githubusercontent.com")
"""Hosts of the values' GitHub repository: its pages, and the issuer of its jobs' tokens."""


@lru_cache(maxsize=20_000)
def mentions(text: str) -> tuple[Mention, ...]:
    """What a text mentions that may be outside of an environment; `*` in front of a host doesn't count."""
    return tuple(_mentions(text))


def _left(found: re.Match[str]) -> str:
    """What is left of a text in which addresses are found."""
    return found[0] if found[1] is None else " "


def _mentions(text: str) -> Iterator[Mention]:
    if _WORD.fullmatch(text):
        return
    if text.startswith(("{", "[")):
        try:
            yield from (mention for _, each in _texts(parse_json(text)) for mention in mentions(each))
        except ValueError:
            pass
        else:
            return
    at, parts = 0, []
    for start, end in spans(text):
        parts += [text[at:start], _HOLE]
        at = end
    rest = "".join([*parts, text[at:]])
    for found in _ARN.finditer(rest):
        service, region, account_id, resource = found.groups()
        bucket = resource.partition("/")[0]
        if service == "s3" and _HOLE not in bucket:
            yield Mention("bucket", bucket)
        if account_id.isdigit() or "*" in account_id or "?" in account_id:
            yield Mention("ARN", found[0])
        if region:
            yield Mention(_REGION, region)
    rest = _ARN.sub(lambda found: f" {found[4]}", rest)
    yield from (Mention("e-mail address", found[0].lower()) for found in _EMAIL.finditer(rest) if found[1])
    rest = _EMAIL.sub(_left, rest)
    yield from (Mention("host", found[1].lower()) for found in _URL.finditer(rest) if (found[1] or "").strip(_HOLE))
    rest = _URL.sub(_left, rest)
    for kind, pattern in _PATTERNS.items():
        for found in pattern.finditer(rest) if _HAVE.get(kind, "") in rest else ():
            yield Mention(kind, (found[1] if pattern.groups else found[0]).lower() if kind == "host" else found[0])


def _texts(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a value, with its path; a value is one of the environment's, or JSON."""
    if isinstance(value, str | int):
        yield path, str(value)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each, path)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), (*path, field.name))


@dataclass(frozen=True)
class Inside:
    """What belongs to an environment, or is named by its values."""

    account_id: str
    partition: Partition
    regions: frozenset[str]
    named: frozenset[Mention]
    ranges: tuple[str, ...] = ()
    """Its private addresses."""

    def has(self, mention: Mention) -> bool:
        """Whether a mention leads to nothing outside."""
        kind, text = mention
        if mention in self.named:
            return True
        if kind == "ARN":
            return account_of(text) == self.account_id
        if kind == _REGION:
            return text in self.regions or text == "*" or not _is_region(text)
        if kind == _ADDRESS:
            return any(_within(text, each) for each in self.ranges)
        return kind == "host" and bool(_EVENT_SOURCE.fullmatch(text))


@cache
def _is_region(text: str) -> bool:
    return any(text in each.regions for each in partitions())


def _within(address: str, range_: str) -> bool:
    try:
        return ipaddress.IPv4Network(address, strict=False).subnet_of(ipaddress.IPv4Network(range_))
    except ValueError:
        return True  # No address: a version, for instance.


def inside(environment: Environment) -> Inside:
    """What belongs to an environment, or is named by its values, with AWS's hosts in its region."""
    names, registry, access = Names(environment), environment.registry, environment.access
    own, part, product = environment.account_id, names.partition, environment.product
    people = (*access.deployers, *access.planners, *access.administrators)
    sets = [each for each in people if isinstance(each, PermissionSet)]
    zone = access.shared_zone
    roles = (*zone.writers, *zone.readers) if zone else ()
    accounts = {*(each.account_id for each in sets), *map(account_of, roles), *registry.readers}
    source = registry.source_account or own
    repositories = sorted({f"repository/{service.repository}" for service in product.services})
    arns = [
        *(part.root(each) for each in accounts),
        *(role for each in sets for role in each.roles(part)),
        *(part.arn("iam", f"role/{product.name}-*", account_id=each) for each in registry.readers),
        *(part.arn("ecr", each, region=environment.region, account_id=source) for each in repositories),
        # Promotion copies images from the registry of another environment.
        *(part.arn("ecr", each, region="*", account_id="*") for each in repositories),
        agent_repository(environment.region) or "",
        environment.edge.zone.read_role or "",
    ]
    endpoints = [names.endpoint_service(each) for each in (*interface_endpoints(environment), "s3")]
    hosts = [part.registry(source, environment.region), *endpoints, *_aws_hosts(environment.region), *_GITHUB]
    return Inside(
        account_id=own,
        partition=part,
        regions=frozenset({environment.region, GLOBAL_REGION}),
        named=frozenset(
            {
                *_mentioned(environment),
                *(mention for arn in arns for mention in mentions(arn) if mention.kind in {"ARN", "bucket"}),
                *(Mention("host", each) for each in hosts),
                Mention("account", own),
                Mention("account", source),
                Mention("bucket", f"prod-{environment.region}-starport-layer-bucket"),
                Mention("bucket", names.state_bucket),
                Mention(_ADDRESS, "0.0.0.0/0"),
            }
        ),
        ranges=(environment.network.cidr,),
    )


def inside_organization(organization: Organization) -> Inside:
    """What belongs to the organization's stack, or is named by its values."""
    part = partition(organization.region)
    hosts = [*_aws_hosts(organization.region), *_GITHUB]
    return Inside(
        account_id=organization.account_id,
        partition=part,
        regions=frozenset({organization.region, GLOBAL_REGION, *organization.allowed_regions}),
        # Its guardrails are about the root users of all accounts.
        named=frozenset(
            {*_mentioned(organization), *(Mention("host", each) for each in hosts), Mention("ARN", part.root("*"))}
        ),
    )


def _mentioned(values: object) -> Iterator[Mention]:
    for _, text in _texts(values):
        yield from mentions(text)


@cache
def _aws_hosts(region: str) -> frozenset[str]:
    """Names of AWS's services: as principals of policies, and their hosts in a region."""
    part = partition(region)
    principals = {name for names in SERVICES.values() for name in names} | _OTHER_PRINCIPALS
    services = {name.lower() for name in part.services}
    return frozenset(
        {
            *principals,
            *(f"{name}.{part.dns_suffix}" for name in services),
            *(f"{name}.amazonaws.com" for name in services),
            *(part.host(name, region) for name in services),
        }
    )


_OTHER_PRINCIPALS = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        *("chatbot", "ecs-tasks", "ecs.application-autoscaling", "monitoring.rds", "scheduler", "vpc-flow-logs"),
        *("backup", "sso"),
    )
)
"""Services that assume roles, and that link roles; who may assume which role is in the table of permissions."""
_TOPIC = frozenset(f"{name}.amazonaws.com" for name in ("budgets", "cloudwatch", "events", "events.rds"))
SERVICES: Mapping[DocumentKind, frozenset[str]] = {
    BUCKET: frozenset(
        f"{name}.amazonaws.com" for name in ("cloudtrail", "config", "logdelivery.elasticloadbalancing", "logging.s3")
    ),
    ENDPOINT: frozenset(),
    KEY: _TOPIC | {"cloudtrail.amazonaws.com", "config.amazonaws.com"},
    LOGS: frozenset({"delivery.logs.amazonaws.com"}),
    QUEUE: frozenset(),
    REGISTRY: frozenset(),
    REPOSITORY: frozenset(),
    SECRET: frozenset(),
    TOPIC: _TOPIC,
}
"""Services of AWS that a resource's policy may allow; a key's may also allow CloudWatch Logs of the region."""
UNCONFINED = frozenset({(KEY, "events.amazonaws.com"), (TOPIC, "events.amazonaws.com")})
"""Services that send neither account nor resource, so that a condition would stop them.

A rule of another account can't target a topic without a role.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
"""
SHARED: Mapping[DocumentKind, Callable[[Environment], tuple[str, ...]]] = {
    REPOSITORY: lambda environment: environment.registry.readers,
}
"""Other accounts that a resource's policy may name. Who may assume which role is in the table of permissions."""

ENDPOINTS: Mapping[tuple[str, str], Callable[[Environment], tuple[str | None, ...]]] = {
    ("aws_budgets_budget", "notification.subscriber_email_addresses"): lambda values: values.alerts.email,
    ("aws_chatbot_slack_channel_configuration", "slack_channel_id"): lambda values: (values.alerts.slack_channel,),
    ("aws_chatbot_slack_channel_configuration", "slack_team_id"): lambda values: (values.alerts.slack_workspace,),
    ("aws_cloudwatch_event_target", "arn"): lambda values: (Names(values).arn("events", "event-bus/default"),),
    ("aws_sns_topic_subscription", "endpoint"): lambda values: values.alerts.email,
    ("aws_vpc_endpoint", "service_name"): lambda values: tuple(
        Names(values).endpoint_service(each) for each in (*interface_endpoints(values), "s3")
    ),
}
"""What an attribute that sends or fetches something may be, as a literal."""
OF_ORGANIZATION: Mapping[tuple[str, str], Callable[[Organization], tuple[str, ...]]] = {
    ("aws_organizations_account", "email"): lambda values: tuple(each.email for each in values.accounts),
    ("aws_organizations_organizational_unit", "parent_id"): lambda values: (values.parent_id,),
}
"""The same for the organization's stack."""
REFERRED = {("aws_cloudwatch_event_target", "arn"): "aws_sns_topic"}
"""Types that such an attribute may refer to."""


def what_leads_outside(view: Sequence[ScannedBlock], values: Environment | Organization) -> list[Record]:
    """Find what stacks mention and the values don't name, and policies that let others in.

    Args:
        view: The merged view of all stacks of an environment, or of the organization's stack.
        values: Their values.

    Raises:
        ScanFailedError: Only Terraform can evaluate a policy.
    """
    ledger, index = Ledger(), Index(view)
    within = inside(values) if isinstance(values, Environment) else inside_organization(values)
    buckets = {Mention("bucket", str(block.settings.get("bucket"))) for block in index.all("aws_s3_bucket")}
    for block in view:
        if block.section != "provider" and (not block.synthetic or block.kind == "terraform_output"):
            ledger.examine(OUTSIDE, [block.block])
            for path, mention in _in_block(block):
                if mention not in buckets and not within.has(mention):
                    what = f"{path} names the {mention.kind} {mention.text}, which the environment's values don't name"
                    ledger.wrong(OUTSIDE, block.block, what)
    for block, what in (*_endpoints(index, values), *_policies(index, values)):
        ledger.wrong(OUTSIDE, block.block, what)
    return ledger.records()


def _endpoints(index: Index, values: Environment | Organization) -> Iterator[tuple[ScannedBlock, str]]:
    """Attributes that send or fetch something, and aren't what the values name."""
    if isinstance(values, Environment):
        allowed = {place: named(values) for place, named in ENDPOINTS.items()}
    else:
        allowed = {place: named(values) for place, named in OF_ORGANIZATION.items()}
    for (kind, attribute), known in allowed.items():
        for block in index.all(kind):
            for value in values_at(block.settings, attribute):
                target = index.follow(value)
                if value not in known and (target is None or target.kind != REFERRED.get((kind, attribute))):
                    yield block, f"{attribute} isn't what the environment's values name"


def _policies(index: Index, values: Environment | Organization) -> Iterator[tuple[ScannedBlock, str]]:
    """Statements of policies of resources and roles that let others in."""
    if isinstance(values, Environment):
        for use in uses(index, Names(values).place):
            for statement in use.statements:
                for what in _lets_in(statement, use.kind, values):
                    yield statement.block, f"{statement.label} {what}"


def _in_block(block: ScannedBlock) -> Iterator[tuple[str, Mention]]:
    """What a block mentions, each with its attribute."""
    for name, value in block.settings.items():
        if name not in schema.META:
            for path, text in _texts(value, (name,)):
                if path[-1] not in _PROSE:
                    yield from ((".".join(path), mention) for mention in mentions(text))


def _lets_in(statement: IamStatement, kind: DocumentKind | None, values: Environment) -> Iterator[str]:
    """Why a statement of a resource's or role's own policy lets others in."""
    if kind is not None and (kind is TRUST or kind in SERVICES):
        yield from _services(statement, kind, values)
    if kind is not None and kind in SERVICES:  # The table of permissions has who may assume which role.
        yield from _callers(statement, kind, values)


def _services(statement: IamStatement, kind: DocumentKind, values: Environment) -> Iterator[str]:
    """Why a statement lets a service of AWS in: the policy doesn't need it, or it may call for any account."""
    known = SERVICES.get(kind, frozenset()) | ({Names(values).host("logs")} if kind is KEY else set())
    for who in (who for type_, who in statement.principals if type_ == "Service"):
        if kind in SERVICES and who not in known:
            yield f"names the service {who}, which the {kind.label} has no need of"
        elif statement.allows and not statement.confined_to(values.account_id) and (kind, who) not in UNCONFINED:
            yield f"allows the service {who} for any account; add a condition on aws:SourceAccount"


def _callers(statement: IamStatement, kind: DocumentKind, values: Environment) -> Iterator[str]:
    """Why a statement lets callers of other accounts in, or has a condition on another account."""
    own = values.account_id
    accounts = {own, *(SHARED[kind](values) if kind in SHARED else ())}
    for type_, who in (*statement.principals, *statement.not_principals):
        if type_ not in {"AWS", "Service"}:
            yield f"names a principal of the kind {type_}, which no {kind.label} has"
        elif who == "*" and statement.allows and not statement.confined_to(own) and not _only_layers(statement):
            yield f"allows callers of any account; add a condition on aws:PrincipalAccount, {own}"
        elif type_ == "AWS" and who != "*" and account(who) not in accounts:
            yield f"names {who}, whose account the environment's values don't name for a {kind.label}"
    for value in (value for condition in statement.conditions for value in condition.values):
        if account(value).isdigit() and account(value) not in accounts:
            yield f"has a condition on {value}, whose account the values don't name for a {kind.label}"


def _only_layers(statement: IamStatement) -> bool:
    """Whether a statement is about ECR's bucket of image layers, which ECR reads with principals of its own.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
    """
    return bool(statement.resources) and all(
        re.fullmatch(r"arn:[\w-]+:s3:::prod-[\w-]+-starport-layer-bucket/\*", each) for each in statement.resources
    )
