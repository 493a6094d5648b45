"""Credentials of GitHub's jobs: a token that GitHub signs, exchanged for a session of one of the account's roles.

No credential is stored: an AWS config file names a command that prints them, so that long jobs renew them.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore.session
import requests
from botocore import UNSIGNED
from botocore.config import Config
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from environments.names import Names
from environments.schema import Environment
from ops.aws.errors import AwsError, check_sender, explained
from ops.aws.session import CREDENTIALS
from ops.ci import JobRole
from ops.errors import OpsError, RefusedError

AUDIENCE = "sts.amazonaws.com"
"""What the token is for: the account's identity provider accepts no other (`modules/constructs/principals.py`)."""
URL, BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
"""Variables of a job that may request tokens.

https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
"""
SECONDS = 3600
"""How long a session lasts: the maximum of the roles (`modules/constructs/role.py`)."""
TIMEOUT = (5, 20)
"""Seconds to connect to GitHub, and to wait for its response."""
RETRIES = Retry(total=3, backoff_factor=0.5, status_forcelist=(500, 502, 503, 504), raise_on_status=False)
_WITH_IDS = re.compile(r"@\d+(?=[/:])")
"""Immutable ids in a token's subject: `repo:OWNER@ID/NAME@ID:environment:…`.

https://docs.github.com/en/actions/reference/security/oidc
"""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ROOT = Path(__file__).parents[2]


class Session(NamedTuple):
    """Temporary credentials of a role."""

    arn: str
    """The session's, as AWS names the caller."""
    access_key: str
    secret_key: str
    token: str
    expires: datetime

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Session({self.arn}, until {self.expires})"

    @property
    def printed(self) -> str:
        """What an AWS SDK reads from a `credential_process`."""
        return json.dumps(
            {
                "Version": 1,
                "AccessKeyId": self.access_key,
                "SecretAccessKey": self.secret_key,
                "SessionToken": self.token,
                "Expiration": self.expires.isoformat(),
            }
        )


def github_environment(environment: Environment, role: JobRole) -> str:
    """The GitHub environment whose jobs the role trusts."""
    access = environment.access
    return access.github_plan_environment if role is JobRole.PLANNER else access.github_environment


def assume(environment: Environment, role: JobRole, variables: Mapping[str, str] = os.environ) -> Session:
    """Exchange the job's token for a session of a role.

    Args:
        environment: The environment.
        role: The role.
        variables: The job's environment variables.

    Raises:
        OpsError: The job may not request tokens, or GitHub refuses.
        RefusedError: The token is of another GitHub environment than the role trusts.
        AwsError: AWS refuses the token, or doesn't respond.
    """
    token = _token(variables)
    _check_subject(_claims(token), environment, role)
    arn = Names(environment).role_arn(role)
    session = botocore.session.Session()
    session.register("before-parse", check_sender)
    # Unsigned: the token is the only proof, so no other credentials are looked for.
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    config = Config(
        signature_version=UNSIGNED,
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    doing = f"assume {arn} with the job's token"
    try:
        with explained(doing):
            client: Any = session.create_client("sts", region_name=environment.region, config=config)
            given = client.assume_role_with_web_identity(
                RoleArn=arn, RoleSessionName=_session_name(variables), WebIdentityToken=token, DurationSeconds=SECONDS
            )
    except AwsError as error:
        raise AwsError(f"{error}{_todo(error.code, environment)}", code=error.code) from None
    keys = given["Credentials"]
    return Session(
        given["AssumedRoleUser"]["Arn"],
        keys["AccessKeyId"],
        keys["SecretAccessKey"],
        keys["SessionToken"],
        keys["Expiration"],
    )


def sign_in(environment: Environment, role: JobRole, variables: Mapping[str, str] = os.environ) -> Session:
    """Let the job's next steps call AWS as a role.

    Args:
        environment: The environment.
        role: The role.
        variables: The job's environment variables.

    Returns:
        A first session, which shows that the role can be assumed; it isn't stored.

    Raises:
        OpsError: This is no job of GitHub, or it has other credentials already; else as `assume`.
    """
    folder, exported = (Path(_required(variables, name)) for name in ("RUNNER_TEMP", "GITHUB_ENV"))
    if found := [name for name in CREDENTIALS if variables.get(name)]:
        raise OpsError(
            f"{', '.join(found)} is set, which AWS SDKs prefer to the job's role; remove it from the workflow"
        )
    session = assume(environment, role, variables)
    file = folder / f"aws-{environment.name}-{role}.config"
    command = shlex.join([str(_ROOT / "bin" / "ops"), "ci", "credentials", environment.name, role])
    file.write_text(f"[default]\nregion = {environment.region}\ncredential_process = {command}\n", encoding="utf-8")
    settings = {
        "AWS_CONFIG_FILE": str(file),
        "AWS_PROFILE": "default",
        # A self-hosted runner's own keys would precede `credential_process`, and its own role would follow it.
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with exported.open("a", encoding="utf-8") as written:
        written.writelines(f"{name}={value}\n" for name, value in settings.items())
    return session


def _token(variables: Mapping[str, str]) -> str:
    """A token that GitHub has signed for this job. It never is an argument of a program, nor part of a message."""
    missing = [name for name in (URL, BEARER) if not variables.get(name)]
    if missing:
        raise OpsError(
            f"{' and '.join(missing)}: not set, so this job can't request a token; give the job `permissions: "
            f"id-token: write` (a fork's pull request never has it), or use your AWS CLI profile elsewhere"
        )
    address = variables[URL]
    where = urlsplit(address)
    if where.scheme != "https" and where.hostname not in _LOOPBACK:
        raise OpsError(f"{URL} must begin with https://; only GitHub's runner sets it")
    with requests.Session() as http:
        http.mount(f"{where.scheme}://", HTTPAdapter(max_retries=RETRIES))
        try:
            response = http.get(
                f"{address}&audience={AUDIENCE}",
                auth=_bearer(variables[BEARER]),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            # Its text has the address, which belongs to this job alone.
            raise OpsError(f"can't reach GitHub's token endpoint: {type(error).__name__}; run the job again") from None
    if response.status_code != requests.codes.ok:
        raise OpsError(
            f"GitHub's token endpoint refused the request with HTTP {response.status_code}; the job's permission ends "
            f"with the job: run it again"
        )
    try:
        return str(response.json()["value"])
    except (ValueError, LookupError, TypeError):
        raise OpsError("GitHub's token endpoint returned no token; run the job again") from None


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """The header. As `auth`, because requests replaces a header by what ~/.netrc has for the host."""

    def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"bearer {token}"
        return request

    return signed


def _claims(token: str) -> Mapping[str, Any]:
    """What a token says, unchecked: AWS checks it; here it only explains a refusal."""
    try:
        body = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, LookupError):
        found = None
    if not isinstance(found, dict):
        raise OpsError("GitHub's token endpoint returned no token; run the job again")
    return found


def _check_subject(claims: Mapping[str, Any], environment: Environment, role: JobRole) -> None:
    """Compare the token's subject with the role's trust policy: AWS's own refusal doesn't say what differs.

    Raises:
        RefusedError: They differ.
    """
    repository = environment.access.github_repository or environment.product.repository
    trusted = f"repo:{repository}:environment:{github_environment(environment, role)}"
    sub = str(claims.get("sub"))
    if sub != trusted and _WITH_IDS.sub("", sub) == trusted:
        raise RefusedError(
            f"GitHub's tokens name this repository with its immutable ids, and the {role} of {environment.name} trusts "
            f"{repository!r}; set access.github_repository to {sub.split(':')[1]!r}, then plan and apply phase account "
            f"(docs/account.md, section 4)"
        )
    if sub != trusted:
        raise RefusedError(
            f"this job is {sub!r}, but the {role} of {environment.name} trusts only {trusted!r}; give "
            f"the job `environment: {github_environment(environment, role)}`, or run it in that repository"
        )


def _session_name(variables: Mapping[str, str]) -> str:
    """The session's name, which CloudTrail records: the run and its attempt."""
    name = f"github-{variables.get('GITHUB_RUN_ID', '0')}-{variables.get('GITHUB_RUN_ATTEMPT', '1')}"
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html (RoleSessionName)
    return re.sub(r"[^\w+=,.@-]", "-", name, flags=re.ASCII)[:64]


def _todo(refusal: str, environment: Environment) -> str:
    """What to do, after a semicolon; AWS gives each of these errors a few words only."""
    applied = f"apply phase account of {environment.name}, whose roles and identity provider trust GitHub's jobs"
    return {
        "AccessDenied": f"; {applied} (docs/account.md)",
        "InvalidIdentityToken": f"; {applied} (docs/account.md)",
        "ExpiredTokenException": "; run the job again",
    }.get(refusal, "")


def _required(variables: Mapping[str, str], name: str) -> str:
    if value := variables.get(name):
        return value
    raise OpsError(f"{name} isn't set: this command is for GitHub's jobs; elsewhere use your AWS CLI profile")
