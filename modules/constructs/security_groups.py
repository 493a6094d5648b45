"""All security groups and their rules, from the table of flows."""

from __future__ import annotations

from environments.flows import INTERNET, S3, flows, parties
from environments.names import Names
from modules.bindings import aws
from modules.bindings.engine import Construct
from modules.constructs.vpc import ANYWHERE
from modules.ids import identifier, reference


class SecurityGroups:
    """One group for each party. Each flow becomes an egress rule of its source and an ingress rule of its target."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, vpc_id: str, s3_prefix_list_id: str) -> None:
        groups = {party: f"{id_}_{identifier(party)}" for party in parties(names.environment)}
        self.ids = {party: reference("aws_security_group", group, "id") for party, group in groups.items()}
        for party, group in groups.items():
            name = names.resource(party.replace("_", "-"))
            aws.SecurityGroup(
                scope,
                group,
                name=name,
                description=f"{party.replace('_', ' ')}: rules come from the table of flows",
                vpc_id=vpc_id,
                tags={"Name": name},
            )
        for flow in flows(names.environment):
            if flow.source in self.ids:
                aws.VpcSecurityGroupEgressRule(
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
                aws.VpcSecurityGroupIngressRule(
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
