"""Production, in staging's account: what the account has once is staging's, and so are the images."""

from dataclasses import replace

from environments.desk_staging import ENVIRONMENT as STAGING
from environments.schema import Access, Cutover, Edge, IamUser, Network, Registry, Zone

ENVIRONMENT = replace(
    STAGING,
    name="desk-prod",
    stage="prod",
    account_resources_from="desk-staging",
    network=Network(cidr="10.51.0.0/16"),
    registry=Registry(source_account="510987654321"),
    edge=Edge(
        host="desk.example.com",
        certificate_names=("desk.example.com",),
        zone=Zone(name="desk.example.com", kind="existing", id="Z0EXAMPLE00000000DESK"),
    ),
    access=Access(
        github_environment="desk-prod",
        administrators=(IamUser(arn="arn:aws:iam::510987654321:user/administrator"),),
    ),
    cutover=Cutover(),
)
