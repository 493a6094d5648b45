"""Who may assume a role of the account from outside; GitHub's jobs are the third kind (`Access.github_environment`).

An ordinary role is none of them: a session from AssumeRole carries no MFA, so a role could never meet the MFA condition
of the trust policies.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Tag
from pydantic_core import PydanticCustomError

from environments.arns import Partition
from environments.schema.types import AccountId, Checked, matching, value

# A path of up to 512 characters, and a name of up to 64.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_USER = r"arn:aws(-[a-z]+)*:iam::\d{12}:user/(?=.{1,575}$)([!-.0-~]+/)*[\w+=,.@-]{1,64}"
_ROLE = r"arn:aws(-[a-z]+)*:(iam::\d{12}:role|sts::\d{12}:assumed-role)/.+"
_NO_ROLE = (
    "a role can't have MFA: a session from AssumeRole carries none; use IamUser(arn=…), or "
    "PermissionSet(…) for people who sign in to IAM Identity Center"
)


def _user_problem(text: str) -> str | None:
    if re.fullmatch(_USER, text, re.ASCII):
        return None
    return _NO_ROLE if re.fullmatch(_ROLE, text, re.ASCII) else ""


UserArn = Annotated[str, Checked(_user_problem, "the ARN of an IAM user")]


@value
class IamUser:
    """A person who signs in as an IAM user and passes an MFA code when assuming the role."""

    arn: UserArn
    """The user. It must exist before the account phase is applied, and have an MFA device."""


@value
class PermissionSet:
    """People who sign in to IAM Identity Center and have a permission set in an account.

    Identity Center asks for MFA, but AWS doesn't pass that to a role's trust policy: for deployers and
    administrators this is the risk `mfa_by_identity_center`.
    """

    account_id: AccountId
    """The account that the permission set is assigned in. It may be this one, or another one of the organization."""
    # https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_CreatePermissionSet.html
    name: Annotated[str, matching(r"[\w+=,.@-]{1,32}", "a permission set's name: 1 to 32 letters, digits and _+=,.@-")]
    """Its name. No other permission set of that account may have a name that begins with this one and an underscore."""

    def roles(self, partition: Partition) -> tuple[str, ...]:
        """ARNs of the roles that Identity Center creates for it, as patterns.

        The ARN has Identity Center's region, except where that is us-east-1; the name ends with characters of its own.
        https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
        """
        path, name = "role/aws-reserved/sso.amazonaws.com", f"AWSReservedSSO_{self.name}_*"
        return tuple(
            partition.arn("iam", f"{path}{region}/{name}", account_id=self.account_id) for region in ("", "/*")
        )


def _known(principal: object) -> object:
    if isinstance(principal, IamUser | PermissionSet):
        return principal
    because = f"; {_NO_ROLE}" if re.fullmatch(_ROLE, str(principal), re.ASCII) else ""
    raise PydanticCustomError("not_allowed", "must be IamUser(…) or PermissionSet(…){because}", {"because": because})


def arns(principal: IamUser | PermissionSet, partition: Partition) -> tuple[str, ...]:
    """ARNs, or patterns of ARNs, that trust policies use for a principal."""
    return (principal.arn,) if isinstance(principal, IamUser) else principal.roles(partition)


KINDS = frozenset({IamUser.__name__, PermissionSet.__name__})
Principal = Annotated[
    Annotated[IamUser, Tag(IamUser.__name__)] | Annotated[PermissionSet, Tag(PermissionSet.__name__)],
    Discriminator(lambda principal: type(principal).__name__),
    BeforeValidator(_known),
]
