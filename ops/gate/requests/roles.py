"""What the roles of tasks and of people must be able to call, and what their policies must deny, by the values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from environments.arns import partition
from environments.endpoints import interface_endpoints
from environments.guardduty import DATA, agent_repository
from environments.names import Names
from environments.schema import IamUser, Service
from environments.schema.principals import arns
from modules.phases import DEPLOYED, PHASES
from ops.gate.requests.deployer import PULL, checks, deployer_requests
from ops.gate.requests.policies import Keys, Policies, Request
from ops.iam.mfa import AGE, PRESENT

_ECR = ("ecr.api", "ecr.dkr")
_CHANNELS = tuple(f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data"))
_CHECK_REPOSITORY = ("ecr:DescribeImageScanFindings", "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy")
"""What `promote` and `verify` of another account read of a repository."""
_ISSUER = "token.actions.githubusercontent.com"
_SESSION = ("sts:SetSourceIdentity", "sts:TagSession")
"""What a trust policy allows beside a role itself: tags of a session count in conditions of policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""
_VIA, _OF_SECRET = "kms:ViaService", "kms:EncryptionContext:SecretARN"
_SSE = "s3:x-amz-server-side-encryption"


def role_requests(names: Names, policies: Policies) -> Iterator[Request]:
    """All of them.

    Args:
        names: The environment's names.
        policies: Its policies, for the ARNs of keys, secrets and buckets.
    """
    for service in names.environment.product.services:
        yield from _execution(service, names, policies)
        yield from _task(service, names, policies)
    yield from _endpoints(names)
    yield from _people(names)
    yield from _other_accounts(names)
    yield from _state(names, policies)
    yield from _keys(names, policies)
    yield from _readers_and_administrators(names)
    yield from deployer_requests(names)
    yield from _denied(names, policies)
    yield from _records(names, policies)


def _key(policies: Policies, purpose: str) -> str:
    """ARN of the key of a purpose; empty without such a key."""
    return next((each.arn for each in policies.actors.keys if each.name == purpose), "")


def _execution(service: Service, names: Names, policies: Policies) -> Iterator[Request]:
    """ECS starts tasks with the execution role: it pulls the image, writes logs and reads the secrets.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    """
    environment, caller = names.environment, names.role_arn(f"{service.name}-execution")
    account = environment.registry.source_account or environment.account_id
    image = names.partition.arn(
        "ecr", f"repository/{service.repository}", region=environment.region, account_id=account
    )
    agent = agent_repository(environment.region) if environment.profile.guardduty_agent else None
    for endpoint in _ECR:
        for repository in filter(None, (image, agent)):
            for action in PULL:
                yield Request(caller=caller, action=action, resource=repository, endpoint=endpoint)
    yield Request(caller=caller, action="ecr:GetAuthorizationToken", resource="*", endpoint="ecr.api")
    yield from _logs(caller, f"{names.log_group_arn(service.name)}:log-stream:{service.name}/1")
    for secret in policies.actors.secrets:
        if secret.name in service.secrets:
            action = "secretsmanager:GetSecretValue"
            yield Request(caller=caller, action=action, resource=secret.arn, endpoint="secretsmanager")
            # https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
            keys = {_VIA: names.host("secretsmanager"), _OF_SECRET: secret.arn}
            yield Request(caller=caller, action="kms:Decrypt", resource=_key(policies, "secrets"), keys=keys)
            for other in (
                {_VIA: names.host("s3")},
                {_VIA: None},
                {_OF_SECRET: _other_secret(names)},
                {_OF_SECRET: None},
            ):
                yield Request(
                    caller=caller,
                    action="kms:Decrypt",
                    resource=_key(policies, "secrets"),
                    keys={**keys, **other},
                    denied=True,
                )
    yield from _no_other_logs(caller, names, service.name)


def _task(service: Service, names: Names, policies: Policies) -> Iterator[Request]:
    """Sessions of ECS Exec, and the application's metrics.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    """
    caller = names.role_arn(f"{service.name}-task")
    for action in _CHANNELS:
        yield Request(caller=caller, action=action, resource="*", endpoint="ssmmessages")
    yield Request(caller=caller, action="logs:DescribeLogGroups", resource="*", endpoint="logs")
    yield from _logs(caller, f"{names.log_group_arn('exec')}:log-stream:{service.name}-1", "logs:DescribeLogStreams")
    yield from _no_other_logs(caller, names, "exec")
    session: Keys = {_OF_SECRET: None}
    key = _key(policies, "secrets")
    of_secret: Keys = {_VIA: names.host("secretsmanager"), _OF_SECRET: _other_secret(names)}
    yield Request(caller=caller, action="kms:Decrypt", resource=key, keys=of_secret, denied=True)
    yield Request(caller=caller, action="kms:Decrypt", resource=key, keys=session, endpoint="kms")
    if service.metrics_namespace:
        keys = {"cloudwatch:namespace": service.metrics_namespace}
        action = "cloudwatch:PutMetricData"
        yield Request(caller=caller, action=action, resource="*", keys=keys, endpoint="monitoring")


def _other_secret(names: Names) -> str:
    """ARN of a secret that no service has."""
    return names.arn("secretsmanager", f"secret:{names.secret('OTHER')}-Ab1Cd2")


def _no_other_logs(caller: str, names: Names, own: str) -> Iterator[Request]:
    """A role that writes one log group can't write others, whose records would no longer be evidence."""
    for group in {"trail", "flow-log", "exec", *(each.name for each in names.environment.product.services)} - {own}:
        stream = f"{names.log_group_arn(group)}:log-stream:1"
        yield Request(caller=caller, action="logs:PutLogEvents", resource=stream, denied=True)


def _logs(caller: str, stream: str, *more: str) -> Iterator[Request]:
    for action in ("logs:CreateLogStream", "logs:PutLogEvents", *more):
        yield Request(caller=caller, action=action, resource=stream, endpoint="logs")


def _endpoints(names: Names) -> Iterator[Request]:
    """What goes through endpoints without a permission of a role: image layers, and GuardDuty's agent.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
    https://docs.aws.amazon.com/guardduty/latest/ug/prereq-runtime-monitoring-ecs-support.html
    """
    layers = names.partition.bucket(f"prod-{names.environment.region}-starport-layer-bucket/layer")
    callers = [names.role_arn(f"{service.name}-execution") for service in names.environment.product.services[:1]]
    calls = {"s3": ("s3:GetObject", layers), DATA: ("guardduty:SendSecurityTelemetry", "*")}
    exist = {"s3", *interface_endpoints(names.environment)}
    for endpoint, (action, resource) in calls.items():
        for caller in callers if endpoint in exist else ():
            yield Request(caller=caller, action=action, resource=resource, endpoint=endpoint, only="endpoint")
    for caller in callers if "sts" in exist else ():
        action = "sts:GetCallerIdentity"
        yield Request(caller=caller, action=action, resource="*", endpoint="sts", only="endpoint")


def _people(names: Names) -> Iterator[Request]:
    """Who assumes the roles: people with MFA, and GitHub's jobs.

    https://docs.github.com/actions/reference/security/oidc
    """
    access, product = names.environment.access, names.environment.product
    place = partition(names.environment.region)
    for role, principals in (
        ("deployer", access.deployers),
        ("planner", access.planners),
        ("break-glass", access.administrators),
    ):
        for principal in principals:
            mfa = {PRESENT: "true", AGE: "60"} if isinstance(principal, IamUser) else {}
            for arn in arns(principal, place):
                keys = {**mfa, "aws:PrincipalArn": arn}
                resource = names.role_arn(role)
                yield Request(caller=arn, action="sts:AssumeRole", resource=resource, keys=keys)
                for action in _SESSION:
                    yield Request(caller=arn, action=action, resource=resource, keys=keys, denied=True)
    provider = names.arn("iam", f"oidc-provider/{_ISSUER}", region="")
    repository = access.github_repository or product.repository
    for role, job in (("deployer", access.github_environment), ("planner", access.github_plan_environment)):
        audience, subject = f"{_ISSUER}:aud", f"{_ISSUER}:sub"
        token: Keys = {audience: "sts.amazonaws.com", subject: f"repo:{repository}:environment:{job}"}
        signed_in = Request(
            caller=provider,
            action="sts:AssumeRoleWithWebIdentity",
            resource=names.role_arn(role),
            keys=token,
        )
        yield signed_in
        for other in (
            *({audience: "another"}, {audience: None}, {subject: None}, {subject: f"repo:{repository}:pull_request"}),
            *({subject: f"repo:{repository}:ref:refs/heads/main"}, {subject: f"repo:{repository}-x:environment:{job}"}),
        ):
            yield replace(signed_in, keys={**token, **other}, denied=True)
        yield from (replace(signed_in, action=action, denied=True) for action in _SESSION)


def _other_accounts(names: Names) -> Iterator[Request]:
    """Roles of other accounts: they write records in this account's zone, and pull its images.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
    """
    environment = names.environment
    if zone := environment.access.shared_zone:
        writer, reader = names.role_arn("dns"), names.role_arn("dns-reader")
        for role, callers in ((writer, zone.writers), (reader, (*zone.writers, *zone.readers))):
            for caller in callers:
                yield Request(caller=caller, action="sts:AssumeRole", resource=role)
        for caller in zone.readers:
            yield Request(caller=caller, action="sts:AssumeRole", resource=writer, denied=True)
        arn, suffix = names.partition.zone(zone.id), "route53:ChangeResourceRecordSets"
        for host in zone.hosts:
            domain = host.removeprefix("*.")
            # Of a certificate's wildcard, it writes the validation record and no name in the domain.
            for name, kind in ((host.replace("*", "x1"), "A"), (f"_x1.{domain}", "CNAME")):
                keys: Keys = {f"{suffix}NormalizedRecordNames": [name], f"{suffix}RecordTypes": [kind]}
                denied = host != domain and kind == "A"
                yield Request(caller=writer, action=suffix, resource=arn, keys=keys, denied=denied)
                yield Request(caller=reader, action=suffix, resource=arn, keys=keys, denied=True)
        place: Keys = {"aws:RequestedRegion": names.partition.global_region("route53")}
        other = names.partition.zone("Z0OTHER")
        for role in (writer, reader):
            yield Request(caller=role, action=suffix, resource=other, denied=True)
            for action in ("GetHostedZone", "ListResourceRecordSets"):
                yield Request(caller=role, action=f"route53:{action}", resource=arn)
                yield Request(caller=role, action=f"route53:{action}", resource=other, denied=True)
            change = names.partition.arn("route53", "change/C1")
            yield Request(caller=role, action="route53:GetChange", resource=change)
            yield Request(caller=role, action="cloudtrail:LookupEvents", resource="*", keys=place)
    for account in environment.registry.readers:
        caller = names.partition.arn("iam", f"role/{environment.product.name}-other-execution", account_id=account)
        for repository in sorted({service.repository for service in environment.product.services}):
            arn = names.arn("ecr", f"repository/{repository}")
            for action in (*PULL, *_CHECK_REPOSITORY):
                yield Request(caller=caller, action=action, resource=arn)


def _state(names: Names, policies: Policies) -> Iterator[Request]:
    """Terraform's state: all roles read it, and who applies a phase writes its own."""
    bucket, key = names.partition.bucket(names.state_bucket), _key(policies, "state")
    encrypted: Keys = {
        _SSE: "aws:kms",
        f"{_SSE}-aws-kms-key-id": names.alias_arn("state"),
        f"{_SSE}-customer-algorithm": None,
        "s3:x-amz-acl": None,
    }
    through = {"kms:ViaService": names.host("s3")}
    journal = f"{bucket}/{names.journal_prefix}20260101000000-0001-0123456789abcdef"
    for role in ("planner", "deployer", "break-glass"):
        caller = names.role_arn(role)
        yield Request(caller=caller, action="s3:ListBucket", resource=bucket)
        yield Request(caller=caller, action="kms:Decrypt", resource=key, keys=through)
        yield Request(caller=caller, action="s3:GetObject", resource=journal)
        yield Request(caller=caller, action="cloudtrail:LookupEvents", resource="*")
        for phase in PHASES:
            for name in (names.state_key(phase.name), names.applied_key(phase.name)):
                yield Request(caller=caller, action="s3:GetObject", resource=f"{bucket}/{name}")
    for phase in PHASES:
        caller, state = names.role_arn(phase.role), f"{bucket}/{names.state_key(phase.name)}"
        for name in (state, f"{bucket}/{names.applied_key(phase.name)}", f"{state}.tflock"):
            yield Request(caller=caller, action="s3:PutObject", resource=name, keys=encrypted)
        yield Request(caller=caller, action="s3:DeleteObject", resource=f"{state}.tflock")
        yield Request(caller=caller, action="s3:GetObjectVersion", resource=state)
        yield Request(caller=caller, action="s3:ListBucketVersions", resource=bucket)
        yield Request(caller=caller, action="kms:GenerateDataKey", resource=key, keys=through)
    for name in DEPLOYED:  # The deployer's jobs store plans and apply them; the planner writes none.
        plan, planner = f"{bucket}/{names.plan_key(name, '0' * 64)}", names.role_arn("planner")
        yield Request(caller=names.role_arn("deployer"), action="s3:PutObject", resource=plan, keys=encrypted)
        yield Request(caller=names.role_arn("deployer"), action="s3:GetObject", resource=plan)
        yield Request(caller=planner, action="s3:PutObject", resource=plan, keys=encrypted, denied=True)
    for role in ("deployer", "break-glass"):
        once = {**encrypted, "s3:if-none-match": "*"}
        yield Request(caller=names.role_arn(role), action="s3:PutObject", resource=journal, keys=once)


def _keys(names: Names, policies: Policies) -> Iterator[Request]:
    """Administrators change keys, and encrypt with them: a key without such a statement can never be changed.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#allow-iam-policies
    """
    for key in policies.actors.keys:
        for action in ("PutKeyPolicy", "CreateGrant", "Decrypt", "GenerateDataKey"):
            yield Request(caller=names.role_arn("break-glass"), action=f"kms:{action}", resource=key.arn)


def _records(names: Names, policies: Policies) -> Iterator[Request]:
    """Records of calls and settings: administrators read them, and no other role changes or deletes them.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html
    """
    state, reader = names.partition.bucket(names.state_bucket), names.role_arn("break-glass")
    buckets = [arn for arn, kind in policies.with_policies() if kind == "aws_s3_bucket" and arn != state]
    for bucket in buckets:
        record = f"{bucket}/AWSLogs/{names.environment.account_id}/record.json.gz"
        yield Request(caller=reader, action="s3:ListBucket", resource=bucket)
        yield from (Request(caller=reader, action=f"s3:{each}", resource=record) for each in _READ_RECORD)
        for principal in policies.actors.principals:
            if principal.arn and principal.arn != reader:
                for action, resource in (*((each, bucket) for each in _OF_BUCKET), *((e, record) for e in _OF_RECORD)):
                    denied = Request(caller=principal.arn, action=f"s3:{action}", resource=resource, denied=True)
                    # Not by its boundary alone, which is there for mistakes in its policies.
                    yield from (denied, replace(denied, only="identity"))
    for action in ("logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"):
        yield Request(caller=reader, action=action, resource=names.log_group_arn("trail"))


_READ_RECORD = ("GetObject", "GetObjectVersion")
_OF_RECORD = ("DeleteObject", "DeleteObjectVersion", "PutObject", "PutObjectAcl")
_OF_BUCKET = (
    "DeleteBucket",
    "DeleteBucketPolicy",
    "PutBucketPolicy",
    "PutBucketVersioning",
    "PutLifecycleConfiguration",
)

READS = (
    *("access-analyzer:ListAnalyzers", "acm:DescribeCertificate", "application-autoscaling:DescribeScalableTargets"),
    *("budgets:ViewBudget", "chatbot:DescribeSlackChannelConfigurations", "cloudtrail:DescribeTrails"),
    *("cloudtrail:GetTrailStatus", "cloudwatch:DescribeAlarms", "cloudwatch:GetDashboard"),
    *("codedeploy:GetDeploymentGroup", "config:DescribeConfigurationRecorders", "ec2:DescribeVpcs"),
    *("ec2:GetEbsEncryptionByDefault", "ec2:GetInstanceMetadataDefaults", "ec2:GetManagedPrefixListEntries"),
    *("ecr:DescribeRepositories", "ecr:GetLifecyclePolicy", "ecr:GetRegistryScanningConfiguration"),
    *("ecr:GetRepositoryPolicy", "ecs:DescribeServices", "elasticache:DescribeReplicationGroups"),
    *("elasticloadbalancing:DescribeLoadBalancers", "events:DescribeRule", "events:ListTargetsByRule"),
    *("guardduty:GetDetector", "iam:GetRole", "iam:ListAttachedRolePolicies", "kms:DescribeKey", "kms:GetKeyPolicy"),
    *("kms:ListAliases", "logs:DescribeLogGroups", "logs:ListTagsForResource", "rds:DescribeDBInstances"),
    *("rds:ListTagsForResource", "route53:GetHostedZone", "route53:ListResourceRecordSets"),
    *("s3:GetEncryptionConfiguration", "s3:GetAccountPublicAccessBlock", "s3:GetBucketPolicy", "scheduler:GetSchedule"),
    *("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "securityhub:DescribeHub"),
    *("securityhub:GetEnabledStandards", "sns:GetTopicAttributes", "sns:ListTagsForResource", "wafv2:GetWebACL"),
    *("wafv2:ListTagsForResource",),
)
"""Reads of a plan, some of each service: the provider calls them for each resource that a state has."""


CHANGES = (
    *("iam:CreateRole", "iam:PutRolePolicy", "iam:PassRole", "ec2:CreateVpc", "rds:ModifyDBInstance", "kms:CreateKey"),
    *("secretsmanager:CreateSecret", "secretsmanager:PutResourcePolicy", "ecr:CreateRepository", "s3:CreateBucket"),
    *(
        "cloudtrail:UpdateTrail",
        "budgets:ModifyBudget",
        "sns:CreateTopic",
        "events:PutRule",
        "guardduty:UpdateDetector",
    ),
    *("cloudwatch:PutMetricAlarm", "wafv2:UpdateWebACL", "elasticache:ModifyReplicationGroup", "ecs:ExecuteCommand"),
)
"""Some changes of each phase that administrators apply, and what repairs it."""


def _readers_and_administrators(names: Names) -> Iterator[Request]:
    zone, planner = names.environment.edge.zone, names.role_arn("planner")
    if zone.role and zone.read_role:
        yield Request(caller=planner, action="sts:AssumeRole", resource=zone.read_role)
        yield Request(caller=planner, action="sts:AssumeRole", resource=zone.role, denied=True)
    for action in READS:
        yield Request(caller=planner, action=action, resource="*")
    for action, resource, keys in checks(names):
        yield Request(caller=planner, action=action, resource=resource, keys=keys)
    for action in CHANGES:
        yield Request(caller=names.role_arn("break-glass"), action=action, resource="*")


def _denied(names: Names, policies: Policies) -> Iterator[Request]:
    """Requests that must fail: without TLS, with another key, over an entry of the journal, keys of administrators.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    """
    caller = names.role_arn("break-glass")
    plain: Keys = {"aws:SecureTransport": "false"}
    for arn, kind in policies.with_policies():
        if kind == "aws_s3_bucket":
            yield Request(caller=caller, action="s3:ListBucket", resource=arn, keys=plain, denied=True)
            for action in ("s3:GetObject", "s3:PutObject"):
                yield Request(caller=caller, action=action, resource=f"{arn}/object", keys=plain, denied=True)
        elif kind == "aws_sns_topic":
            yield Request(caller=caller, action="sns:Publish", resource=arn, keys=plain, denied=True)
    state = f"{names.partition.bucket(names.state_bucket)}/{names.state_key('services')}"
    other = names.arn("kms", "key/other")
    algorithm = f"{_SSE}-customer-algorithm"
    uploads: tuple[Keys, ...] = (
        {_SSE: "AES256", f"{_SSE}-aws-kms-key-id": None, algorithm: None},
        {_SSE: "aws:kms", f"{_SSE}-aws-kms-key-id": other, algorithm: None},
        {_SSE: "aws:kms:dsse", f"{_SSE}-aws-kms-key-id": names.alias_arn("state"), algorithm: None},
        {_SSE: None, f"{_SSE}-aws-kms-key-id": None, algorithm: "AES256"},
        {_SSE: "aws:kms", f"{_SSE}-aws-kms-key-id": names.alias_arn("state"), algorithm: "AES256"},
    )
    for keys in uploads:
        yield Request(caller=caller, action="s3:PutObject", resource=state, keys=keys, denied=True)
    entry = f"{names.partition.bucket(names.state_bucket)}/{names.journal_prefix}entry"
    yield Request(caller=caller, action="s3:PutObject", resource=entry, keys={"s3:if-none-match": None}, denied=True)
    user = names.arn("iam", "user/any", region="")
    yield Request(caller=caller, action="iam:CreateAccessKey", resource=user, denied=True)
