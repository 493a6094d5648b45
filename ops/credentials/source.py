"""Where credentials come from: an AWS CLI profile of any kind that botocore reads, or environment variables."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.credentials import create_credential_resolver
from botocore.exceptions import NoCredentialsError
from botocore.session import Session
from botocore.utils import JSONFileCache

from ops.aws.errors import AwsError, check_sender

CACHE = "~/.aws/cli/cache"
"""Where the AWS CLI caches sessions of roles. Commands use the same files, so that you type one code per session.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
"""
CALLERS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
"""Variables that give a program other credentials than those whose account was checked.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""
SETTINGS = {
    "ca_bundle": "AWS_CA_BUNDLE",
    "endpoint_url": "AWS_ENDPOINT_URL",
    "max_attempts": "AWS_MAX_ATTEMPTS",
    "retry_mode": "AWS_RETRY_MODE",
    "use_dualstack_endpoint": "AWS_USE_DUALSTACK_ENDPOINT",
    "use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT",
}
"""Other settings of a profile, with their variables: a program that is started without the profile needs them too.

https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""
SETUP = "docs/account.md, section 2"
"""The page about profiles."""
_ROLES = ("role_arn", "sso_role_name", "web_identity_token_file")
"""Settings of profiles whose credentials are a role's."""
_ROLE_SOURCES = ("Ec2InstanceMetadata", "EcsContainer")
"""Values of `credential_source` that are roles."""


@dataclass(frozen=True)
class Keys:
    """Credentials at one moment."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    expires: datetime | None
    """None: they don't expire, as far as known."""

    @property
    def left(self) -> float:
        """Seconds until they expire."""
        return math.inf if self.expires is None else (self.expires - datetime.now(UTC)).total_seconds()


@dataclass(frozen=True)
class Source:
    """An AWS CLI profile, or the caller's environment variables."""

    profile: str | None
    """None: environment variables."""
    region: str
    """The region in which roles are assumed."""
    config: Config
    """For calls to STS and IAM Identity Center."""

    def __str__(self) -> str:
        return f"profile {self.profile}" if self.profile else "the environment variables"

    def session(self) -> Session:
        """A session of botocore with the profile's settings."""
        session = Session(profile=self.profile)
        session.set_config_variable("region", self.region)
        session.set_default_client_config(self.config)
        session.register("before-parse", check_sender)
        return session

    @cached_property
    def settings(self) -> dict[str, str]:
        """The profile's settings other than credentials, as environment variables."""
        chosen = self.session().get_scoped_config()
        return {variable: str(chosen[name]) for name, variable in SETTINGS.items() if name in chosen}

    def chain(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The profile and its source profiles, by name."""
        profiles = self.session().full_config.get("profiles", {})
        found: dict[str, Mapping[str, Any]] = {}
        name = self.profile
        while name and name in profiles and name not in found:
            found[name] = profiles[name]
            name = profiles[name].get("source_profile")
        return list(found.items())

    def resolve(self, ask: Callable[[str], str], replaced: Keys | None) -> tuple[Keys, bool]:
        """Get credentials.

        Args:
            ask: Asks for an MFA code.
            replaced: Credentials that AWS refuses; they may still be in the cache.

        Returns:
            The credentials, and whether they are new: cached ones have lasted for a while.

        Raises:
            AwsError: The profile asks for a code that AWS can't accept.
            Exception: Any error of botocore; files and programs can be wrong in many ways.
        """
        self._check_mfa()
        session = self.session()
        _let_the_cli_sign_in(session.full_config)
        kept = _Kept(_cache(), replaced.access_key if replaced else None)
        resolver = create_credential_resolver(session, cache=kept, region_name=self.region)
        # There is no public way to set the prompt. botocore's own reads standard input if there is no terminal.
        resolver.get_provider("assume-role")._prompter = ask
        found = resolver.load_credentials()
        if found is None:
            raise NoCredentialsError
        frozen = found.get_frozen_credentials()
        # Not public either; `aws configure export-credentials` reads it in the same way.
        expires = getattr(found, "_expiry_time", None)
        return Keys(frozen.access_key, frozen.secret_key, frozen.token, expires), kept.changed or replaced is not None

    def _check_mfa(self) -> None:
        """Refuse, before you type a code, a profile whose code AWS would refuse: a role has no MFA device.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (SerialNumber: the device of "the user
        who is making the AssumeRole call")
        """
        chain = self.chain()
        for index, (name, profile) in enumerate(chain):
            if not {"mfa_serial", "role_arn"} <= profile.keys():
                continue
            if role := next(_roles(profile, chain[index + 1 :]), ""):
                raise AwsError(
                    f"profile {name} has mfa_serial, but its credentials come from a role: {role}. AWS accepts a code "
                    f"only from the IAM user whose device it is; remove mfa_serial, or take that user's keys as "
                    f"source_profile ({SETUP})"
                )

    @property
    def replacing(self) -> str:
        """Advice: how to replace credentials that AWS refuses."""
        if self.profile:
            return f"sign in again, or give {self} new keys ({SETUP})"
        names = ", ".join(name for name in CALLERS if os.environ.get(name))
        return f"set new ones, or unset {names} to use the environment's profile"

    @property
    def longer(self) -> str:
        """Advice: how to get credentials that last longer."""
        own: Mapping[str, Any] = dict(self.chain()).get(self.profile or "", {})
        if "role_arn" in own:
            return (
                "duration_seconds of the profile sets how long they last, up to the role's maximum session duration, "
                "and up to an hour if a role assumes the role"
            )
        if "sso_role_name" in own:
            return "the permission set's session duration sets how long they last"
        return "set credentials that last longer"


def _cache() -> str:
    """The folder of cached sessions; without a home folder, as of an unknown user in a container, one that can't be."""
    folder = os.path.expanduser(CACHE)  # noqa: PTH111  (Path's raises a RuntimeError, which is also botocore's expiry)
    return folder if Path(folder).is_absolute() else f"{os.devnull}/cache"


def _roles(profile: Mapping[str, Any], sources: list[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    """The settings that show that a profile's source is a role."""
    if (given := profile.get("credential_source")) in _ROLE_SOURCES:
        yield f"credential_source = {given}"
    for name, source in sources[:1]:
        if "aws_access_key_id" not in source:
            yield from (f"profile {name} has {setting}" for setting in _ROLES if setting in source)


def _let_the_cli_sign_in(config: Mapping[str, Any]) -> None:
    """Read profiles of `aws login` through the AWS CLI: this version of botocore doesn't know them.

    https://docs.aws.amazon.com/cli/latest/reference/configure/export-credentials.html
    """
    for name, profile in config.get("profiles", {}).items():
        if "login_session" in profile:
            command = f"aws configure export-credentials --profile {shlex.quote(name)} --format process"
            profile.setdefault("credential_process", command)


class _Kept(JSONFileCache):  # type: ignore[misc]  # botocore has no types
    """The AWS CLI's files. An incomplete file is ignored; a session that can't be written is kept in memory."""

    def __init__(self, folder: str, without: str | None) -> None:
        """Args: folder: Their folder. without: The access key of a session to replace."""
        super().__init__(folder)
        self._without = without
        self._unwritten: dict[str, Any] = {}
        self.changed = False
        """Whether a session began."""

    def __contains__(self, key: str) -> bool:
        try:
            return bool(self[key]["Credentials"]["AccessKeyId"] != self._without)
        except (LookupError, TypeError):
            return False

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  (any JSON)
        return self._unwritten[key] if key in self._unwritten else super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401
        self.changed = True
        try:
            super().__setitem__(key, value)
        except OSError:  # The home folder is read-only or missing.
            self._unwritten[key] = json.loads(self._dumps(value))
