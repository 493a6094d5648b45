"""VPC endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from policies.rule import Resource, rule
from policies.statements import of_policy


@rule(
    "CKV_ROLLOUT_5",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    on=("aws_vpc_endpoint", "aws_vpc_endpoint_policy"),
)
def endpoint_policy_is_narrow(endpoint: Resource) -> Iterator[str]:
    """A VPC endpoint has a policy that doesn't allow everything."""
    if "policy" not in endpoint:
        yield "has no policy, so AWS's default allows everything to every principal; add a policy"
        return
    statements = of_policy(endpoint)
    if statements is None:
        yield "has a policy that can't be read; write it as an aws_iam_policy_document"
        return
    for each in statements:
        wide = each.all_resources or not each.resources
        if each.allows and wide and each.all_services and not each.conditions:
            yield f"{each.label} of its policy allows '*' on '*'; name actions or resources, or add a condition"
