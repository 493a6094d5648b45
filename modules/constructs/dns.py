"""The public DNS zone, the roles that write its records, and the records of the application's public name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from environments import schema
from environments.arns import Partition, account_of, root_of
from environments.names import ZONE_ROLE, Names
from modules.bindings import aws
from modules.bindings.engine import Construct, TerraformResourceLifecycle, TerraformVariable
from modules.constructs.provider_tags import ignored_tags
from modules.constructs.role import Role
from modules.ids import identifier, reference
from modules.policy import Statement

ALL = 100


class Zone:
    """A zone that this creates, or an existing one.

    A created zone resolves only when its parent zone has its name servers (`aws_route53_zone`'s `name_servers`).
    Certificate validation waits for that.
    """

    def __init__(self, scope: Construct, id_: str, *, spec: schema.Zone, names: Names) -> None:
        zone_id = spec.id
        if spec.kind == "created":
            lifecycle = TerraformResourceLifecycle(prevent_destroy=names.environment.protected)
            aws.Route53Zone(scope, id_, name=spec.name, lifecycle=lifecycle)
            zone_id = reference("aws_route53_zone", id_, "zone_id")
        if zone_id is None:
            raise ValueError(f"zone {spec.name!r} is {spec.kind}, so it needs an id")
        self.id = zone_id


def record_writer(
    scope: Construct, *, spec: schema.Zone, names: Names, purpose: str, tags: Mapping[str, str]
) -> aws.AwsProvider | None:
    """The provider of a zone's records, if the zone is in another account; none means the stack's own provider.

    Its role is a variable: the planner, who may not assume the role that writes, plans with the one that reads.

    Args:
        scope: The stack.
        spec: The zone.
        names: The environment's names. Its region serves, because Route 53 is global.
        purpose: End of the session name, which the other account's trail shows.
        tags: The stack's.
    """
    if spec.role is None:
        return None
    TerraformVariable(scope, ZONE_ROLE, type="string", default=spec.role)
    return aws.AwsProvider(
        scope,
        "aws_dns",
        alias="dns",
        region=names.environment.region,
        allowed_account_ids=[account_of(spec.role)],
        assume_role=[aws.AwsProviderAssumeRole(role_arn=f"${{var.{ZONE_ROLE}}}", session_name=names.resource(purpose))],
        default_tags=[aws.AwsProviderDefaultTags(tags=dict(tags))],
        ignore_tags=ignored_tags(names.environment),
    )


class SharedZone:
    """The roles of other accounts' deployers, which write records of some hosts of one zone, and of their planners.

    The second role reads the zone, and finds the changes that the first one made.
    """

    def __init__(self, scope: Construct, id_: str, *, spec: schema.SharedZone, names: Names) -> None:
        reads = [read_records(names.partition, spec.id), _look_up_changes(names.partition)]
        Role(
            scope,
            id_,
            names=names,
            purpose="dns",
            description="Writes another environment's records in this account's zone",
            trust=[_other_accounts(spec.writers)],
            statements=[_write_records(names.partition, spec.id, hosts=spec.hosts), *reads],
        )
        Role(
            scope,
            f"{id_}_reader",
            names=names,
            purpose="dns-reader",
            description="Reads another environment's records in this account's zone",
            trust=[_other_accounts({*spec.writers, *spec.readers})],
            statements=reads,
        )


def _other_accounts(roles: Collection[str]) -> Statement:
    """Let roles of other accounts assume a role. They needn't exist yet."""
    return Statement(
        sid="OtherAccounts",
        actions=["sts:AssumeRole"],
        principals={"AWS": sorted({root_of(arn) for arn in roles})},
        conditions=[("ArnEquals", "aws:PrincipalArn", sorted(roles))],
    )


def _look_up_changes(partition: Partition) -> Statement:
    """Find the changes that the role `dns` made: `golive` of the other environment confirms a tested rollback by them.

    They are events of the account whose role made them, in the region of Route 53's events.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html
    """
    return Statement(
        sid="LookUpChanges",
        actions=["cloudtrail:LookupEvents"],
        resources=["*"],
        conditions=[("StringEquals", "aws:RequestedRegion", [partition.global_region("route53")])],
        because="the event history has no resource; it is read only",
    )


def write_records(partition: Partition, zone_id: str, *, hosts: Sequence[str]) -> list[Statement]:
    """Write the records of some hosts and their certificate validation records; read the zone.

    Args:
        partition: The zone's partition.
        zone_id: The zone's id; a wildcard if the zone doesn't exist yet.
        hosts: Host names.
    """
    return [_write_records(partition, zone_id, hosts=hosts), read_records(partition, zone_id)]


def _write_records(partition: Partition, zone_id: str, *, hosts: Sequence[str]) -> Statement:
    """A certificate's wildcard has a validation record only: as a pattern, it would mean all names in its domain.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
    """
    own = {host for host in hosts if not host.startswith("*.")}
    names = sorted({*own, *(f"_*.{host.removeprefix('*.')}" for host in hosts)})
    return Statement(
        sid="DnsRecords",
        actions=["route53:ChangeResourceRecordSets"],
        resources=[partition.zone(zone_id)],
        conditions=[
            ("ForAllValues:StringLike", "route53:ChangeResourceRecordSetsNormalizedRecordNames", names),
            ("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsRecordTypes", ["A", "AAAA", "CNAME"]),
        ],
    )


def read_records(partition: Partition, zone_id: str) -> Statement:
    """Read a zone and its records, and whether a change is applied."""
    return Statement(
        sid="DnsReads",
        actions=[
            "route53:GetHostedZone",
            "route53:ListResourceRecordSets",
            "route53:ListTagsForResource",
            "route53:GetChange",
        ],
        resources=[partition.zone(zone_id), partition.arn("route53", "change/*")],
    )


class WeightedRecords:
    """Weighted alias records of the public names: for the previous load balancer and for this one.

    Without a previous load balancer there is one record, and only at full weight. Route 53 weighs each record type
    separately; all types get the same weights. A name that the previous load balancer doesn't serve has one record, at
    full weight. `target` is this load balancer's DNS name and zone id.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        spec: schema.Cutover,
        names: Names,
        zone_id: str,
        record_writer: aws.AwsProvider | None,
        target: tuple[str, str],
    ) -> None:
        environment = names.environment
        for host in environment.edge.names:
            moved = host in environment.moved_hosts
            previous, weight = (spec.previous, spec.weight) if moved else (None, ALL)
            shares = {"current": (target, weight)} if previous or weight == ALL else {}
            if previous:
                shares["previous"] = ((previous.dns_name, previous.zone_id), ALL - weight)
            identifiers = dict(zip(("current", "previous"), names.weighted_records, strict=True))
            prefix = id_ if host == environment.edge.host else f"{id_}_{identifier(host.replace('.', '-'))}"
            for kind in previous.record_types if previous else ("A",):
                for which, ((dns_name, alias_zone_id), share) in shares.items():
                    aws.Route53Record(
                        scope,
                        f"{prefix}_{which}" if kind == "A" else f"{prefix}_{which}_{kind.lower()}",
                        provider=record_writer,
                        zone_id=zone_id,
                        name=host,
                        type=kind,
                        set_identifier=identifiers[which],
                        weighted_routing_policy=aws.Route53RecordWeightedRoutingPolicy(weight=share),
                        alias=aws.Route53RecordAlias(
                            name=dns_name,
                            zone_id=alias_zone_id,
                            # While both have a weight, all traffic goes to the one that has healthy targets. At 0 and
                            # 100 only the weight decides: with health checks, Route 53 could fall back to the record
                            # of weight 0.
                            # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
                            evaluate_target_health=0 < weight < ALL,
                        ),
                        # `cutover prepare` creates the records first, in place of a simple record: docs/adr/0020. AWS
                        # rejects a CREATE of an existing record; with this, the provider sends an UPSERT.
                        # https://docs.aws.amazon.com/Route53/latest/APIReference/API_Change.html
                        allow_overwrite=True,
                    )
