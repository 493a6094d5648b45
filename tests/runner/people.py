"""A person in front of emulated AWS: an IAM user with an access key and an MFA device, and a role that asks for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.emulator.settings import credentials
from tests.runner.operator import client

ACCOUNT = "777788889999"
"""The account of the operators' users."""
STEP_SECONDS = 30
"""How long a device shows a code: https://datatracker.ietf.org/doc/html/rfc6238."""


@dataclass(frozen=True)
class Person:
    """An IAM user with an MFA device."""

    user_arn: str
    device_arn: str
    seed: bytes
    access_key: str
    secret_key: str

    def code(self, at: float | None = None) -> str:
        """What the device shows at a time; now if left out."""
        step = int((time.time() if at is None else at) // STEP_SECONDS)
        digest = hmac.new(self.seed, struct.pack(">Q", step), hashlib.sha1).digest()
        offset = digest[-1] & 15
        return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def person(variables: Mapping[str, str], name: str = "ada") -> Person:
    """Make one in emulated AWS, by the variables that lead there."""
    iam = client("iam", {**variables, **credentials(ACCOUNT)})
    user = iam.create_user(UserName=name)["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    made = Person(
        user["Arn"],
        device["SerialNumber"],
        base64.b32decode(device["Base32StringSeed"]),
        key["AccessKeyId"],
        key["SecretAccessKey"],
    )
    now = time.time()
    iam.enable_mfa_device(
        UserName=name,
        SerialNumber=made.device_arn,
        AuthenticationCode1=made.code(now - 2 * STEP_SECONDS),
        AuthenticationCode2=made.code(now - STEP_SECONDS),
    )
    iam.put_user_policy(
        UserName=name,
        PolicyName="assume",
        PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}}
        ),
    )
    return made


def role_for(whom: Person, variables: Mapping[str, str], name: str = "operator") -> str:
    """A role of the variables' account that the user may assume with the device; returns its ARN."""
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": whom.user_arn},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    }
    iam = client("iam", variables)
    role: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    return role
