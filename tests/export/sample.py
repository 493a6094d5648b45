"""A small stack with everything that an export can get wrong."""

from __future__ import annotations

from typing import Any

from ops.export.configuration import configuration
from ops.export.constructs import Element, Group, Part

STACK: dict[str, Any] = {
    "//": {"metadata": {"stackName": "sample"}},
    "terraform": {
        "required_providers": {"aws": {"source": "aws", "version": "5.100.0"}},
        "backend": {"s3": {"bucket": "states", "key": "sample.tfstate", "use_lockfile": True}},
    },
    "provider": {
        "aws": [
            {"region": "eu-west-1", "default_tags": [{"tags": {"Phase": "sample", "a b": "c"}}]},
            {"region": "us-east-1", "alias": "other"},
        ]
    },
    "variable": {"role": {"type": "string", "default": "${literal}"}},
    "locals": {"image": "${var.role}:1"},
    "data": {
        "aws_iam_policy_document": {
            "wide": {
                "//": {"because": {"All": "it has no resource"}},
                "statement": [
                    {"sid": "All", "actions": ["a:Read", "a:List"], "resources": ["*"]},
                    {"sid": "Some", "actions": ["b:Write"], "resources": ["arn"]},
                ],
            }
        },
        "terraform_remote_state": {"network": {"backend": "s3", "config": {"bucket": "states"}}},
    },
    "resource": {
        "aws_vpc": {
            "vpc": {
                "//": {"metadata": {"path": "sample/vpc"}},
                "cidr_block": "10.0.0.0/16",
                "enable_dns_support": True,
                "instance_tenancy": None,
                "lifecycle": {
                    "prevent_destroy": True,
                    "ignore_changes": ["tags"],
                    "postcondition": [{"condition": '${self.id != ""}', "error_message": "no id"}],
                },
            }
        },
        "aws_security_group": {
            "group": {
                "name": 'of ${aws_vpc.vpc.id}, "all" of it: $${none}\n\\end',
                "vpc_id": "${aws_vpc.vpc.id}",
                "description": '${data.terraform_remote_state.network.outputs.names["a"]}',
                "ingress": [],
                "egress": [{"from_port": 443, "to_port": 443, "protocol": "tcp"}],
                "provider": "aws.other",
                "timeouts": {"create": "5m"},
                "depends_on": ["aws_vpc.vpc", "data.aws_iam_policy_document.wide"],
            }
        },
        "aws_route53_record": {
            "record": {"name": "n", "zone_id": "Z", "type": "A", "ttl": "60", "records": ["192.0.2.2", "192.0.2.1"]}
        },
    },
    "output": {"id": {"value": "${aws_vpc.vpc.id}", "sensitive": True}},
    "import": [{"id": "vpc-1", "to": "aws_vpc.vpc"}, {"id": 'sg-"1"', "to": "aws_security_group.group"}],
}


def arranged(elements: Any) -> list[Group]:
    """All in one group, in the order of the JSON."""
    return [Group("All: everything.", (Part("", tuple[Element, ...](elements)),))]


def exported(content: dict[str, Any] | None = None) -> str:
    """The configuration of a stack."""
    return configuration("sample", "sample: a stack.", content or STACK, arranged)
