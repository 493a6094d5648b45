"""A demonstration: every cheaper choice, nothing protected, in an account that the organization audits."""

from environments.mini import MINI

from environments.schema import (
    Access,
    Alerts,
    Audit,
    Budgets,
    Cutover,
    Edge,
    Environment,
    IamUser,
    Network,
    Profile,
    Registry,
    Scaling,
    Zone,
)

ENVIRONMENT = Environment(
    name="mini-demo",
    stage="demo",
    product=MINI,
    profile=Profile(
        name="minimal",
        zone_count=2,
        nat="none",
        endpoints=("ecr.api", "ecr.dkr", "logs"),
        endpoint_zones=1,
        tasks=Scaling(minimum=1, maximum=2),
        database_class="db.t4g.micro",
        database_multi_az=False,
        cache_node_type="cache.t4g.micro",
        cache_nodes=1,
        waf=False,
        guardduty_agent=False,
        accepts=(
            "no_guardduty_agent",
            "no_waf",
            "single_task",
            "single_zone_endpoints",
        ),
    ),
    account_id="610987654321",
    region="ap-southeast-2",
    cli_profile="mini",
    owner="mini",
    network=Network(cidr="10.60.0.0/19"),
    registry=Registry(keep_images=5, untagged_days=1),
    edge=Edge(
        host="mini.example.com",
        certificate_names=("mini.example.com",),
        zone=Zone(name="mini.example.com", kind="created"),
    ),
    access=Access(
        github_environment="mini",
        administrators=(IamUser(arn="arn:aws:iam::610987654321:user/administrator"),),
    ),
    alerts=Alerts(email=("mini@example.com",)),
    budgets=Budgets(monthly=100),
    audit=Audit(guardduty=False, config=False, security_hub=False, access_analyzer=False),
    cutover=Cutover(weight=100),
    protected=False,
    accepts=("no_access_analyzer", "no_config", "no_guardduty", "no_security_hub", "unprotected"),
)
