"""How Terraform and boto3 are pointed at the emulator: by the environment of a process, and nothing else.

No synthesized file is overridden. AWS_ENDPOINT_URL reaches the provider, its aliases, the S3 backend and remote
states; an endpoint that is an IP address makes S3 use paths instead of host names. One API, S3 Control, puts the
account id before the host; such a name doesn't resolve, so HTTP_PROXY sends it to the emulator as well.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_ACCOUNT_KEY = "EMULATOR"
SESSION = "emulator"
"""Name of the session that `credentials` are."""
_ROLE_TOKEN = "role/"  # noqa: S105  (a prefix)
FIRST_ROLE = "OrganizationAccountAccessRole"
"""The role that AWS creates in each account of an organization: the first credentials that a new account has.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
"""
_OURS = ("AWS_", "HTTP_PROXY", "NO_PROXY")


def environment(
    endpoint: str, account_id: str, inherited: Mapping[str, str] = os.environ, *, role: str = FIRST_ROLE
) -> dict[str, str]:
    """The whole environment of a process that talks to the emulator, as a session of a role.

    What the caller has set for AWS is left out: a profile, a CA bundle or an endpoint of one service would lead
    elsewhere. HTTPS_PROXY stays, since `terraform init` may need it.
    """
    kept = {name: value for name, value in inherited.items() if not name.upper().startswith(_OURS)}
    return kept | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "3",
        "HTTP_PROXY": endpoint,
        **credentials(account_id, role),
    }


def credentials(account_id: str, role: str = FIRST_ROLE) -> dict[str, str]:
    """Credentials of a session of a role, such as the owner of an account has them, or Identity Center gives them out.

    The emulator reads the account in the key's id, and the role in the session token. Nothing decides whether the role
    may be assumed: for that, call AssumeRole.

    Args:
        account_id: The account.
        role: Name of the role, with its path. It needn't be there.
    """
    return {
        "AWS_ACCESS_KEY_ID": f"{_ACCOUNT_KEY}{account_id}",
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_SESSION_TOKEN": f"{_ROLE_TOKEN}{role}",
    }


def account_of(access_key: str) -> str | None:
    """The account whose credentials these are, if `credentials` made them."""
    return access_key.removeprefix(_ACCOUNT_KEY) if access_key.startswith(_ACCOUNT_KEY) else None


def role_of(session_token: str) -> str:
    """The role, with its path, whose session a token of `credentials` is; any other token is the first role's."""
    return session_token.removeprefix(_ROLE_TOKEN) if session_token.startswith(_ROLE_TOKEN) else FIRST_ROLE
