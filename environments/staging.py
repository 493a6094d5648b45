"""Staging. Images that run here may be promoted to production."""

from environments.aep import AEP
from environments.profiles import STARTER
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
    Observability,
    PermissionSet,
    Registry,
    SharedZone,
    Zone,
)

ENVIRONMENT = Environment(
    name="staging",
    stage="staging",
    product=AEP,
    profile=STARTER,
    account_id="444455556666",
    region="us-east-1",
    cli_profile="navra-staging",
    owner="platform",
    network=Network(cidr="10.20.0.0/16"),
    registry=Registry(readers=("111122223333",)),
    database=Database(name="aep", user="aep"),
    cache=Cache(),
    edge=Edge(
        host="app.staging.navralabs.com",
        certificate_names=("staging.navralabs.com", "app.staging.navralabs.com"),
        zone=Zone(name="staging.navralabs.com", kind="created"),
    ),
    access=Access(
        github_environment="staging",
        deployers=(PermissionSet(account_id="777788889999", name="platform-engineer"),),
        planners=(PermissionSet(account_id="777788889999", name="platform-engineer"),),
        administrators=(IamUser(arn="arn:aws:iam::777788889999:user/platform-lead"),),
        # navralabs.com is in this account; production writes its own records there.
        shared_zone=SharedZone(
            id="Z0EXAMPLE00STAGING00",
            hosts=("navralabs.com", "app.navralabs.com"),
            writers=(
                "arn:aws:iam::111122223333:role/aep-prod-deployer",
                "arn:aws:iam::111122223333:role/aep-prod-break-glass",
            ),
            readers=("arn:aws:iam::111122223333:role/aep-prod-planner",),
        ),
    ),
    alerts=Alerts(email=("alerts@navralabs.com",)),
    # NAT gateways are in EC2 - Other.
    budgets=Budgets(monthly=500, services={"Amazon Relational Database Service": 150, "EC2 - Other": 60}),
    observability=Observability(database_connections=60),
    cutover=Cutover(weight=100),
    protected=False,
    accepts=("unprotected", "mfa_by_identity_center"),
)
