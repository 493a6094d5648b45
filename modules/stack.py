"""What every stack has: a provider for one account, tags, state in S3, and contracts to publish and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from environments.names import Names
from environments.schema import Environment
from modules.bindings import aws
from modules.bindings.engine import App, DataTerraformRemoteStateS3, S3Backend, TerraformOutput, TerraformStack
from modules.constructs.provider_tags import ignored_tags
from modules.contracts import Contract
from modules.phases import Phase

C = TypeVar("C", bound=Contract)


def add_provider(
    stack: TerraformStack,
    *,
    region: str,
    account_id: str,
    tags: Mapping[str, str],
    ignored: Sequence[aws.AwsProviderIgnoreTags] | None = None,
) -> None:
    """Add the AWS provider, with default tags, for this account only (R1.4)."""
    aws.AwsProvider(
        stack,
        "aws",
        region=region,
        allowed_account_ids=[account_id],
        default_tags=[aws.AwsProviderDefaultTags(tags=dict(tags))],
        ignore_tags=ignored,
    )


def add_backend(
    stack: TerraformStack, *, bucket: str, key: str, region: str, account_id: str, kms_key_arn: str
) -> None:
    """Store the stack's state in S3: encrypted, locked, in this account only."""
    backend = S3Backend(
        stack,
        bucket=bucket,
        key=key,
        region=region,
        encrypt=True,
        kms_key_id=kms_key_arn,
        allowed_account_ids=[account_id],
    )
    # cdktf 0.21's S3Backend has no such argument: https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
    backend.add_override("use_lockfile", True)


class PhaseStack(TerraformStack):
    """The stack of a phase of an environment. Subclasses compose it in `build`."""

    def __init__(self, scope: App, environment: Environment, phase: Phase, upstream: Mapping[str, PhaseStack]) -> None:
        self.environment = environment
        self.names = Names(environment)
        self.phase = phase
        self._upstream = upstream
        super().__init__(scope, self.names.stack(phase.name))
        add_provider(
            self,
            region=environment.region,
            account_id=environment.account_id,
            tags=self.tags,
            ignored=ignored_tags(environment),
        )
        add_backend(
            self,
            bucket=self.names.state_bucket,
            key=self.names.state_key(phase.name),
            region=environment.region,
            account_id=environment.account_id,
            kms_key_arn=self.names.alias_arn("state"),
        )
        self.build()

    def build(self) -> None:
        """Compose the phase."""
        raise NotImplementedError

    def read(self, contract: type[C]) -> C:
        """Return the contract of an earlier phase.

        Raises:
            ValueError: This phase's row in modules/phases.py doesn't list that phase.
        """
        name = contract.phase
        if name not in self.phase.reads:
            raise ValueError(f"phase {self.phase.name!r} reads {name!r}; add it to its row in modules/phases.py")
        self.add_dependency(self._upstream[name])
        DataTerraformRemoteStateS3(
            self,
            name,
            bucket=self.names.state_bucket,
            key=self.names.state_key(name),
            region=self.environment.region,
            allowed_account_ids=[self.environment.account_id],
        )
        return contract.remote(f"data.terraform_remote_state.{name}.outputs")

    def publish(self, contract: Contract) -> None:
        """Add this phase's contract as outputs.

        Raises:
            ValueError: The contract is another phase's.
        """
        if contract.phase != self.phase.name:
            raise ValueError(f"phase {self.phase.name!r} can't publish the contract of {contract.phase!r}")
        for name, value in contract.values().items():
            TerraformOutput(self, name, value=value)

    @property
    def tags(self) -> dict[str, str]:
        """Default tags."""
        return self.names.tags(self.phase.name)
