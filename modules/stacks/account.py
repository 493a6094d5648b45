"""Account: who may do what, who is told, what it may cost, and what is watched."""

from __future__ import annotations

from modules.constructs.access_logs import AccessLogs
from modules.constructs.account_baseline import AccountBaseline
from modules.constructs.alerts_topic import AlertsTopic
from modules.constructs.break_glass import BreakGlass
from modules.constructs.cost_limits import CostLimits
from modules.constructs.deployment_access import DeploymentAccess
from modules.constructs.log_key import LogKey
from modules.constructs.service_logs import ServiceLogs
from modules.constructs.slack_channel import SlackChannel
from modules.constructs.zone_writer import ZoneWriter
from modules.contracts import Account, State
from modules.stack import PhaseStack


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
            names=names,
            emails=environment.alerts.email,
            protected=environment.protected,
        )
        CostLimits(
            self,
            name=names.prefix,
            budgets=environment.budgets,
            emails=environment.alerts.email,
            topic=topic,
        )
        deployment = DeploymentAccess(self, names=names, state_key_arn=state.key_arn)
        break_glass = BreakGlass(
            self,
            "break_glass",
            names=names,
            principals=environment.access.administrators,
            topic=topic,
            tags=self.tags,
        )
        if shared := environment.access.shared_zone:
            ZoneWriter(self, "dns", names=names, zone_id=shared.id, hosts=shared.hosts, writers=shared.writers)
        log_key = LogKey(
            self,
            "log_key",
            alias=names.alias("logs"),
            log_groups_arn=names.arn("logs", "log-group:*"),
            names=names,
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
                log_key_arn=log_key.arn,
            )
        ServiceLogs(self, names=names, kms_key_arn=log_key.arn)
        access_logs = AccessLogs(
            self,
            "access_logs",
            name=names.bucket("access-logs"),
            names=names,
            expire_days=environment.edge.access_log_days,
            protected=environment.protected,
        )
        # The state phase comes first, and so can't log its own bucket's accesses.
        access_logs.of("state_logging", bucket=names.state_bucket)
        AccountBaseline(
            self,
            names=names,
            state_bucket_arn=state.bucket_arn,
            log_key_arn=log_key.arn,
            access_logs=access_logs,
            topic=topic,
        )
        self.publish(
            Account(
                alerts_topic_arn=topic.arn,
                log_key_arn=log_key.arn,
                access_log_bucket=access_logs.name,
                deployer_role_arn=deployment.deployer_arn,
                planner_role_arn=deployment.planner_arn,
                break_glass_role_arn=break_glass.arn,
            )
        )
