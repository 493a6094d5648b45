"""The merged view shows the scanner what Terraform would see."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ops.gate.documents import read
from ops.gate.model import Outcome
from ops.gate.stacks import EnvironmentStacks
from ops.gate.templates import expression, literal, parse_json, rewrite, spans
from ops.gate.view import merged_view
from tests.gate.project import PHASES, Body, Project, failed, frame, frames, remote_state

CONTAINER = {
    "name": "app",
    "image": f"registry/app@sha256:{'0' * 64}",
    "user": "10001",
    "readonlyRootFilesystem": True,
    "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
    "command": ["serve"],
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/aep/app"}},
}
REPOSITORIES: Body = {"repository_urls": {"value": {"app": "registry/app"}}}


def task(*containers: Body, **changes: object) -> Body:
    return {
        "family": "app",
        "network_mode": "awsvpc",
        "execution_role_arn": "arn:aws:iam::111122223333:role/execution",
        "task_role_arn": "arn:aws:iam::111122223333:role/task",
        "container_definitions": json.dumps(containers),
        **changes,
    }


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_finding_names_the_real_file_line_and_address(project: Project, indent: int | None) -> None:
    project.add("services", "aws_sns_topic", "open", {"name": "open"})
    file = project.file("services")

    def lay_out() -> None:
        file.write_text(json.dumps(json.loads(file.read_text()), indent=indent), encoding="utf-8")

    (finding,) = project.judge(before=lay_out).findings
    assert finding.record.check == "CKV_AWS_26"
    assert finding.record.block.address == "aws_sns_topic.open"
    assert finding.record.block.stack == "demo-services"
    assert finding.record.block.file == file.as_posix()
    line = file.read_text().splitlines()[finding.record.block.line - 1]
    assert '"open": {' in line


def test_a_null_hides_no_open_rule(project: Project) -> None:
    rule = {
        "description": "anybody",
        "from_port": 22,
        "to_port": 22,
        "protocol": "tcp",
        "cidr_blocks": ["0.0.0.0/0"],
        "ipv6_cidr_blocks": None,
        "prefix_list_ids": None,
        "security_groups": None,
        "self": None,
    }
    project.add("services", "aws_security_group", "open", {"description": "open", "vpc_id": "vpc-1", "ingress": [rule]})
    assert ("CKV_AWS_24", "aws_security_group.open") in failed(project.judge())


def test_a_public_bucket_in_another_stack_is_seen(project: Project) -> None:
    project.add("network", "aws_s3_bucket", "logs", {"bucket": "logs"})
    project.stacks["demo-network"]["output"] = {"bucket": {"value": "${aws_s3_bucket.logs.id}"}}
    project.add("services", "terraform_remote_state", "network", remote_state("network"), section="data")
    closed = {"bucket": "${data.terraform_remote_state.network.outputs.bucket}", "block_public_acls": True}
    closed |= {"block_public_policy": True, "ignore_public_acls": True, "restrict_public_buckets": True}
    before = failed(project.judge())
    project.add("services", "aws_s3_bucket_public_access_block", "logs", closed)
    after = failed(project.judge())
    assert ("CKV2_AWS_6", "aws_s3_bucket.logs") in before - after

    acl = {"bucket": "${data.terraform_remote_state.network.outputs.bucket}", "acl": "public-read"}
    project.add("services", "aws_s3_bucket_acl", "logs", acl)
    assert ("CKV_AWS_20", "aws_s3_bucket.logs") in failed(project.judge()) - after


def test_an_output_is_resolved_by_key_inside_text_and_through_stacks(project: Project) -> None:
    project.stacks["demo-network"]["output"] = {
        "cidrs": {"value": {"a": "0.0.0.0/0", "b": "10.0.0.0/8"}},
        "port": {"value": "22"},
    }
    network = "data.terraform_remote_state.network.outputs"
    project.add("services", "terraform_remote_state", "network", remote_state("network"), section="data")
    for name, cidr in {"index": '["a"]', "attribute": ".a", "private": '["b"]'}.items():
        rule: Body = {"security_group_id": "sg-1", "description": f"{name} ${{{network}.port}}", "ip_protocol": "tcp"}
        rule |= {"cidr_ipv4": f"${{{network}.cidrs{cidr}}}", "from_port": f"${{{network}.port}}", "to_port": 22}
        project.add("services", "aws_vpc_security_group_ingress_rule", name, rule)
    open_ = {address for check, address in failed(project.judge()) if check == "CKV_AWS_24"}
    assert open_ == {f"aws_vpc_security_group_ingress_rule.{name}" for name in ("index", "attribute")}


def test_the_same_name_in_two_stacks_is_two_resources(project: Project) -> None:
    project.add("network", "aws_kms_key", "key", {"enable_key_rotation": True, "lifecycle": {"prevent_destroy": True}})
    project.add("services", "aws_kms_key", "key", {"lifecycle": {"prevent_destroy": True}})
    rotation = [each for each in project.judge().findings if each.record.check == "CKV_AWS_7"]
    assert [each.record.block.stack for each in rotation] == ["demo-services"]


def test_a_secret_policy_in_json_is_read(project: Project) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    project.add("services", "aws_iam_policy", "wide", {"name": "wide", "policy": policy})
    found = {check for check, address in failed(project.judge()) if address == "aws_iam_policy.wide"}
    assert {"CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_286", "CKV_AWS_355", "CKV_ROLLOUT_35", "CKV_ROLLOUT_36"} <= found


def test_containers_are_read_by_stock_checks_too(project: Project) -> None:
    project.stacks["demo-network"]["output"] = REPOSITORIES
    project.add("services", "aws_ecs_task_definition", "good", task(CONTAINER))
    project.add("services", "aws_ecs_task_definition", "writes", task({**CONTAINER, "readonlyRootFilesystem": False}))
    project.add("services", "aws_ecs_task_definition", "host", task({**CONTAINER, "pidMode": "host"}))
    assert failed(project.judge()) == {
        ("CKV_AWS_336", "aws_ecs_task_definition.writes"),
        ("CKV_ROLLOUT_12", "aws_ecs_task_definition.writes"),
        ("CKV_AWS_335", "aws_ecs_task_definition.host"),
    }


def test_references_in_containers_are_followed_into_other_stacks(project: Project) -> None:
    project.stacks["demo-network"]["output"] = {"images": {"value": {"app": "registry/app:latest"}}, **REPOSITORIES}
    project.add("services", "terraform_remote_state", "network", remote_state("network"), section="data")
    definitions = json.dumps([{**CONTAINER, "image": "HERE"}])
    read = '${data.terraform_remote_state.network.outputs.images["app"]}'
    project.add(
        "services",
        "aws_ecs_task_definition",
        "app",
        task(container_definitions=definitions.replace("HERE", read)),
    )
    assert failed(project.judge()) == {("CKV_ROLLOUT_16", "aws_ecs_task_definition.app")}


def test_containers_that_cannot_be_read_fail(project: Project) -> None:
    project.add("services", "aws_ecs_task_definition", "app", task(container_definitions="${jsonencode([])}"))
    assert ("CKV_ROLLOUT_10", "aws_ecs_task_definition.app") in failed(project.judge())


def test_environments_do_not_see_one_another(project: Project) -> None:
    names = ("demo", "demo-small")
    project.expected = replace(project.expected, environments=dict.fromkeys(names, PHASES), frames=frames(*names))
    closed = {"bucket": "${aws_s3_bucket.logs.id}", "block_public_acls": True, "block_public_policy": True}
    closed |= {"ignore_public_acls": True, "restrict_public_buckets": True}
    for environment in project.expected.environments:
        for phase in ("network", "services"):
            project.stacks[f"{environment}-{phase}"] = frame(phase)
        project.stacks[f"{environment}-network"]["resource"] = {"aws_s3_bucket": {"logs": {"bucket": "logs"}}}
    project.add("network", "aws_s3_bucket_public_access_block", "logs", closed)
    stacks = {each.record.block.stack for each in project.judge().findings if each.record.check == "CKV2_AWS_6"}
    assert stacks == {"demo-small-network"}


def test_named_stacks_are_judged_in_the_context_of_the_others(project: Project) -> None:
    project.add("network", "aws_sns_topic", "open", {"name": "open"})
    assert project.judge("demo-services").outcome is Outcome.CLEAN
    assert project.judge("demo-network").outcome is Outcome.FINDINGS
    assert project.judge("demo").outcome is Outcome.FINDINGS


def test_the_organization_is_scanned_when_it_is_there(project: Project) -> None:
    project.stacks["organization"] = {
        **frame("organization"),
        "resource": {"aws_sns_topic": {"open": {"name": "open"}}},
    }
    verdict = project.judge()
    assert "organization" in verdict.stacks
    assert failed(verdict) == {("CKV_AWS_26", "aws_sns_topic.open")}


def test_locals_keep_to_their_stack(project: Project, tmp_path: Path) -> None:
    for phase in ("network", "services"):
        stack = project.stacks[f"demo-{phase}"]
        stack["locals"] = {"port": 22 if phase == "network" else 443}
        rule = {"security_group_id": "sg-1", "ip_protocol": "tcp"}
        rule |= {"cidr_ipv4": "0.0.0.0/0", "from_port": "${local.port}", "to_port": "${local.port}"}
        project.add(phase, "aws_vpc_security_group_ingress_rule", "rule", rule)
    found = [each.record.block.stack for each in project.judge().findings if each.record.check == "CKV_AWS_24"]
    assert found == ["demo-network"]


def test_names_are_unique_and_references_follow(tmp_path: Path) -> None:
    body = {
        "resource": {
            "aws_vpc": {"main": {"cidr_block": "10.0.0.0/16", "//": {"metadata": {"path": "x"}, "because": "y"}}},
            "aws_subnet": {
                "main": {
                    "vpc_id": "${aws_vpc.main.id}",
                    "tags": {"Name": "aws_vpc.main", "Long": "a-${aws_vpc.main.id}-${data.aws_region.here.name}"},
                    "depends_on": ["aws_vpc.main"],
                }
            },
        },
        "data": {"aws_region": {"here": {}}},
    }
    path = tmp_path / "cdk.tf.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    blocks = {
        each.block.address: each for each in merged_view(EnvironmentStacks("demo", {"a-b": read(path, "demo-a-b")}))
    }
    assert blocks["aws_vpc.main"].settings["//"] == {"because": "y"}
    subnet = blocks["aws_subnet.main"]
    assert subnet.name == "demo_a_b__main"
    assert subnet.settings == {
        "vpc_id": "${aws_vpc.demo_a_b__main.id}",
        "tags": {
            "Name": "aws_vpc.main",
            "Long": "a-${aws_vpc.demo_a_b__main.id}-${data.aws_region.demo_a_b__here.name}",
        },
        "depends_on": ["aws_vpc.demo_a_b__main"],
    }
    assert blocks["terraform.backend.local"].synthetic


def test_templates() -> None:
    assert [*spans('$${a} ${b} ${c["}"]}')] == [(6, 10), (11, 20)]
    assert expression('${a.b["c"]}') == 'a.b["c"]'
    assert expression("${a}-${b}") is None
    assert rewrite("x-${a}-${b}", str.upper) == "x-${A}-${B}"
    assert literal({"a": "${x.y}", "b": ["z", 1]}) == '{"a" = x.y, "b" = ["z", 1]}'
    assert parse_json('[{"image": "${a["b"]}:1", "cpu": ${c.d}}]') == [{"image": '${a["b"]}:1', "cpu": "${c.d}"}]
