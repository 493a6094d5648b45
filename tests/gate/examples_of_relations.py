"""Examples for the checks that look at more than one block, or at values of which there are several."""

from __future__ import annotations

import json

from tests.gate.examples import DIGEST, Beside, Body, Example, task

STATE = "test/account.tfstate"
ON = {"block_public_acls": True, "block_public_policy": True, "ignore_public_acls": True}
EVERYWHERE = {"destination_cidr_block": "0.0.0.0/0"}
NAT = "${aws_nat_gateway.good_53_0.id}"
RELEASED = {"tagStatus": "tagged", "tagPrefixList": ["release-"], "countType": "imageCountMoreThan"}
SIGNED = {**RELEASED, "tagPrefixList": ["sha256-"], "countNumber": 40000}
NEWEST = {"tagStatus": "any", "countNumber": 30}
ALIAS = {"alias": {"name": "aep.elb.amazonaws.com", "zone_id": "Z1", "evaluate_target_health": False}}
WEIGHT = {"weighted_routing_policy": {"weight": 10}, "set_identifier": "a"}
SERVING: Body = {"load_balancer": [{"container_name": "app", "container_port": 80, "target_group_arn": "arn"}]}
URL = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/app"
ORIGIN = "routing_http_response_access_control_allow_origin_header_value"
HEADERS = {
    "routing_http_response_strict_transport_security_header_value": "max-age=31536000",
    "routing_http_response_x_content_type_options_header_value": "nosniff",
    "routing_http_response_x_frame_options_header_value": "DENY",
    "routing_http_response_content_security_policy_header_value": "default-src 'self'",
}
MANAGED = (
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesAmazonIpReputationList",
)
SHOWN = (
    "HTTPCode_Target_2XX_Count",
    "HTTPCode_Target_4XX_Count",
    "HTTPCode_Target_5XX_Count",
    "UnHealthyHostCount",
    "CPUUtilization",
    "MemoryUtilization",
    "TargetResponseTime",
)


CALLS = "AWS API Call via CloudTrail"
FIREWALL = ("Region", "Rule", "WebACL")


def measuring(namespace: str, metric: str, *dimensions: str) -> Body:
    """An alarm's metric."""
    return {"namespace": namespace, "metric_name": metric, "dimensions": dict.fromkeys(dimensions, "a")}


def part(kind: str, settings: Body | None = None) -> list[Example]:
    """An account's state, with and without a part of its baseline beside it."""
    beside = (Beside(kind, settings or {"name": "a"}),)
    return [Example("terraform_backend", good=[{"key": STATE}], bad=[{"key": STATE}], beside=beside)]


def trust(mfa: str = "true", age: str = "3600", operator: str = "Bool") -> Body:
    """A document that lets an IAM user assume a role."""
    asked = [(operator, "aws:MultiFactorAuthPresent", mfa), ("NumericLessThan", "aws:MultiFactorAuthAge", age)]
    return trusting("arn:aws:iam::777788889999:user/lead", *asked)


def trusting(who: str, *asked: tuple[str, str, str], kind: str = "AWS", effect: str = "Allow") -> Body:
    """A document of one statement of trust."""
    conditions = [{"test": test, "variable": name, "values": [value]} for test, name, value in asked]
    principals = [{"type": kind, "identifiers": [who]}]
    statement = {"sid": "Assume", "effect": effect, "actions": ["sts:AssumeRole"], "principals": principals}
    return {"statement": [{**statement, "condition": conditions}]}


PRESENT = ("Bool", "aws:MultiFactorAuthPresent", "true")
ACCOUNT = "arn:aws:iam::777788889999:root"
NOT_ONE = {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "1"}}
SSO = "arn:aws:iam::777788889999:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_lead_*"


def asking(who: object, effect: str = "Allow", **conditions: object) -> Body:
    """A trust policy's statement as JSON, its conditions by operator."""
    return {"Effect": effect, "Action": "sts:AssumeRole", "Principal": who, "Condition": conditions}


_USER, _ROLE = ({"AWS": f"arn:aws:iam::777788889999:{kind}/lead"} for kind in ("user", "role"))
_SHOWN, _RECENT = {"aws:MultiFactorAuthPresent": "true"}, {"aws:MultiFactorAuthAge": "3600"}
_UNSHOWN = asking("*", "Deny", BoolIfExists={"aws:MultiFactorAuthPresent": "false"})
ASKING_USERS = [
    {"Statement": each}
    for each in (
        asking(_USER, Bool=_SHOWN, NumericLessThan=_RECENT),
        asking(_ROLE, StringEquals={"aws:PrincipalTag/team": "platform"}),
        asking({"AWS": "777788889999"}, Bool=_SHOWN),
        asking({"AWS": ACCOUNT}, Bool=_SHOWN, ArnLike={"aws:PrincipalArn": "arn:aws:iam::777788889999:user/*"}),
        [asking(_USER), _UNSHOWN],
        asking({"Service": "ecs-tasks.amazonaws.com"}),
    )
]
"""Each is met by somebody that it names."""
ASKING_OTHERS = [
    {"Statement": each}
    for each in (
        asking(_ROLE, Bool=_SHOWN),
        asking({"AWS": [_USER["AWS"], _ROLE["AWS"]]}, NumericLessThan=_RECENT),
        asking({"AWS": "arn:aws:sts::777788889999:assumed-role/lead/name"}, Bool=_SHOWN),
        asking({"AWS": ACCOUNT}, Bool=_SHOWN, ArnLike={"aws:PrincipalArn": "arn:aws:iam::777788889999:role/*"}),
        asking(_ROLE, BoolIfExists=_SHOWN),
        asking(_ROLE, Null={"aws:MultiFactorAuthAge": "false"}),
        asking({"Federated": "arn:aws:iam::777788889999:saml-provider/one"}, Bool=_SHOWN),
        asking({"Service": "ecs-tasks.amazonaws.com"}, Bool=_SHOWN),
        [asking(_ROLE), _UNSHOWN],
    )
]
"""Each names somebody that can't meet it."""


def administrator(name: str) -> Beside:
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    return Beside("aws_iam_role_policy_attachment", {"role": f"${{aws_iam_role.{name}.name}}", "policy_arn": policy})


def allowing(role: str, action: str, resource: str, of: str = "good") -> Beside:
    statement = {"Sid": "Do", "Effect": "Allow", "Action": action, "Resource": resource}
    settings = {"role": f"${{aws_iam_role.{role}.name}}", "policy": json.dumps({"Statement": [statement]})}
    return Beside("aws_iam_role_policy", settings, of=of)


def starts(role: str) -> Beside:
    return Beside("aws_ecs_task_definition", {**task(), "execution_role_arn": f"${{aws_iam_role.{role}.arn}}"})


def subnet(tier: str, zone: str) -> Body:
    return {"vpc_id": "vpc-1", "availability_zone": zone, "tags": {"Tier": tier}}


def lifecycle(repository: str, *selections: Body) -> Beside:
    rules = [{"rulePriority": number, "selection": each} for number, each in enumerate(selections, 1)]
    settings = {"repository": f"${{aws_ecr_repository.{repository}.name}}", "policy": json.dumps({"rules": rules})}
    return Beside("aws_ecr_lifecycle_policy", settings)


def origins(value: str) -> Body:
    return task(environment=[{"name": "CORS_ALLOWED_ORIGINS", "value": value}])


def serving(port: int, task_definition: str = "beside_62_0") -> Body:
    target = {"container_name": "app", "container_port": port, "target_group_arn": "arn"}
    return {"task_definition": f"${{aws_ecs_task_definition.{task_definition}.arn}}", "load_balancer": [target]}


def scaling(service: str, **bounds: int) -> Beside:
    return Beside(
        "aws_appautoscaling_target", {"resource_id": f"service/a/${{aws_ecs_service.{service}.name}}", **bounds}
    )


def alarms(reference: str, *metrics: str) -> tuple[Beside, ...]:
    return tuple(
        Beside("aws_cloudwatch_metric_alarm", {"metric_name": each, "namespace": "A", "dimensions": {"A": reference}})
        for each in metrics
    )


def group(name: str, override: str = "none") -> Body:
    statement = {"managed_rule_group_statement": {"name": name, "vendor_name": "AWS"}}
    return {"name": name, "override_action": {override: {}}, "statement": statement}


def limit(action: str = "block") -> Body:
    return {"rule": [{"name": "rate", "action": {action: {}}, "statement": {"rate_based_statement": {"limit": 100}}}]}


def drawn(*metrics: tuple[str, str]) -> Body:
    widget = {"type": "metric", "properties": {"metrics": [[*each, "Name", "a"] for each in metrics]}}
    return {"dashboard_body": json.dumps({"widgets": [widget]})}


WIDE = json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
ALL_BUT_ONE = json.dumps({"Statement": {"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*"}})
ALL_BUT_ONE_SECRET = json.dumps(
    {"Statement": {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "NotResource": "arn:aws:x"}}
)
EXAMPLES: dict[str, list[Example]] = {
    "CKV_ROLLOUT_38": part("aws_cloudtrail"),
    "CKV_ROLLOUT_39": part("aws_guardduty_detector"),
    "CKV_ROLLOUT_40": part("aws_config_configuration_recorder"),
    "CKV_ROLLOUT_41": part("aws_accessanalyzer_analyzer"),
    "CKV_ROLLOUT_42": part("aws_securityhub_account"),
    "CKV_ROLLOUT_43": part("aws_iam_account_password_policy"),
    "CKV_ROLLOUT_44": [
        Example(
            "terraform_backend",
            good=[{"key": STATE}, {"key": "test/network.tfstate"}],
            bad=[{"key": STATE}],
            beside=(
                Beside("aws_s3_account_public_access_block", {**ON, "restrict_public_buckets": True}),
                Beside("aws_s3_account_public_access_block", {**ON, "restrict_public_buckets": False}, of="bad"),
            ),
        )
    ],
    "CKV_ROLLOUT_45": part("aws_ebs_encryption_by_default", {"enabled": True}),
    "CKV_ROLLOUT_46": part("aws_ec2_instance_metadata_defaults", {"http_tokens": "required"}),
    "CKV_ROLLOUT_47": [
        Example(
            "terraform_backend",
            good=[{"key": STATE}],
            bad=[{"key": STATE}],
            beside=(
                Beside("aws_budgets_budget", {"limit_amount": "100"}),
                Beside("aws_budgets_budget", {"cost_filter": [{"name": "Service", "values": ["Tax"]}]}, of="bad"),
            ),
        )
    ],
    "CKV_ROLLOUT_48": [
        Example(
            "aws_iam_role",
            good=[
                {"assume_role_policy": "${data.aws_iam_policy_document.beside_48_0.json}"},
                {"name": "no administrator", "max_session_duration": 43200},
                {"assume_role_policy": "${data.aws_iam_policy_document.beside_48_4.json}"},
            ],
            bad=[
                {"assume_role_policy": "${data.aws_iam_policy_document.beside_48_1.json}"},
                {"assume_role_policy": "${data.aws_iam_policy_document.beside_48_2.json}"},
                {"max_session_duration": 43200},
                {"assume_role_policy": "${data.aws_iam_policy_document.beside_48_3.json}"},
                {"assume_role_policy": json.dumps({"Statement": NOT_ONE})},
            ],
            beside=(
                Beside("aws_iam_policy_document", trust(), "data"),
                Beside("aws_iam_policy_document", trust(mfa="false"), "data"),
                Beside("aws_iam_policy_document", trust(age="86400"), "data"),
                Beside("aws_iam_policy_document", trust(operator="BoolIfExists"), "data"),
                Beside("aws_iam_policy_document", trusting(ACCOUNT, ("ArnLike", "aws:PrincipalArn", SSO)), "data"),
                *map(administrator, ("good_48_0", "good_48_2", *(f"bad_48_{number}" for number in range(5)))),
            ),
        )
    ],
    "CKV_ROLLOUT_89": [
        Example(
            "aws_iam_role",
            good=[{"assume_role_policy": json.dumps(policy)} for policy in ASKING_USERS],
            bad=[
                {"assume_role_policy": "${data.aws_iam_policy_document.beside_89_0.json}"},
                {"assume_role_policy": "${data.aws_iam_policy_document.beside_89_1.json}"},
                {"assume_role_policy": "${data.aws_iam_policy_document.beside_89_2.json}"},
                *({"assume_role_policy": json.dumps(policy)} for policy in ASKING_OTHERS),
            ],
            beside=(
                Beside("aws_iam_policy_document", trusting("${aws_iam_role.good_89_0.arn}", PRESENT), "data", of="bad"),
                Beside("aws_iam_policy_document", trusting("${var.lead}", PRESENT), "data", of="bad"),
                Beside(
                    "aws_iam_policy_document",
                    trusting(ACCOUNT, PRESENT, ("ArnLike", "aws:PrincipalArn", SSO)),
                    "data",
                    of="bad",
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_49": [
        Example(
            "aws_organizations_policy",
            good=[{"name": "held"}],
            bad=[{"name": "loose"}],
            beside=(
                Beside(
                    "aws_organizations_policy_attachment",
                    {"policy_id": "${aws_organizations_policy.good_49_0.id}", "target_id": "ou-1"},
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_50": [
        Example(
            "aws_cloudwatch_event_rule",
            good=[{"name": "told"}],
            bad=[{"name": "silent"}, {"name": "off", "state": "DISABLED"}],
            beside=(
                Beside("aws_cloudwatch_event_target", {"rule": "${aws_cloudwatch_event_rule.good_50_0.name}"}),
                Beside("aws_cloudwatch_event_target", {"rule": "${aws_cloudwatch_event_rule.bad_50_1.name}"}),
            ),
        )
    ],
    "CKV_ROLLOUT_51": [
        Example(
            "aws_subnet",
            good=[subnet("private", "a"), subnet("private", "b"), subnet("public", "a")],
            bad=[subnet("private", "a")],
            beside=(Beside("aws_subnet", subnet("private", "a"), of="bad"),),
        )
    ],
    "CKV_ROLLOUT_52": [
        Example(
            "aws_db_subnet_group",
            good=[{"subnet_ids": ["${aws_subnet.beside_52_0.id}", "subnet-1"]}],
            bad=[{"subnet_ids": ["${aws_subnet.beside_52_0.id}", "${aws_subnet.beside_52_1.id}"]}],
            beside=(
                Beside("aws_subnet", {"cidr_block": "10.0.0.0/24"}),
                Beside("aws_subnet", {"cidr_block": "10.0.1.0/24"}),
                Beside(
                    "aws_route_table_association",
                    {
                        "subnet_id": "${aws_subnet.beside_52_1.id}",
                        "route_table_id": "${aws_route_table.beside_52_3.id}",
                    },
                ),
                Beside("aws_route_table", {"vpc_id": "vpc-1"}),
                Beside("aws_route", {**EVERYWHERE, "route_table_id": "${aws_route_table.beside_52_3.id}"}),
            ),
        )
    ],
    "CKV_ROLLOUT_53": [
        Example(
            "aws_nat_gateway",
            good=[{"subnet_id": "subnet-1"}],
            bad=[{"subnet_id": "subnet-2"}, {"subnet_id": "subnet-3"}],
            beside=(
                Beside("aws_route", {**EVERYWHERE, "nat_gateway_id": NAT}),
                Beside("aws_route", {**EVERYWHERE, "nat_gateway_id": "${aws_nat_gateway.bad_53_0.id}"}),
                Beside("aws_nat_gateway", {"subnet_id": "subnet-2"}, of="bad"),
            ),
        )
    ],
    "CKV_ROLLOUT_54": [
        Example("aws_flow_log", good=[{"traffic_type": "ALL"}], bad=[{"traffic_type": "REJECT"}, {"vpc_id": "vpc-1"}])
    ],
    "CKV_ROLLOUT_55": [
        Example(
            "aws_vpc_endpoint",
            good=[
                {"vpc_endpoint_type": "Gateway", "route_table_ids": ["${aws_route_table.beside_55_0.id}"]},
                {"vpc_endpoint_type": "Interface"},
            ],
            bad=[{"vpc_endpoint_type": "Gateway", "route_table_ids": []}],
            beside=(
                Beside("aws_route_table", {"tags": {"Name": "private"}}),
                Beside("aws_route_table", {"tags": {"Name": "private"}}, of="bad"),
                *(
                    Beside(
                        "aws_route",
                        {**EVERYWHERE, "nat_gateway_id": NAT, "route_table_id": f"${{aws_route_table.{table}.id}}"},
                    )
                    for table in ("beside_55_0", "beside_55_1")
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_56": [
        Example(
            "aws_ecr_registry_scanning_configuration",
            good=[{"rule": [{"scan_frequency": "SCAN_ON_PUSH", "repository_filter": [{"filter": "*"}]}]}],
            bad=[
                {"scan_type": "BASIC"},
                {"rule": [{"scan_frequency": "MANUAL", "repository_filter": [{"filter": "*"}]}]},
                {"rule": [{"scan_frequency": "SCAN_ON_PUSH", "repository_filter": [{"filter": "app"}]}]},
            ],
        )
    ],
    "CKV_ROLLOUT_57": [
        Example(
            "aws_ecr_repository",
            good=[{"name": "good"}],
            bad=[{"name": name} for name in ("forever", "all", "few", "unsigned", "signatures-only", "too-late")],
            beside=(
                lifecycle("good_57_0", {**RELEASED, "countNumber": 9999}, SIGNED, NEWEST),
                lifecycle("bad_57_1", NEWEST),
                lifecycle("bad_57_2", {**RELEASED, "countNumber": 5}, SIGNED),
                lifecycle("bad_57_3", {**RELEASED, "countNumber": 9999}, NEWEST),
                lifecycle("bad_57_4", SIGNED, NEWEST),
                lifecycle("bad_57_5", {**RELEASED, "countNumber": 9999}, NEWEST, SIGNED),
            ),
        )
    ],
    "CKV_ROLLOUT_58": [
        Example(
            "aws_ecs_task_definition",
            good=[
                task(image=f"${{aws_ecr_repository.good_57_0.repository_url}}{DIGEST}"),
                task(image=f"${{local.repository_of_58}}{DIGEST}"),
                task(image=f"${{local.elsewhere_of_58}}{DIGEST}"),
                task(image=f"{URL}{DIGEST}"),
            ],
            bad=[
                task(image=f"docker.io/app{DIGEST}"),
                task(image=f"444455556666.dkr.ecr.eu-central-1.amazonaws.com/app{DIGEST}"),
                task(image=f"${{var.repository}}{DIGEST}"),
            ],
            beside=(
                Beside("", {"repository_of_58": "${aws_ecr_repository.good_57_0.repository_url}"}, "locals"),
                Beside("", {"elsewhere_of_58": URL}, "locals"),
                Beside("terraform_output", {"value": {"app": URL}}, name="demo__repository_urls"),
            ),
        )
    ],
    "CKV_ROLLOUT_59": [
        Example(
            "aws_ecs_task_definition",
            good=[task(), task(command=["alembic", "upgrade", "head"])],
            bad=[task()],
            beside=(Beside("aws_ecs_service", {"task_definition": "${aws_ecs_task_definition.good_59_0.arn}"}),),
        )
    ],
    "CKV_ROLLOUT_60": [
        Example(
            "aws_ecs_task_definition",
            good=[task(logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "/aep/app"}})],
            bad=[task(), task(logConfiguration={"logDriver": "none"})],
        )
    ],
    "CKV_ROLLOUT_61": [
        Example(
            "aws_ecs_task_definition",
            good=[task(), origins("https://app.example.com"), origins("https://a.example.com,https://b.example.com")],
            bad=[origins("*"), origins("http://app.example.com"), origins("")],
        )
    ],
    "CKV_ROLLOUT_62": [
        Example(
            "aws_ecs_service",
            good=[serving(8787), serving(80, "elsewhere"), {"name": "worker"}],
            bad=[serving(80)],
            beside=(Beside("aws_ecs_task_definition", task(name="app", portMappings=[{"containerPort": 8787}])),),
        )
    ],
    "CKV_ROLLOUT_63": [
        Example(
            "aws_ecs_service",
            good=[{"network_configuration": {"subnets": ["subnet-1", "subnet-2"]}}],
            bad=[{"network_configuration": {"subnets": ["subnet-1"]}}],
        )
    ],
    "CKV_ROLLOUT_64": [
        Example(
            "aws_ecs_service",
            good=[{"desired_count": 2}, {"desired_count": 1}],
            bad=[{"desired_count": 2}, {"desired_count": 2}, {"desired_count": 1}],
            beside=(
                scaling("good_64_0", min_capacity=2, max_capacity=6),
                scaling("good_64_1", min_capacity=1, max_capacity=2),
                scaling("bad_64_0", min_capacity=1, max_capacity=6),
                scaling("bad_64_1", min_capacity=2, max_capacity=2),
            ),
        )
    ],
    "CKV_ROLLOUT_65": [
        Example(
            "aws_ecs_service",
            good=[
                {**SERVING, "alarms": {"enable": True, "rollback": True, "alarm_names": ["errors"]}},
                {**SERVING, "deployment_controller": {"type": "CODE_DEPLOY"}},
                {"name": "worker"},
            ],
            bad=[
                SERVING,
                {**SERVING, "alarms": {"enable": False, "rollback": True, "alarm_names": ["errors"]}},
                {**SERVING, "alarms": {"enable": True, "rollback": False, "alarm_names": ["errors"]}},
            ],
        )
    ],
    "CKV_ROLLOUT_66": [
        Example(
            "aws_ecs_service",
            good=[{"name": "app"}, {"deployment_minimum_healthy_percent": 100}],
            bad=[{"deployment_minimum_healthy_percent": 50}],
        )
    ],
    "CKV_ROLLOUT_67": [
        Example(
            "aws_secretsmanager_secret",
            good=[{"name": "a"}, {"recovery_window_in_days": 7}],
            bad=[{"recovery_window_in_days": 0}],
        )
    ],
    "CKV_ROLLOUT_68": [
        Example(
            "aws_elasticache_user",
            good=[
                {"access_string": "off -@all", "no_password_required": True},
                {"access_string": "on ~* +@all", "authentication_mode": {"type": "iam"}},
            ],
            bad=[
                {"access_string": "on ~* +@all", "no_password_required": True},
                {"access_string": "on ~* +@all", "authentication_mode": {"type": "no-password-required"}},
            ],
        )
    ],
    "CKV_ROLLOUT_69": [
        Example(
            "aws_elasticache_replication_group",
            good=[{"transit_encryption_mode": "required"}, {"transit_encryption_enabled": True}],
            bad=[{"transit_encryption_mode": "preferred"}],
        )
    ],
    "CKV_ROLLOUT_70": [
        Example(
            "aws_elasticache_replication_group",
            good=[{"snapshot_retention_limit": 1}],
            bad=[{"snapshot_retention_limit": 0}, {"engine": "redis"}],
        )
    ],
    "CKV_ROLLOUT_71": [
        Example(
            "aws_s3_bucket",
            good=[{"bucket": "a"}],
            bad=[{"bucket": "b"}],
            beside=(
                Beside(
                    "aws_s3_bucket_server_side_encryption_configuration", {"bucket": "${aws_s3_bucket.good_71_0.id}"}
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_72": [
        Example(
            "aws_acm_certificate",
            good=[{"domain_name": "example.com", "validation_method": "DNS"}],
            bad=[{"domain_name": "example.com", "validation_method": "EMAIL"}],
        )
    ],
    "CKV_ROLLOUT_73": [
        Example(
            "aws_acm_certificate_validation",
            good=[{"certificate_arn": "arn"}],
            bad=[{"certificate_arn": "arn"}],
            beside=(
                Beside(
                    "aws_lb_listener",
                    {"certificate_arn": "${aws_acm_certificate_validation.good_73_0.certificate_arn}"},
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_74": [
        Example(
            "aws_route53_record",
            good=[
                {"name": "app.example.org", "alias": {"name": "${aws_lb.good_34_0.dns_name}"}},
                {"name": "any.wild.example.org", "alias": {"name": "${aws_lb.good_34_0.dns_name}"}},
                {"name": "elsewhere.example.org", **ALIAS},
                {"name": "text.example.org", "type": "TXT"},
            ],
            bad=[{"name": "other.example.org", "alias": {"name": "${aws_lb.good_34_0.dns_name}"}}],
            beside=(
                Beside(
                    "aws_acm_certificate",
                    {"domain_name": "app.example.org", "subject_alternative_names": ["*.wild.example.org"]},
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_75": [
        Example(
            "aws_route53_record",
            good=[{"type": "A", **ALIAS, **WEIGHT}],
            bad=[
                {"type": "A", **ALIAS},
                {"type": "CNAME", "records": ["aep.elb.amazonaws.com"], **WEIGHT},
            ],
            stack="demo-cutover",
        ),
        Example(
            "aws_route53_record",
            good=[{"type": "TXT", "records": ["a"]}],
            bad=[{"type": "A", **ALIAS, **WEIGHT}],
            stack="demo-edge",
        ),
    ],
    "CKV_ROLLOUT_76": [
        Example(
            "aws_lb_target_group",
            good=[{"port": 80}, {"port": 8787}],
            bad=[{"port": 9}],
            beside=(
                Beside(
                    "aws_lb_listener",
                    {"default_action": [{"target_group_arn": "${aws_lb_target_group.good_76_0.arn}"}]},
                ),
                Beside(
                    "aws_lb_listener_rule",
                    {"action": [{"target_group_arn": "${aws_lb_target_group.good_76_1.arn}"}]},
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_77": [
        Example(
            "aws_lb_listener",
            good=[{"protocol": "HTTPS", ORIGIN: "https://app.example.com"}, {"protocol": "HTTP"}],
            bad=[{"protocol": "HTTPS", ORIGIN: "*"}, {"protocol": "HTTPS"}],
        )
    ],
    "CKV_ROLLOUT_78": [
        Example(
            "aws_lb_listener",
            good=[{"protocol": "HTTPS", **HEADERS}, {"protocol": "HTTP"}],
            bad=[
                {"protocol": "HTTPS"},
                *(
                    {"protocol": "HTTPS", **HEADERS, header: value}
                    for header, value in zip(HEADERS, ("max-age=60", "", "ALLOW", ""), strict=True)
                ),
            ],
        )
    ],
    "CKV_ROLLOUT_79": [
        Example(
            "aws_wafv2_web_acl",
            good=[{"rule": [group(each) for each in MANAGED]}],
            bad=[
                {"name": "empty"},
                {"rule": [group(each) for each in MANAGED[1:]]},
                {"rule": [group(each, "count") for each in MANAGED]},
            ],
        )
    ],
    "CKV_ROLLOUT_80": [Example("aws_wafv2_web_acl", good=[limit()], bad=[{"name": "empty"}, limit("count")])],
    "CKV_ROLLOUT_81": [
        Example(
            "aws_lb_target_group",
            good=[{"port": 80}],
            bad=[{"port": 81}],
            beside=alarms(
                "${aws_lb_target_group.good_81_0.arn_suffix}",
                "HTTPCode_Target_5XX_Count",
                "TargetResponseTime",
                "UnHealthyHostCount",
            ),
        ),
        Example(
            "aws_elasticache_replication_group",
            good=[{"num_cache_clusters": 2}],
            bad=[{"num_cache_clusters": 2}],
            beside=(
                *alarms("${aws_elasticache_replication_group.good_81_1.id}", *2 * ["DatabaseMemoryUsagePercentage"]),
                *alarms("${aws_elasticache_replication_group.good_81_1.id}", *2 * ["Evictions"]),
                *alarms("${aws_elasticache_replication_group.bad_81_1.id}", "DatabaseMemoryUsagePercentage"),
                *alarms("${aws_elasticache_replication_group.bad_81_1.id}", "Evictions"),
            ),
        ),
    ],
    "CKV_ROLLOUT_82": [
        Example(
            "aws_cloudwatch_metric_alarm",
            good=[{"metric_name": "UnHealthyHostCount", "threshold": 0}, {"metric_name": "Other", "threshold": 5}],
            bad=[{"metric_name": "UnHealthyHostCount", "threshold": 5}],
        )
    ],
    "CKV_ROLLOUT_83": [
        Example(
            "aws_sns_topic",
            good=[{"name": "heard"}, {"name": "unused"}],
            bad=[{"name": "unheard"}],
            beside=(
                Beside("aws_sns_topic_subscription", {"topic_arn": "${aws_sns_topic.good_83_0.arn}"}),
                *(
                    Beside("aws_cloudwatch_metric_alarm", {"alarm_actions": [f"${{aws_sns_topic.{topic}.arn}}"]})
                    for topic in ("good_83_0", "bad_83_0")
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_84": [
        Example(
            "aws_cloudwatch_dashboard",
            good=[drawn(*(("AWS/Any", each) for each in SHOWN))],
            bad=[drawn(*(("AWS/Any", each) for each in SHOWN[1:])), {"dashboard_name": "a"}],
        )
    ],
    "CKV_ROLLOUT_85": [
        Example(
            "aws_cloudwatch_dashboard",
            good=[drawn(("AWS/Any", "Requests"), ("App", "Requests"), ("App", "Rejections"))],
            bad=[drawn(("Other", "Rejections"))],
            beside=(
                Beside(
                    "aws_cloudwatch_metric_alarm",
                    {"metric_query": [{"id": "a", "metric": {"namespace": "App", "metric_name": "Rejections"}}]},
                ),
            ),
        )
    ],
    "CKV_ROLLOUT_86": [
        Example(
            "aws",
            good=[{"allowed_account_ids": ["111122223333"]}, {"allowed_account_ids": ["1"], "alias": "dns"}],
            bad=[{"allowed_account_ids": ["444455556666"]}],
            section="provider",
            beside=(
                Beside("terraform_backend", {"allowed_account_ids": ["111122223333"]}),
                Beside("terraform_backend", {"allowed_account_ids": ["111122223333"]}, of="bad"),
            ),
        )
    ],
    "CKV_ROLLOUT_87": [
        Example(
            "aws_iam_role",
            good=[{"name": "aep-planner"}, {"name": "aep-deployer"}],
            bad=[
                {"name": "aep-planner"},
                {"name": "aep-planner", "inline_policy": [{"name": "a", "policy": WIDE}]},
                {"name": "aep-planner", "inline_policy": [{"name": "a", "policy": ALL_BUT_ONE}]},
            ],
            beside=(
                allowing("good_87_0", "ec2:Describe*", "*"),
                allowing("good_87_1", "ecs:UpdateService", "*"),
                allowing("bad_87_0", "s3:PutObject", "arn:aws:s3:::state/*"),
            ),
        )
    ],
    "CKV_ROLLOUT_88": [
        Example(
            "aws_iam_role",
            good=[{"name": "execution"}, {"name": "another"}],
            bad=[
                {"name": "wide"},
                {"name": "starts-tasks"},
                {"name": "not-actions", "inline_policy": [{"name": "a", "policy": ALL_BUT_ONE}]},
                {"name": "not-resources", "inline_policy": [{"name": "a", "policy": ALL_BUT_ONE_SECRET}]},
            ],
            beside=(
                *map(starts, ("good_88_0", *(f"bad_88_{number}" for number in range(4)))),
                allowing("good_88_0", "ecr:BatchGetImage", "arn:aws:ecr:eu:1:repository/app"),
                allowing("good_88_0", "ecr:GetAuthorizationToken", "*"),
                allowing("good_88_1", "ecs:RunTask", "*"),
                allowing("bad_88_0", "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu:1:secret:*"),
                allowing("bad_88_1", "ecs:RunTask", "arn:aws:ecs:eu:1:task-definition/app:*"),
            ),
        )
    ],
    "CKV_ROLLOUT_91": [
        Example(
            "aws_cloudwatch_metric_alarm",
            good=[
                measuring("AWS/RDS", "CPUUtilization", "DBInstanceIdentifier"),
                measuring("AWS/ApplicationELB", "TargetResponseTime", "TargetGroup", "LoadBalancer"),
                measuring("shop/orders", "Refused"),
                {"metric_query": [{"id": "a", "metric": [measuring("AWS/WAFV2", "BlockedRequests", *FIREWALL)]}]},
            ],
            bad=[
                measuring("AWS/RDS", "CpuUtilization", "DBInstanceIdentifier"),
                measuring("AWS/RDS", "CPUUtilization", "DBInstanceId"),
                measuring("AWS/RDS", "CPUUtilization"),
                measuring("AWS/ELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer"),
                measuring("AWS/ApplicationELB", "UnHealthyHostCount", "LoadBalancer"),
                {"metric_query": [{"id": "a", "metric": [measuring("AWS/ECS", "RunningTaskCount", "ClusterName")]}]},
            ],
        )
    ],
    "CKV_ROLLOUT_92": [
        Example(
            "aws_cloudwatch_event_rule",
            good=[
                {"event_pattern": json.dumps({"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]})},
                {"event_pattern": json.dumps({"source": ["aws.sts"], "detail-type": [CALLS]})},
                {"event_pattern": json.dumps({"source": [{"prefix": "shop."}], "detail-type": [{"prefix": "Or"}]})},
                {"schedule_expression": "rate(1 day)"},
            ],
            bad=[
                {"event_pattern": json.dumps({"source": ["guardduty"], "detail-type": ["GuardDuty Finding"]})},
                {"event_pattern": json.dumps({"detail-type": ["GuardDuty Findings"]})},
                {"event_pattern": json.dumps({"source": ["sts.amazonaws.com"], "detail-type": [CALLS]})},
                {"event_pattern": "{"},
            ],
        )
    ],
}
