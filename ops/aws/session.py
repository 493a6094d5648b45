"""An environment's credentials, and clients of its account, which is checked first."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url

import environments
from environments.arns import account_of
from environments.schema import Environment
from ops.aws.errors import MISSING, REJECTED, AwsError, check_sender, code, explained, reason
from ops.command import say
from ops.credentials.shared import Credentials
from ops.credentials.source import Source
from ops.errors import OpsError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

AWS = "aws"
"""The name of AWS's own endpoints, whatever their addresses are."""
Create = TypeVar("Create", bound=Callable[..., Any])
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Variables with the caller's own credentials, as in a pipeline.

https://docs.aws.amazon.com/cli/v1/userguide/cli-configure-envvars.html
"""
CONNECT_SECONDS = 5
READ_SECONDS = 30
ATTEMPTS = 4
_CONFIG = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
)


_QUICK = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
ENDPOINT = "AWS_ENDPOINT_URL"
"""Variable with the endpoint of all services; with `_` and a service's name after it, of that one.

https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""
PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY"})
"""Variables with proxies, which also exist in lower case. boto3 knows no SOCKS, and no ALL_PROXY.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html, https://github.com/boto/botocore/issues/2540
"""
AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
"""What hosts of AWS end with, also those of endpoints in your VPC."""


class WrongAccountError(OpsError):
    """The caller's credentials are another account's."""


@dataclass(frozen=True)
class Caller:
    """The caller's identity according to AWS."""

    account: str
    arn: str


class Aws:
    """Clients of one environment's account and region."""

    def __init__(self, session: boto3.Session, caller: Caller, credentials: Credentials) -> None:
        self._session, self._region = session, session.region_name
        self.client = _once(session.client)
        """A client of a service, typed by its name; with `region_name`, of another region than the environment's."""
        self.caller = caller
        self.credentials = credentials
        """The caller's own; child processes get them too."""

    def quick_s3(self) -> S3Client:
        """A client of S3 that gives up after seconds: a rollback doesn't wait for a bucket that doesn't respond."""
        return self._session.client("s3", config=_QUICK)

    def endpoint(self, service: Literal["route53", "s3"] = "route53") -> str:
        """Where the calls of a service go: `aws`, or the address of an emulator, from the variables or the profile."""
        address: str = self.client(service).meta.endpoint_url
        return AWS if (urlsplit(address).hostname or "").endswith(AWS_HOSTS) else address

    def assuming(self, role_arn: str, session_name: str) -> Aws:
        """The same with the credentials of a role, possibly of another account.

        Raises:
            AwsError: The role can't be assumed.
        """
        with explained(f"assume {role_arn}"):
            taken = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name)
        keys = taken["Credentials"]
        session = botocore.session.Session()
        session.set_default_client_config(_CONFIG)
        session.register("before-parse", check_sender)
        session.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        caller = Caller(account_of(role_arn), taken["AssumedRoleUser"]["Arn"])
        return Aws(boto3.Session(botocore_session=session, region_name=self._region), caller, self.credentials)


def connect(environment: Environment, config: Config | None = None, *, asks: bool = True) -> Aws:
    """Clients of an environment's account, after a check of the caller's identity (R1.4).

    Uses the environment's CLI profile, unless environment variables have credentials.

    Args:
        environment: The environment.
        config: Timeouts and retries of all calls; None means patient ones.
        asks: Whether you may be asked for an MFA code.

    Raises:
        AwsError: There are no credentials, they have expired, or AWS doesn't respond.
        WrongAccountError: They are another account's.
    """
    check_endpoints(os.environ)
    for warning in elsewhere(os.environ):
        say(f"warning: {warning}")
    credentials = Credentials(Source(profile(environment), environment.region, config or _CONFIG))
    credentials.asks = asks
    try:
        session, caller = _identified(credentials)
    except AwsError as error:
        if error.code not in MISSING:
            raise
        first = f"bin/ops account {environment.name} prints how to create them"
        raise AwsError(f"{error}; {first}", code=error.code) from None
    if caller.account != environment.account_id:
        raise WrongAccountError(
            f"the caller ({_from(credentials)}) is {caller.arn} of account {caller.account}, but {environment.name} is "
            f"account {environment.account_id}; use the AWS CLI profile {environment.cli_profile}, or correct "
            f"account_id in {environments.shown(environments.file_of(environment.name))}"
        )
    return Aws(session, caller, credentials)


def check_endpoints(variables: Mapping[str, str]) -> None:
    """Check that endpoints and proxies have a form that boto3 knows.

    Raises:
        OpsError: One hasn't. The message has no value: a proxy's may have a password.
    """
    for name, value in sorted(variables.items()):
        valid = is_valid_endpoint_url(value) or is_valid_ipv6_endpoint_url(value)
        if value and name.startswith(ENDPOINT) and not valid:
            raise OpsError(f"{name} isn't an address such as https://sts.us-east-1.amazonaws.com; correct or unset it")
        if name.upper() in PROXIES and "://" in value and urlsplit(value).scheme not in {"http", "https"}:
            raise OpsError(f"{name} is a proxy of another kind than http:// or https://, which boto3 can't use")
        if name.upper() in PROXIES and value and not urlsplit(value if "://" in value else f"http://{value}").hostname:
            raise OpsError(f"{name} has no host; it must be like http://proxy.example.com:3128; correct or unset it")


def elsewhere(variables: Mapping[str, str]) -> list[str]:
    """The calls of single services that don't go to AWS, nor to where all others go: a variable left in the shell.

    The account is checked by a call of one service only, so it doesn't find them.
    """
    return [
        f"{name} sends one service's calls to {urlsplit(endpoint).hostname!r}; unset it if you don't need it"
        for name, endpoint in sorted(variables.items())
        if name.startswith(f"{ENDPOINT}_")
        and endpoint != variables.get(ENDPOINT)
        and not (urlsplit(endpoint).hostname or "").endswith(AWS_HOSTS)
    ]


def profile(environment: Environment, variables: Mapping[str, str] = os.environ) -> str | None:
    """The AWS CLI profile: AWS_PROFILE, else the environment's; none if environment variables have credentials."""
    if any(variables.get(name) for name in CREDENTIALS):
        return None
    return variables.get("AWS_PROFILE") or environment.cli_profile


def _once(create: Create) -> Create:
    """The same function, which creates each client once for all threads: they may share clients, but not a session.

    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html#multithreading-or-multiprocessing-with-sessions
    """
    clients: dict[tuple[str, str | None], Any] = {}
    lock = Lock()

    def client(service: str, region_name: str | None = None) -> Any:  # noqa: ANN401  (typed as `create` is)
        key = (service, region_name)
        with lock:
            if key not in clients:
                clients[key] = create(service, region_name=region_name)
            return clients[key]

    return cast("Create", client)


def _from(credentials: Credentials) -> str:
    """Where the credentials come from, and who chose that."""
    chosen = credentials.source.profile and os.environ.get("AWS_PROFILE")
    return f"{credentials.source}{', which AWS_PROFILE names' if chosen else ''}"


def _identified(credentials: Credentials) -> tuple[boto3.Session, Caller]:
    """A session and its caller's identity; a cached session of a role that AWS refuses is replaced."""

    def ask() -> tuple[boto3.Session, Caller]:
        doing = f"find out who is calling ({_from(credentials)})"
        try:
            with explained(doing):
                session = boto3.Session(botocore_session=credentials.session())
                identity = session.client("sts").get_caller_identity()
        except (LookupError, TypeError, ValueError) as error:  # botocore's own about settings and responses.
            raise AwsError(f"can't {doing}: {reason(error)}", code=code(error)) from error
        return session, Caller(identity["Account"], identity["Arn"])

    try:
        return ask()
    except AwsError as error:
        if error.code not in REJECTED:
            raise
        if credentials.replace():
            return ask()
        raise AwsError(f"{error}; {credentials.source.replacing}", code=error.code) from None
