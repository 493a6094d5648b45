"""Blog: a single service with a database and no cache, and a name that redirects."""

from environments.schema import HealthCheck, Product, Secret, Service

BLOG = Product(
    name="blog",
    repository="example/blog-infrastructure",
    services=(
        Service(
            name="site",
            repository="example/blog",
            cpu=256,
            memory=1024,
            port=8080,
            paths=("/*",),
            health_check=HealthCheck(path="/up"),
            secrets=("DATABASE_URL",),
            environment={"HOST": "{host}"},
            reaches=("database",),
            internet=True,
        ),
    ),
    secrets=(
        Secret(name="DATABASE_URL", description="PostgreSQL URL, with user and password", written_by="terraform"),
    ),
)
