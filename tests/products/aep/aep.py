"""AEP, the product: the same in every environment."""

from environments.schema import HealthCheck, Migration, Product, Readiness, RejectionMetric, Secret, Service, SmokeTest

AEP = Product(
    name="aep",
    repository="navralabs/aep-infrastructure",
    services=(
        Service(
            name="backend",
            repository="navralabs/aep-backend",
            cpu=512,
            memory=1024,
            port=8787,
            paths=("/api/*", "/health/*"),
            priority=100,
            health_check=HealthCheck(path="/health/live"),
            liveness="/health/live",
            readiness=Readiness(path="/health/ready", checks=("database", "cache")),
            secrets=("AUDIT_ENCRYPTION_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "DATABASE_URL", "REDIS_URL"),
            environment={"APP_ENV": "{stage}", "CORS_ALLOWED_ORIGINS": "{origin}"},
            reaches=("database", "cache"),
            internet=True,
            metrics_namespace="AEP",
        ),
        Service(
            name="frontend",
            repository="navralabs/aep-frontend",
            cpu=256,
            memory=512,
            port=80,
            paths=("/*",),
            health_check=HealthCheck(path="/", codes="200-399"),
            environment={"APP_ENV": "{stage}"},
            user="101:101",
            writable=("/tmp", "/var/cache/nginx", "/var/run"),
        ),
    ),
    secrets=(
        Secret(
            name="AUDIT_ENCRYPTION_KEY",
            description="Key that encrypts audit records in the database",
            generated="key",
            caution="audit records that the earlier key encrypted can't be read with the new one alone",
        ),
        Secret(name="OPENAI_API_KEY", description="OpenAI API key"),
        Secret(name="ANTHROPIC_API_KEY", description="Anthropic API key"),
        Secret(name="DATABASE_URL", description="PostgreSQL URL, with user and password", written_by="terraform"),
        Secret(
            name="REDIS_URL",
            description="Redis URL, with user and password",
            generated="cache_url",
            caution="running tasks can't open new connections to the cache until they are redeployed",
        ),
    ),
    migration=Migration(service="backend", command=("alembic", "upgrade", "head")),
    rejections=RejectionMetric(
        namespace="AEP", rejected="BudgetEnforcementRejections", total="BudgetEnforcementRequests"
    ),
    smoke_tests=(SmokeTest(path="/", contains="<html"), SmokeTest(path="/api/version")),
)
