"""Hardening: the web application firewall, where the profile has one."""

from __future__ import annotations

from modules.alarms import blocked_requests, runbook
from modules.constructs.metric_alarm import MetricAlarm
from modules.constructs.web_acl import WebAcl
from modules.constructs.web_acl_log import WebAclLog
from modules.contracts import Account, Edge, Hardening
from modules.stack import PhaseStack


class HardeningStack(PhaseStack):
    """What filters requests. Without it they reach the application unfiltered: the risk `no_waf`."""

    def build(self) -> None:
        """Compose the phase."""
        web_acls = {"load_balancer": self._web_acl().arn} if self.environment.profile.waf else {}
        self.publish(Hardening(web_acl_arns=web_acls))

    def _web_acl(self) -> WebAcl:
        environment, names, waf = self.environment, self.names, self.environment.waf
        account = self.read(Account)
        web_acl = WebAcl(
            self,
            "web_acl",
            name=names.prefix,
            load_balancer_arn=self.read(Edge).load_balancer_arn,
            rate_limit=waf.rate_limit,
            rate_limited_path=waf.rate_limited_path,
            counted_rules=waf.counted_rules,
        )
        WebAclLog(
            self,
            "web_acl_log",
            web_acl_arn=web_acl.arn,
            log_group=names.waf_log_group,
            log_group_arn=names.arn("logs", f"log-group:{names.waf_log_group}"),
            policy_name=names.resource("web-acl-log"),
            retention_days=waf.log_retention,
            kms_key_arn=account.log_key_arn,
            names=names,
        )
        alarm = blocked_requests(environment, web_acl=names.prefix)
        MetricAlarm(
            self,
            alarm=alarm,
            name=names.resource("blocked-requests"),
            runbook=runbook(environment.product.repository, alarm.runbook),
            topic_arn=account.alerts_topic_arn,
        )
        return web_acl
