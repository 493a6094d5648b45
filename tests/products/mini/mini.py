"""Mini: one blue/green service without data stores and without access to the internet, at the lowest cost."""

from environments.schema import HealthCheck, Product, Service

MINI = Product(
    name="mini",
    repository="example/mini",
    services=(
        Service(
            name="app",
            repository="example/mini",
            cpu=256,
            memory=512,
            port=8000,
            paths=("/*",),
            health_check=HealthCheck(path="/", codes="200-399"),
            user="1000:1000",
            writable=(),
            deployment="blue_green",
        ),
    ),
)
