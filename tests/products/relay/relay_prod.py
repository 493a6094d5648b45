"""Production; its tasks reach AWS's APIs through NAT, without interface endpoints."""

from environments.relay import RELAY
from environments.schema import (
    Access,
    Alerts,
    Budgets,
    Cache,
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
    name="relay-prod",
    stage="prod",
    product=RELAY,
    profile=Profile(
        name="through-nat",
        zone_count=2,
        nat="per_zone",
        endpoints=(),
        tasks=Scaling(minimum=2, maximum=4),
        database_class="db.t4g.micro",
        database_multi_az=True,
        cache_node_type="cache.t4g.small",
        cache_nodes=2,
        waf=True,
        guardduty_agent=True,
    ),
    account_id="710987654321",
    region="eu-north-1",
    cli_profile="relay",
    owner="relay",
    network=Network(cidr="10.70.0.0/16"),
    registry=Registry(),
    cache=Cache(engine="valkey", version="8.0"),
    edge=Edge(
        host="relay.example.com",
        certificate_names=("relay.example.com",),
        zone=Zone(name="relay.example.com", kind="created"),
    ),
    access=Access(
        github_environment="relay",
        administrators=(IamUser(arn="arn:aws:iam::710987654321:user/administrator"),),
    ),
    alerts=Alerts(email=("relay@example.com",)),
    budgets=Budgets(monthly=500),
    cutover=Cutover(weight=100),
)
