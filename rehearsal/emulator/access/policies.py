"""The policies that apply to a request, read from the emulator's own stores each time: what was applied counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from moto.ec2.models import ec2_backends
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ecr.models import ecr_backends
from moto.iam.models import Role, User, iam_backends
from moto.kms.models import kms_backends
from moto.organizations.models import organizations_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from environments.arns import account_of, partition
from ops.iam.evaluation import Document, Policies, Request
from rehearsal.emulator.access import lookups
from rehearsal.emulator.callers import Caller

_IN_ENDPOINTS = {"ecr": ("ecr.api",)}
"""Names in endpoints' names, by the name that requests are signed with, where the two differ."""


def entity(caller: Caller) -> Role | User | None:
    """The IAM role or user behind a caller; none if IAM doesn't have it."""
    backend = iam_backends[caller.account_id][_partition(caller.arn)]
    if caller.user:
        return backend.users.get(caller.user)
    return next((role for role in backend.roles.values() if role.arn == caller.principal_arn), None)


def policies(caller: Caller, request: Request, endpoint: VPCEndPoint | None) -> Policies:
    """The policies that AWS evaluates for a request.

    Args:
        caller: Who calls.
        request: The request.
        endpoint: The VPC endpoint that it goes through, if any.
    """
    who = entity(caller)
    return Policies(
        identity=tuple(_identity(who)),
        boundary=_boundary(who),
        session=tuple(_session(caller)) or None,
        resource=tuple(_resource(request)),
        endpoint=Document.of(endpoint.id, endpoint.policy_document) if endpoint is not None else None,
        organization=_organization(caller.account_id, _partition(caller.arn)),
    )


def endpoint_of(caller: Caller, signing_name: str, region: str) -> VPCEndPoint | None:
    """The endpoint that a caller in a VPC reaches a service through: AWS's names lead to it, as private DNS has them.

    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
    """
    if not caller.vpc:
        return None
    names = _IN_ENDPOINTS.get(signing_name, (signing_name,))
    services = {partition(region).endpoint_service(name, region) for name in names}
    found = ec2_backends[caller.account_id][region].vpc_end_points.values()
    return next((each for each in found if each.vpc_id == caller.vpc and each.service_name in services), None)


def _partition(arn: str) -> str:
    return arn.split(":")[1]


def _identity(who: Role | User | None) -> Iterator[Document]:
    if who is None:
        return
    groups: Sequence[Any] = (
        [
            group
            for group in iam_backends[account_of(who.arn)][_partition(who.arn)].groups.values()
            if who in group.users
        ]
        if isinstance(who, User)
        else []
    )
    for each in (who, *groups):
        yield from (Document.of(name, text) for name, text in each.policies.items())
        yield from (_managed(arn, policy) for arn, policy in each.managed_policies.items())


def _managed(arn: str, policy: Any) -> Document:  # noqa: ANN401  (moto's class of policies)
    return Document.of(arn, next(version.document for version in policy.versions if version.is_default))


def _boundary(who: Role | User | None) -> Document | None:
    arn = who.permissions_boundary_arn if isinstance(who, Role) else None
    if not arn:
        return None
    return _managed(arn, iam_backends[account_of(arn)][_partition(arn)].managed_policies[arn])


def _session(caller: Caller) -> Iterator[Document]:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session ."""
    for number, text in enumerate(caller.session_policies, 1):
        yield Document.of(f"{caller.arn.rpartition('/')[2]}#{number}", text)


class _Arn(NamedTuple):
    """The parts of an ARN."""

    text: str
    partition: str
    service: str
    region: str
    account_id: str
    name: str


def _resource(request: Request) -> Iterator[Document]:
    """The resource's own policy, if it is of a kind that has one here; a role's is its trust policy."""
    if not request.resource.startswith("arn:"):
        return
    arn = _Arn(request.resource, *request.resource.split(":", 5)[1:])
    if arn.service == "iam" and request.action.startswith("sts:"):
        roles = iam_backends[arn.account_id][arn.partition].roles.values()
        found: Any = next((role.assume_role_policy_document for role in roles if role.arn == arn.text), None)
    else:
        found = getattr(_HOLDERS.get(arn.service, _none)(arn), "policy", None)
    if found:
        yield Document.of(arn.text, found.decode() if isinstance(found, bytes) else found)


def _none(_: _Arn) -> None:
    """Other resources have no policy."""


_HOLDERS: Mapping[str, Callable[[_Arn], Any]] = {
    "ecr": lambda arn: ecr_backends[arn.account_id][arn.region].repositories.get(arn.name.removeprefix("repository/")),
    "kms": lambda arn: kms_backends[arn.account_id][arn.region].keys.get(arn.name.removeprefix("key/")),
    "s3": lambda arn: lookups.bucket(arn.name.partition("/")[0]),
    "secretsmanager": lambda arn: secretsmanager_backends[arn.account_id][arn.region].secrets.get(arn.text),
    "sns": lambda arn: sns_backends[arn.account_id][arn.region].topics.get(arn.text),
    "sqs": lambda arn: sqs_backends[arn.account_id][arn.region].queues.get(arn.name),
}
"""What has a policy, by service."""


def _organization(account_id: str, partition_: str) -> tuple[tuple[Document, ...], ...]:
    """Service control policies of the root, of each unit above the account, and of the account.

    None limit the management account. A level without a policy allows nothing; moto attaches FullAWSAccess as AWS does.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """
    for management, backends in organizations_backends.items():
        backend = backends.get(partition_)
        if backend is None or backend.org is None or management == account_id:
            continue
        member = next((each for each in backend.accounts if each.id == account_id), None)
        if member is None:
            continue
        levels, at = [member], member.parent_id
        while at:
            above: Any = next((each for each in backend.ou if each.id == at), None)
            if above is None:
                break
            levels.append(above)
            at = above.parent_id
        return tuple(
            tuple(
                Document.of(str(policy.name), str(policy.content))
                for policy in level.attached_policies
                if policy.type == _CONTROL
            )
            for level in reversed(levels)
        )
    return ()


_CONTROL = "SERVICE_CONTROL_POLICY"
