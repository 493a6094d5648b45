"""Production in three Availability Zones, with a hosted zone that Terraform creates and no previous deployment."""

from environments.shop import SHOP

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
    name="shop-prod",
    stage="prod",
    product=SHOP,
    profile=Profile(
        name="three-zones",
        zone_count=3,
        nat="per_zone",
        tasks=Scaling(minimum=2, maximum=8),
        database_class="db.m7g.large",
        database_multi_az=True,
        cache_node_type="cache.m7g.large",
        cache_nodes=3,
        waf=True,
        guardduty_agent=True,
    ),
    account_id="210987654321",
    region="eu-central-1",
    cli_profile="shop-prod",
    owner="shop-platform",
    network=Network(cidr="10.40.0.0/16"),
    registry=Registry(),
    database=Database(version="17", name="shop", user="shop", storage=100, storage_limit=1000),
    cache=Cache(engine="valkey", version="8.0"),
    edge=Edge(
        host="shop.example.com",
        certificate_names=("shop.example.com", "*.shop.example.com"),
        service_hosts={"search": "search.shop.example.com"},
        zone=Zone(name="shop.example.com", kind="created"),
    ),
    access=Access(
        github_environment="shop-production",
        deployers=(IamUser(arn="arn:aws:iam::210987654321:user/deployer"),),
        administrators=(IamUser(arn="arn:aws:iam::210987654321:user/administrator"),),
    ),
    alerts=Alerts(email=("shop@example.com", "on-call@example.com")),
    budgets=Budgets(monthly=3000, services={"EC2 - Other": 300}),
    cutover=Cutover(weight=100),
)
