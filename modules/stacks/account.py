"""Account: who may do what, who is told, what it may cost, and what is watched."""

from __future__ import annotations

import re

from modules.constructs.access_logs import AccessLogs
from modules.constructs.account_baseline import AccountBaseline
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.break_glass import GLOBAL_REGION, BreakGlass
from modules.constructs.budget import Budget
from modules.constructs.deployer_policy import deployer_policy
from modules.constructs.encryption_key import EncryptionKey, usable_by_service
from modules.constructs.event_forward import EventForward
from modules.constructs.github_identity import GithubIdentity
from modules.constructs.managed_policies import ManagedPolicies
from modules.constructs.named_principals import MFA, named_principals
from modules.constructs.permissions_boundary import PermissionsBoundary
from modules.constructs.planner_policy import planner_policy
from modules.constructs.role import Role
from modules.constructs.service_linked_role import ServiceLinkedRole
from modules.constructs.slack_channel import SlackChannel
from modules.constructs.zone_writer import ZoneWriter
from modules.contracts import Account, State
from modules.stack import PhaseStack

# Services of the deployer's phases, which makes no role itself.
_SERVICE_LINKED = {
    "ecs": "ecs.amazonaws.com",
    "load_balancing": "elasticloadbalancing.amazonaws.com",
    "scaling": "ecs.application-autoscaling.amazonaws.com",
}


class AccountStack(PhaseStack):
    """The account's own things, on which all later phases stand."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        state = self.read(State)
        topic = AlertsTopic(
            self,
            "alerts",
            name=names.resource("alerts"),
            key_alias=names.alias("alerts"),
            account_id=environment.account_id,
            region=environment.region,
            emails=environment.alerts.email,
            protected=environment.protected,
        )
        if environment.alerts.slack_workspace and environment.alerts.slack_channel:
            SlackChannel(
                self,
                "slack",
                names=names,
                workspace=environment.alerts.slack_workspace,
                channel=environment.alerts.slack_channel,
                topic_arn=topic.arn,
            )
        self._limit_cost(topic.arn)
        deployer, planner = self._let_deploy(state.key_arn)
        break_glass = self._break_glass(topic.arn)
        if shared := environment.access.shared_zone:
            ZoneWriter(
                self, "dns", name=names.role("dns"), zone_id=shared.id, hosts=shared.hosts, writers=shared.writers
            )
        log_key = self._log_key()
        access_logs = AccessLogs(
            self,
            "access_logs",
            name=names.bucket("access-logs"),
            account_id=environment.account_id,
            region=environment.region,
            expire_days=environment.edge.access_log_days,
            protected=environment.protected,
        )
        AccountBaseline(
            self,
            names=names,
            state_bucket_arn=state.bucket_arn,
            log_key_arn=log_key,
            access_log_bucket=access_logs.name,
            topic_arn=topic.arn,
        )
        self.publish(
            Account(
                alerts_topic_arn=topic.arn,
                log_key_arn=log_key,
                access_log_bucket=access_logs.name,
                deployer_role_arn=deployer.arn,
                planner_role_arn=planner.arn,
                break_glass_role_arn=break_glass.arn,
            )
        )

    def _limit_cost(self, topic_arn: str) -> None:
        budgets = self.environment.budgets
        for service, limit in {None: budgets.monthly, **budgets.services}.items():
            part = re.sub("[^a-z0-9]+", "-", service.lower()) if service else "account"
            Budget(
                self,
                f"budget_{part.replace('-', '_')}",
                name=self.names.resource(part),
                limit=limit,
                thresholds=budgets,
                emails=self.environment.alerts.email,
                topic_arn=topic_arn,
                service=service,
            )

    def _let_deploy(self, state_key_arn: str) -> tuple[Role, Role]:
        names, access = self.names, self.environment.access
        for id_, service in _SERVICE_LINKED.items():
            ServiceLinkedRole(self, f"{id_}_role", service=service)
        github = GithubIdentity(
            self, "github", repository=access.github_repository or self.environment.product.repository
        )
        boundary = PermissionsBoundary(self, "boundary", names=names, state_key_arn=state_key_arn)
        deployer = Role(
            self,
            "deployer",
            name=names.role("deployer"),
            description="Applies the deployer's phases, promotes images, sets secrets",
            trust=[github.trust(access.github_environment), *named_principals(access.deployers, conditions=[MFA])],
            permissions_boundary=boundary.arn,
        )
        ManagedPolicies(
            self,
            "deployer",
            role=deployer.name,
            name=names.role("deployer"),
            parts=deployer_policy(names, state_key_arn=state_key_arn),
        )
        planner = Role(
            self,
            "planner",
            name=names.role("planner"),
            description="Plans every phase and changes nothing",
            trust=[github.trust(access.github_plan_environment), *named_principals(access.planners)],
            statements=planner_policy(names, state_key_arn=state_key_arn),
            permissions_boundary=boundary.arn,
        )
        return deployer, planner

    def _break_glass(self, topic_arn: str) -> BreakGlass:
        region = self.environment.region
        break_glass = BreakGlass(
            self,
            "break_glass",
            names=self.names,
            principals=self.environment.access.administrators,
            topic_arn=topic_arn,
        )
        if region != GLOBAL_REGION:
            EventForward(
                self,
                "global_events",
                names=self.names,
                source_region=GLOBAL_REGION,
                patterns=break_glass.patterns,
                tags=self._tags(),
            )
        return break_glass

    def _log_key(self) -> str:
        environment, names = self.environment, self.names
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        use = usable_by_service(
            f"logs.{environment.region}.amazonaws.com",
            sid="LogGroups",
            conditions=[("ArnLike", "kms:EncryptionContext:aws:logs:arn", [names.arn("logs", "log-group:*")])],
        )
        return EncryptionKey(
            self,
            "log_key",
            alias=names.alias("logs"),
            description="All log groups",
            account_id=environment.account_id,
            protected=environment.protected,
            statements=[use],
        ).arn
