"""People and roles in emulated accounts, made with IAM's own calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.emulator.aws import Aws

Keys = Mapping[str, str]


@dataclass(frozen=True)
class User:
    """An IAM user with an access key and, if it has one, an MFA device."""

    arn: str
    keys: Keys
    device: str = ""

    @property
    def mfa(self) -> dict[str, str]:
        """What it passes to show MFA."""
        return {"SerialNumber": self.device, "TokenCode": "123456"}


def user(aws: Aws, name: str, *, mfa: bool = True) -> User:
    client = aws("iam")
    arn = client.create_user(UserName=name)["User"]["Arn"]
    key = client.create_access_key(UserName=name)["AccessKey"]
    device = ""
    if mfa:
        made = client.create_virtual_mfa_device(VirtualMFADeviceName=name)
        device = made["VirtualMFADevice"]["SerialNumber"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        client.enable_mfa_device(UserName=name, SerialNumber=device, **codes)
    return User(arn, key, device)


def allow(principal: object, action: object = "sts:AssumeRole", **condition: object) -> dict[str, Any]:
    """A trust policy's statement, its conditions as operator="key=value"."""
    conditions: dict[str, dict[str, object]] = {}
    for operator, text in condition.items():
        key, _, value = str(text).partition("=")
        conditions.setdefault(operator, {})[key] = value
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Condition": conditions}


def role(aws: Aws, name: str, *statements: Mapping[str, object], path: str = "/", seconds: int = 3600) -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    made = aws("iam").create_role(
        RoleName=name, Path=path, AssumeRolePolicyDocument=document, MaxSessionDuration=seconds
    )
    return str(made["Role"]["Arn"])


def session(aws: Aws, role_arn: str, keys: Keys | None = None, **more: object) -> dict[str, str]:
    """Credentials of a role, assumed with the keys; without keys, by the account's root user."""
    client = aws("sts", keys)
    found: dict[str, str] = client.assume_role(RoleArn=role_arn, RoleSessionName="session", **more)["Credentials"]
    return found


def refusal(error: Any) -> tuple[str, int, str]:
    """Code, status and message of a botocore error."""
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]
