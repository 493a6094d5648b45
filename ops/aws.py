"""The one way to AWS: an environment's credentials, its account checked first, and errors in one line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from environments.arns import account_of
from ops.errors import OpsError

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

    from environments.schema import Environment
    from ops.credentials.shared import Credentials

Item = TypeVar("Item")
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Variables by which a caller brings credentials of its own, as a pipeline does.

https://docs.aws.amazon.com/cli/v1/userguide/cli-configure-envvars.html
"""
CONNECT_SECONDS = 5
READ_SECONDS = 30
ATTEMPTS = 4
_REJECTED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")
"""AWS's codes for credentials that it doesn't know, or doesn't know any more."""


class AwsError(OpsError):
    """AWS, or the way to it, said no."""

    def __init__(self, message: str, *, code: str = "") -> None:
        """Args: message: One line. code: AWS's own code of it, such as `AccessDenied`."""
        super().__init__(message)
        self.code = code


class WrongAccountError(OpsError):
    """The caller's credentials are another account's."""


@dataclass(frozen=True)
class Caller:
    """Who AWS takes the caller for."""

    account: str
    arn: str


class Aws:
    """Clients of one environment's account and region."""

    def __init__(self, session: boto3.Session, config: Config, caller: Caller, credentials: Credentials) -> None:
        self._session = session
        self._config = config
        self.caller = caller
        self.credentials = credentials
        """The caller's own, which programs that are started get too."""

    def client(self, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401  (boto3 makes clients at run time)
        """A client of a service; `region` where the service is not in the environment's own."""
        return self._session.client(service, region_name=region, config=self._config)

    def assuming(self, role_arn: str, session_name: str) -> Aws:
        """The same with the credentials of a role, which may be another account's.

        Raises:
            AwsError: The role can't be assumed.
        """
        import boto3  # noqa: PLC0415  (loads slowly)

        with explained(f"assume {role_arn}"):
            taken = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name)
        keys = taken["Credentials"]
        session = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=self._session.region_name,
        )
        caller = Caller(account_of(role_arn), taken["AssumedRoleUser"]["Arn"])
        return Aws(session, self._config, caller, self.credentials)


def connect(environment: Environment) -> Aws:
    """Clients of an environment's account, after the caller's identity was checked (R1.4).

    Uses the environment's CLI profile, unless the caller brings credentials in its environment variables.

    Raises:
        AwsError: There are no credentials, they have expired, or AWS doesn't answer.
        WrongAccountError: They are another account's.
    """
    from botocore.config import Config  # noqa: PLC0415  (loads slowly)

    from ops.credentials.shared import Credentials  # noqa: PLC0415
    from ops.credentials.source import Source  # noqa: PLC0415

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    credentials = Credentials(Source(profile(environment), environment.region, config))
    session, identity = _identified(credentials, config)
    caller = Caller(identity["Account"], identity["Arn"])
    if caller.account != environment.account_id:
        raise WrongAccountError(
            f"the caller is {caller.arn} of account {caller.account}, but {environment.name} is account "
            f"{environment.account_id}; use the AWS CLI profile {environment.cli_profile}, or correct account_id in "
            f"environments/{environment.name.replace('-', '_')}.py"
        )
    return Aws(session, config, caller, credentials)


def profile(environment: Environment, variables: Mapping[str, str] = os.environ) -> str | None:
    """The AWS CLI profile to use: AWS_PROFILE, else the environment's; none if the caller brings credentials."""
    if any(variables.get(name) for name in CREDENTIALS):
        return None
    return variables.get("AWS_PROFILE") or environment.cli_profile


def _identified(credentials: Credentials, config: Config) -> tuple[boto3.Session, Mapping[str, str]]:
    """A session, and whom AWS takes its caller for; a kept session of a role that AWS refuses is replaced."""
    import boto3  # noqa: PLC0415  (loads slowly)

    def ask() -> tuple[boto3.Session, Mapping[str, str]]:
        with explained(f"find out who is calling ({credentials.source})"):
            session = boto3.Session(botocore_session=credentials.session())
            return session, session.client("sts", config=config).get_caller_identity()

    try:
        return ask()
    except AwsError as error:
        if error.code not in _REJECTED:
            raise
        if credentials.replace():
            return ask()
        raise AwsError(f"{error}; {credentials.source.replacing}", code=error.code) from None


def only(found: Sequence[Item], what: str) -> Item:
    """The one thing that AWS lists. It promises no order, so that the first of several would be any of them.

    Args:
        found: What AWS lists.
        what: In the plural, as in "load balancers named aep-prod".

    Raises:
        AwsError: AWS lists none, or several.
    """
    if len(found) != 1:
        raise AwsError(f"AWS lists {len(found)} {what}; one is expected")
    return found[0]


class explained:  # noqa: N801  (reads as a word of a with statement)
    """Turn AWS's exceptions into an AwsError of one line: `with explained("read the state"): …`."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Translate what came."""
        if error is None or isinstance(error, OpsError):
            return
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        if isinstance(error, BotoCoreError | ClientError):
            raise AwsError(f"can't {self._doing}: {reason(error)}", code=code(error)) from error


def code(error: Exception) -> str:
    """AWS's own code of an error, such as `AccessDenied`; botocore's class name if AWS never answered."""
    answer = getattr(error, "response", None)
    return str(answer["Error"].get("Code", "")) if answer else type(error).__name__


_ADVICE = {
    "ExpiredToken": "the credentials have expired; sign in again",
    "ExpiredTokenException": "the credentials have expired; sign in again",
    "RequestExpired": "the request's time is off; check this machine's clock",
    "SignatureDoesNotMatch": "the signature is wrong; check the secret key and this machine's clock",
    "InvalidClientTokenId": "AWS doesn't know these credentials",
    "UnrecognizedClientException": "AWS doesn't know these credentials",
    "NoCredentialsError": "there are no credentials; see docs/account.md, section 2",
    "ProfileNotFound": "the AWS CLI has no such profile; see docs/account.md, section 2",
    "Throttling": "AWS asks for fewer calls; try again in a minute",
    "ThrottlingException": "AWS asks for fewer calls; try again in a minute",
    "EndpointConnectionError": "AWS doesn't answer; check the network and AWS_ENDPOINT_URL",
    "ProxyConnectionError": "AWS doesn't answer; check the network and AWS_ENDPOINT_URL",
    "ConnectTimeoutError": "AWS doesn't answer; check the network and AWS_ENDPOINT_URL",
    "ReadTimeoutError": "AWS didn't finish its answer; try again",
}


def reason(error: Exception) -> str:
    """What went wrong in one line, with what to do where that is known."""
    answer = getattr(error, "response", None)
    said = answer["Error"].get("Message", "") if answer else str(error)
    words = " ".join(f"{code(error)}: {said}".split())
    advice = _ADVICE.get(code(error))
    return f"{words} ({advice})" if advice else words
