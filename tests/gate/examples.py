"""For each of our checks: blocks that pass it, and blocks that fail it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

Body = dict[str, Any]

DIGEST = f"@sha256:{'0' * 64}"


class Beside(NamedTuple):
    """A block that examples need beside them, or that refers to one."""

    kind: str
    settings: Body
    section: str = "resource"
    of: str = "good"
    """Whose stack it is in: that of the good examples or of the bad ones."""
    name: str = ""
    """Where `beside_<number>_<index>` won't do."""


class Example(NamedTuple):
    """A kind of block, with settings that pass and settings that fail; `<kind>.good_<number>_<index>` is a name."""

    kind: str
    good: list[Body]
    bad: list[Body]
    section: str = "resource"
    beside: tuple[Beside, ...] = ()
    stack: str = ""
    """The stack that they are in, where it matters."""


def inline(direction: str, **rule: object) -> Body:
    return {direction: [{"from_port": 443, "to_port": 443, "protocol": "tcp", **rule}]}


def rule(**changes: object) -> Body:
    return {"ip_protocol": "tcp", "from_port": 443, "to_port": 443, **changes}


def task(**changes: object) -> Body:
    container = {
        "name": "app",
        "image": f"registry/app{DIGEST}",
        "user": "10001:10001",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}},
        **changes,
    }
    return {"network_mode": "awsvpc", "container_definitions": [container]}


def linux(**changes: object) -> Body:
    return task(linuxParameters={"initProcessEnabled": True, "capabilities": {"drop": ["ALL"]}, **changes})


def document(**changes: object) -> Body:
    statement = {"sid": "Read", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::logs/*"], **changes}
    return {"statement": [statement]}


def policy(**changes: object) -> Body:
    statement = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
    return {"policy": json.dumps({"Statement": [{**statement, **changes}]})}


def tags(**changes: object) -> Body:
    given = {"Environment": "a", "Owner": "b", "Phase": "c", "Project": "d", "Repository": "e"} | changes
    return {"default_tags": [{"tags": given}]}


def backend(**changes: object) -> Body:
    good = {"bucket": "state", "key": "a/b.tfstate", "kms_key_id": "alias/state", "encrypt": True, "use_lockfile": True}
    return {**good, **changes}


PASSWORD_USER = {"passwords": ["x"], "lifecycle": {"ignore_changes": ["passwords"]}}
SUBSCRIBED = {"subscriber_email_addresses": ["team@example.com"]}
SECRET_ARN = "${aws_secretsmanager_secret.key.arn}"  # the name is resolved to an ARN by AWS only

EXAMPLES: dict[str, list[Example]] = {
    "CKV_ROLLOUT_1": [
        Example(
            "aws_vpc_security_group_ingress_rule",
            good=[
                rule(cidr_ipv4="0.0.0.0/0"),
                rule(cidr_ipv6="::/0", from_port=80, to_port=80),
                rule(cidr_ipv4="10.0.0.0/8", from_port=5432, to_port=5432),
                rule(referenced_security_group_id="sg-1", from_port=8787, to_port=8787),
            ],
            bad=[
                rule(cidr_ipv4="0.0.0.0/0", from_port=5432, to_port=5432),
                rule(cidr_ipv6="::/0", from_port=22, to_port=22),
                rule(cidr_ipv4="0.0.0.0/1", from_port=8787, to_port=8787),
                rule(cidr_ipv4="0.0.0.0/0", from_port=80, to_port=443),
                rule(cidr_ipv4="0.0.0.0/0", ip_protocol="udp"),
                {"cidr_ipv4": "0.0.0.0/0", "ip_protocol": "-1"},
            ],
        ),
        Example(
            "aws_security_group",
            good=[inline("ingress", cidr_blocks=["0.0.0.0/0"]), inline("egress", cidr_blocks=["0.0.0.0/0"])],
            bad=[inline("ingress", cidr_blocks=["10.0.0.0/8", "0.0.0.0/0"], from_port=6379, to_port=6379)],
        ),
        Example(
            "aws_security_group_rule",
            good=[{"type": "egress", "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}],
            bad=[{"type": "ingress", "protocol": "tcp", "from_port": 22, "to_port": 22, "ipv6_cidr_blocks": ["::/0"]}],
        ),
        Example(
            "aws_default_security_group",
            good=[inline("ingress", cidr_blocks=["0.0.0.0/0"]), inline("ingress", self=True, from_port=22, to_port=22)],
            bad=[inline("ingress", cidr_blocks=["0.0.0.0/0"], from_port=22, to_port=22)],
        ),
    ],
    "CKV_ROLLOUT_2": [
        Example(
            "aws_vpc_security_group_ingress_rule",
            good=[rule(referenced_security_group_id="sg-1")],
            bad=[
                {"referenced_security_group_id": "sg-1", "ip_protocol": "-1"},
                rule(referenced_security_group_id="sg-1", from_port=0, to_port=65535),
                rule(referenced_security_group_id="sg-1", from_port=-1, to_port=-1),
                rule(referenced_security_group_id="sg-1", ip_protocol="icmp", from_port=-1, to_port=-1),
                rule(referenced_security_group_id="sg-1", from_port="${var.port}"),
            ],
        ),
        Example(
            "aws_default_security_group", good=[inline("ingress", self=True)], bad=[inline("ingress", protocol="all")]
        ),
        Example("aws_security_group_rule", good=[], bad=[{"type": "ingress", "protocol": -1, "self": True}]),
    ],
    "CKV_ROLLOUT_3": [
        Example(
            "aws_vpc_security_group_egress_rule",
            good=[rule(referenced_security_group_id="sg-1")],
            bad=[{"cidr_ipv4": "10.0.0.0/8", "ip_protocol": "-1"}],
        ),
        Example("aws_security_group", good=[inline("egress")], bad=[inline("egress", protocol="-1")]),
        Example("aws_default_security_group", good=[], bad=[inline("egress", protocol="-1")]),
    ],
    "CKV_ROLLOUT_4": [
        Example(
            "aws_vpc_security_group_egress_rule",
            good=[rule(prefix_list_id="pl-1"), rule(cidr_ipv4="10.0.0.0/16")],
            bad=[rule(cidr_ipv4="0.0.0.0/0"), rule(cidr_ipv6="::/0"), rule(cidr_ipv4="128.0.0.0/1")],
        )
    ],
    "CKV_ROLLOUT_5": [
        Example(
            "aws_vpc_endpoint",
            good=[
                policy(),
                policy(Action="*", Resource="*", Condition={"StringEquals": {"aws:PrincipalAccount": "1"}}),
                {"policy": "${data.aws_iam_policy_document.good_36_0.json}"},
            ],
            bad=[
                {"service_name": "s3"},
                policy(Action="*", Resource="*", Principal="*"),
                {"policy": "${data.aws_iam_policy_document.bad_35_0.json}"},
                {"policy": "${var.policy}"},
            ],
        )
    ],
    "CKV_ROLLOUT_6": [
        Example(
            "aws_db_instance",
            good=[{"password_wo": "${ephemeral.a.b.c}", "password_wo_version": 1}],
            bad=[{"password": "x"}, {"password_wo": "x", "password_wo_version": 1}],
        ),
        Example(
            "aws_secretsmanager_secret_version",
            good=[{"secret_string_wo": "${ephemeral.a.b.c}"}],
            bad=[
                {"secret_string": "x"},
                {"secret_string": "${aws_db_instance.a.address}"},
                {"secret_string_wo": "x${aws_db_instance.a.address}"},
            ],
        ),
        Example(
            "aws_elasticache_user",
            good=[{"access_string": "off ~* -@all", **PASSWORD_USER}],
            bad=[
                {"access_string": "on ~* +@all", **PASSWORD_USER},
                {"access_string": "off ~* -@all", "passwords": ["x"]},
            ],
        ),
        Example(
            "aws_ssm_parameter",
            good=[{"type": "String", "value": "x"}, {"type": "SecureString", "value_wo": "${ephemeral.a.b.c}"}],
            bad=[{"type": "SecureString", "value": "x"}],
        ),
        Example("random_password", good=[], bad=[{"length": 32}]),
    ],
    "CKV_ROLLOUT_7": [
        Example(
            "aws_sns_topic",
            good=[
                {"display_name": "https://example.com/path"},
                {"display_name": "postgresql://${local.user}:${local.word}@host/db"},
            ],
            bad=[
                {"display_name": "AKIA" + "ABCDEFGHIJKLMNOP"},
                {"display_name": "postgresql://user:hunter2@host/db"},
                {"display_name": "-----BEGIN RSA " + "PRIVATE KEY-----"},
                {"display_name": "sk-ant-" + "a" * 24},
                {"tags": {"token": "ghp_" + "a" * 36}},
                {"nested": [{"deeper": [{"value": "xoxb-" + "1234567890"}]}]},
            ],
        ),
        Example("aws_ecs_task_definition", good=[task()], bad=[task(command=["--key", "sk-proj-" + "a" * 24])]),
        Example("aws_region", good=[{}], bad=[{"name": "AKIA" + "ABCDEFGHIJKLMNOP"}], section="data"),
        Example("aws", good=[tags()], bad=[{"access_key": "AKIA" + "ABCDEFGHIJKLMNOP"}], section="provider"),
    ],
    "CKV_ROLLOUT_8": [
        Example(
            "aws_ecs_task_definition",
            good=[
                task(environment=[{"name": "PORT", "value": "80"}, {"name": "DATABASE_URL_ARN", "value": "arn"}]),
                task(secrets=[{"name": "OPENAI_API_KEY", "valueFrom": SECRET_ARN}]),
                task(secrets=[{"name": "OPENAI_API_KEY", "valueFrom": "arn:aws:secretsmanager:eu:1:secret:a"}]),
            ],
            bad=[
                task(environment=[{"name": "OPENAI_API_KEY", "value": "x"}]),
                task(environment=[{"name": "database_url", "value": "x"}]),
                task(environment=[{"name": "DB_PASSWORD", "value": "x"}]),
                task(secrets=[{"name": "OPENAI_API_KEY", "valueFrom": "arn:aws:ssm:eu:1:parameter/a"}]),
            ],
        )
    ],
    "CKV_ROLLOUT_9": [
        Example(
            "terraform_output",
            good=[{"value": "${aws_secretsmanager_secret.key.arn}"}, {"value": {"a": "${aws_db_instance.a.address}"}}],
            bad=[{"value": "${random_password.a.result}"}, {"value": {"a": "${aws_db_instance.a.password}"}}],
        ),
        Example("terraform_variable", good=[{"type": "string"}], bad=[{"default": "x", "type": "string"}]),
    ],
    "CKV_ROLLOUT_10": [
        Example("aws_ecs_task_definition", good=[task()], bad=[{"container_definitions": "${file(x)}"}, {}])
    ],
    "CKV_ROLLOUT_11": [
        Example(
            "aws_ecs_task_definition",
            good=[task()],
            bad=[task(user="root"), task(user="0"), task(user="0:1000"), task(user=None)],
        )
    ],
    "CKV_ROLLOUT_12": [
        Example("aws_ecs_task_definition", good=[task()], bad=[task(readonlyRootFilesystem=False)]),
    ],
    "CKV_ROLLOUT_13": [
        Example(
            "aws_ecs_task_definition",
            good=[task()],
            bad=[
                task(linuxParameters={}),
                linux(capabilities={"drop": ["NET_RAW"]}),
                linux(capabilities={"drop": ["ALL"], "add": ["SYS_PTRACE"]}),
            ],
        )
    ],
    "CKV_ROLLOUT_14": [
        Example("aws_ecs_task_definition", good=[task(), task(privileged=False)], bad=[task(privileged=True)])
    ],
    "CKV_ROLLOUT_15": [
        Example(
            "aws_ecs_task_definition", good=[task()], bad=[task(linuxParameters={}), linux(initProcessEnabled=False)]
        )
    ],
    "CKV_ROLLOUT_16": [
        Example(
            "aws_ecs_task_definition",
            good=[task(), task(image=f"${{aws_ecr_repository.app.repository_url}}{DIGEST}")],
            bad=[task(image="registry/app:latest"), task(image="registry/app"), task(image="registry/app@sha256:0")],
        )
    ],
    "CKV_ROLLOUT_17": [Example("aws_ecs_task_definition", good=[task()], bad=[{**task(), "network_mode": "bridge"}])],
    "CKV_ROLLOUT_18": [
        Example(
            "aws_ecs_service",
            good=[
                {"deployment_circuit_breaker": {"enable": True, "rollback": True}},
                {"deployment_controller": {"type": "CODE_DEPLOY"}},
            ],
            bad=[
                {"name": "app"},
                {"deployment_circuit_breaker": {"enable": True, "rollback": False}},
                {"deployment_controller": {"type": "ECS"}},
            ],
        )
    ],
    "CKV_ROLLOUT_19": [
        Example(
            "aws_ecs_service",
            good=[{"network_configuration": {"assign_public_ip": False}}],
            bad=[{"network_configuration": {"assign_public_ip": True}}],
        ),
        Example("aws_subnet", good=[{"cidr_block": "10.0.0.0/24"}], bad=[{"map_public_ip_on_launch": True}]),
        Example("aws_db_instance", good=[{"publicly_accessible": False}], bad=[{"publicly_accessible": True}]),
        Example(
            "aws_launch_template",
            good=[{}],
            bad=[{"network_interfaces": [{"associate_public_ip_address": "true"}]}],
        ),
    ],
    "CKV_ROLLOUT_20": [
        Example(
            "aws_db_instance",
            good=[{"backup_retention_period": 7}],
            bad=[{"engine": "postgres"}, {"backup_retention_period": 0}, {"backup_retention_period": 1}],
        )
    ],
    "CKV_ROLLOUT_21": [
        Example("aws_db_instance", good=[{"skip_final_snapshot": False}], bad=[{"skip_final_snapshot": True}])
    ],
    "CKV_ROLLOUT_22": [
        Example("aws_db_instance", good=[{"username": "aep"}], bad=[{"username": "postgres"}, {"username": "admin"}])
    ],
    "CKV_ROLLOUT_23": [
        Example(
            "aws_db_instance",
            good=[{"lifecycle": {"prevent_destroy": True}}],
            bad=[{"engine": "postgres"}, {"lifecycle": {"prevent_destroy": False}}],
        )
    ],
    "CKV_ROLLOUT_24": [
        Example(
            "aws_cloudwatch_metric_alarm",
            good=[{"alarm_actions": ["${aws_sns_topic.a.arn}"]}],
            bad=[{"alarm_name": "a"}, {"alarm_actions": []}, {"alarm_actions": ["arn"], "actions_enabled": False}],
        )
    ],
    "CKV_ROLLOUT_25": [
        Example(
            "aws_cloudwatch_metric_alarm",
            good=[{"alarm_description": "Too slow. Runbook: docs/runbooks/latency.md"}],
            bad=[{"alarm_name": "a"}, {"alarm_description": "Too slow"}],
        )
    ],
    "CKV_ROLLOUT_26": [
        Example(
            "aws_budgets_budget",
            good=[{"notification": [{"notification_type": "ACTUAL", **SUBSCRIBED}]}],
            bad=[{"name": "a"}, {"notification": [{"notification_type": "ACTUAL"}]}],
        )
    ],
    "CKV_ROLLOUT_27": [
        Example(
            "aws_budgets_budget",
            good=[
                {"notification": [{"notification_type": "ACTUAL"}, {"notification_type": "FORECASTED"}]},
                {"notification": [{"notification_type": "ACTUAL"}], "cost_filter": [{"name": "Service"}]},
            ],
            bad=[{"name": "a"}, {"notification": [{"notification_type": "ACTUAL"}]}],
        )
    ],
    "CKV_ROLLOUT_90": [
        Example(
            "aws_budgets_budget",
            good=[
                {"limit_amount": "100"},
                {"cost_filter": [{"name": "Service", "values": ["EC2 - Other", "Amazon ElastiCache"]}]},
                {"cost_filter": [{"name": "Region", "values": ["eu-central-1"]}]},
            ],
            bad=[
                {"cost_filter": [{"name": "Service", "values": ["EC2-Other"]}]},
                {"cost_filter": [{"name": "Service", "values": ["EC2 - Other", "Amazon RDS"]}]},
            ],
        )
    ],
    "CKV_ROLLOUT_28": [
        Example("aws", good=[tags()], bad=[tags(Owner=""), {"region": "eu-central-1"}], section="provider"),
    ],
    "CKV_ROLLOUT_29": [
        Example(
            "aws",
            good=[{"allowed_account_ids": ["111122223333"]}],
            bad=[{"region": "eu-central-1"}, {"allowed_account_ids": []}],
            section="provider",
        ),
        Example("terraform_backend", good=[{"allowed_account_ids": ["111122223333"]}], bad=[backend()]),
    ],
    "CKV_ROLLOUT_30": [
        Example(
            "terraform_backend",
            good=[backend()],
            bad=[{}, backend(use_lockfile=False), backend(encrypt=False), backend(kms_key_id="")],
        )
    ],
    "CKV_ROLLOUT_31": [
        Example(
            "aws_cloudwatch_log_group",
            good=[{"retention_in_days": 365}],
            bad=[{"name": "a"}, {"retention_in_days": 0}],
        )
    ],
    "CKV_ROLLOUT_32": [
        Example("aws_cloudwatch_log_group", good=[{"kms_key_id": "${aws_kms_key.logs.arn}"}], bad=[{"name": "a"}])
    ],
    "CKV_ROLLOUT_33": [
        Example(
            "aws_lb_listener",
            good=[
                {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
                {"protocol": "HTTP"},
            ],
            bad=[{"protocol": "HTTPS"}, {"protocol": "HTTPS", "ssl_policy": "ELBSecurityPolicy-TLS13-1-0-2021-06"}],
        )
    ],
    "CKV_ROLLOUT_34": [
        Example(
            "aws_lb",
            good=[{"name": "listened"}],
            bad=[{"name": "deaf"}],
            beside=(Beside("aws_lb_listener", {"load_balancer_arn": "${aws_lb.good_34_0.arn}", "protocol": "HTTP"}),),
        ),
    ],
    "CKV_ROLLOUT_35": [
        Example(
            "aws_iam_policy_document",
            good=[document(), document(effect="Deny", actions=["*"])],
            bad=[
                document(actions=["*"], resources=["*"]),
                document(actions=None, not_actions=["iam:*"]),
                document(effect="${var.effect}"),
                {"source_policy_documents": [policy(Action="*:*")["policy"]]},
                {"override_policy_documents": [policy(NotAction="iam:*")["policy"]]},
            ],
            section="data",
        ),
        Example(
            "aws_iam_policy", good=[policy()], bad=[policy(Action=["*"]), policy(NotAction=["iam:*"], Action=None)]
        ),
        Example(
            "aws_iam_role_policy",
            good=[policy(Sid='${aws_s3_bucket.logs["a"].id}')],
            bad=[policy(Action="*", Sid='${aws_s3_bucket.logs["a"].id}'), {"policy": "{"}, policy(Effect="allow")],
        ),
    ],
    "CKV_ROLLOUT_36": [
        Example(
            "aws_iam_policy_document",
            good=[document(), {**document(resources=["*"]), "//": {"because": {"Read": "has no resource"}}}],
            bad=[document(resources=["*"]), {**document(resources=["*"]), "//": {"because": {"Other": "x"}}}],
            section="data",
        ),
        Example("aws_iam_policy", good=[policy()], bad=[policy(Resource="*")]),
    ],
    "CKV_ROLLOUT_93": [
        Example(
            "aws_iam_policy_document",
            good=[
                document(condition=[{"test": "StringEquals", "variable": "aws:RequestTag/Project", "values": ["a"]}]),
                document(
                    effect="Deny",
                    condition=[{"test": "StringNotEquals", "variable": "aws:RequestTag/Project", "values": ["a"]}],
                ),
            ],
            bad=[
                document(condition=[{"test": test, "variable": key, "values": ["a"]}])
                for test, key in (
                    ("StringNotEquals", "ecs:cluster"),
                    ("ForAllValues:StringNotLike", "aws:TagKeys"),
                    ("ArnNotEqualsIfExists", "ecs:cluster"),
                )
            ],
            section="data",
        ),
    ],
    "CKV_ROLLOUT_37": [
        Example(
            "aws_iam_policy_document",
            good=[
                document(principals=[{"type": "AWS", "identifiers": ["arn:aws:iam::111122223333:root"]}]),
                document(
                    principals=[{"type": "AWS", "identifiers": ["*"]}],
                    condition=[{"test": "StringEquals", "variable": "aws:PrincipalOrgID", "values": ["o-1"]}],
                ),
            ],
            bad=[
                document(principals=[{"type": "AWS", "identifiers": ["*"]}]),
                *(
                    document(
                        principals=[{"type": "*", "identifiers": ["*"]}],
                        condition=[{"test": test, "variable": key, "values": [value]}],
                    )
                    for test, key, value in (
                        ("Bool", "aws:SecureTransport", "true"),
                        ("StringNotEquals", "aws:PrincipalAccount", "111122223333"),
                        ("StringEqualsIfExists", "aws:PrincipalOrgID", "o-1"),
                        ("StringLike", "aws:PrincipalArn", "*"),
                        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/admin"),
                        ("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
                    )
                ),
            ],
            section="data",
        ),
        Example("aws_s3_bucket_policy", good=[policy(Principal={"AWS": "1"})], bad=[policy(Principal={"AWS": "*"})]),
    ],
}
