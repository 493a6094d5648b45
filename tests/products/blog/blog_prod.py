"""Production in two Availability Zones, in a hosted zone of the same account; alerts go to Slack too."""

from environments.blog import BLOG
from environments.schema import (
    Access,
    Alerts,
    Budgets,
    Cutover,
    Database,
    Edge,
    Environment,
    IamUser,
    Network,
    PreviousTarget,
    Profile,
    Registry,
    Scaling,
    Zone,
)

ENVIRONMENT = Environment(
    name="blog-prod",
    stage="prod",
    product=BLOG,
    profile=Profile(
        name="small",
        zone_count=2,
        nat="single",
        tasks=Scaling(minimum=2, maximum=4),
        database_class="db.t4g.small",
        database_multi_az=True,
        cache_node_type="cache.t4g.small",
        cache_nodes=2,
        waf=True,
        guardduty_agent=False,
        accepts=("no_guardduty_agent", "single_nat_gateway"),
    ),
    account_id="310987654321",
    region="us-east-1",
    cli_profile="blog-prod",
    owner="blog",
    network=Network(cidr="172.20.0.0/18", zones=("b", "d", "f")),
    registry=Registry(keep_images=10),
    database=Database(name="blog", user="blog"),
    edge=Edge(
        host="blog.example.org",
        certificate_names=("blog.example.org", "www.blog.example.org"),
        redirects=("www.blog.example.org",),
        zone=Zone(name="example.org", kind="existing", id="Z0EXAMPLE00000000BLOG"),
    ),
    access=Access(
        github_environment="blog",
        administrators=(IamUser(arn="arn:aws:iam::310987654321:user/administrator"),),
    ),
    alerts=Alerts(email=("blog@example.org",), slack_workspace="T0EXAMPLE01", slack_channel="C0EXAMPLE01"),
    budgets=Budgets(monthly=400, services={"EC2 - Other": 60}),
    cutover=Cutover(
        previous=PreviousTarget(
            dns_name="blog-old-123456789.us-east-1.elb.amazonaws.com",
            zone_id="Z35SXDOTRQ7X7K",
            dual_stack=True,
            hosts=("www.blog.example.org",),
        ),
    ),
)
