"""Relay: it takes webhooks and sends them on, with a cache, without a database."""

from environments.schema import HealthCheck, Product, Secret, Service

RELAY = Product(
    name="relay",
    repository="example/relay-infrastructure",
    services=(
        Service(
            name="hooks",
            repository="example/relay",
            cpu=256,
            memory=512,
            port=8000,
            paths=("/*",),
            health_check=HealthCheck(path="/health"),
            secrets=("CACHE_URL",),
            reaches=("cache",),
            internet=True,
        ),
    ),
    secrets=(Secret(name="CACHE_URL", description="Valkey URL, with user and password", generated="cache_url"),),
)
