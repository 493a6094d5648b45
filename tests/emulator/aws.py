"""An account for a test, and what was called in it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.emulator.settings import FIRST_ROLE, credentials

REGION = "us-east-1"


@dataclass
class Aws:
    """An account, in the emulator or, without an endpoint, in moto as it is."""

    account: str
    endpoint: str | None = None
    called: set[tuple[str, str]] = field(default_factory=set)
    """Service and operation of each call that was answered."""
    role: str = FIRST_ROLE
    """The role whose session the account's own credentials are."""

    def __call__(self, service: Any, assumed: Mapping[str, str] | None = None, **config: Any) -> Any:
        """A client of a service, with the account's own credentials, or with those of a user or an assumed role.

        Args:
            service: Name in boto3.
            assumed: The credentials.
            config: What botocore's Config takes.
        """
        key: str | None
        secret: str | None
        token: str | None
        key, secret, token = credentials(self.account, self.role).values()
        if assumed:
            # A user's access key has no token.
            key, secret, token = (assumed.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        client = boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, **config),
        )
        client.meta.events.register(f"after-call.{service}", self._note)
        return client

    def give_role_to(self, *services: str) -> None:
        """Create the roles that services work with, unless they exist."""
        for service in services:
            with suppress(ClientError):
                self("iam").create_service_linked_role(AWSServiceName=f"{service}.amazonaws.com")

    def _note(self, http_response: Any, model: Any, **_: Any) -> None:
        if http_response.status_code < 400:
            self.called.add((model.service_model.service_name, model.name))
