"""What GuardDuty makes for its agent in VPCs whose Fargate tasks have it: an endpoint, and a security group for that.

It makes them unless the VPC has such an endpoint, when the agent is switched on or with the first task. It never
deletes them, so that the VPC and its subnets can't be deleted either until they are deleted by hand.
https://docs.aws.amazon.com/guardduty/latest/ug/how-runtime-monitoring-works-ecs-fargate.html
https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-resource-clean-up.html
https://github.com/hashicorp/terraform-provider-aws/issues/46747
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ecs.models import EC2ContainerServiceBackend, Task, ecs_backends
from moto.guardduty.models import Detector, guardduty_backends

from environments.arns import partition
from rehearsal.emulator.additions.vpc_endpoints import endpoints

_ON = {"RUNTIME_MONITORING": "ENABLED", "ECS_FARGATE_AGENT_MANAGEMENT": "ENABLED"}
_EXCLUDED = {"key": "GuardDutyManaged", "value": "false"}
"""Tag of a cluster whose tasks get no agent.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-guard-duty-manage-subset-automatic.html
"""
_OWN = {"GuardDutyManaged": "true"}
"""Tag of what GuardDuty makes."""


def is_monitored(backend: EC2ContainerServiceBackend, cluster: str) -> bool:
    """Whether GuardDuty adds its agent to Fargate tasks of a cluster.

    https://docs.aws.amazon.com/guardduty/latest/APIReference/API_DetectorFeatureConfiguration.html
    """
    detectors = guardduty_backends[backend.account_id][backend.region_name].detectors.values()
    return any(map(_manages_agent, detectors)) and _EXCLUDED not in (backend._get_cluster(cluster).tags or ())


def _manages_agent(detector: Detector) -> bool:
    """Whether a detector monitors at run time, and manages the agent of Fargate tasks."""
    for feature in detector.features if detector.enabled else ():
        states = {each["name"]: each.get("status") for each in (feature, *feature.get("additionalConfiguration", ()))}
        if _ON.items() <= states.items():
            return True
    return False


def look_at_tasks(account: str, region: str) -> None:
    """Make the endpoint wherever tasks run that are to have the agent: they get it when they are replaced."""
    backend: EC2ContainerServiceBackend = ecs_backends[account][region]
    for cluster, tasks in backend.tasks.items():
        for task in tasks.values() if is_monitored(backend, cluster) else ():
            if task.status != "STOPPED":
                make_endpoint(task)


def make_endpoint(task: Task) -> None:
    """Make the endpoint in the subnet of a task that has an interface, unless its VPC has one."""
    attachments: list[Any] = list(task.attachments)
    details = {each["name"]: each["value"] for attachment in attachments for each in attachment["details"]}
    if "subnetId" not in details:
        return
    ec2: EC2Backend = ec2_backends[task._account_id][task.region_name]
    subnet = ec2.get_subnet(details["subnetId"])
    service = partition(task.region_name).endpoint_service("guardduty-data", task.region_name)
    if any(endpoints(ec2, subnet.vpc_id, service)):
        return
    group = ec2.create_security_group(
        f"GuardDutyManagedSecurityGroup-{subnet.vpc_id}",
        f"Associated with VPC-{subnet.vpc_id} and tagged as GuardDutyManaged",
        subnet.vpc_id,
        tags=_OWN,
    )
    ranges = [{"CidrIp": ec2.get_vpc(subnet.vpc_id).cidr_block}]
    ec2.authorize_security_group_ingress(group.id, "tcp", "443", "443", ranges)
    ec2.create_vpc_endpoint(
        subnet.vpc_id,
        service,
        "Interface",
        None,
        [],
        [subnet.id],
        security_group_ids=[group.id],
        tags=_OWN,
        private_dns_enabled=True,
    )
