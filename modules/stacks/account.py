"""Account: roles, alerts, budgets, and the audit baseline."""

from __future__ import annotations

from environments.names import DATABASE_METRICS
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.audit import AccountBaseline
from modules.constructs.break_glass import BreakGlass
from modules.constructs.buckets import AccessLogs
from modules.constructs.cost_limits import CostLimits
from modules.constructs.deployer_policy import deployer_policy
from modules.constructs.dns import SharedZone
from modules.constructs.encryption_key import EncryptionKey, usable_by
from modules.constructs.log_group import LogGroup
from modules.constructs.permissions_boundary import PermissionsBoundary
from modules.constructs.planner_policy import planner_policy
from modules.constructs.principals import MFA, GithubIdentity, named_principals
from modules.constructs.role import Role, ServiceLinkedRole
from modules.constructs.slack_channel import SlackChannel
from modules.contracts import Account, State
from modules.stack import PhaseStack

# Services of later phases. Each would create its role at its first call in an account. But the deployer may not create
# roles, and RDS and ElastiCache fail if their role is too new.
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


class AccountStack(PhaseStack):
    """The account's resources that all later phases need."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        access, alerts = environment.access, environment.alerts
        state = self.read(State)
        topic = AlertsTopic(self, "alerts", spec=alerts, names=names)
        CostLimits(self, "budget", spec=environment.budgets, names=names, topic=topic)
        deployer_arn, planner_arn = self._deployment_access(state)
        break_glass = BreakGlass(self, "break_glass", spec=access, names=names, topic=topic, tags=self.tags)
        if access.shared_zone:
            SharedZone(self, "dns", spec=access.shared_zone, names=names)
        log_key_arn = self._log_key()
        if alerts.slack_workspace and alerts.slack_channel:
            SlackChannel(self, "slack", spec=alerts, names=names, topic_arn=topic.arn, log_key_arn=log_key_arn)
        self._service_logs(log_key_arn)
        access_logs = AccessLogs(self, "access_logs", spec=environment.edge, names=names)
        # The state phase is applied before the bucket of access logs exists, so its bucket's logging is here.
        access_logs.of("state_logging", bucket=names.state_bucket)
        AccountBaseline(
            self,
            "audit",
            spec=environment.audit,
            names=names,
            state_bucket_arn=state.bucket_arn,
            log_key_arn=log_key_arn,
            access_logs=access_logs,
            topic=topic,
        )
        self.publish(
            Account(
                alerts_topic_arn=topic.arn,
                log_key_arn=log_key_arn,
                access_log_bucket=access_logs.name,
                deployer_role_arn=deployer_arn,
                planner_role_arn=planner_arn,
                break_glass_role_arn=break_glass.arn,
            )
        )

    def _deployment_access(self, state: State) -> tuple[str, str]:
        """The deployer and the planner, for GitHub's jobs and named users, with one permissions boundary."""
        names, access = self.names, self.environment.access
        if self.environment.creates_account_resources:
            for id_, service in _SERVICE_LINKED.items():
                ServiceLinkedRole(self, f"{id_}_role", service=service)
        github = GithubIdentity(self, "github", spec=access, names=names)
        boundary = PermissionsBoundary(self, "boundary", names=names)
        deployer = Role(
            self,
            "deployer",
            names=names,
            purpose="deployer",
            description="Applies the deployer's phases, promotes images, sets secrets",
            trust=[
                github.trust(access.github_environment),
                *named_principals(access.deployers, partition=names.partition, mfa=[MFA]),
            ],
            managed=deployer_policy(names, state_key_arn=state.key_arn),
            permissions_boundary=boundary.arn,
        )
        planner = Role(
            self,
            "planner",
            names=names,
            purpose="planner",
            description="Plans every phase and changes nothing",
            trust=[
                github.trust(access.github_plan_environment),
                *named_principals(access.planners, partition=names.partition),
            ],
            statements=planner_policy(names, state_key_arn=state.key_arn),
            permissions_boundary=boundary.arn,
        )
        return deployer.arn, planner.arn

    def _log_key(self) -> str:
        """The key of all log groups of this account and region."""
        names = self.names
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        groups = ("ArnLike", "kms:EncryptionContext:aws:logs:arn", [names.arn("logs", "log-group:*")])
        use = usable_by(names.host("logs"), groups, sid="LogGroups")
        return EncryptionKey(
            self, "log_key", names=names, purpose="logs", description="All log groups", statements=[use]
        ).arn

    def _service_logs(self, kms_key_arn: str) -> None:
        """Log groups that AWS's services would otherwise create without a key, and with another retention or none.

        An account that has them already imports them: docs/account.md.
        """
        # All databases of an account and region share the first one; each cluster has its own second one.
        groups = {"database_metrics_log": DATABASE_METRICS} if self.environment.creates_account_resources else {}
        for id_, name in (groups | {"insights_log": self.names.insights_log_group}).items():
            LogGroup(self, id_, spec=self.environment.observability.log_retention, name=name, kms_key_arn=kms_key_arn)
