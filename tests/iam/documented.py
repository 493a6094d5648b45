"""What AWS's documentation says about requests within one account: an oracle for `ops.iam.evaluation`.

Rows follow AWS's text and examples, whose names they keep. The page is beside each.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.iam.examples import (
    ACCOUNT,
    BUCKET,
    FEDERATED,
    FULL,
    OTHER,
    READ,
    ROLE,
    ROOT,
    SESSION,
    SILENT,
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
EVALUATION = _IAM + "reference_policies_evaluation-logic_policy-eval-denyallow.html"
BASICS = _IAM + "reference_policies_evaluation-logic_policy-eval-basics.html"
BOUNDARIES = _IAM + "access_policies_boundaries.html"
PRINCIPALS = _IAM + "reference_policies_elements_principal.html"
NOT_PRINCIPAL = _IAM + "reference_policies_elements_notprincipal.html"
SCP = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html"


def rows() -> Iterator[Example]:
    """All rows."""
    yield from _one_account()
    yield from _limits()
    yield from _resource_policies()


def _one_account() -> Iterator[Example]:
    carlos = f"arn:aws:iam::{ACCOUNT}:user/carlossalazar"
    own = [
        statement(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "arn:aws:s3:::*", sid="AllowS3ListRead"),
        statement("s3:*", ["arn:aws:s3:::carlossalazar/*", "arn:aws:s3:::carlossalazar"], sid="AllowS3Self"),
        deny("s3:*", "arn:aws:s3:::*log*", sid="DenyS3Logs"),
    ]
    bucket = to(carlos, "s3:*", ["arn:aws:s3:::carlossalazar/*", "arn:aws:s3:::carlossalazar"])
    for name, allowed in (("carlossalazar-logs", False), ("carlossalazar", True)):
        asked = request(carlos, "s3:PutObject", f"arn:aws:s3:::{name}/a.txt")
        both = policies(identity=document(*own), resource=bucket)
        yield Example(f"Carlos saves a file to {name}", BASICS, allowed, asked, both, "" if allowed else "DenyS3Logs")
    reports = policies(
        identity=document(
            statement(["iam:Get*", "iam:List*"], sid="AllowGetList"), deny("iam:*Report", sid="DenyReports")
        )
    )
    for action, allowed, because in (
        ("iam:GetUser", True, ""),
        ("iam:CreatePolicy", False, "identity-based policy"),
        ("iam:GetOrganizationsAccessReport", False, "DenyReports"),
        ("iam:GenerateCredentialReport", False, "DenyReports"),
    ):
        asked = request(USER, action, "*")
        yield Example(f"an explicit and an implicit denial of {action}", EVALUATION, allowed, asked, reports, because)
    yield Example("nothing is allowed by default", EVALUATION, False, request(), policies(), "no identity-based policy")
    yield Example("the root user has full access by default", EVALUATION, True, request(ROOT), policies())
    denied = policies(organization=[[FULL, deny("s3:*", sid="NoS3")]])
    yield Example("an SCP limits the root user", SCP, False, request(ROOT), denied, "NoS3")


def _limits() -> Iterator[Example]:
    shirley = f"arn:aws:iam::{ACCOUNT}:user/ShirleyRodriguez"
    boundary = statement(["s3:*", "cloudwatch:*", "ec2:*"])
    create = request(shirley, "iam:CreateUser", "*")
    yield Example(
        "a boundary limits what an identity-based policy allows",
        BOUNDARIES,
        False,
        create,
        policies(identity=statement("iam:CreateUser"), boundary=boundary),
        "no permissions boundary",
    )
    yield Example(
        "a boundary provides no permissions on its own",
        BOUNDARIES,
        False,
        request(shirley),
        policies(boundary=boundary),
        "no identity-based policy",
    )
    yield Example(
        "what both allow is allowed",
        BOUNDARIES,
        True,
        request(shirley),
        policies(identity=READ, boundary=boundary),
    )
    limited = document(boundary, deny("s3:*", [BUCKET, f"{BUCKET}/*"], sid="DenyS3Logs"))
    yield Example(
        "a boundary's denial overrides",
        BOUNDARIES,
        False,
        request(shirley),
        policies(identity=READ, boundary=limited),
        "DenyS3Logs",
    )
    for title, identity, capped, session, allowed, because in (
        ("the session policy doesn't allow it", READ, None, SILENT, False, "no session policy"),
        ("a session policy grants nothing", SILENT, None, READ, False, "no identity-based policy"),
        ("identity and session policies allow it", READ, None, READ, True, ""),
        ("two session policies, one of which allows it", READ, None, [SILENT, READ], True, ""),
        ("all three allow it", READ, READ, READ, True, ""),
        ("boundary and session policy allow it, the identity's doesn't", SILENT, READ, READ, False, "no identity"),
        ("the boundary doesn't allow it", READ, SILENT, READ, False, "no permissions boundary"),
        ("the session policy denies it", READ, READ, deny("s3:*", sid="Never"), False, "Never"),
    ):
        given = policies(identity=identity, boundary=capped, session=session)
        yield Example(title, BOUNDARIES, allowed, request(), given, because)
    for passed, allowed in ((READ, True), (None, False)):
        given = policies(identity=READ, session=passed)
        title = f"a federated user {'with' if allowed else 'without'} a session policy"
        because = "" if allowed else "no session policy"
        yield Example(title, EVALUATION, allowed, request(FEDERATED), given, because)


def _resource_policies() -> Iterator[Example]:
    """The table "Resource-based policies and implicit denies in other policy types (same account)"."""
    for principal, named, others, allowed, because in (
        # The user: no implicit denial limits what names it.
        (USER, USER, {"boundary": SILENT}, True, ""),
        (USER, USER, {}, True, ""),
        # The role: a boundary and a session policy limit it; its identity-based policies needn't allow it.
        (SESSION, ROLE, {}, True, ""),
        (SESSION, ROLE, {"boundary": SILENT}, False, "no permissions boundary"),
        (SESSION, ROLE, {"boundary": READ}, True, ""),
        (SESSION, ROLE, {"session": SILENT}, False, "no session policy"),
        (SESSION, ROLE, {"boundary": READ, "session": READ}, True, ""),
        (SESSION, ROLE, {"boundary": READ, "session": SILENT}, False, "no session policy"),
        # The session itself.
        (SESSION, SESSION, {"boundary": SILENT}, True, ""),
        (SESSION, SESSION, {"session": SILENT}, True, ""),
        (SESSION, SESSION, {"boundary": SILENT, "session": SILENT}, True, ""),
        (FEDERATED, FEDERATED, {"session": SILENT}, True, ""),
        # The account delegates to its IAM policies.
        (SESSION, ROOT, {}, False, "no identity-based policy"),
        (SESSION, ACCOUNT, {}, False, "no identity-based policy"),
        (SESSION, ROOT, {"identity": READ}, True, ""),
        (SESSION, ROOT, {"identity": READ, "boundary": SILENT}, False, "no permissions boundary"),
        (SESSION, ROOT, {"identity": READ, "session": SILENT}, False, "no session policy"),
        # Another principal.
        (SESSION, USER, {}, False, "no identity-based policy"),
        (SESSION, f"{SESSION}2", {}, False, "no identity-based policy"),
        (SESSION, f"arn:aws:iam::{OTHER}:root", {}, False, "no identity-based policy"),
        (ROOT, ROOT, {}, True, ""),
    ):
        kinds = {"identity": SILENT, **others, "resource": to(named, "s3:GetObject", f"{BUCKET}/*")}
        title = f"{principal} by {named}, {sorted(others.items(), key=str)}"
        yield Example(title, EVALUATION, allowed, request(principal), policies(**kinds), because)
    anyone = to("*", "s3:GetObject", f"{BUCKET}/*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})
    silent = policies(identity=SILENT, boundary=SILENT, session=SILENT, resource=anyone)
    yield Example(
        "neither boundaries nor session policies limit what * with aws:PrincipalArn allows",
        PRINCIPALS,
        True,
        request(aws__PrincipalArn=ROLE),
        silent,
    )
    yield Example(
        "* with aws:PrincipalArn of another role",
        PRINCIPALS,
        False,
        request(aws__PrincipalArn=f"{ROLE}2"),
        silent,
        "no identity-based policy",
    )
    refused = policies(identity=deny("s3:*", sid="Never"), resource=to(SESSION, "s3:GetObject"))
    yield Example("an explicit denial in the identity's policy", EVALUATION, False, request(), refused, "Never")
    for named in (SESSION, ROLE, ROOT, "*"):
        both = policies(identity=READ, resource=to(named, "s3:*", f"{BUCKET}/*", Effect="Deny", sid="NotHere"))
        yield Example(f"the resource's policy denies {named}", EVALUATION, False, request(), both, "NotHere")
    path = f"arn:aws:iam::{ACCOUNT}:role/team/examplerole"
    yield Example(
        "a role with a path",
        PRINCIPALS,
        True,
        request(aws__PrincipalArn=path),
        policies(resource=to(path, "s3:GetObject")),
    )
    service = "cloudtrail.amazonaws.com"
    written = to({"Service": service}, "s3:PutObject")
    put = request(service, "s3:PutObject")
    yield Example("a service that the policy names", PRINCIPALS, True, put, policies(resource=written))
    for given in (policies(identity=FULL), policies(resource=to({"Service": "config.amazonaws.com"}, "s3:PutObject"))):
        yield Example("a service that it doesn't name", PRINCIPALS, False, put, given, "no resource-based policy")
    bob, root = f"arn:aws:iam::{OTHER}:user/Bob", f"arn:aws:iam::{OTHER}:root"
    granted = to([bob, f"arn:aws:iam::{OTHER}:user/Eve"], "s3:*")
    for who, excepted, boundary, allowed in (
        ("Bob", [bob, root], None, True),
        ("Eve", [bob, root], None, False),
        ("Bob", [bob], None, False),
        ("Bob", [bob, root], FULL, False),
    ):
        others = deny("s3:*", f"{BUCKET}/*", sid="Others", NotPrincipal={"AWS": excepted})
        yield Example(
            f"NotPrincipal {excepted}, asked by {who}{' with a boundary' if boundary else ''}",
            NOT_PRINCIPAL,
            allowed,
            request(f"arn:aws:iam::{OTHER}:user/{who}", owner=OTHER),
            policies(identity=READ, boundary=boundary, resource=document(granted, others)),
            "" if allowed else "Others",
        )
    auditor = f"arn:aws:sts::{OTHER}:assumed-role/cross-account-read-only-role/cross-account-audit-app"
    reader = f"arn:aws:iam::{OTHER}:role/cross-account-read-only-role"
    # "All principals are denied except the assumed-role user", so other sessions of its role are too.
    other, elsewhere = auditor.replace("audit-app", "other-app"), auditor.replace("read-only", "write")
    apart = reader.replace("role/", "role/team/")
    for excepted, who, role, allowed in (
        ([auditor, reader, root], auditor, reader, True),
        ([auditor, reader, root], other, reader, False),
        ([auditor, other, reader, root], other, reader, True),
        ([elsewhere, reader, root], other, reader, True),
        ([reader, root], other, reader, True),
        ([auditor, root], auditor, reader, False),
        ([auditor, reader], auditor, reader, False),
        ([auditor, apart, root], auditor, apart, True),
        ([auditor, apart, root], other, apart, False),
    ):
        others = deny("s3:*", sid="Others", NotPrincipal={"AWS": excepted})
        given = policies(identity=READ, resource=document(to([auditor, other], "s3:*"), others))
        asked = request(who, owner=OTHER, aws__PrincipalArn=role)
        yield Example(f"{who} and {excepted}", NOT_PRINCIPAL, allowed, asked, given, "" if allowed else "Others")
