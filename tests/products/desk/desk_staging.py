"""Staging; it creates what the account has once."""

from environments.desk import DESK
from environments.schema import (
    Access,
    Alerts,
    Budgets,
    Cache,
    Cutover,
    Database,
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
    name="desk-staging",
    stage="staging",
    product=DESK,
    profile=Profile(
        name="both",
        zone_count=2,
        nat="per_zone",
        tasks=Scaling(minimum=2, maximum=3),
        database_class="db.t4g.medium",
        database_multi_az=True,
        cache_node_type="cache.t4g.medium",
        cache_nodes=2,
        waf=True,
        guardduty_agent=True,
    ),
    account_id="510987654321",
    region="us-west-2",
    cli_profile="desk",
    owner="desk",
    network=Network(cidr="10.50.0.0/16"),
    registry=Registry(),
    database=Database(name="desk", user="desk"),
    cache=Cache(),
    edge=Edge(
        host="staging.desk.example.com",
        certificate_names=("staging.desk.example.com",),
        zone=Zone(name="desk.example.com", kind="existing", id="Z0EXAMPLE00000000DESK"),
    ),
    access=Access(
        github_environment="desk-staging",
        administrators=(IamUser(arn="arn:aws:iam::510987654321:user/administrator"),),
    ),
    alerts=Alerts(email=("desk@example.com",)),
    budgets=Budgets(monthly=1500),
    cutover=Cutover(weight=100),
)
