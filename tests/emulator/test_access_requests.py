"""Permissions: what calls ask for. Each row of the table of operations has AWS's page as its source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.acm.models import acm_backends
from moto.core.request import Request
from moto.ecs.models import ecs_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from werkzeug.test import EnvironBuilder

from ops.iam.reference import reference
from rehearsal.emulator.access import calls
from rehearsal.emulator.access.lookups import FINDERS
from rehearsal.emulator.access.table import Key, Needed, Renamed, table
from rehearsal.emulator.access.templates import at, tags
from rehearsal.emulator.additions.service_linked_roles import NAMES
from tests.cases import every_case
from tests.emulator.access import REGION, Evaluated, allowed, denied

pytestmark = pytest.mark.slow

A, R = "{account}", REGION
TAGS = [{"Key": "Project", "Value": "one"}]
WEB_ACL = f"arn:aws:wafv2:{R}:1:regional/webacl/a/1"
BALANCER = f"arn:aws:elasticloadbalancing:{R}:1:loadbalancer/app/l/1"


@pytest.fixture
def one(tmp_path: Path) -> Evaluated:
    """A role that may do everything."""
    found = Evaluated(tmp_path / "access.jsonl")
    found.allow("*")
    for service, name in NAMES.items():
        found.create(name, path=f"/aws-service-role/{service}/")
    return found


ASKED: dict[str, tuple[str, Callable[[Any], Any], list[str]]] = {
    "a name": (
        "ecs",
        lambda each: each.describe_clusters(clusters=["a", "b"]),
        [f"ecs:DescribeClusters arn:aws:ecs:{R}:{A}:cluster/a", f"ecs:DescribeClusters arn:aws:ecs:{R}:{A}:cluster/b"],
    ),
    "an ARN": (
        "iam",
        lambda each: each.get_policy(PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ["iam:GetPolicy arn:aws:iam::aws:policy/ReadOnlyAccess"],
    ),
    "a name below another": (
        "ecs",
        lambda each: each.describe_services(cluster="c", services=["s"]),
        [f"ecs:DescribeServices arn:aws:ecs:{R}:{A}:service/c/s"],
    ),
    "no resource": ("ec2", lambda each: each.describe_vpcs(), ["ec2:DescribeVpcs *"]),
    "all of a kind": (
        "rds",
        lambda each: each.describe_db_instances(),
        [f"rds:DescribeDBInstances arn:aws:rds:{R}:{A}:db:*"],
    ),
    "composite alarms": (
        "cloudwatch",
        lambda each: each.describe_alarms(AlarmNames=["a"], AlarmTypes=["CompositeAlarm"]),
        ["cloudwatch:DescribeAlarms *"],
    ),
    "log groups": (
        "logs",
        lambda each: each.describe_log_groups(),
        [f"logs:DescribeLogGroups arn:aws:logs:{R}:{A}:log-group::log-stream:"],
    ),
    "a log group": (
        "logs",
        lambda each: each.filter_log_events(logGroupName="/a"),
        [f"logs:FilterLogEvents arn:aws:logs:{R}:{A}:log-group:/a:log-stream:"],
    ),
    "a log stream": (
        "logs",
        lambda each: each.put_log_events(
            logGroupName="/a", logStreamName="b", logEvents=[{"timestamp": 1, "message": "m"}]
        ),
        [f"logs:PutLogEvents arn:aws:logs:{R}:{A}:log-group:/a:log-stream:b"],
    ),
    "a bucket": ("s3", lambda each: each.list_objects_v2(Bucket="b"), ["s3:ListBucket arn:aws:s3:::b"]),
    "a version": (
        "s3",
        lambda each: each.get_object(Bucket="b", Key="k/l", VersionId="v"),
        ["s3:GetObjectVersion arn:aws:s3:::b/k/l"],
    ),
    "versions": ("s3", lambda each: each.list_object_versions(Bucket="b"), ["s3:ListBucketVersions arn:aws:s3:::b"]),
    "deleted objects": (
        "s3",
        lambda each: each.delete_objects(Bucket="b", Delete={"Objects": [{"Key": "k"}, {"Key": "l"}]}),
        ["s3:DeleteObject arn:aws:s3:::b/k", "s3:DeleteObject arn:aws:s3:::b/l"],
    ),
    "a copied version": (
        "s3",
        lambda each: each.copy_object(Bucket="b", Key="k", CopySource={"Bucket": "b", "Key": "k", "VersionId": "v"}),
        ["s3:PutObject arn:aws:s3:::b/k", "s3:GetObjectVersion arn:aws:s3:::b/k"],
    ),
    "the account's block": (
        "s3control",
        lambda each: each.get_public_access_block(AccountId="1" * 12),
        ["s3:GetAccountPublicAccessBlock *"],
    ),
    "a budget": (
        "budgets",
        lambda each: each.describe_budget(AccountId="1" * 12, BudgetName="b"),
        [f"budgets:ViewBudget arn:aws:budgets::{A}:budget/b"],
    ),
    "passed roles": (
        "ecs",
        lambda each: each.register_task_definition(
            family="f",
            taskRoleArn="arn:aws:iam::1:role/t",
            executionRoleArn="arn:aws:iam::1:role/x",
            containerDefinitions=[],
        ),
        [
            f"ecs:RegisterTaskDefinition arn:aws:ecs:{R}:{A}:task-definition/f:*",
            "iam:PassRole arn:aws:iam::1:role/t",
            "iam:PassRole arn:aws:iam::1:role/x",
        ],
    ),
    "a schedule's role": (
        "scheduler",
        lambda each: each.create_schedule(
            Name="n",
            GroupName="g",
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:ecs:::cluster/c", "RoleArn": "arn:aws:iam::1:role/s"},
        ),
        [f"scheduler:CreateSchedule arn:aws:scheduler:{R}:{A}:schedule/g/n", "iam:PassRole arn:aws:iam::1:role/s"],
    ),
    "a load balancer": (
        "elbv2",
        lambda each: each.create_load_balancer(Name="l", Tags=TAGS),
        [
            f"elasticloadbalancing:CreateLoadBalancer arn:aws:elasticloadbalancing:{R}:{A}:loadbalancer/app/l/*",
            "ec2:DescribeAccountAttributes *",
            "ec2:DescribeAddresses *",
            "ec2:DescribeSecurityGroups *",
            "ec2:DescribeInternetGateways *",
            "ec2:DescribeVpcs *",
            "ec2:DescribeSubnets *",
            f"elasticloadbalancing:AddTags arn:aws:elasticloadbalancing:{R}:{A}:loadbalancer/app/l/*",
        ],
    ),
    "a listener": (
        "elbv2",
        lambda each: each.create_listener(
            LoadBalancerArn=f"arn:aws:elasticloadbalancing:{R}:1:loadbalancer/app/l/1",
            DefaultActions=[
                {"Type": "forward", "TargetGroupArn": f"arn:aws:elasticloadbalancing:{R}:1:targetgroup/t/1"}
            ],
            Tags=TAGS,
        ),
        [
            f"elasticloadbalancing:CreateListener arn:aws:elasticloadbalancing:{R}:1:loadbalancer/app/l/1",
            f"elasticloadbalancing:AddTags arn:aws:elasticloadbalancing:{R}:1:listener/app/l/1/*",
        ],
    ),
    "tags of a new cluster": (
        "ecs",
        lambda each: each.create_cluster(clusterName="c", tags=[{"key": "a", "value": "b"}]),
        [f"ecs:CreateCluster arn:aws:ecs:{R}:{A}:cluster/c", f"ecs:TagResource arn:aws:ecs:{R}:{A}:cluster/c"],
    ),
    "a new cluster without tags": (
        "ecs",
        lambda each: each.create_cluster(clusterName="c"),
        [f"ecs:CreateCluster arn:aws:ecs:{R}:{A}:cluster/c"],
    ),
    "a certificate": (
        "acm",
        lambda each: each.request_certificate(DomainName="a.example", Tags=TAGS),
        ["acm:RequestCertificate *", f"acm:AddTagsToCertificate arn:aws:acm:{R}:{A}:certificate/*"],
    ),
    "target tracking": (
        "application-autoscaling",
        lambda each: each.put_scaling_policy(
            PolicyName="p",
            ServiceNamespace="ecs",
            ResourceId="service/c/s",
            ScalableDimension="ecs:service:DesiredCount",
        ),
        [
            f"application-autoscaling:PutScalingPolicy arn:aws:application-autoscaling:{R}:{A}:scalable-target/*",
            f"cloudwatch:PutMetricAlarm arn:aws:cloudwatch:{R}:{A}:alarm:TargetTracking-service/c/s-*",
            "cloudwatch:DescribeAlarms *",
        ],
    ),
    "records": (
        "route53",
        lambda each: each.list_resource_record_sets(HostedZoneId="/hostedzone/Z1"),
        ["route53:ListResourceRecordSets arn:aws:route53:::hostedzone/Z1"],
    ),
    "a composite alarm": (
        "cloudwatch",
        lambda each: each.put_composite_alarm(AlarmName="a", AlarmRule="ALARM(b)", Tags=TAGS),
        ["cloudwatch:PutCompositeAlarm *", f"cloudwatch:TagResource arn:aws:cloudwatch:{R}:{A}:alarm:a"],
    ),
    "a new log stream": (
        "logs",
        lambda each: each.create_log_stream(logGroupName="/a", logStreamName="b/c"),
        [f"logs:CreateLogStream arn:aws:logs:{R}:{A}:log-group:/a:log-stream:b/c"],
    ),
    "a deployment": (
        "codedeploy",
        lambda each: each.create_deployment(
            applicationName="a",
            deploymentGroupName="g",
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": "{}"}},
            overrideAlarmConfiguration={"enabled": False},
        ),
        [
            f"codedeploy:CreateDeployment arn:aws:codedeploy:{R}:{A}:deploymentgroup:a/g",
            f"codedeploy:GetDeploymentConfig arn:aws:codedeploy:{R}:{A}:deploymentconfig:CodeDeployDefault.OneAtATime",
            f"codedeploy:RegisterApplicationRevision arn:aws:codedeploy:{R}:{A}:application:a",
            f"codedeploy:UpdateDeploymentGroup arn:aws:codedeploy:{R}:{A}:deploymentgroup:a/g",
        ],
    ),
    "a firewall in front of a load balancer": (
        "wafv2",
        lambda each: each.associate_web_acl(WebACLArn=WEB_ACL, ResourceArn=BALANCER),
        [
            f"wafv2:AssociateWebACL {WEB_ACL}",
            f"wafv2:AssociateWebACL {BALANCER}",
            f"elasticloadbalancing:CreateWebACLAssociation {BALANCER}",
        ],
    ),
    "a load balancer's firewall": (
        "wafv2",
        lambda each: each.get_web_acl_for_resource(ResourceArn=BALANCER),
        [f"wafv2:GetWebACLForResource {BALANCER}", f"elasticloadbalancing:GetLoadBalancerWebACL {BALANCER}"],
    ),
    "a firewall": (
        "wafv2",
        lambda each: each.get_web_acl(Name="a", Id="1", Scope="REGIONAL"),
        [f"wafv2:GetWebACL arn:aws:wafv2:{R}:{A}:regional/webacl/a/1"],
    ),
    "a firewall's logs": (
        "wafv2",
        lambda each: each.put_logging_configuration(
            LoggingConfiguration={
                "ResourceArn": WEB_ACL,
                "LogDestinationConfigs": [f"arn:aws:logs:{R}:1:log-group:aws-waf-logs-a"],
            }
        ),
        [
            f"wafv2:PutLoggingConfiguration {WEB_ACL}",
            *(f"logs:{each} *" for each in ("CreateLogDelivery", "PutResourcePolicy", "DescribeLogGroups")),
            "logs:DescribeResourcePolicies *",
        ],
    ),
    "schedules in a deleted group": (
        "scheduler",
        lambda each: each.delete_schedule_group(Name="g"),
        [
            f"scheduler:DeleteScheduleGroup arn:aws:scheduler:{R}:{A}:schedule-group/g",
            f"scheduler:DeleteSchedule arn:aws:scheduler:{R}:{A}:schedule/g/*",
        ],
    ),
    "an upload's tags, access list and lock": (
        "s3",
        lambda each: each.put_object(
            Bucket="b", Key="k", Body=b"", Tagging="a=b", ACL="private", ObjectLockMode="GOVERNANCE"
        ),
        [f"s3:{each} arn:aws:s3:::b/k" for each in ("PutObject", "PutObjectTagging", "PutObjectAcl")]
        + ["s3:PutObjectRetention arn:aws:s3:::b/k"],
    ),
    "a copied part": (
        "s3",
        lambda each: each.upload_part_copy(Bucket="b", Key="k", CopySource="c/l", PartNumber=1, UploadId="u"),
        ["s3:PutObject arn:aws:s3:::b/k", "s3:GetObject arn:aws:s3:::c/l"],
    ),
    "a version's tags": (
        "s3",
        lambda each: each.get_object_tagging(Bucket="b", Key="k", VersionId="v"),
        ["s3:GetObjectVersionTagging arn:aws:s3:::b/k"],
    ),
    "a task with its definition's tags": (
        "ecs",
        lambda each: each.run_task(cluster="c", taskDefinition="f:1", propagateTags="TASK_DEFINITION"),
        [
            f"ecs:RunTask arn:aws:ecs:{R}:{A}:task-definition/f:1",
            f"ecs:TagResource arn:aws:ecs:{R}:{A}:task/c/*",
        ],
    ),
    "a new zone": (
        "route53",
        lambda each: each.create_hosted_zone(Name="a.example", CallerReference="1"),
        ["route53:CreateHostedZone *", "ec2:DescribeVpcs *"],
    ),
    "a VPC endpoint of another service's name": (
        "ec2",
        lambda each: each.create_vpc_endpoint(VpcId="vpc-1", ServiceName="s", PrivateDnsEnabled=True),
        [
            f"ec2:CreateVpcEndpoint arn:aws:ec2:{R}:{A}:vpc/vpc-1",
            "ec2:DescribeVpcs *",
            "route53:AssociateVPCWithHostedZone *",
        ],
    ),
    "what everyone may ask": ("sts", lambda each: each.get_caller_identity(), []),
}


@pytest.mark.parametrize("case", ASKED)
def test_what_a_call_asks_for(one: Evaluated, case: str) -> None:
    service, call, expected = ASKED[case]
    with allowed():
        call(one.client(service))
    found = [" ".join(each) for each in one.asked()] if one.records.exists() else []
    assert found == [each.replace(A, one.account) for each in expected]


def test_the_first_call_to_a_service_creates_its_role(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html ."""
    one.iam.delete_role("AWSServiceRoleForECS")
    with allowed():
        one.client("ecs").create_cluster(clusterName="c")
    asked = one.recorded()[-1]
    assert asked["resource"].endswith(":role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
    assert asked["context"]["iam:awsservicename"] == ["ecs.amazonaws.com"]
    one.create("AWSServiceRoleForECS", path="/aws-service-role/ecs.amazonaws.com/")
    with allowed():
        one.client("ecs").create_cluster(clusterName="c")
    assert one.recorded()[-1]["action"] == "ecs:CreateCluster"


def test_a_repository_of_another_account_needs_a_policy_there(one: Evaluated) -> None:
    with denied("ecr:BatchGetImage", f"arn:aws:ecr:{R}:444444444444:repository/repo because no resource-based policy"):
        one.client("ecr").batch_get_image(
            registryId="444444444444", repositoryName="repo", imageIds=[{"imageTag": "one"}]
        )


def test_a_task_passes_the_roles_of_its_definition(one: Evaluated) -> None:
    roles = [one.create("task"), one.create("execution")]
    definition = SimpleNamespace(task_role_arn=roles[0], execution_role_arn=roles[1])
    ecs_backends[one.account][R].task_definitions["f"] = {3: definition}  # type: ignore[dict-item]
    with allowed():
        one.client("ecs").run_task(cluster="c", taskDefinition="f", tags=[{"key": "a", "value": "b"}])
    run, *passed, tagged = one.recorded()
    assert run["resource"] == one.arn("ecs", "task-definition/f:3")
    assert [(each["action"], each["resource"]) for each in passed] == [("iam:PassRole", role) for role in roles]
    assert {each["context"]["iam:passedtoservice"][0] for each in passed} == {"ecs-tasks.amazonaws.com"}
    assert tagged["resource"] == one.arn("ecs", "task/c/*")
    assert tagged["context"]["ecs:createaction"] == ["RunTask"]


def _key(one: Evaluated, alias: str) -> str:
    backend = kms_backends[one.account][R]
    key = backend.create_key("", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", [])
    backend.create_alias(key.id, alias)
    return str(key.arn)


def test_objects_with_a_key_need_the_key(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html ."""
    key, name = _key(one, "alias/state"), f"state-{one.account}"
    backend = s3_backends[one.account]["aws"]
    bucket = backend.create_bucket(name, R)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    bucket.encryption = {"Rule": rule}
    s3 = one.client("s3")
    with allowed():
        s3.put_object(Bucket=name, Key="k", Body=b"")
    with allowed():
        s3.put_object(Bucket=name, Key="k", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId="alias/state")
    with allowed():
        s3.put_object(Bucket=name, Key="k", Body=b"", ServerSideEncryption="AES256")
    with allowed():
        s3.get_object(Bucket=name, Key="k")
    backend.put_object(name, "k", b"", encryption="aws:kms", kms_key_id="alias/state")
    with allowed():
        s3.get_object(Bucket=name, Key="k")
    arn = f"arn:aws:s3:::{name}"
    assert one.asked() == [
        *[("s3:PutObject", f"{arn}/k"), ("kms:GenerateDataKey", key)] * 2,
        ("s3:PutObject", f"{arn}/k"),
        *[("s3:GetObject", f"{arn}/k"), ("s3:ListBucket", arn)],
        *[("s3:GetObject", f"{arn}/k"), ("kms:Decrypt", key)],
    ]
    context = one.recorded()[-1]["context"]
    assert context["kms:viaservice"] == [f"s3.{R}.amazonaws.com"]
    assert context["kms:resourcealiases"] == ["alias/state"]


def test_secrets_with_a_key_need_the_key(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html ."""
    key = _key(one, "alias/secrets")
    backend = secretsmanager_backends[one.account][R]
    backend.create_secret("a/b", "old", None, "", [], key, None, [], False)
    arn = backend.secrets["a/b"].arn
    with allowed():
        one.client("secretsmanager").put_secret_value(SecretId="a/b", SecretString="very secret")
    assert one.asked() == [("secretsmanager:PutSecretValue", arn), ("kms:Decrypt", key), ("kms:GenerateDataKey", key)]
    assert one.recorded()[-1]["context"]["kms:encryptioncontext:secretarn"] == [arn]
    assert "very secret" not in one.records.read_text(encoding="utf-8")


def test_an_upload_in_parts_needs_the_key_to_read_them(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html ."""
    key, name = _key(one, "alias/parts"), f"parts-{one.account}"
    backend = s3_backends[one.account]["aws"]
    backend.create_bucket(name, R)
    upload = backend.create_multipart_upload(name, "k", {}, "STANDARD", {}, None, "aws:kms", key)  # type: ignore[arg-type]
    with allowed():
        one.client("s3").upload_part(Bucket=name, Key="k", UploadId=upload.id, PartNumber=1, Body=b"")
    assert one.asked() == [("s3:PutObject", f"arn:aws:s3:::{name}/k"), ("kms:Decrypt", key)]


def test_metadata_need_no_key_and_a_checksum_does(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html ."""
    key, name = _key(one, "alias/heads"), f"heads-{one.account}"
    backend = s3_backends[one.account]["aws"]
    backend.create_bucket(name, R)
    backend.put_object(name, "k", b"", encryption="aws:kms", kms_key_id=key)
    s3 = one.client("s3")
    with allowed():
        s3.head_object(Bucket=name, Key="k")
    assert one.asked() == [("s3:GetObject", f"arn:aws:s3:::{name}/k")]
    with allowed():
        s3.head_object(Bucket=name, Key="k", ChecksumMode="ENABLED")
    assert one.asked()[-1] == ("kms:Decrypt", key)


NEW: dict[str, tuple[str, Callable[[Any, str], Any], tuple[str, ...]]] = {
    "rds": (
        "rds",
        lambda each, key: each.create_db_instance(
            DBInstanceIdentifier="d", DBInstanceClass="db.t4g.micro", Engine="postgres", KmsKeyId=key
        ),
        ("CreateGrant", "DescribeKey"),
    ),
    "ecr": (
        "ecr",
        lambda each, key: each.create_repository(
            repositoryName="repo", encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key}
        ),
        ("CreateGrant", "DescribeKey", "RetireGrant"),
    ),
    "secretsmanager": (
        "secretsmanager",
        lambda each, key: each.create_secret(Name="a/b", KmsKeyId=key),
        ("Decrypt", "GenerateDataKey"),
    ),
}


@pytest.mark.parametrize("case", NEW)
def test_what_is_created_with_a_key_needs_the_key(one: Evaluated, case: str) -> None:
    """Grants, for RDS: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html ."""
    service, call, verbs = NEW[case]
    key = _key(one, f"alias/{case}")
    with allowed():
        call(one.client(service), f"alias/{case}")
    asked = [each for each in one.recorded() if each["action"].startswith("kms:")]
    assert [(each["action"], each["resource"]) for each in asked] == [(f"kms:{verb}", key) for verb in verbs]
    for each in asked:
        assert each["context"]["kms:viaservice"] == [f"{case}.{R}.amazonaws.com"]
        granted = each["context"].get("kms:grantisforawsresource") == ["true"]
        assert granted is (each["action"] == "kms:CreateGrant")
    if case == "secretsmanager":
        assert asked[0]["context"]["kms:encryptioncontext:secretarn"] == [
            one.arn("secretsmanager", "secret:a/b-??????")
        ]


def test_an_alias_s_change_asks_for_both_keys(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html ."""
    old, new = _key(one, "alias/moved"), _key(one, "alias/other")
    kms = one.client("kms")
    with allowed():
        kms.update_alias(AliasName="alias/moved", TargetKeyId=new)
    with allowed():
        kms.delete_alias(AliasName="alias/moved")
    alias = one.arn("kms", "alias/moved")
    changed = [("kms:UpdateAlias", each) for each in (alias, old, new)]
    assert one.asked() == [*changed, ("kms:DeleteAlias", alias), ("kms:DeleteAlias", old)]


def test_a_role_s_boundary_is_a_condition_key_of_its_changes(one: Evaluated) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html ."""
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    one.create("bounded", boundary=boundary)
    with allowed():
        one.client("iam").put_role_policy(RoleName="bounded", PolicyName="p", PolicyDocument="{}")
    assert one.recorded()[-1]["context"]["iam:permissionsboundary"] == [boundary]
    with allowed():
        one.client("iam").put_role_policy(RoleName="one", PolicyName="p", PolicyDocument="{}")
    assert "iam:permissionsboundary" not in one.recorded()[-1]["context"]


def test_a_certificate_has_its_tags(one: Evaluated) -> None:
    backend = acm_backends[one.account][R]
    arn = backend.request_certificate("a.example", "", [], [{"Key": "Project", "Value": "p"}])
    with allowed():
        one.client("acm").delete_certificate(CertificateArn=arn)
    assert one.recorded()[0]["context"]["aws:resourcetag/project"] == ["p"]


CONTEXTS: dict[str, tuple[str, Callable[[Any], Any], dict[str, list[str]]]] = {
    "records' names": (
        "route53",
        lambda each: each.change_resource_record_sets(
            HostedZoneId="Z1",
            ChangeBatch={
                "Changes": [
                    {
                        "Action": "UPSERT",
                        "ResourceRecordSet": {
                            "Name": "A.example.com.",
                            "Type": "A",
                            "TTL": 60,
                            "ResourceRecords": [{"Value": "192.0.2.1"}],
                        },
                    }
                ]
            },
        ),
        {
            "route53:changeresourcerecordsetsnormalizedrecordnames": ["a.example.com"],
            "route53:changeresourcerecordsetsrecordtypes": ["A"],
            "route53:changeresourcerecordsetsactions": ["UPSERT"],
        },
    ),
    "a wildcard record's name": (
        "route53",
        lambda each: each.change_resource_record_sets(
            HostedZoneId="Z1",
            ChangeBatch={
                "Changes": [
                    {"Action": "DELETE", "ResourceRecordSet": {"Name": "*.Example.com.", "Type": "A", "TTL": 60}}
                ]
            },
        ),
        {"route53:changeresourcerecordsetsnormalizedrecordnames": [r"\052.example.com"]},
    ),
    "a grant's encryption context": (
        "kms",
        lambda each: each.create_grant(
            KeyId="k",
            GranteePrincipal="p",
            Operations=["Decrypt"],
            Constraints={"EncryptionContextSubset": {"Project": "a"}},
        ),
        {"kms:encryptioncontext:project": ["a"]},
    ),
    "an upload's headers": (
        "s3",
        lambda each: each.put_object(
            Bucket="b", Key="k", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId="k", IfNoneMatch="*"
        ),
        {
            "s3:x-amz-server-side-encryption": ["aws:kms"],
            "s3:x-amz-server-side-encryption-aws-kms-key-id": ["k"],
            "s3:if-none-match": ["*"],
        },
    ),
    "a cluster by name": (
        "ecs",
        lambda each: each.list_tasks(cluster="c"),
        {"ecs:cluster": [f"arn:aws:ecs:{R}:{A}:cluster/c"]},
    ),
    "a cluster by ARN": (
        "ecs",
        lambda each: each.list_tasks(cluster=f"arn:aws:ecs:{R}:1:cluster/c"),
        {"ecs:cluster": [f"arn:aws:ecs:{R}:1:cluster/c"]},
    ),
    "a service": (
        "ecs",
        lambda each: each.create_task_set(cluster="c", service="s", taskDefinition="t"),
        {"ecs:service": [f"arn:aws:ecs:{R}:{A}:service/c/s"]},
    ),
    "a namespace": (
        "cloudwatch",
        lambda each: each.put_metric_data(Namespace="AEP", MetricData=[{"MetricName": "m"}]),
        {"cloudwatch:namespace": ["AEP"]},
    ),
    "an encryption context": (
        "kms",
        lambda each: each.decrypt(KeyId="k", CiphertextBlob=b"x", EncryptionContext={"aws:ssm:SessionId": "s"}),
        {"kms:encryptioncontext:aws:ssm:sessionid": ["s"]},
    ),
    "domains": (
        "acm",
        lambda each: each.request_certificate(
            DomainName="a", SubjectAlternativeNames=["a", "b"], ValidationMethod="DNS"
        ),
        {"acm:domainnames": ["a", "b"], "acm:validationmethod": ["DNS"]},
    ),
    "tags": (
        "ecs",
        lambda each: each.create_cluster(clusterName="c", tags=[{"key": "Project", "value": "p"}]),
        {"aws:requesttag/project": ["p"], "aws:tagkeys": ["Project"]},
    ),
    "an attached policy": (
        "iam",
        lambda each: each.attach_role_policy(RoleName="one", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
        {"iam:policyarn": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
    ),
}


@pytest.mark.parametrize("case", CONTEXTS)
def test_the_condition_keys_of_a_call(one: Evaluated, case: str) -> None:
    service, call, expected = CONTEXTS[case]
    with allowed():
        call(one.client(service))
    found = one.recorded()[0]["context"]
    own = {key: [each.replace(one.account, A) for each in values] for key, values in found.items()}
    assert expected.items() <= own.items()


def test_every_row_has_a_source_and_known_names() -> None:
    known = reference()
    for row in table().rows:
        assert row.source.startswith("https://docs.aws.amazon.com/"), row
        if isinstance(row, Renamed | Needed) and row.action:
            assert known.find(row.action), row
        if isinstance(row, Needed):
            templates = " ".join((*row.resources, *row.keys.values()))
            assert all(name.partition("}")[0] in FINDERS for name in templates.split("{@")[1:]), row
        if isinstance(row, Key):
            assert any(action.sends(row.name.replace("*", "x")) for action in known.find(row.actions[0])), row


@every_case(
    ("given", "expected"),
    [
        ({"tags": [{"key": "a", "value": "b"}]}, ({"a": "b"}, ("a",))),
        ({"Tags": [{"TagKey": "a", "TagValue": "b"}]}, ({"a": "b"}, ("a",))),
        ({"tags": {"a": "b"}}, ({"a": "b"}, ("a",))),
        ({"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]}, ({"a": "b"}, ("a",))),
        ({"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}, ({"a": "b"}, ("a",))),
        ({"TagKeys": ["a", "b"]}, ({}, ("a", "b"))),
        ({"propagateTags": "SERVICE", "enableECSManagedTags": True}, ({}, ())),
    ],
)
def test_tags_in_each_service_s_form(given: dict[str, Any], expected: object) -> None:
    assert tags(given) == expected


def test_values_are_found_through_lists() -> None:
    given = {"a": [{"b": "1"}, {"b": None}, {"b": ["2", "3"]}], "c": True}
    assert at(given, "a.b") == ("1", "2", "3")
    assert at(given, "c") == ("true",)
    assert at(given, "a.x") == ()


@pytest.mark.parametrize("prefix", ["com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101"])
def test_an_operation_is_known_by_either_of_its_targets(prefix: str) -> None:
    """boto3 sends the first; Terraform's provider, which Go's SDK serves, sends the second."""
    headers = [("X-Amz-Target", f"{prefix}.DescribeTrails"), ("Content-Type", "application/x-amz-json-1.1")]
    request = Request(EnvironBuilder(method="POST", headers=headers, data="{}").get_environ())
    call = calls.read("cloudtrail", REGION, request)
    assert call is not None and call.name == "cloudtrail:DescribeTrails"


def test_a_target_without_an_operation_is_unknown() -> None:
    headers = [("X-Amz-Target", "CloudTrail_20131101.Frobnicate"), ("Content-Type", "application/x-amz-json-1.1")]
    request = Request(EnvironBuilder(method="POST", headers=headers, data="{}").get_environ())
    assert calls.read("cloudtrail", REGION, request) is None
