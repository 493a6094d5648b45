"""Hardening: the web application firewall, if the profile has one."""

from __future__ import annotations

from modules.alarms import blocked_requests
from modules.constructs.alarms import MetricAlarm
from modules.constructs.web_acl import WebAcl
from modules.contracts import Account, Edge, Hardening
from modules.stack import PhaseStack


class HardeningStack(PhaseStack):
    """The web application firewall. Without it, requests aren't filtered: the risk `no_waf`."""

    def build(self) -> None:
        """Compose the phase."""
        web_acls = {"load_balancer": self._web_acl().arn} if self.environment.profile.waf else {}
        self.publish(Hardening(web_acl_arns=web_acls))

    def _web_acl(self) -> WebAcl:
        environment, names = self.environment, self.names
        account = self.read(Account)
        web_acl = WebAcl(
            self,
            "web_acl",
            spec=environment.waf,
            names=names,
            load_balancer_arn=self.read(Edge).load_balancer_arn,
            log_key_arn=account.log_key_arn,
        )
        alarm = blocked_requests(environment, web_acl=names.prefix)
        MetricAlarm(self, alarm.id, spec=alarm, names=names, topic_arn=account.alerts_topic_arn)
        return web_acl
