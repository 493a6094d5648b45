"""Sizing: profiles for availability or low cost, with the risks that the cheaper choices accept."""

from environments.schema import Profile, Scaling

STARTER = Profile(
    name="starter",
    zone_count=2,
    nat="single",
    tasks=Scaling(minimum=1, maximum=2),
    database_class="db.t4g.small",
    database_multi_az=False,
    cache_node_type="cache.t4g.small",
    cache_nodes=1,
    waf=False,
    guardduty_agent=False,
    endpoints=("ecr.api", "ecr.dkr", "logs", "secretsmanager"),
    endpoint_zones=1,
    accepts=(
        "no_guardduty_agent",
        "no_waf",
        "single_az_database",
        "single_nat_gateway",
        "single_node_cache",
        "single_task",
        "single_zone_endpoints",
    ),
)

STANDARD = Profile(
    name="standard",
    zone_count=3,
    nat="per_zone",
    tasks=Scaling(minimum=2, maximum=6),
    database_class="db.m7g.large",
    database_multi_az=True,
    cache_node_type="cache.m7g.large",
    cache_nodes=2,
    waf=True,
    guardduty_agent=True,
)
