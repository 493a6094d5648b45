"""Policy documents that AWS refuses: too long, with a principal that doesn't exist or can't be one, or malformed.

AWS keeps the id of a user or a role in the place of its ARN, and so refuses one that it can't find.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import signature
from itertools import chain
from typing import Any, NamedTuple

from moto.ec2.models import EC2Backend
from moto.ecr.models import ECRBackend
from moto.iam.models import IAMBackend, Role, User, iam_backends
from moto.kms.models import KmsBackend
from moto.logs.models import LogsBackend
from moto.organizations.models import OrganizationsBackend
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend
from moto.secretsmanager.models import SecretsManagerBackend
from moto.sns.models import SNSBackend

from environments.documents import (
    BUCKET,
    ENDPOINT,
    INLINE,
    KEY,
    LOGS,
    MANAGED,
    ORGANIZATION,
    REGISTRY,
    REPOSITORY,
    SECRET,
    TOPIC,
    TRUST,
    DocumentKind,
)
from ops.iam.policy import read
from rehearsal.emulator.additions.registry import AwsError, corrects
from rehearsal.emulator.settings import FIRST_ROLE

Arguments = Mapping[str, Any]
_IDENTITY = re.compile(
    r"arn:(?P<partition>[\w-]+):(iam|sts)::(?P<account>\d{12}):(?P<kind>user|role|assumed-role)/(?P<name>.+)"
)
_PRINCIPAL = re.compile(
    r"\*|\d{12}|A[A-Z0-9]{15,}|arn:[\w-]+:iam::\d{12}:(root|(user|role)/[\w+=,.@/-]+)|"
    r"arn:[\w-]+:sts::\d{12}:(assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+|self)|"
    r"arn:[\w-]+:iam::cloudfront:user/.+"
)
"""What can be a principal of the kind AWS; groups can't, nor a part of a name. The page above has all forms."""
_SID = re.compile("[0-9A-Za-z]*")
"""Of IAM's own policies: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html"""


class _Call(NamedTuple):
    """A call with a policy document."""

    service: str
    operation: str
    backend: type
    method: str
    argument: str
    """The document, among the method's own."""
    kind: DocumentKind
    code: str
    """AWS's error."""
    message: str = "Policy is longer than {longest} characters"
    no_principal: tuple[str, str] | None = None
    """Code and message where a principal doesn't exist; None where the policy has none, or AWS doesn't check."""


_IAM = "LimitExceeded", "Cannot exceed quota for PolicySize: {longest}"
_ROLE = "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: {longest}"
_INVALID = "InvalidParameterException"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
_TRUST = "MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"{principal}"'
# https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
_KEY = "MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals."
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-bucket-user-policy-specifying-principal-intro.html
_BUCKET = "MalformedPolicy", "Invalid principal in policy"
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
_SECRET = "MalformedPolicyDocumentException", "This resource policy contains an unsupported principal."
_INVALID_ENDPOINT = "InvalidPolicyDocument"
# Where AWS's page of a call states the limit and no code for it, the code is the call's own for a wrong document.
_CALLS = (
    _Call(
        "ec2", "CreateVpcEndpoint", EC2Backend, "create_vpc_endpoint", "policy_document", ENDPOINT, _INVALID_ENDPOINT
    ),
    _Call("ec2", "ModifyVpcEndpoint", EC2Backend, "modify_vpc_endpoint", "policy_doc", ENDPOINT, _INVALID_ENDPOINT),
    _Call("ecr", "PutRegistryPolicy", ECRBackend, "put_registry_policy", "policy_text", REGISTRY, _INVALID),
    _Call("ecr", "SetRepositoryPolicy", ECRBackend, "set_repository_policy", "policy_text", REPOSITORY, _INVALID),
    _Call("iam", "CreatePolicy", IAMBackend, "create_policy", "policy_document", MANAGED, *_IAM),
    _Call("iam", "CreatePolicyVersion", IAMBackend, "create_policy_version", "policy_document", MANAGED, *_IAM),
    _Call("iam", "CreateRole", IAMBackend, "create_role", "assume_role_policy_document", TRUST, *_ROLE, _TRUST),
    _Call(
        "iam",
        "PutRolePolicy",
        IAMBackend,
        "put_role_policy",
        "policy_json",
        INLINE,
        "LimitExceeded",
        "Maximum policy size of {longest} bytes exceeded for role {role_name}",
    ),
    _Call(
        "iam",
        "UpdateAssumeRolePolicy",
        IAMBackend,
        "update_assume_role_policy",
        "policy_document",
        TRUST,
        *_ROLE,
        _TRUST,
    ),
    _Call("kms", "CreateKey", KmsBackend, "create_key", "policy", KEY, "LimitExceededException", no_principal=_KEY),
    _Call(
        "kms", "PutKeyPolicy", KmsBackend, "put_key_policy", "policy", KEY, "LimitExceededException", no_principal=_KEY
    ),
    _Call("logs", "PutResourcePolicy", LogsBackend, "put_resource_policy", "policy_doc", LOGS, _INVALID),
    _Call(
        "organizations",
        "CreatePolicy",
        OrganizationsBackend,
        "create_policy",
        "Content",
        ORGANIZATION,
        "ConstraintViolationException",
        "POLICY_CONTENT_LIMIT_EXCEEDED",
    ),
    _Call(
        "s3",
        "PutBucketPolicy",
        S3Backend,
        "put_bucket_policy",
        "policy",
        BUCKET,
        "MalformedPolicy",
        no_principal=_BUCKET,
    ),
    _Call(
        "secretsmanager",
        "PutResourcePolicy",
        SecretsManagerBackend,
        "put_resource_policy",
        "policy",
        SECRET,
        _INVALID,
        no_principal=_SECRET,
    ),
    _Call("sns", "SetTopicAttributes", SNSBackend, "set_topic_attribute", "attribute_value", TOPIC, "InvalidParameter"),
)


def length(document: str | bytes, kind: DocumentKind) -> int:
    """How many characters AWS counts: IAM leaves out blanks between JSON's elements, others count all."""
    text = document.decode() if isinstance(document, bytes) else document
    if kind not in {MANAGED, INLINE, TRUST}:
        return len(text)
    try:
        return len(json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False))
    except ValueError:
        return len(text)  # moto refuses it.


def _refuse(call: _Call, backend: Any, given: Arguments) -> None:  # noqa: ANN401  (moto's)
    document = given.get(call.argument)
    if not document or str(given.get("attribute_name", "policy")).lower() != "policy":
        return
    error = S3ClientError if call.service == "s3" else AwsError
    size = length(document, call.kind)
    if call.kind is INLINE:
        others = backend.get_role(given["role_name"]).policies
        size += sum(length(each, INLINE) for name, each in others.items() if name != given["policy_name"])
    if size > call.kind.longest:
        raise error(call.code, call.message.format(longest=call.kind.longest, **given))
    for problem in _malformed(document, call.kind):
        raise error("MalformedPolicyDocument", problem)
    if call.no_principal:
        code, message = call.no_principal
        for principal in missing_principals(document):
            raise error(code, message.format(principal=principal))


def _malformed(document: str | bytes, kind: DocumentKind) -> Iterator[str]:
    """What IAM says of statements of its own policies.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and, for a trust policy,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    if kind not in {MANAGED, INLINE, TRUST}:
        return
    try:
        statements = read(document.decode() if isinstance(document, bytes) else document)
    except ValueError:
        return  # moto refuses it.
    identifiers = [each.sid for each in statements if each.sid]
    if not all(_SID.fullmatch(sid) for sid in identifiers):
        yield (
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            f"{_SID.pattern}"
        )
    if len(set(identifiers)) < len(identifiers):
        yield "Statement IDs (SID) in a single policy must be unique."
    for each in statements if kind is TRUST else ():
        if each.resources or each.not_resources:
            yield "Has prohibited field Resource"
        if not (each.principals or each.not_principals):
            yield "Missing required field Principal"


def missing_principals(document: str | bytes) -> Iterator[str]:
    """What a document names as principals and isn't one: users and roles that don't exist, groups, parts of names.

    A session of a role is its role.
    """
    try:
        statements = read(document.decode() if isinstance(document, bytes) else document)
    except ValueError:
        return  # moto refuses it.
    for kind, arn in chain.from_iterable((*each.principals, *each.not_principals) for each in statements):
        found = _IDENTITY.fullmatch(arn)
        if kind == "AWS" and not _PRINCIPAL.fullmatch(arn):
            yield arn
        if kind != "AWS" or not found:
            continue
        if found["name"].partition("/")[0] == FIRST_ROLE:
            continue
        iam = iam_backends[found["account"]][found["partition"]]
        identities: Iterable[Role | User] = iam.users.values() if found["kind"] == "user" else iam.roles.values()
        if found["kind"] == "assumed-role":
            exists = found["name"].partition("/")[0] in {each.name for each in identities}
        else:
            exists = arn in {each.arn for each in identities}
        if not exists:
            yield arn


def _register(call: _Call) -> None:
    parameters = signature(getattr(call.backend, call.method))

    def judged(original: Callable[..., Any], backend: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        bound = parameters.bind(backend, *args, **kwargs).arguments
        _refuse(call, backend, {**bound, **bound.get("kwargs", {})})
        return original(backend, *args, **kwargs)

    why = f"moto has no size limit for {call.kind.label}"
    if call.no_principal:
        why += ", and accepts principals that don't exist or can't be one"
    if call.kind is TRUST:
        why += ", resources, no principals, and any Sid"
    corrects(call.backend, call.method, call.service, call.operation, why=why, source=call.kind.source)(judged)


for _call in _CALLS:
    _register(_call)
