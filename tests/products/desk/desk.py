"""Desk: a web application and its API, in two stages of one account."""

from environments.schema import HealthCheck, Migration, Product, Secret, Service

DESK = Product(
    name="desk",
    repository="example/desk-infrastructure",
    services=(
        Service(
            name="api",
            repository="example/desk-api",
            cpu=512,
            memory=1024,
            port=8080,
            paths=("/api/*",),
            priority=100,
            health_check=HealthCheck(path="/api/health"),
            secrets=("DATABASE_URL", "REDIS_URL"),
            reaches=("database", "cache"),
            internet=True,
        ),
        Service(
            name="web",
            repository="example/desk-web",
            cpu=256,
            memory=512,
            port=8080,
            paths=("/*",),
            health_check=HealthCheck(path="/"),
        ),
    ),
    secrets=(
        Secret(name="DATABASE_URL", description="PostgreSQL URL, with user and password", written_by="terraform"),
        Secret(name="REDIS_URL", description="Redis URL, with user and password", generated="cache_url"),
    ),
    migration=Migration(service="api", command=("migrate",), snapshot=False),
)
