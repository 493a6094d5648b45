"""The web application firewall."""

from __future__ import annotations

from ops.verify.context import Context
from ops.verify.model import met


def firewall_is_as_the_profile_says(context: Context) -> str:
    """The firewall stands before the load balancer if the profile has one."""
    profile, arn = context.environment.profile, context.load_balancer["LoadBalancerArn"]
    name = context.ask("wafv2", "get_web_acl_for_resource", ResourceArn=arn).get("WebACL", {}).get("Name")
    wanted = context.names.prefix if profile.waf else None
    problems = (
        [f"the load balancer has {name or 'no firewall'}, the profile says {wanted or 'none'}"]
        if name != wanted
        else []
    )
    return met(problems, name or f"none, as the profile {profile.name} says (risk no_waf)")
