"""Production, whose people sign in with IAM Identity Center."""

from environments.intake import INTAKE
from environments.schema import (
    Access,
    Alerts,
    Audit,
    Budgets,
    Cache,
    Cutover,
    Database,
    Edge,
    Environment,
    Network,
    Observability,
    PermissionSet,
    PreviousTarget,
    Profile,
    Registry,
    Scaling,
    Zone,
)

SIGNING_KEY = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMdUR2kGSBDWRAYXdgceOtizb3UIL
kvglgeu16gi8dCD8BY+5i9lQgCeDRmaUYGy7uQA2+l6h7JxVVBqlecJSQQ==
-----END PUBLIC KEY-----
"""

ENVIRONMENT = Environment(
    name="intake-prod",
    stage="prod",
    product=INTAKE,
    profile=Profile(
        name="steady",
        zone_count=2,
        nat="per_zone",
        tasks=Scaling(minimum=2, maximum=4),
        database_class="db.r7g.large",
        database_multi_az=True,
        cache_node_type="cache.m7g.large",
        cache_nodes=2,
        waf=False,
        guardduty_agent=True,
        accepts=("no_waf",),
    ),
    account_id="410987654321",
    region="eu-west-1",
    cli_profile="intake-prod",
    owner="intake",
    network=Network(cidr="192.168.0.0/17"),
    registry=Registry(
        manifests_per_image=3, release_prefix="receipt-", refused_severity="CRITICAL", signing_key=SIGNING_KEY
    ),
    database=Database(name="intake", user="intake", url_scheme="postgresql+asyncpg", url_query="ssl=require"),
    cache=Cache(engine="valkey", version="7.2", eviction="noeviction"),
    edge=Edge(
        host="intake.example.net",
        certificate_names=("*.example.net",),
        redirects=("receipts.example.net",),
        zone=Zone(
            name="example.net",
            kind="other_account",
            id="Z0EXAMPLE000000INTAKE",
            role="arn:aws:iam::777788889999:role/intake-dns",
            reader="arn:aws:iam::777788889999:role/intake-records",
        ),
    ),
    access=Access(
        github_environment="intake",
        github_repository="example@1234/intake-infrastructure@5678",
        deployers=(PermissionSet(account_id="410987654321", name="deployer"),),
        planners=(PermissionSet(account_id="410987654321", name="planner"),),
        administrators=(PermissionSet(account_id="410987654321", name="administrator"),),
    ),
    alerts=Alerts(email=("intake@example.net",)),
    budgets=Budgets(monthly=1500, services={"EC2 - Other": 150}),
    observability=Observability(
        log_retention=731,
        latency=0.5,
        error_count=50,
        cpu=70,
        memory=75,
        database_connections=200,
        database_free_storage=10,
        cache_evictions=10,
    ),
    audit=Audit(retention_days=800, log_retention=545),
    cutover=Cutover(
        previous=PreviousTarget(
            dns_name="intake-old-123456789.eu-west-1.elb.amazonaws.com",
            zone_id="Z32O12XQLNTSW2",
            dual_stack=True,
            hosts=("receipts.example.net",),
        ),
        steps=(20, 100),
        watch=900,
        errors=0.5,
        requests=50,
        ttl=30,
        resolvers=("9.9.9.9", "149.112.112.112"),
        interrupted="stay",
        rollback_test_days=7,
    ),
    accepts=("mfa_by_identity_center",),
)
