"""The application's public name, shared out by weight between the load balancer before and this one."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.route53_record import (
    Route53Record,
    Route53RecordAlias,
    Route53RecordWeightedRoutingPolicy,
)
from constructs import Construct

ALL = 100


class WeightedRecords:
    """Alias records of one name. With nothing before, there is one record, and only at full weight."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        host: str,
        zone_id: str,
        record_writer: AwsProvider | None,
        identifier: str,
        weight: int,
        target: tuple[str, str],
        previous: tuple[str, str] | None,
        kinds: Sequence[str] = ("A",),
    ) -> None:
        """Make the records.

        Args:
            scope: The stack.
            id_: First part of their ids.
            host: The name.
            zone_id: The zone that gets them.
            record_writer: Their provider, where the zone is in another account.
            identifier: First part of their set identifiers, unique in the zone.
            weight: Share of this load balancer, in percent.
            target: DNS name and zone id of this load balancer.
            previous: The same of the one before.
            kinds: Types of the records; each has weights of its own, and all have the same.
        """
        shares = {"current": (target, weight)} if previous or weight == ALL else {}
        if previous:
            shares["previous"] = (previous, ALL - weight)
        for kind in kinds:
            for which, ((dns_name, alias_zone_id), share) in shares.items():
                Route53Record(
                    scope,
                    f"{id_}_{which}" if kind == "A" else f"{id_}_{which}_{kind.lower()}",
                    provider=record_writer,
                    zone_id=zone_id,
                    name=host,
                    type=kind,
                    set_identifier=f"{identifier}-{which}",
                    weighted_routing_policy=Route53RecordWeightedRoutingPolicy(weight=share),
                    alias=Route53RecordAlias(
                        name=dns_name,
                        zone_id=alias_zone_id,
                        # While both have a share, one without a healthy target loses its share to the other. At the
                        # ends the weight alone decides: Route 53 would fall back to a record of weight 0, so that 0
                        # were not 0.
                        # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
                        evaluate_target_health=0 < weight < ALL,
                    ),
                    # `cutover prepare` writes them first, in the place of a plain record: docs/adr/0020. AWS refuses
                    # to CREATE a record that exists; with this, the provider asks for an UPSERT.
                    # https://docs.aws.amazon.com/Route53/latest/APIReference/API_Change.html
                    allow_overwrite=True,
                )
