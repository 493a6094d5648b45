"""Every security group and rule, made from one table of flows."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.security_group import SecurityGroup
from cdktf_cdktf_provider_aws.vpc_security_group_egress_rule import VpcSecurityGroupEgressRule
from cdktf_cdktf_provider_aws.vpc_security_group_ingress_rule import VpcSecurityGroupIngressRule
from constructs import Construct

from environments.flows import INTERNET, S3, Flow
from modules.constructs.vpc import ANYWHERE


class SecurityGroups:
    """One group a party. Each flow becomes an egress rule of its source and an ingress rule of its target."""

    def __init__(
        self,
        scope: Construct,
        *,
        vpc_id: str,
        name: str,
        parties: Sequence[str],
        flows: Sequence[Flow],
        s3_prefix_list_id: str,
    ) -> None:
        """Make groups and rules.

        Args:
            scope: The stack.
            vpc_id: The VPC.
            name: First part of the groups' names.
            parties: Who has a group.
            flows: Who may connect to whom.
            s3_prefix_list_id: What stands for S3 in rules.
        """
        self.ids = {party: f"${{aws_security_group.{_id(party)}.id}}" for party in parties}
        for party in parties:
            SecurityGroup(
                scope,
                _id(party),
                name=f"{name}-{party}".replace("_", "-"),
                description=f"{party.replace('_', ' ')}: rules come from the table of flows",
                vpc_id=vpc_id,
                tags={"Name": f"{name}-{party}".replace("_", "-")},
            )
        for flow in flows:
            if flow.source in self.ids:
                VpcSecurityGroupEgressRule(
                    scope,
                    f"{flow.id}_egress",
                    security_group_id=self.ids[flow.source],
                    description=flow.why,
                    ip_protocol="tcp",
                    from_port=flow.port,
                    to_port=flow.port,
                    cidr_ipv4=ANYWHERE if flow.target == INTERNET else None,
                    prefix_list_id=s3_prefix_list_id if flow.target == S3 else None,
                    referenced_security_group_id=self.ids.get(flow.target),
                )
            if flow.target in self.ids:
                VpcSecurityGroupIngressRule(
                    scope,
                    f"{flow.id}_ingress",
                    security_group_id=self.ids[flow.target],
                    description=flow.why,
                    ip_protocol="tcp",
                    from_port=flow.port,
                    to_port=flow.port,
                    cidr_ipv4=ANYWHERE if flow.source == INTERNET else None,
                    referenced_security_group_id=self.ids.get(flow.source),
                )


def _id(party: str) -> str:
    return "group_" + party.replace("-", "_")
