"""IAM: providers of identities, and what it refuses of roles and managed policies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moto.iam.models import IAMBackend, OpenIDConnectProvider, Role

from rehearsal.emulator.additions.registry import AwsError, corrects

_THUMBPRINT = "2b18947a6a9fc7764fd8b5fb18a863b0c6dac24f"
"""Of a certificate authority; any will do."""
_SESSION = range(3600, 43201)
"""Seconds: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""
_POLICIES_OF_A_ROLE = 10
"""The default quota."""


@corrects(
    OpenIDConnectProvider,
    "__init__",
    "iam",
    "CreateOpenIDConnectProvider",
    why="moto doesn't return the thumbprint that IAM looks up if none was sent",
)
def make_provider(  # noqa: PLR0917  (moto's own parameters)
    original: Callable[..., None],
    provider: OpenIDConnectProvider,
    account_id: str,
    region_name: str,
    url: str,
    thumbprint_list: Sequence[str],
    *given: object,
    **named: object,
) -> None:
    """Look one up."""
    original(provider, account_id, region_name, url, list(thumbprint_list) or [_THUMBPRINT], *given, **named)


@corrects(
    Role,
    "__init__",
    "iam",
    "CreateRole",
    why="moto makes a role with sessions of any length",
)
def make_role(original: Callable[..., None], role: Role, *given: object, **named: object) -> None:
    """Refuse it."""
    _check_session(named.get("max_session_duration"))
    original(role, *given, **named)


@corrects(IAMBackend, "update_role", "iam", "UpdateRole", why="moto takes sessions of any length")
def update_role(
    original: Callable[..., Role], backend: IAMBackend, name: str, description: str, max_session_duration: object
) -> Role:
    """Refuse them."""
    _check_session(max_session_duration)
    return original(backend, name, description, max_session_duration)


def _check_session(seconds: object) -> None:
    if seconds is not None and int(str(seconds)) not in _SESSION:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: "
            f"Member must have value between {_SESSION[0]} and {_SESSION[-1]}",
        )


@corrects(
    IAMBackend,
    "attach_role_policy",
    "iam",
    "AttachRolePolicy",
    why="moto attaches any number of managed policies, and counts one twice that is attached twice",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
)
def attach_role_policy(original: Callable[..., None], backend: IAMBackend, policy_arn: str, role_name: str) -> None:
    """Refuse one more than the default quota; moto counts a policy that is attached already a second time."""
    attached = backend.get_role(role_name).managed_policies
    if policy_arn in attached:
        return
    if len(attached) >= _POLICIES_OF_A_ROLE:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {_POLICIES_OF_A_ROLE}")
    original(backend, policy_arn, role_name)


@corrects(
    IAMBackend,
    "delete_policy",
    "iam",
    "DeletePolicy",
    why="moto deletes a managed policy that is attached, or has other versions than the default one",
)
def delete_policy(original: Callable[..., None], backend: IAMBackend, policy_arn: str) -> None:
    """Refuse it."""
    policy = backend.get_policy(policy_arn)
    if policy.attachment_count:
        raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise AwsError(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
        )
    original(backend, policy_arn)
