"""What the emulator knows about resources: ARNs by name, keys, owners and tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.acm.models import acm_backends
from moto.codedeploy.models import codedeploy_backends
from moto.ecs.models import ecs_backends
from moto.iam.models import iam_backends
from moto.kms.models import KmsBackend, kms_backends
from moto.s3.models import FakeBucket, FakeKey, s3_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends
from moto.wafv2.models import wafv2_backends

from rehearsal.emulator.access.calls import Call
from rehearsal.emulator.access.templates import at
from rehearsal.emulator.additions.service_linked_roles import NAMES
from rehearsal.emulator.first_calls import FIRST_CALLS

Finder = Callable[["Lookups"], Iterator[str]]
FINDERS: dict[str, Finder] = {}
"""By name, as the table of operations writes it after `@`."""


def finder(name: str) -> Callable[[Finder], Finder]:
    """Register what the table of operations looks up by a name."""

    def register(function: Finder) -> Finder:
        FINDERS[name] = function
        return function

    return register


class Lookups:
    """What a call is about."""

    def __init__(self, call: Call, account_id: str, partition: str) -> None:
        """Take the call and its caller's account."""
        self.call, self.account_id, self.partition = call, account_id, partition

    def find(self, name: str) -> tuple[str, ...]:
        """The values of a name of the table."""
        return tuple(FINDERS[name](self))

    def first(self, *paths: str) -> str:
        """The first value of the first path that has one; empty if none has."""
        return next((value for path in paths for value in at(self.call.parameters, path)), "")

    def arn(self, service: str, resource: str) -> str:
        """An ARN in the caller's account and the call's region."""
        return f"arn:{self.partition}:{service}:{self.call.region}:{self.account_id}:{resource}"

    @property
    def kms(self) -> KmsBackend:
        """The keys of the account and region."""
        return kms_backends[self.account_id][self.call.region]

    def key(self, text: str) -> str:
        """ARN of the key that an id, an alias or an ARN of either names; empty without one, or if it is AWS's own."""
        name = text.rpartition(":")[2].removeprefix("key/")
        if not name or name.startswith("alias/aws/"):
            return ""
        if text.startswith("arn:") and ":key/" in text:
            return text
        id_ = name
        if name.startswith("alias/"):
            id_ = next((id_ for id_, key in self.kms.keys.items() if name in key.aliases), "")
        return self.arn("kms", f"key/{id_}") if id_ else ""

    @property
    def bucket(self) -> FakeBucket | None:
        """The bucket that the call names, of any account."""
        return bucket(self.first("Bucket"))

    @property
    def object(self) -> FakeKey | None:
        """The object that the call names."""
        found = self.bucket
        if found is None or not (name := self.first("Key")):
            return None
        versions = [each for each in found.keys.getlist(name, []) if isinstance(each, FakeKey)]
        wanted = self.first("VersionId")
        return next((each for each in reversed(versions) if not wanted or str(each.version_id) == wanted), None)

    @property
    def secret(self) -> FakeSecret | None:
        """The secret that the call names."""
        found = secretsmanager_backends[self.account_id][self.call.region].secrets.get(self.first("SecretId"))
        return found if isinstance(found, FakeSecret) else None


@finder("role")
def _role(of: Lookups) -> Iterator[str]:
    yield from _with_path(of, "roles", "RoleName")


@finder("user")
def _user(of: Lookups) -> Iterator[str]:
    yield from _with_path(of, "users", "UserName")


def _with_path(of: Lookups, kind: str, parameter: str) -> Iterator[str]:
    """An IAM entity's path and name; a new one's path is a parameter."""
    if name := of.first(parameter):
        entities: Mapping[str, Any] = getattr(iam_backends[of.account_id][of.partition], kind)
        path = next((each.path for each in entities.values() if each.name == name), of.first("Path") or "/")
        yield f"{path.lstrip('/')}{name}"


@finder("key")
def _key(of: Lookups) -> Iterator[str]:
    if found := of.key(of.first("KeyId", "TargetKeyId", "KeyIdentifier")):
        yield found.rpartition("/")[2]


@finder("alias")
def _alias(of: Lookups) -> Iterator[str]:
    if found := of.first("AliasName"):
        yield found.removeprefix("alias/")


@finder("aliased-key")
def _aliased_key(of: Lookups) -> Iterator[str]:
    """ARN of the key that an alias is of."""
    if (found := of.first("AliasName")) and (arn := of.key(found)):
        yield arn


@finder("named-key")
def _named_key(of: Lookups) -> Iterator[str]:
    """ARN of the key that a new database, repository or secret is encrypted with."""
    if arn := of.key(of.first("KmsKeyId", "encryptionConfiguration.kmsKey")):
        yield arn


@finder("boundary")
def _boundary(of: Lookups) -> Iterator[str]:
    """ARN of the boundary of the role or user that the call names."""
    backend: Any = iam_backends[of.account_id][of.partition]
    named = of.first("RoleName"), of.first("UserName")
    yield from (
        str(each.permissions_boundary_arn)
        for each in (*backend.roles.values(), *backend.users.values())
        if each.name in named and getattr(each, "permissions_boundary_arn", None)
    )


@finder("secret")
def _secret(of: Lookups) -> Iterator[str]:
    if of.secret is not None:
        yield str(of.secret.arn)


@finder("secret-id")
def _secret_id(of: Lookups) -> Iterator[str]:
    for arn in _secret(of):
        yield arn.partition(":secret:")[2]


@finder("secret-key")
def _secret_key(of: Lookups) -> Iterator[str]:
    stored = of.secret.kms_key_id if of.secret is not None else ""
    if found := of.key(str(of.first("KmsKeyId") or stored or "")):
        yield found


@finder("object-key")
def _object_key(of: Lookups) -> Iterator[str]:
    """The key that an existing object is encrypted with."""
    if of.object is not None and (found := of.key(_encryption(of.object, of.bucket))):
        yield found


@finder("upload-key")
def _upload_key(of: Lookups) -> Iterator[str]:
    """The key that a new object is encrypted with: the request's, or else the bucket's.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
    """
    if of.first("ServerSideEncryption") and not of.first("ServerSideEncryption").startswith("aws:kms"):
        return
    if found := of.key(of.first("SSEKMSKeyId") or _default_key(of.bucket)):
        yield found


@finder("multipart-key")
def _multipart_key(of: Lookups) -> Iterator[str]:
    """The key that an upload in parts is encrypted with."""
    if of.bucket is None or (upload := of.bucket.multiparts.get(of.first("UploadId"))) is None:
        return
    if arn := of.key(_encryption_key(upload.sse_encryption, upload.kms_key_id, of.bucket)):
        yield arn


@finder("copied-key")
def _copied_key(of: Lookups) -> Iterator[str]:
    """The key of the object that is copied."""
    source, _, version = of.first("CopySource").lstrip("/").partition("?versionId=")
    name, _, key = source.partition("/")
    found = bucket(name)
    for each in reversed(found.keys.getlist(key, []) if found else ()):
        if isinstance(each, FakeKey) and (not version or str(each.version_id) == version):
            if arn := of.key(_encryption(each, found)):
                yield arn
            return


def _encryption(stored: FakeKey, in_: FakeBucket | None) -> str:
    return _encryption_key(stored.encryption, stored.kms_key_id, in_)


def _encryption_key(algorithm: str | None, key: str | None, in_: FakeBucket | None) -> str:
    """The key of an algorithm, or else the bucket's; empty if the algorithm uses none of KMS."""
    if algorithm and not str(algorithm).startswith("aws:kms"):
        return ""
    return str(key or _default_key(in_))


def _default_key(of: FakeBucket | None) -> str:
    rule: Mapping[str, Any] = ((of.encryption if of is not None else None) or {}).get("Rule") or {}
    return str((rule.get("ApplyServerSideEncryptionByDefault") or {}).get("KMSMasterKeyID") or "")


@finder("copied")
def _copied(of: Lookups) -> Iterator[str]:
    """ARN of the object that is copied."""
    if "?versionId=" not in of.first("CopySource"):
        yield _source(of)


@finder("copied-version")
def _copied_version(of: Lookups) -> Iterator[str]:
    """ARN of the object whose version is copied."""
    if "?versionId=" in of.first("CopySource"):
        yield _source(of)


def _source(of: Lookups) -> str:
    return f"arn:{of.partition}:s3:::{of.first('CopySource').lstrip('/').partition('?')[0]}"


@finder("missing-object")
def _missing_object(of: Lookups) -> Iterator[str]:
    """ARN of the bucket, if the object isn't there."""
    if of.bucket is not None and of.object is None:
        yield str(of.bucket.arn)


@finder("task-definition")
def _task_definition(of: Lookups) -> Iterator[str]:
    """Family and revision of the named task definition: the newest if none is named."""
    named = of.first("taskDefinition").rpartition("/")[2]
    family, _, revision = named.partition(":")
    revisions = ecs_backends[of.account_id][of.call.region].task_definitions.get(family, {})
    if family:
        yield f"{family}:{revision or max(revisions, default=1)}"


@finder("task-roles")
def _task_roles(of: Lookups) -> Iterator[str]:
    """The roles of the named task definition."""
    for named in _task_definition(of):
        family, _, revision = named.partition(":")
        found = ecs_backends[of.account_id][of.call.region].task_definitions.get(family, {}).get(int(revision))
        if found is not None:
            yield from dict.fromkeys(filter(None, (found.task_role_arn, found.execution_role_arn)))


@finder("cluster")
def _cluster(of: Lookups) -> Iterator[str]:
    """The cluster's name."""
    yield of.first("cluster").rpartition("/")[2] or "default"


@finder("deployment-group")
def _deployment_group(of: Lookups) -> Iterator[str]:
    """The group of a deployment of CodeDeploy, with its application."""
    deployments: Mapping[str, Any] = codedeploy_backends[of.account_id][of.call.region].deployments
    for id_ in (*at(of.call.parameters, "deploymentId"), *at(of.call.parameters, "deploymentIds")):
        if id_ in deployments:
            yield f"{deployments[id_].application_name}/{deployments[id_].deployment_group_name}"


@finder("deployment-config")
def _deployment_config(of: Lookups) -> Iterator[str]:
    """Name of a deployment's configuration: the call's, or else the group's, or else CodeDeploy's default.

    https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html
    """
    groups: Mapping[str, Any] = codedeploy_backends[of.account_id][of.call.region].deployment_groups
    group = groups.get(of.first("applicationName"), {}).get(of.first("deploymentGroupName"))
    stored = group.deployment_config_name if group is not None else None
    yield of.first("deploymentConfigName") or stored or "CodeDeployDefault.OneAtATime"


@finder("associated-acl")
def _associated_acl(of: Lookups) -> Iterator[str]:
    """ARN of the web ACL that protects a resource."""
    found = wafv2_backends[of.account_id][of.call.region].get_web_acl_for_resource(of.first("ResourceArn"))
    if found is not None:
        yield str(found.arn)


@finder("firewall-scope")
def _firewall_scope(of: Lookups) -> Iterator[str]:
    """The scope as ARNs have it: regional or global."""
    if found := of.first("Scope"):
        yield "global" if found == "CLOUDFRONT" else found.lower()


@finder("firewall-logs")
def _firewall_logs(of: Lookups) -> Iterator[str]:
    """`*` if a firewall logs to CloudWatch Logs."""
    if any(":logs:" in each for each in at(of.call.parameters, "LoggingConfiguration.LogDestinationConfigs")):
        yield "*"


_EC2 = {
    "acl": "network-acl",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "vpce": "vpc-endpoint",
}
"""Types in EC2's ARNs, by the beginning of ids, where the two differ.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_ec2.html
"""


@finder("tagged")
def _tagged(of: Lookups) -> Iterator[str]:
    """Types and ids of EC2's resources whose tags change."""
    for id_ in at(of.call.parameters, "Resources"):
        kind = id_.partition("-")[0]
        yield f"{_EC2.get(kind, kind)}/{id_}"


@finder("new-listener-or-rule")
def _new_listener_or_rule(of: Lookups) -> Iterator[str]:
    """ARN of a listener or rule that is being created, below its load balancer or listener."""
    if balancer := of.first("LoadBalancerArn"):
        yield f"{balancer.replace(':loadbalancer/', ':listener/')}/*"
    if listener := of.first("ListenerArn"):
        yield f"{listener.replace(':listener/', ':listener-rule/')}/*"


@finder("provider")
def _provider(of: Lookups) -> Iterator[str]:
    """An identity provider's name: its URL without the scheme."""
    if found := of.first("Url"):
        yield found.removeprefix("https://")


def _missing_roles(of: Lookups) -> Iterator[tuple[str, str]]:
    """The service whose role the call creates because it is missing, and the role's ARN."""
    roles = iam_backends[of.account_id][of.partition].roles.values()
    for first in FIRST_CALLS:
        name = NAMES[first.principal]
        called = first.service == of.call.service and of.call.operation in first.operations and not first.error
        if called and all(role.name != name for role in roles):
            path = f"role/aws-service-role/{first.principal}/{name}"
            yield first.principal, f"arn:{of.partition}:iam::{of.account_id}:{path}"


@finder("missing-role")
def _missing_role(of: Lookups) -> Iterator[str]:
    yield from (arn for _, arn in _missing_roles(of))


@finder("missing-role-service")
def _missing_role_service(of: Lookups) -> Iterator[str]:
    yield from (service for service, _ in _missing_roles(of))


@finder("zone")
def _zone(of: Lookups) -> Iterator[str]:
    """Id of the hosted zone."""
    if found := of.first("HostedZoneId", "Id"):
        yield found.rpartition("/")[2]


@finder("change")
def _change(of: Lookups) -> Iterator[str]:
    """Id of a change of records."""
    if found := of.first("Id"):
        yield found.rpartition("/")[2]


@finder("queue")
def _queue(of: Lookups) -> Iterator[str]:
    """Name of the queue."""
    if found := of.first("QueueName", "QueueUrl"):
        yield found.rpartition("/")[2]


@finder("domain-names")
def _domain_names(of: Lookups) -> Iterator[str]:
    """All names of a new certificate."""
    yield from dict.fromkeys(
        each for path in ("DomainName", "SubjectAlternativeNames") for each in at(of.call.parameters, path)
    )


def bucket(name: str) -> FakeBucket | None:
    """A bucket of any account: names are unique."""
    for backends in s3_backends.values():
        for backend in backends.values():
            if name in backend.buckets:
                return backend.buckets[name]
    return None


def aliases(arn: str) -> tuple[str, ...]:
    """The aliases of a key."""
    _, _, _, region, account_id, resource = arn.split(":", 5)
    key = kms_backends[account_id][region].keys.get(resource.removeprefix("key/"))
    return tuple(key.aliases) if key is not None else ()


def owner(arn: str) -> str:
    """The account that owns a resource; empty if that is unknown."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return ""
    if parts[2] == "s3":
        found = bucket(parts[5].partition("/")[0])
        return str(found.account_id) if found is not None else ""
    # Managed policies of AWS have `aws` in place of an account: everybody's own.
    return parts[4] if parts[4].isdigit() and len(parts[4]) == 12 else ""


def resource_tags(arn: str) -> dict[str, str]:
    """The tags of a certificate: of no other resource do the policies ask for them."""
    parts = arn.split(":", 5)
    if parts[2:3] != ["acm"] or len(parts) < 6:
        return {}
    certificate = acm_backends[parts[4]][parts[3]]._certificates.get(arn)
    return {name: value or "" for name, value in certificate.tags.items()} if certificate is not None else {}
