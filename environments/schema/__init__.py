"""The typed settings of an environment; every field has a meaning, a unit and bounds."""

from environments.schema.account import Access, Alerts, Audit, Budgets, IgnoredTags, Quotas, SharedZone
from environments.schema.environment import Environment, Profile
from environments.schema.infrastructure import (
    Cache,
    Cutover,
    Database,
    Edge,
    Network,
    Observability,
    PreviousTarget,
    Registry,
    Waf,
    Zone,
)
from environments.schema.principals import IamUser, PermissionSet
from environments.schema.usage import LARGE_USAGE, MEDIUM_USAGE, SMALL_USAGE, Usage
from environments.schema.workload import (
    HealthCheck,
    Migration,
    Product,
    Readiness,
    RejectionMetric,
    Scaling,
    ScheduledTask,
    Secret,
    Service,
    SmokeTest,
)

__all__ = [
    "LARGE_USAGE",
    "MEDIUM_USAGE",
    "SMALL_USAGE",
    "Access",
    "Alerts",
    "Audit",
    "Budgets",
    "Cache",
    "Cutover",
    "Database",
    "Edge",
    "Environment",
    "HealthCheck",
    "IamUser",
    "IgnoredTags",
    "Migration",
    "Network",
    "Observability",
    "PermissionSet",
    "PreviousTarget",
    "Product",
    "Profile",
    "Quotas",
    "Readiness",
    "Registry",
    "RejectionMetric",
    "Scaling",
    "ScheduledTask",
    "Secret",
    "Service",
    "SharedZone",
    "SmokeTest",
    "Usage",
    "Waf",
    "Zone",
]
