"""What public DNS says of the application's name, asked of the zone itself."""

from __future__ import annotations

from ops import dns
from ops.verify.context import Context
from ops.verify.model import met


def public_dns_is_as_the_values_say(context: Context) -> str:
    """The public name sends this environment the share of traffic that its values say; none before the cutover."""
    wanted, host = context.environment.cutover.weight, context.environment.edge.host
    problems = [
        f"DNS sends {share} % of {host} here{by}, cutover.weight is {wanted}"
        for by, share in shares_in_dns(context)
        if share != wanted
    ]
    return met(problems, f"{wanted} % of {host}, as cutover.weight says")


def shares_in_dns(context: Context) -> list[tuple[str, int]]:
    """Shares of DNS answers, in percent, that lead to this environment's load balancer: of each type of record.

    Each comes with the words that name its users, which are empty while there is one type only.
    """
    shares = dns.shares(context.public_records, context.load_balancer["DNSName"]) or {"A": 0}
    return [(f" by {kind} records" if len(shares) > 1 else "", share) for kind, share in sorted(shares.items())]
