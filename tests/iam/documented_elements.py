"""What AWS's documentation says about the elements of statements, policy variables and condition keys."""

from __future__ import annotations

from collections.abc import Iterator

from tests.iam.examples import (
    ACCOUNT,
    BUCKET,
    KEY,
    OBJECT,
    SESSION,
    USER,
    Example,
    document,
    policies,
    request,
    statement,
)

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ACTIONS = _IAM + "reference_policies_elements_action.html"
NOT_ACTION = _IAM + "reference_policies_elements_notaction.html"
RESOURCES = _IAM + "reference_policies_elements_resource.html"
NOT_RESOURCE = _IAM + "reference_policies_elements_notresource.html"
ARNS = _IAM + "reference-arns.html"
VARIABLES = _IAM + "reference_policies_variables.html"
VERSIONS = _IAM + "reference_policies_elements_version.html"
CONDITIONS = _IAM + "reference_policies_elements_condition.html"
KEYS = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "reference_policies_actions-resources-contextkeys.html"
)
SECRETS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html"
SSM = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html"
VIA_SERVICE = "https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service"


def rows() -> Iterator[Example]:
    """All rows."""
    yield from _actions()
    yield from _resources()
    yield from _variables()
    yield from _conditions()
    yield from _sent()


def _actions() -> Iterator[Example]:
    for element, action, allowed in (
        ("s3:GetObject", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("iam:*AccessKey*", "iam:CreateAccessKey", True),
        ("iam:*AccessKey*", "iam:DeleteAccessKey", True),
        ("iam:*AccessKey*", "iam:CreateUser", False),
        ("s3:*", "s3:ListBucket", True),
        ("*", "sqs:SendMessage", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:GetObject", "s3:GetObjectAcl", False),
        ("s3:*", "s3express:CreateSession", False),
    ):
        given = policies(identity=statement(element))
        yield Example(f"{element} includes {action}", ACTIONS, allowed, request(USER, action, "*"), given)
    for excepted, action, allowed in (("iam:*", "s3:GetObject", True), ("iam:*", "IAM:CreateUser", False)):
        given = policies(identity=statement((), NotAction=excepted))
        yield Example(f"all but {excepted} include {action}", NOT_ACTION, allowed, request(USER, action, "*"), given)


def _resources() -> Iterator[Example]:
    items = "arn:aws:s3:::amzn-s3-demo-bucket/*/test/*"
    service = f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/aep/backend"
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"
    for element, resource, allowed, source in (
        *((items, f"{BUCKET}/{key}", True, RESOURCES) for key in ("1/test/object.jpg", "1/2/test/3/object.jpg")),
        *((items, f"{BUCKET}/{key}", True, RESOURCES) for key in ("1///test///object.jpg", "/test/", "1/test/.jpg")),
        *((items, f"{BUCKET}/{key}", False, RESOURCES) for key in ("1-test/object.jpg", "test/object.jpg")),
        ("arn:aws:s3:::amzn-s3-demo-bucket", BUCKET, True, RESOURCES),
        ("arn:aws:s3:::amzn-s3-demo-bucket", OBJECT, False, RESOURCES),
        ("arn:aws:s3:::AMZN-s3-demo-bucket", BUCKET, False, RESOURCES),
        ("arn:aws:iam::111122223333:user/accounting/*", "arn:aws:iam::111122223333:user/accounting/x", True, RESOURCES),
        ("arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:user/Bob", False, RESOURCES),
        ("arn:aws:ecs:*:111122223333:service/aep/*", service, True, RESOURCES),
        # A * at the end of a segment can match across colons, another one can't.
        ("arn:aws:ecs:us-east-1:*", service, True, RESOURCES),
        (f"{group}a*:log-stream:s", f"{group}a:b:log-stream:s", True, RESOURCES),
        (f"{group}a*b:log-stream:s", f"{group}a:b:log-stream:s", False, RESOURCES),
        (f"{group}a*b:log-stream:s", f"{group}a/b:log-stream:s", True, RESOURCES),
        # "specifying arn:aws:sqs is equivalent to arn:aws:sqs:*:*:*"
        ("arn:aws:sqs", "arn:aws:sqs:us-east-1:111122223333:queue", True, ARNS),
        ("arn:aws:sqs", "arn:aws:sns:us-east-1:111122223333:topic", False, ARNS),
        # An action without a resource type needs *.
        ("*", "*", True, RESOURCES),
        (BUCKET, "*", False, RESOURCES),
    ):
        given = policies(identity=statement("*", element))
        yield Example(f"{element} includes {resource}", source, allowed, request(USER, "x:Y", resource), given)
    others = policies(identity=statement("s3:*", (), NotResource=[BUCKET, f"{BUCKET}/*"]))
    for resource, allowed in ((OBJECT, False), (BUCKET, False), ("arn:aws:s3:::other/a", True)):
        asked = request(USER, "s3:GetObject", resource)
        yield Example(f"all but the bucket include {resource}", NOT_RESOURCE, allowed, asked, others)


def _variables() -> Iterator[Example]:
    home, tagged = "arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${aws:PrincipalTag/team, 'company-wide'}/*"
    for element, key, context, allowed in (
        (home, "b/exampleuser/a", {"aws:username": "exampleuser"}, True),
        (home, "b/other/a", {"aws:username": "exampleuser"}, False),
        # A variable without a value matches nothing, also not what it looks like.
        (home, "b/${aws:username}/a", {}, False),
        (home, "b/x/a", {}, False),
        ("arn:aws:s3:::b/${AWS:UserName}/*", "b/exampleuser/a", {"aws:username": "exampleuser"}, True),
        (tagged, "b/yellow/a", {"aws:PrincipalTag/team": "yellow"}, True),
        (tagged, "b/company-wide/a", {"aws:PrincipalTag/team": "yellow"}, False),
        (tagged, "b/company-wide/a", {}, True),
        ("arn:aws:s3:::b/${*}", "b/*", {}, True),
        ("arn:aws:s3:::b/${*}", "b/x", {}, False),
        ("arn:aws:s3:::b/${?}x", "b/?x", {}, True),
        ("arn:aws:s3:::b/${?}x", "b/ax", {}, False),
        ("arn:aws:s3:::b/${$}x", "b/$x", {}, True),
        # A tag's key has "letters, numbers, spaces, and _ . : / = + - @"; id_tags.html
        ("arn:aws:s3:::b/${aws:PrincipalTag/cost center}", "b/red", {"aws:PrincipalTag/cost center": "red"}, True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/a b, 'x y'}", "b/x y", {}, True),
        # "You can't use a variable to replace parts of the ARN before the fifth colon"
        ("arn:aws:s3::${aws:username}:b/a", "b/a", {"aws:username": ""}, False),
        ("${aws:username}", "b/a", {"aws:username": "arn:aws:s3:::b/a"}, False),
        ("arn:aws:s3:::${aws:username}/${aws:username}:a", "b/b:a", {"aws:username": "b"}, True),
        # "You can't use multivalued context keys as policy variables"
        ("arn:aws:s3:::b/${aws:TagKeys}/*", "b/x/a", {"aws:CalledVia": ("x", "y")}, False),
    ):
        asked = request(USER, "s3:GetObject", f"arn:aws:s3:::{key}", **context)
        given = policies(identity=statement("s3:GetObject", element))
        yield Example(f"{element} includes {key} with {context}", VARIABLES, allowed, asked, given)
    named = {"aws:username": "exampleuser"}
    for version, key, allowed in (
        ("2008-10-17", "b/exampleuser/a", False),
        ("2008-10-17", "b/${aws:username}/a", True),
    ):
        given = policies(identity=document(statement("s3:GetObject", home), version=version))
        asked = request(USER, "s3:GetObject", f"arn:aws:s3:::{key}", **named)
        yield Example(f"version {version} has no variables: {key}", VERSIONS, allowed, asked, given)
    spared = policies(
        identity=document(statement("s3:*"), statement("s3:*", (), Effect="Deny", NotResource=home, sid="OwnOnly"))
    )
    for key, context, allowed in (("b/exampleuser/a", named, True), ("b/other/a", named, False), ("b/x/a", {}, False)):
        asked = request(USER, "s3:GetObject", f"arn:aws:s3:::{key}", **context)
        yield Example(f"a denial of all but {home}: {key} with {context}", VARIABLES, allowed, asked, spared)
    # "Not present means that … any attempt to match it fails and causes the statement to be invalid"
    every_other = policies(identity=statement("s3:*", (), NotResource=home))
    for context, allowed in (({}, False), (named, True)):
        asked = request(USER, "s3:GetObject", "arn:aws:s3:::b/x/a", **context)
        yield Example(f"an allow of all but {home} with {context}", VARIABLES, allowed, asked, every_other)
    own = {"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}}
    for prefix, allowed in (("", True), ("home/", True), ("home/exampleuser/a", True), ("home/other/", False)):
        asked = request(USER, "s3:ListBucket", BUCKET, **named, **{"s3:prefix": prefix})
        given = policies(identity=statement("s3:ListBucket", BUCKET, Condition=own))
        yield Example(f"the prefix {prefix!r}", VARIABLES, allowed, asked, given)


def _conditions() -> Iterator[Example]:
    """Conditions are joined by AND, their values by OR."""
    both = {
        "StringEquals": {"aws:PrincipalTag/job": ["iamuser-admin", "hr-admin"], "aws:RequestedRegion": "us-east-1"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    whole = {"aws:PrincipalTag/job": "hr-admin", "aws:RequestedRegion": "us-east-1", "aws:SecureTransport": "true"}
    for title, context, allowed in (
        ("all hold", whole, True),
        ("keys aren't case-sensitive", {key.upper(): value for key, value in whole.items()}, True),
        ("one key has another value", whole | {"aws:RequestedRegion": "eu-west-1"}, False),
        ("one operator fails", whole | {"aws:SecureTransport": "false"}, False),
        ("one key is missing", {key: value for key, value in whole.items() if "Tag" not in key}, False),
        ("values are case-sensitive", whole | {"aws:PrincipalTag/job": "HR-admin"}, False),
    ):
        asked = request(SESSION, **context)
        yield Example(title, CONDITIONS, allowed, asked, policies(identity=statement("s3:*", Condition=both)))


def _sent() -> Iterator[Example]:
    """A key that AWS doesn't send with an action doesn't hold a condition."""
    via = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    tag = {"aws:ResourceTag/Project": "aep"}
    secret = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:x"
    instance = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i"
    listener = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:listener/app/aep/1/2"
    for action, resource, context, allowed, source in (
        ("kms:Decrypt", KEY, via, True, VIA_SERVICE),
        ("kms:ListAliases", "*", via, False, KEYS),
        ("elasticloadbalancing:DeleteListener", listener, tag, True, KEYS),
        ("elasticloadbalancing:DescribeListeners", "*", tag, False, KEYS),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/a", {"iam:PassedToService": "x"}, True, KEYS),
        ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/a", {"iam:PassedToService": "x"}, False, KEYS),
        ("s3:GetObject", OBJECT, {"s3:ExistingObjectTag/team": "x"}, True, KEYS),
        ("s3:ListBucket", BUCKET, {"s3:ExistingObjectTag/team": "x"}, False, KEYS),
        ("s3:GetObject", OBJECT, {"aws:SourceVpce": "vpce-1"}, True, KEYS),
        # `secretsmanager:ResourceTag/tag-key` is any tag.
        ("secretsmanager:GetSecretValue", secret, {"secretsmanager:ResourceTag/team": "x"}, True, SECRETS),
        ("secretsmanager:GetSecretValue", secret, {"secretsmanager:resource/team": "x"}, False, SECRETS),
        ("ssm:SendCommand", instance, {"ssm:resourceTag/team": "x"}, True, SSM),
    ):
        given = policies(identity=statement("*", Condition={"StringEquals": context}))
        because = "" if allowed else "AWS doesn't send"
        yield Example(
            f"{action} with {context}", source, allowed, request(SESSION, action, resource, **context), given, because
        )
