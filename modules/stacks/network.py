"""Network: a VPC with three tiers, endpoints, flow logs and all security groups."""

from __future__ import annotations

from environments.endpoints import endpoint_zones
from environments.flows import ENDPOINTS
from modules.constructs.endpoints import GatewayEndpoint, InterfaceEndpoints
from modules.constructs.flow_log import FlowLog
from modules.constructs.security_groups import SecurityGroups
from modules.constructs.vpc import Vpc
from modules.contracts import Account, Network
from modules.stack import PhaseStack


class NetworkStack(PhaseStack):
    """The VPC, and which parties may connect to which."""

    def build(self) -> None:
        """Compose the phase."""
        names, values, account = self.names, self.environment.network, self.read(Account)
        vpc = Vpc(self, "vpc", spec=values, names=names)
        FlowLog(self, "flow_log", spec=values, names=names, vpc_id=vpc.id, kms_key_arn=account.log_key_arn)
        s3 = GatewayEndpoint(self, "endpoint", names=names, vpc_id=vpc.id, route_tables=vpc.private_route_tables)
        groups = SecurityGroups(self, "group", names=names, vpc_id=vpc.id, s3_prefix_list_id=s3.prefix_list_id)
        if ENDPOINTS in groups.ids:
            InterfaceEndpoints(
                self,
                "endpoint",
                names=names,
                vpc_id=vpc.id,
                subnets=[vpc.private_subnets[zone] for zone in endpoint_zones(self.environment)],
                security_group=groups.ids[ENDPOINTS],
            )
        self.publish(
            Network(
                vpc_id=vpc.id,
                public_subnets=vpc.public_subnets,
                private_subnets=vpc.private_subnets,
                isolated_subnets=vpc.isolated_subnets,
                security_groups=groups.ids,
            )
        )
