"""Shop: three services, one of them blue/green and one on a host of its own, a worker and a schedule."""

from environments.schema import HealthCheck, Migration, Product, Readiness, ScheduledTask, Secret, Service, SmokeTest

SHOP = Product(
    name="shop",
    repository="example/shop-infrastructure",
    services=(
        Service(
            name="api",
            repository="example/shop-api",
            cpu=1024,
            memory=2048,
            port=8000,
            paths=("/api/*", "/health/*"),
            priority=10,
            health_check=HealthCheck(path="/health/live"),
            liveness="/health/live",
            readiness=Readiness(path="/health/ready", checks=("database", "cache")),
            secrets=("SESSION_KEY", "PAYMENTS_TOKEN", "POSTGRES_URL", "VALKEY_URL"),
            environment={"STAGE": "{stage}", "ORIGIN": "{origin}", "REGION": "{region}"},
            reaches=("database", "cache"),
            internet=True,
            deployment="blue_green",
        ),
        Service(
            name="search",
            repository="example/shop-search",
            cpu=512,
            memory=2048,
            port=9200,
            paths=("/*",),
            priority=5,
            health_check=HealthCheck(path="/health"),
            secrets=("POSTGRES_URL",),
            reaches=("database",),
        ),
        Service(
            name="web",
            repository="example/shop-web",
            cpu=256,
            memory=512,
            port=3000,
            paths=("/*",),
            health_check=HealthCheck(path="/healthz", codes="200-204"),
            environment={"API": "{origin}/api"},
        ),
        Service(
            name="mailer",
            repository="example/shop-api",
            cpu=256,
            memory=512,
            command=("python", "-m", "shop.mailer"),
            secrets=("POSTGRES_URL", "VALKEY_URL"),
            reaches=("database", "cache"),
            internet=True,
        ),
    ),
    secrets=(
        Secret(
            name="SESSION_KEY", description="Key that signs sessions", generated="key", caution="users sign in again"
        ),
        Secret(name="PAYMENTS_TOKEN", description="Token of the payment provider"),
        Secret(name="POSTGRES_URL", description="PostgreSQL URL, with user and password", written_by="terraform"),
        Secret(name="VALKEY_URL", description="Valkey URL, with user and password", generated="cache_url"),
    ),
    scheduled_tasks=(
        ScheduledTask(
            name="invoices", service="api", command=("python", "-m", "shop.invoices"), schedule="cron(15 3 * * ? *)"
        ),
    ),
    migration=Migration(service="api", command=("python", "-m", "shop.migrate")),
    smoke_tests=(SmokeTest(path="/", contains="<html"), SmokeTest(path="/api/version")),
)
