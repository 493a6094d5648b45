"""What AWS's documentation says about requests across accounts, keys, roles, organizations and VPC endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from tests.iam.examples import (
    ACCOUNT,
    FULL,
    KEY,
    OBJECT,
    OTHER,
    READ,
    ROLE,
    ROOT,
    SESSION,
    SILENT,
    TARGET,
    USER,
    Example,
    deny,
    document,
    policies,
    request,
    statement,
    to,
)

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ACROSS = _IAM + "reference_policies_evaluation-logic-cross-account.html"
EVALUATION = _IAM + "reference_policies_evaluation-logic_policy-eval-denyallow.html"
ASSUMING = _IAM + "id_roles_manage-assume.html"
CHAINED_MFA = _IAM + "id_credentials_mfa_configure-api-require.html"
WEB_IDENTITY = _IAM + "id_roles_create_for-idp_oidc.html"
SCP = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"
SCP_EVALUATION = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html"
SCP_REGIONS = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html"
)
KEY_POLICIES = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"
DEFAULT_KEY_POLICY = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"
KEYS_ACROSS = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html"
ENDPOINTS = "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html"


def rows() -> Iterator[Example]:
    """All rows."""
    yield from _across_accounts()
    yield from _keys()
    yield from _trust()
    yield from _organizations()
    yield from _endpoints()


def _across_accounts() -> Iterator[Example]:
    carlos = "arn:aws:iam::111111111111:user/carlossalazar"
    own = document(
        statement("s3:ListAllMyBuckets", sid="AllowS3ListRead"),
        statement("s3:*Object*", "arn:aws:s3:::Production/*", sid="AllowS3ProductionObjectActions"),
        deny("s3:*", ["arn:aws:s3:::*log*", "arn:aws:s3:::*log*/*"], sid="DenyS3Logs"),
    )
    shared = to(carlos, ["s3:GetObject*", "s3:PutObject*", "s3:RestoreObject"], "arn:aws:s3:::Production/*")
    for action, bucket, resource, because in (
        ("s3:PutObject", "Production-logs", None, "DenyS3Logs"),
        ("s3:PutObject", "Production", shared, ""),
        ("s3:DeleteObject", "Production", shared, "no resource-based policy"),
        ("s3:PutObject", "Production", None, "no resource-based policy"),
    ):
        asked = request(carlos, action, f"arn:aws:s3:::{bucket}/a.txt", owner="222222222222")
        given = policies(identity=own, resource=resource)
        yield Example(f"Carlos calls {action} in {bucket}", ACROSS, not because, asked, given, because)
    asked = request(SESSION, owner=OTHER)
    for title, kinds, because in (
        ("only the other account allows it", {"resource": to(ROLE, "s3:*")}, "no identity-based policy"),
        ("only the other account allows the session", {"resource": to(SESSION, "s3:*")}, "no identity-based policy"),
        ("both allow it to the account", {"identity": READ, "resource": to(ROOT, "s3:*")}, ""),
        ("both allow it to the role", {"identity": READ, "resource": to(ROLE, "s3:*")}, ""),
        (
            "the boundary limits it",
            {"identity": READ, "boundary": SILENT, "resource": to(SESSION, "s3:*")},
            "no permissions boundary",
        ),
        (
            "the session policy limits it",
            {"identity": READ, "session": SILENT, "resource": to(SESSION, "s3:*")},
            "no session policy",
        ),
        ("the other account names another role", {"identity": READ, "resource": to(f"{ROLE}2", "s3:*")}, "no resource"),
    ):
        yield Example(title, ACROSS, not because, asked, policies(**kinds), because)


def _keys() -> Iterator[Example]:
    decrypt = statement("kms:Decrypt", KEY)
    default = to(ROOT, "kms:*", sid="Enable IAM User Permissions")
    for title, source, principal, kinds, because in (
        ("IAM policies have no effect", KEY_POLICIES, SESSION, (decrypt, to(f"{ROLE}2", "kms:*")), "no resource"),
        ("the default key policy enables IAM policies", DEFAULT_KEY_POLICY, SESSION, (decrypt, default), ""),
        ("the default key policy allows no role by itself", DEFAULT_KEY_POLICY, SESSION, (SILENT, default), "no ident"),
        ("a key without a policy of its own has the default", DEFAULT_KEY_POLICY, SESSION, (decrypt, None), ""),
        ("the key policy names the role", KEY_POLICIES, SESSION, (SILENT, to(ROLE, "kms:Decrypt")), ""),
        ("the key policy denies it", KEY_POLICIES, SESSION, (decrypt, to("*", "kms:*", Effect="Deny", sid="N")), "'N'"),
        ("an IAM policy denies it", KEY_POLICIES, SESSION, (deny("kms:*", sid="N"), to(ROLE, "kms:*")), "'N'"),
        ("the root user needs the key policy", KEY_POLICIES, ROOT, (FULL, to(ROLE, "kms:*")), "no resource"),
        ("the root user has it", KEY_POLICIES, ROOT, (None, default), ""),
    ):
        identity, resource = kinds
        given = policies(identity=identity, resource=resource)
        yield Example(title, source, not because, request(principal, "kms:Decrypt", KEY), given, because)
    across = request(SESSION, "kms:Decrypt", KEY.replace(ACCOUNT, OTHER), owner=OTHER)
    any_key = statement("kms:Decrypt")
    for title, identity, resource, because in (
        ("both accounts allow it", any_key, to(ROOT, "kms:Decrypt"), ""),
        ("only the key's account does", SILENT, to(ROOT, "kms:Decrypt"), "no identity-based policy"),
        ("only the caller's account does", any_key, to(f"arn:aws:iam::{OTHER}:root", "kms:*"), "no resource"),
        ("the key's account has the default policy", any_key, None, "no resource-based policy"),
    ):
        yield Example(title, KEYS_ACROSS, not because, across, policies(identity=identity, resource=resource), because)
    listed = request(SESSION, "kms:ListAliases", "*")
    yield Example(
        "an action without a key", KEY_POLICIES, True, listed, policies(identity=statement("kms:ListAliases"))
    )


def _trust() -> Iterator[Example]:
    assume = statement("sts:AssumeRole", TARGET)
    mfa = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}}
    for title, source, principal, identity, trust, because in (
        ("the trust policy names the user", EVALUATION, USER, None, to(USER, "sts:AssumeRole", ()), ""),
        ("the trust policy must allow the caller", EVALUATION, USER, assume, to(ROLE, "sts:AssumeRole", ()), "no reso"),
        ("a role without a trust policy", EVALUATION, USER, assume, None, "no resource-based policy"),
        ("the account must grant it too", ASSUMING, USER, SILENT, to(ROOT, "sts:AssumeRole", ()), "no identity-based"),
        ("the account and the user's policy", ASSUMING, USER, assume, to(ROOT, "sts:AssumeRole", ()), ""),
        ("the user's policy denies it", ASSUMING, USER, deny("sts:*", sid="N"), to(USER, "sts:AssumeRole", ()), "'N'"),
        ("MFA is missing", CHAINED_MFA, USER, assume, to(USER, "sts:AssumeRole", (), Condition=mfa), "no resource"),
    ):
        given = policies(identity=identity, resource=trust)
        yield Example(title, source, not because, request(principal, "sts:AssumeRole", TARGET), given, because)
    for age, allowed in (("60", True), ("3600", False)):
        asked = request(USER, "sts:AssumeRole", TARGET, aws__MultiFactorAuthPresent="true", aws__MultiFactorAuthAge=age)
        given = policies(resource=to(USER, "sts:AssumeRole", (), Condition=mfa))
        yield Example(f"MFA {age} seconds ago", CHAINED_MFA, allowed, asked, given)
    service = to({"Service": "ecs-tasks.amazonaws.com"}, "sts:AssumeRole", ())
    for name, allowed in (("ecs-tasks.amazonaws.com", True), ("ec2.amazonaws.com", False)):
        asked = request(name, "sts:AssumeRole", TARGET, owner=ACCOUNT)
        yield Example(f"{name} assumes the role of a task", EVALUATION, allowed, asked, policies(resource=service))
    host = "token.actions.githubusercontent.com"
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    subject = {"StringEquals": {f"{host}:sub": "repo:octo-org/octo-repo:environment:prod", f"{host}:aud": "sts"}}
    web = to({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", (), Condition=subject)
    for repository, allowed in (("octo-repo", True), ("octo-repo2", False)):
        claims = {f"{host}:sub": f"repo:octo-org/{repository}:environment:prod", f"{host}:aud": "sts"}
        asked = request(provider, "sts:AssumeRoleWithWebIdentity", TARGET, **claims)
        yield Example(f"a job of {repository}", WEB_IDENTITY, allowed, asked, policies(resource=web))
    other = provider.replace(host, "example.com")
    asked = request(other, "sts:AssumeRoleWithWebIdentity", TARGET, **claims | {f"{host}:sub": "x"})
    yield Example("another identity provider", WEB_IDENTITY, False, asked, policies(resource=web))


def _organizations() -> Iterator[Example]:
    for title, source, levels, because in (
        ("every level allows it", SCP_EVALUATION, [[FULL], [FULL], [FULL]], ""),
        ("one unit lacks an allow", SCP_EVALUATION, [[FULL], [SILENT], [FULL]], "no service control policy"),
        ("the account lacks an allow", SCP_EVALUATION, [[FULL], [FULL], [SILENT]], "no service control policy"),
        ("a level without a policy", SCP_EVALUATION, [[FULL], []], "no service control policy"),
        ("one of two policies of a level allows it", SCP_EVALUATION, [[FULL], [SILENT, READ]], ""),
        ("a denial at any level", SCP_EVALUATION, [[FULL, deny("s3:*", sid="NoS3")], [FULL]], "NoS3"),
        ("the management account has none", SCP, [], ""),
    ):
        given = policies(identity=READ, organization=levels)
        yield Example(title, source, not because, request(), given, because)
    yield Example(
        "an SCP grants nothing", SCP, False, request(), policies(organization=[[FULL]]), "no identity-based policy"
    )
    limited = policies(resource=to(SESSION, "s3:*"), organization=[[SILENT]])
    yield Example("an SCP limits what a resource's policy allows", SCP, False, request(), limited, "no service control")
    service_linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
    forbidden = policies(identity=READ, organization=[[FULL, deny("*", sid="Never")]])
    yield Example("an SCP doesn't limit service-linked roles", SCP, True, request(service_linked), forbidden)
    granted = policies(resource=to({"Service": "cloudtrail.amazonaws.com"}, "s3:PutObject"), organization=[[SILENT]])
    asked = request("cloudtrail.amazonaws.com", "s3:PutObject")
    yield Example("an SCP doesn't limit AWS services", SCP, True, asked, granted)
    regions = deny(
        (),
        sid="DenyAllOutsideEU",
        NotAction=["iam:*", "organizations:*", "route53:*", "sts:*"],
        Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]}},
    )
    everything = policies(identity=FULL, organization=[[FULL, regions]])
    for action, region, allowed in (
        ("ecs:ListClusters", "eu-west-1", True),
        ("ecs:ListClusters", "us-east-1", False),
        ("iam:ListRoles", "us-east-1", True),
    ):
        asked = request(SESSION, action, "*", aws__RequestedRegion=region)
        because = "" if allowed else "DenyAllOutsideEU"
        yield Example(f"{action} in {region}", SCP_REGIONS, allowed, asked, everything, because)


def _endpoints() -> Iterator[Example]:
    default = to("*", "*")
    arn = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
    read = request(SESSION, aws__PrincipalArn=ROLE)
    secret = request(SESSION, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:a-1")
    for title, asked, identity, endpoint, because in (
        ("the default endpoint policy allows all", read, READ, default, ""),
        ("an endpoint policy grants nothing", read, SILENT, default, "no identity-based policy"),
        ("an endpoint policy doesn't allow it", read, READ, to("*", "s3:PutObject"), "no VPC endpoint policy"),
        ("an endpoint policy denies it", read, READ, document(default, to("*", "s3:*", Effect="Deny", sid="N")), "'N'"),
        ("a gateway endpoint: the account means its root user", read, READ, to(ROOT, "*"), "no VPC endpoint policy"),
        ("a gateway endpoint, asked by the root user", request(ROOT), None, to(ROOT, "*"), ""),
        ("a gateway endpoint: a principal by aws:PrincipalArn", read, READ, to("*", "*", Condition=arn), ""),
        ("an interface endpoint: the account means all its principals", secret, FULL, to(ROOT, "*"), ""),
        ("an interface endpoint for another account", secret, FULL, to(OTHER, "*"), "no VPC endpoint policy"),
        ("an interface endpoint for the role", secret, FULL, to(ROLE, "*"), ""),
        ("another resource than the endpoint's", read, READ, to("*", "s3:*", f"{OBJECT}2"), "no VPC endpoint policy"),
    ):
        given = policies(identity=identity, endpoint=endpoint)
        yield Example(title, ENDPOINTS, not because, asked, given, because)
    limited = policies(resource=to(SESSION, "s3:*"), endpoint=to("*", "ec2:*"))
    yield Example(
        "it limits what a resource's policy allows", ENDPOINTS, False, read, limited, "no VPC endpoint policy"
    )
