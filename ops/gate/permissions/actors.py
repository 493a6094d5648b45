"""Principals with their policies, and the resources that the table of permissions is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from environments.guardduty import AGENT, DATA, agent_repository
from environments.names import Names
from ops.gate.index import Index, not_understood
from ops.gate.model import ScannedBlock
from ops.gate.permissions.statements import Documents, PlacedStatement, unseen
from ops.iam.policy import listed, nested

_HOLDERS = ("role", "user", "group")


@dataclass(frozen=True)
class Held:
    """A statement, and the block that attaches it to its principal."""

    statement: PlacedStatement
    by: ScannedBlock


@dataclass(frozen=True)
class Principal:
    """A role, user or group."""

    name: str
    """A role's purpose; the address of any other principal."""
    block: ScannedBlock
    arn: str
    identity: tuple[Held, ...]
    boundary: tuple[Held, ...] | None
    """Statements of its permissions boundary; None if it has none."""
    trust: tuple[PlacedStatement, ...] = ()


@dataclass(frozen=True)
class Target:
    """A secret, repository, role or key."""

    name: str
    block: ScannedBlock
    arn: str
    policy: list[PlacedStatement] | None = None
    """Its own policy; None if it has none."""
    aliases: tuple[str, ...] = field(default=())


class Actors:
    """The principals and targets of one environment."""

    def __init__(self, index: Index, names: Names) -> None:
        """Read them."""
        self._index, self._names = index, names
        self._documents = Documents.of(index, names.place)
        for grant in index.all("aws_kms_grant"):
            raise not_understood(grant, "grants the use of a key, which isn't in any policy")
        self.principals = [
            self._principal(block) for block in index.all("aws_iam_role", "aws_iam_user", "aws_iam_group")
        ]
        self.roles = [
            Target(each.name, each.block, each.arn) for each in self.principals if each.block.kind == "aws_iam_role"
        ]
        self.secrets = [self._secret(block) for block in index.all("aws_secretsmanager_secret")]
        self.images = [*map(self._repository, index.all("aws_ecr_repository")), *self._agent()]
        self.endpoints = dict(self._endpoints())
        self.keys = [self._key(block) for block in index.all("aws_kms_key")]

    def principal(self, name: str) -> Principal | None:
        """The principal of that name."""
        return next((each for each in self.principals if each.name == name), None)

    def named(self, arn: str) -> str:
        """The table's name for an ARN: the purpose of a role of the environment, else the ARN itself."""
        return next((each.name for each in self.principals if each.arn == arn), arn)

    def _principal(self, block: ScannedBlock) -> Principal:
        own = block.settings
        boundary = own.get("permissions_boundary")
        trust = own.get("assume_role_policy")
        name = str(own.get("name") or "")
        known = block.kind == "aws_iam_role" and name.startswith(f"{self._names.prefix}-")
        return Principal(
            name=name.removeprefix(f"{self._names.prefix}-") if known else block.block.address,
            block=block,
            arn=self._documents.arns.of(block) or "",
            identity=tuple(self._identity(block)),
            boundary=tuple(self._managed(boundary, block)) if boundary else None,
            trust=tuple(self._documents.read(trust, block)) if trust else (),
        )

    def _identity(self, block: ScannedBlock) -> Iterator[Held]:
        for inline in nested(block.settings, "inline_policy"):
            yield from (Held(each, block) for each in self._documents.read(inline.get("policy"), block))
        for value in listed(block.settings.get("managed_policy_arns")):
            yield from self._managed(value, block)
        for kind in _HOLDERS:
            for policy in self._index.all(f"aws_iam_{kind}_policy"):
                if self._holds(policy, [policy.settings.get(kind)], block):
                    yield from (Held(each, policy) for each in self._documents.read(policy.settings["policy"], policy))
            for attachment in self._index.all(f"aws_iam_{kind}_policy_attachment"):
                if self._holds(attachment, [attachment.settings.get(kind)], block):
                    yield from self._managed(attachment.settings.get("policy_arn"), attachment)
        for attachment in self._index.all("aws_iam_policy_attachment"):
            holders = [value for kind in _HOLDERS for value in listed(attachment.settings.get(f"{kind}s"))]
            if self._holds(attachment, holders, block):
                yield from self._managed(attachment.settings.get("policy_arn"), attachment)

    def _holds(self, by: ScannedBlock, holders: Iterable[object], block: ScannedBlock) -> bool:
        names = {self._index.key(holder, by) for holder in holders if holder}
        return bool(names & {block.name, str(block.settings.get("name"))})

    def _managed(self, value: object, by: ScannedBlock) -> Iterator[Held]:
        policy = self._index.follow(value)
        if policy is not None and policy.kind == "aws_iam_policy":
            statements = self._documents.read(policy.settings.get("policy"), policy)
        else:
            # AWS's own policy, or one of another state: what it allows is unknown.
            statements = unseen(by, str(value))
        yield from (Held(each, by) for each in statements)

    def _secret(self, block: ScannedBlock) -> Target:
        prefix = self._names.secret("")
        name = str(block.settings.get("name", ""))
        return Target(
            name.removeprefix(prefix) if name.startswith(prefix) else block.block.address,
            block,
            self._documents.arns.of(block) or "",
            self._documents.own(block),
        )

    def _repository(self, block: ScannedBlock) -> Target:
        """A repository; its own policy names no resource, and applies to the repository.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
        """
        return Target(
            str(block.settings.get("name") or block.name),
            block,
            self._documents.arns.of(block) or "",
            self._documents.own(block),
        )

    def _agent(self) -> Iterator[Target]:
        """GuardDuty's own repository, which is in no stack: findings are reported on the agent's endpoint."""
        arn = agent_repository(self._names.environment.region)
        for block in self._index.all("aws_vpc_endpoint"):
            if arn and str(block.settings.get("service_name", "")).endswith(f".{DATA}"):
                yield Target(AGENT, block, arn)

    def _endpoints(self) -> Iterator[tuple[str, tuple[Held, ...]]]:
        """Policies of VPC endpoints by service; an endpoint without a policy allows everything."""
        for block in self._index.all("aws_vpc_endpoint"):
            if policy := block.settings.get("policy"):
                service = str(block.settings.get("service_name")).removeprefix(self._names.endpoint_service(""))
                yield service, tuple(Held(each, block) for each in self._documents.read(policy, block))

    def _key(self, block: ScannedBlock) -> Target:
        aliases = [
            str(alias.settings.get("name"))
            for alias in self._index.all("aws_kms_alias")
            if self._index.key(alias.settings.get("target_key_id"), alias) == block.name
        ]
        prefix = self._names.alias("")
        purposes = [alias.removeprefix(prefix) for alias in aliases if alias.startswith(prefix)]
        return Target(
            purposes[0] if purposes else block.block.address,
            block,
            self._documents.arns.of(block) or "",
            self._documents.own(block),
            tuple(aliases),
        )
