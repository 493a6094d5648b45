"""Network: a VPC in three tiers, endpoints, flow logs and every security group."""

from __future__ import annotations

from environments.flows import flows, parties
from modules.constructs.endpoints import Endpoints
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
            role_name=names.role("flow-log"),
            retention_days=environment.network.flow_log_retention,
            kms_key_arn=account.log_key_arn,
            account_id=environment.account_id,
        )
        endpoints = Endpoints(
            self,
            "endpoint",
            names=names,
            vpc=vpc,
            region=environment.region,
            account_id=environment.account_id,
        )
        groups = SecurityGroups(
            self,
            vpc_id=vpc.id,
            name=names.prefix,
            parties=parties(environment),
            flows=flows(environment),
            s3_prefix_list_id=endpoints.s3_prefix_list_id,
        )
        endpoints.attach(groups.ids["endpoints"])
        self.publish(
            Network(
                vpc_id=vpc.id,
                public_subnets=vpc.public_subnets,
                private_subnets=vpc.private_subnets,
                isolated_subnets=vpc.isolated_subnets,
                security_groups=groups.ids,
            )
        )
