"""Intake: an API and a worker on ARM64, without a page for people."""

from environments.schema import HealthCheck, Product, RejectionMetric, Scaling, Secret, Service, SmokeTest

INTAKE = Product(
    name="intake",
    repository="example/intake-infrastructure",
    services=(
        Service(
            name="api",
            repository="example/intake",
            cpu=512,
            memory=1024,
            port=8000,
            paths=("/*",),
            health_check=HealthCheck(path="/live"),
            liveness="/live",
            secrets=("DATABASE_URL", "CACHE_URL", "SIGNING_KEY"),
            reaches=("database", "cache"),
            architecture="ARM64",
            metrics_namespace="Intake",
        ),
        Service(
            name="worker",
            repository="example/intake",
            cpu=1024,
            memory=4096,
            command=("intake", "work"),
            secrets=("DATABASE_URL", "CACHE_URL"),
            reaches=("database", "cache"),
            internet=True,
            scaling=Scaling(minimum=2, maximum=20, cpu_target=70, memory_target=80, out_cooldown=30, in_cooldown=600),
            architecture="ARM64",
            stop_timeout=120,
        ),
    ),
    secrets=(
        Secret(name="DATABASE_URL", description="PostgreSQL URL, with user and password", written_by="terraform"),
        Secret(name="CACHE_URL", description="Valkey URL, with user and password", generated="cache_url"),
        Secret(name="SIGNING_KEY", description="Key that signs receipts", generated="key"),
    ),
    rejections=RejectionMetric(namespace="Intake", rejected="Rejected", total="Requests", threshold=10),
    smoke_tests=(SmokeTest(path="/version", status=401),),
)
