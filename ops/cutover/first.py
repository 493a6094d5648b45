"""What must be done before the phase `cutover` can be planned: `cutover prepare`, where a plain record has the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops import dns
from ops.cutover.prepare import COMMAND
from ops.cutover.records import describe, in_the_way, is_plain
from ops.errors import RefusedError

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.aws import Aws

RECORD = "aws_route53_record"


def blocked(aws: Aws, environment: Environment) -> str | None:
    """Why weighted records can't be written yet, and what to do; none if they can.

    AWS refuses a weighted record beside a plain one of the same name and type, whatever the plan says:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-weighted-alias.html

    Raises:
        AwsError: Route 53 can't be asked.
        OpsError: The zone isn't there, or its name has two.
        RefusedError: Records with another routing policy are in the way, which no command replaces.
    """
    host, previous = environment.edge.host, environment.cutover.previous
    route53 = dns.client(aws, environment, "plan")
    records = dns.records(route53, dns.zone_id(aws, environment, route53), host).records
    found = in_the_way(records, previous.record_types if previous else ("A",))
    if not found:
        return None
    if not is_plain(found):
        raise RefusedError(f"AWS refuses weighted records of {host} beside {describe(found)}; remove those first")
    what = (
        f"waiting for {COMMAND}: {host} has a plain record ({describe(found)}), and AWS refuses weighted ones beside it"
    )
    if previous is None:
        return f"{what}; name its load balancer in cutover.previous, then python -m ops {COMMAND} {environment.name}"
    return f"{what}; python -m ops {COMMAND} {environment.name} replaces it in one change, then plan again"
