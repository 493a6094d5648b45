"""Network: a VPC in three tiers, endpoints, flow logs and every security group."""

from __future__ import annotations

from environments.flows import ENDPOINTS, flows, parties
from modules.constructs import endpoint_policies
from modules.constructs.endpoints import GatewayEndpoint, InterfaceEndpoints
from modules.constructs.flow_log import FlowLog
from modules.constructs.security_groups import SecurityGroups
from modules.constructs.vpc import Vpc
from modules.contracts import Account, Network
from modules.stack import PhaseStack


class NetworkStack(PhaseStack):
    """Where everything runs, and who may talk to whom."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        account = self.read(Account)
        vpc = Vpc(
            self,
            "vpc",
            name=names.prefix,
            cidr=environment.network.cidr,
            region=environment.region,
            zones=environment.zones,
            nat_per_zone=environment.profile.nat_per_zone,
        )
        FlowLog(
            self,
            "flow_log",
            vpc_id=vpc.id,
            log_group=names.log_group("flow-log"),
            log_group_arn=names.log_group_arn("flow-log"),
            role_name=names.role("flow-log"),
            retention_days=environment.network.flow_log_retention,
            kms_key_arn=account.log_key_arn,
            account_id=environment.account_id,
        )
        s3 = GatewayEndpoint(
            self,
            vpc_id=vpc.id,
            names=names,
            route_tables=vpc.private_route_tables,
            policy=endpoint_policies.s3(names),
        )
        groups = SecurityGroups(
            self,
            vpc_id=vpc.id,
            name=names.prefix,
            parties=parties(environment),
            flows=flows(environment),
            s3_prefix_list_id=s3.prefix_list_id,
        )
        InterfaceEndpoints(
            self,
            vpc_id=vpc.id,
            names=names,
            subnets=list(vpc.private_subnets.values()),
            security_group=groups.ids[ENDPOINTS],
            policies=list(endpoint_policies.interface_endpoints(names)),
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
