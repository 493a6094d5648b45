"""Production, highly available."""

from environments.aep import AEP
from environments.profiles import STANDARD
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
    PermissionSet,
    PreviousTarget,
    Registry,
    Zone,
)

ENVIRONMENT = Environment(
    name="prod",
    stage="prod",
    product=AEP,
    profile=STANDARD,
    account_id="111122223333",
    region="us-east-1",
    cli_profile="navra-prod",
    owner="platform",
    network=Network(cidr="10.30.0.0/16"),
    registry=Registry(),
    database=Database(name="aep", user="aep", storage=50, storage_limit=500, backup_days=30),
    cache=Cache(),
    edge=Edge(
        host="app.navralabs.com",
        certificate_names=("navralabs.com", "app.navralabs.com"),
        zone=Zone(
            name="navralabs.com",
            kind="other_account",
            id="Z0EXAMPLE00STAGING00",
            role="arn:aws:iam::444455556666:role/aep-staging-dns",
        ),
    ),
    access=Access(
        github_environment="production",
        deployers=(IamUser(arn="arn:aws:iam::777788889999:user/platform-engineer"),),
        planners=(PermissionSet(account_id="777788889999", name="platform-engineer"),),
        administrators=(IamUser(arn="arn:aws:iam::777788889999:user/platform-lead"),),
    ),
    alerts=Alerts(email=("alerts@navralabs.com",), slack_workspace="T0EXAMPLE00", slack_channel="C0EXAMPLE00"),
    budgets=Budgets(
        monthly=1500,
        services={
            "Amazon Elastic Container Service": 200,
            "Amazon Relational Database Service": 400,
            "Amazon ElastiCache": 350,
            # Interface endpoints in three zones, and public addresses.
            "Amazon Virtual Private Cloud": 300,
            # NAT gateways in three zones, and what they and the tasks transfer.
            "EC2 - Other": 150,
        },
    ),
    cutover=Cutover(
        weight=0,
        previous=PreviousTarget(
            dns_name="aep-staging-1234567890.us-east-1.elb.amazonaws.com",
            zone_id="Z35SXDOTRQ7X7K",
        ),
    ),
)
