"""What the tests of cost share: views of AEP's stacks, and prices that no renewal of the shipped ones changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from ops.cost.prices import Price, Prices
from ops.gate.model import ScannedBlock
from ops.gate.stacks import expected_stacks, select
from ops.gate.view import merged_view
from tests.products import values

USD = {
    "fargate.X86_64.vcpu": "0.04048",
    "fargate.X86_64.gb": "0.004445",
    "nat.hour": "0.045",
    "nat.gb": "0.045",
    "ipv4.hour": "0.005",
    "endpoint.hour": "0.01",
    "endpoint.gb": "0.01",
    "internet.gb": "0.09",
    "alb.hour": "0.0225",
    "alb.lcu": "0.008",
    "rds.db.t4g.small.single_az": "0.032",
    "rds.db.t4g.small.multi_az": "0.065",
    "rds.db.m7g.large.multi_az": "0.336",
    "rds.gp3.single_az": "0.115",
    "rds.gp3.multi_az": "0.23",
    "rds.backup": "0.095",
    "elasticache.redis.cache.t4g.small": "0.032",
    "elasticache.redis.cache.m7g.large": "0.158",
    "elasticache.backup": "0.085",
    "kms.key": "1.00",
    "kms.requests": "0.03",
    "secret.month": "0.40",
    "secret.requests": "0.05",
    "waf.acl": "5.00",
    "waf.rule": "1.00",
    "waf.requests": "0.60",
    "cloudwatch.alarm": "0.10",
    "cloudwatch.composite_alarm": "0.50",
    "cloudwatch.dashboard": "3.00",
    "cloudwatch.metric": "0.30",
    "logs.ingested": "0.50",
    "logs.stored": "0.03",
    "cloudtrail.data_events": "0.10",
    "config.item": "0.003",
    "guardduty.events": "4.00",
    "guardduty.logs": "1.00",
    "guardduty.s3_events": "0.80",
    "guardduty.runtime": "1.50",
    "guardduty.rds": "1.00",
    "route53.zone": "0.50",
    "route53.queries": "0.40",
    "ecr.storage": "0.10",
    "s3.storage": "0.023",
}
READ_ON = date(2026, 11, 29)
PRICES = Prices("us-east-1", {id_: Price(Decimal(usd), "unit", READ_ON, ("one", "two")) for id_, usd in USD.items()})


def views(folder: Path, output: Path, names: Sequence[str] = ()) -> dict[str, list[ScannedBlock]]:
    """The merged view of each environment of a folder of values, from its synthesized stacks."""
    with values(folder):
        expected = expected_stacks()
        chosen = select(output, names, expected).environment_stacks
        return {stacks.name: merged_view(stacks) for stacks in chosen if stacks.name in expected.values}
