"""Who deploys and who plans: GitHub's jobs and named people, under one boundary."""

from __future__ import annotations

from constructs import Construct

from environments.names import Names
from modules.constructs.deployer_policy import deployer_policy
from modules.constructs.github_identity import GithubIdentity
from modules.constructs.managed_policies import ManagedPolicies
from modules.constructs.named_principals import MFA, named_principals
from modules.constructs.permissions_boundary import PermissionsBoundary
from modules.constructs.planner_policy import planner_policy
from modules.constructs.role import Role
from modules.constructs.service_linked_role import ServiceLinkedRole

# Services of later phases. Each would create its role at the first call in an account: the deployer may not create
# roles, and for a new role of RDS or ElastiCache that call comes too early.
_SERVICE_LINKED = {
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
    "ecs": "ecs.amazonaws.com",
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-service-linked-roles.html
    "load_balancing": "elasticloadbalancing.amazonaws.com",
    # https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
    "scaling": "ecs.application-autoscaling.amazonaws.com",
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html
    "database": "rds.amazonaws.com",
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/using-service-linked-roles.html
    "cache": "elasticache.amazonaws.com",
}


class DeploymentAccess:
    """The roles `deployer` and `planner`."""

    def __init__(self, scope: Construct, *, names: Names, state_key_arn: str) -> None:
        """Make identity provider, boundary and roles.

        Args:
            scope: The stack.
            names: The environment's names.
            state_key_arn: Key of Terraform's state.
        """
        access, product = names.environment.access, names.environment.product
        if names.environment.creates_account_resources:
            for id_, service in _SERVICE_LINKED.items():
                ServiceLinkedRole(scope, f"{id_}_role", service=service)
        github = GithubIdentity(scope, "github", names=names, repository=access.github_repository or product.repository)
        boundary = PermissionsBoundary(scope, "boundary", names=names)
        deployer = Role(
            scope,
            "deployer",
            name=names.role("deployer"),
            description="Applies the deployer's phases, promotes images, sets secrets",
            trust=[
                github.trust(access.github_environment),
                *named_principals(access.deployers, partition=names.partition, mfa=[MFA]),
            ],
            permissions_boundary=boundary.arn,
        )
        ManagedPolicies(
            scope,
            "deployer",
            role=deployer.name,
            name=names.role("deployer"),
            parts=deployer_policy(names, state_key_arn=state_key_arn),
        )
        planner = Role(
            scope,
            "planner",
            name=names.role("planner"),
            description="Plans every phase and changes nothing",
            trust=[
                github.trust(access.github_plan_environment),
                *named_principals(access.planners, partition=names.partition),
            ],
            statements=planner_policy(names, state_key_arn=state_key_arn),
            permissions_boundary=boundary.arn,
        )
        self.deployer_arn, self.planner_arn = deployer.arn, planner.arn
