"""What docs/account.md says about assuming roles, tried in front of the roles as they are synthesized."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.credentials import AssumeRoleProvider
from botocore.exceptions import ClientError

import environments
from environments.names import Names
from environments.schema import Environment
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import credentials
from rehearsal.emulator.tokens import Tokens
from tests.conftest import Body, Stack
from tests.emulator.aws import REGION, Aws
from tests.emulator.people import User, allow, role, user

pytestmark = pytest.mark.slow
PAGE = Path(__file__).parents[2] / "docs" / "account.md"
PEOPLE = "777788889999"
"""The account that people sign in to."""
SSO = "aws-reserved/sso.amazonaws.com/eu-west-2/AWSReservedSSO_{}_0123456789abcdef"
CODE = "123456"


def blocks(about: str) -> list[list[str]]:
    """The commands of each block of the page that names a role, as words."""
    found = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = ([shlex.split(line) for line in block.splitlines() if line.strip()] for block in found if about in block)
    return [command for block in lines for command in block]


def document(stack: Stack, id_: str) -> str:
    """A policy document as AWS gets it."""
    statements = []
    for each in stack.policy(id_):
        conditions: dict[str, dict[str, Any]] = {}
        for condition in each.get("condition", []):
            conditions.setdefault(condition["test"], {})[condition["variable"]] = condition["values"]
        principals = {part["type"]: part["identifiers"] for part in each["principals"]}
        statements.append(
            {
                "Effect": each["effect"],
                "Action": each["actions"],
                "Principal": principals,
                "Condition": conditions,
            }
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass
class Account:
    """An environment's account, with the roles that its account phase makes."""

    environment: Environment
    aws: Aws
    users: dict[str, User]
    """Who signs in to another account: AWS refuses a trust policy that names a user who doesn't exist."""

    @property
    def names(self) -> Names:
        return Names(self.environment)

    def arn(self, purpose: str) -> str:
        return f"arn:aws:sts::{self.environment.account_id}:assumed-role/{self.names.role(purpose)}/"


@pytest.fixture
def prod(emulator: Emulator, stacks: dict[str, Stack]) -> Account:
    Control(emulator.endpoint, PEOPLE).reset()
    return rolled_out(emulator, stacks, "prod")


@pytest.fixture
def staging(emulator: Emulator, stacks: dict[str, Stack]) -> Account:
    Control(emulator.endpoint, PEOPLE).reset()
    return rolled_out(emulator, stacks, "staging")


def rolled_out(emulator: Emulator, stacks: dict[str, Stack], name: str) -> Account:
    environment, stack = environments.load(name), stacks[f"{name}-account"]
    signed_in = Aws(PEOPLE, emulator.endpoint)
    users = {name: user(signed_in, name) for name in ("platform-lead", "platform-engineer")}
    account = Account(environment, Aws(environment.account_id, emulator.endpoint), users)
    iam = account.aws("iam")
    (provider,) = stack.resources("aws_iam_openid_connect_provider").values()
    made = iam.create_open_id_connect_provider(Url=provider["url"], ClientIDList=provider["client_id_list"])
    for id_ in ("break_glass", "deployer", "planner"):
        settings: Body = stack.resources("aws_iam_role")[id_]
        trust = document(stack, f"{id_}_trust").replace(
            "${aws_iam_openid_connect_provider.github.arn}", made["OpenIDConnectProviderArn"]
        )
        iam.create_role(
            RoleName=settings["name"],
            AssumeRolePolicyDocument=trust,
            MaxSessionDuration=settings["max_session_duration"],
        )
    return account


@pytest.fixture
def shell(tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path / "config", emulator.endpoint)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(made.config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    return made


@dataclass
class Shell:
    """Does what the page's commands do."""

    config: Path
    endpoint: str

    def set(self, profile: str, **values: str) -> None:
        """`aws configure set`."""
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(self.config)
        section = f"profile {profile}"
        if not parser.has_section(section):
            parser.add_section(section)
        for name, value in values.items():
            parser.set(section, name, value)
        with self.config.open("w") as file:
            parser.write(file)

    def keys(self, profile: str, keys: dict[str, str]) -> None:
        """What `aws configure` asks for, or what Identity Center gives to who signed in."""
        self.set(profile, **{name.lower(): value for name, value in keys.items()}, region=REGION)

    def run(self, command: list[str]) -> str:
        """Do one command; return whom STS takes the caller for, if it asks that."""
        profile = command[command.index("--profile") + 1]
        if command[1:3] == ["configure", "set"]:
            self.set(profile, **{command[3]: command[4]})
            return ""
        assert command[:3] == ["aws", "sts", "get-caller-identity"], command
        return self.identity(profile)

    def identity(self, profile: str) -> str:
        core = botocore.session.Session(profile=profile)
        provider = core.get_component("credential_provider").get_provider("assume-role")
        assert isinstance(provider, AssumeRoleProvider)
        provider._prompter = lambda _: CODE
        return str(boto3.Session(botocore_session=core).client("sts").get_caller_identity()["Arn"])


AT_A_SCREEN = (["configure", "sso"], ["sso", "login"], ["configure", "--profile"])
"""What a person has done already: typed keys, or signed in."""


def play(shell: Shell, commands: list[list[str]]) -> str:
    """Do commands in order; whom STS takes the caller for at the end."""
    return [shell.run(command) for command in commands if command[1:3] not in AT_A_SCREEN][-1]


def variables(person: User) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": person.keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": person.keys["SecretAccessKey"]}


@pytest.mark.requirement("R0.4", "R1.3")
def test_the_first_credentials_are_the_role_that_aws_makes_in_an_account(prod: Account, shell: Shell) -> None:
    """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html."""
    role(prod.aws, "OrganizationAccountAccessRole", allow({"AWS": f"arn:aws:iam::{PEOPLE}:root"}))
    shell.keys("management", credentials(PEOPLE, "administrator"))
    commands = blocks("role/OrganizationAccountAccessRole --profile")
    said = play(shell, commands)
    assert said.startswith(f"arn:aws:sts::{prod.environment.account_id}:assumed-role/OrganizationAccountAccessRole/")


@pytest.mark.requirement("R0.4", "R1.2", "R1.3")
@pytest.mark.parametrize("purpose", ["break-glass", "deployer"])
def test_an_iam_user_comes_in_with_its_device(purpose: str, prod: Account, shell: Shell) -> None:
    # The profile has what the first step put into it.
    first = [command for command in blocks("role/OrganizationAccountAccessRole --profile") if "configure" in command]
    commands = [*first, *blocks("role/aep-prod-break-glass --profile")]
    device = next(command[4] for command in commands if "mfa_serial" in command)
    name = {"break-glass": "platform-lead", "deployer": "platform-engineer"}[purpose]
    person = prod.users[name]
    assert device.replace("platform-lead", name) == person.device
    shell.keys(name, variables(person))
    put = {"break-glass": purpose, "platform-lead": name}  # "Deployers put aep-prod-deployer in its place."
    mine = [[re.sub("|".join(put), lambda found: put[found[0]], word) for word in command] for command in commands]
    said = play(shell, mine)
    assert said.startswith(prod.arn(purpose))
    # Without the device AWS says no.
    shell.set("navra-prod-without", role_arn=prod.names.role_arn(purpose), source_profile=name, region=REGION)
    with pytest.raises(ClientError, match="AccessDenied"):
        shell.identity("navra-prod-without")


@pytest.mark.requirement("R0.4", "R1.2")
def test_who_signed_in_to_identity_center_comes_in(staging: Account, shell: Shell) -> None:
    commands = blocks("role/aep-staging-deployer --profile")
    assert not any("mfa_serial" in command for command in commands)
    shell.keys("platform-engineer", credentials(PEOPLE, SSO.format("platform-engineer")))
    said = play(shell, commands)
    assert said.startswith(staging.arn("deployer"))
    # Neither another permission set, nor break-glass for this one.
    shell.keys("platform-engineer", credentials(PEOPLE, SSO.format("read-only")))
    with pytest.raises(ClientError, match="AccessDenied"):
        shell.identity("navra-staging")
    shell.keys("platform-engineer", credentials(PEOPLE, SSO.format("platform-engineer")))
    shell.set("navra-staging", role_arn=staging.names.role_arn("break-glass"))
    with pytest.raises(ClientError, match="AccessDenied"):
        shell.identity("navra-staging")


@pytest.mark.requirement("R1.2")
@pytest.mark.parametrize(("purpose", "suffix"), [("deployer", ""), ("planner", "-plan")])
def test_githubs_jobs_come_in_from_their_environment(purpose: str, suffix: str, prod: Account, github: Tokens) -> None:
    environment, repository = prod.environment.access.github_environment, prod.environment.product.repository

    def come_in(subject: str) -> str:
        token = github.sign(sub=subject)
        answer = prod.aws("sts").assume_role_with_web_identity(
            RoleArn=prod.names.role_arn(purpose), RoleSessionName="job", WebIdentityToken=token
        )
        return str(answer["AssumedRoleUser"]["Arn"])

    assert come_in(f"repo:{repository}:environment:{environment}{suffix}") == f"{prod.arn(purpose)}job"
    for subject in (f"repo:{repository}:environment:staging", f"repo:{repository}:ref:refs/heads/main", "repo:a/b"):
        with pytest.raises(ClientError, match="AccessDenied"):
            come_in(subject)
