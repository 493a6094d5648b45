"""Load balancers' listeners."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, rule

_POLICIES = (
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
)


@rule(
    "CKV_ROLLOUT_33",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
    on=("aws_lb_listener", "aws_alb_listener"),
)
def modern_tls(listener: Resource) -> Iterator[str]:
    """A TLS listener accepts TLS 1.2 and 1.3 only."""
    if listener.get("protocol") in {"HTTPS", "TLS"} and listener.get("ssl_policy") not in _POLICIES:
        yield f"ssl_policy is {listener.get('ssl_policy')!r}; allowed: {', '.join(_POLICIES)}"
