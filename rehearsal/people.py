"""Who rolls out in a rehearsal: the principals of the environment's values, who assume roles as on AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

import environments
from environments.arns import account_of
from environments.names import Names
from environments.schema import IamUser
from ops.aws.errors import explained
from ops.ci import JobRole
from ops.ci.sign_in import github_environment
from ops.errors import OpsError
from rehearsal.emulator.settings import credentials
from rehearsal.emulator.tokens import Tokens, claims

if TYPE_CHECKING:
    from environments.schema import Environment
    from environments.schema.principals import Principal

CODE = "123456"
"""An MFA device's code. The emulator accepts any six digits."""
SUFFIX = "0123456789abcdef"
"""The suffix of a role's name from Identity Center."""
Variables = Mapping[str, str]


@dataclass
class People:
    """The principals that may assume roles, in the accounts that they sign in to."""

    environment: Environment
    endpoint: str
    tokens: Tokens | None = None
    """What signs tokens for GitHub's jobs."""
    _users: dict[str, tuple[Variables, str]] = field(default_factory=dict)
    """Access key and MFA device of each IAM user, by its ARN."""

    def _named(self) -> Mapping[str, tuple[Principal, ...]]:
        """The people who may assume each role."""
        access = self.environment.access
        return {"break-glass": access.administrators, "deployer": access.deployers, "planner": access.planners}

    def exist(self) -> None:
        """Create the IAM users that the values name, each with the policy that docs/account.md gives it.

        AWS refuses a trust policy that names a user who doesn't exist. A user of another account needs a policy of its
        own, too: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies-cross-account-resource-access.html
        """
        names = Names(self.environment)
        assumable = self._named()
        for arn in dict.fromkeys(
            each.arn for named in assumable.values() for each in named if isinstance(each, IamUser)
        ):
            self._user(arn)
            roles = [
                names.role_arn(purpose)
                for purpose, named in assumable.items()
                if any(isinstance(each, IamUser) and each.arn == arn for each in named)
            ]
            statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": roles}
            self._client("iam", credentials(account_of(arn))).put_user_policy(
                UserName=arn.rpartition("/")[2],
                PolicyName=names.resource("roles"),
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
            )

    def as_role(self, purpose: str) -> dict[str, str]:
        """Credentials of one of the account's roles, as variables: the first principal of its values assumes it.

        Without a person in the values, a job of the role's GitHub environment does.

        Args:
            purpose: `break-glass`, `deployer` or `planner`.

        Raises:
            OpsError: No principal may assume it.
            AwsError: The role's trust policy denies that principal.
        """
        access, names = self.environment.access, Names(self.environment)
        named = self._named()[purpose]
        if not named and self.tokens and purpose in set(JobRole) and access.github_environment:
            return self._as_job(JobRole(purpose), self.tokens)
        if not named:
            raise OpsError(f"access of {self.environment.name} names no principal for the role {purpose}")
        keys, shown = self._signed_in(named[0])
        with explained(f"assume {names.role(purpose)} as {named[0]}"):
            taken = self._client("sts", keys).assume_role(
                RoleArn=names.role_arn(purpose), RoleSessionName="rehearsal", **shown
            )
        return _variables(taken["Credentials"])

    @property
    def administrator(self) -> tuple[str, ...]:
        """What an alert must contain of the first administrator: the account, and an IAM user's MFA device."""
        principal = self.environment.access.administrators[0]
        if isinstance(principal, IamUser):
            return account_of(principal.arn), self._user(principal.arn)[1]
        return (principal.account_id,)

    def _as_job(self, role: JobRole, tokens: Tokens) -> dict[str, str]:
        """Credentials of a job of GitHub, whose token is exchanged for a session of a role."""
        access, names = self.environment.access, Names(self.environment)
        repository = access.github_repository or self.environment.product.repository
        token = tokens.sign(**claims(repository, github_environment(self.environment, role)))
        with explained(f"assume {names.role(role)} as a job of {repository}"):
            taken = self._client("sts", credentials(self.environment.account_id)).assume_role_with_web_identity(
                RoleArn=names.role_arn(role), RoleSessionName="rehearsal", WebIdentityToken=token
            )
        return _variables(taken["Credentials"])

    def _signed_in(self, principal: Principal) -> tuple[Variables, dict[str, str]]:
        """A principal's own credentials, and its MFA parameters."""
        if isinstance(principal, IamUser):
            keys, device = self._user(principal.arn)
            return keys, {"SerialNumber": device, "TokenCode": CODE}
        role = f"aws-reserved/sso.amazonaws.com/AWSReservedSSO_{principal.name}_{SUFFIX}"
        return credentials(principal.account_id, role), {}

    def _user(self, arn: str) -> tuple[Variables, str]:
        if arn not in self._users:
            account_id, (*path, name) = account_of(arn), arn.partition(":user/")[2].split("/")
            iam = self._client("iam", credentials(account_id))
            iam.create_user(UserName=name, Path="/".join(["", *path, ""]))
            device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
            codes = {"AuthenticationCode1": CODE, "AuthenticationCode2": CODE[::-1]}
            iam.enable_mfa_device(UserName=name, SerialNumber=device, **codes)
            self._users[arn] = _variables(iam.create_access_key(UserName=name)["AccessKey"]), device
        return self._users[arn]

    def _client(self, service: Any, keys: Variables) -> Any:  # noqa: ANN401  (a service's name, and its client)
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.environment.region,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
        )


READS_ZONE = ("route53:Get*", "route53:List*", "cloudtrail:LookupEvents")
"""What the role that reads a zone of another account may do (docs/account.md)."""


def zone_roles(environment: Environment) -> dict[str, tuple[str, ...]]:
    """Who may assume the roles of the zone of another account, the one that writes and the one that reads.

    That account's own values list them, if this project has them; else they are the deployer, the break-glass role, and
    for reading the planner.
    """
    zone, names = environment.edge.zone, Names(environment)
    writers: tuple[str, ...] = (names.role_arn("deployer"), names.role_arn("break-glass"))
    readers: tuple[str, ...] = (names.role_arn("planner"),)
    for other in environments.load_each().environments:
        shared = other.access.shared_zone
        if shared and Names(other).role_arn("dns") == zone.role:
            writers, readers = shared.writers, shared.readers
    trusted = ((zone.role, writers), (zone.read_role, (*writers, *readers)))
    return {role: callers for role, callers in trusted if role}


def _variables(keys: Mapping[str, str]) -> dict[str, str]:
    found = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"]}
    return found | ({"AWS_SESSION_TOKEN": keys["SessionToken"]} if "SessionToken" in keys else {})
