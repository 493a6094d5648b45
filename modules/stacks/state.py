"""State: the bucket and key of Terraform's remote state."""

from __future__ import annotations

from modules.constructs.encryption_key import EncryptionKey
from modules.constructs.private_bucket import PrivateBucket
from modules.constructs.state_uploads import state_uploads
from modules.contracts import State
from modules.stack import PhaseStack


class StateStack(PhaseStack):
    """Where Terraform's state lies, this stack's own among it.

    It is applied with local state first and then moved into the bucket that it made; so it depends on nothing.
    """

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        key = EncryptionKey(
            self,
            "state_key",
            alias=names.alias("state"),
            description=f"Terraform's state of {names.prefix}",
            names=names,
            protected=environment.protected,
        )
        bucket = PrivateBucket(
            self,
            "state",
            name=names.state_bucket,
            kms_key_arn=key.arn,
            protected=environment.protected,
            noncurrent_days=environment.state_history,
            statements=[
                *state_uploads(names.partition.bucket(names.state_bucket), keys=[key.arn, names.alias_arn("state")]),
            ],
        )
        self.publish(State(bucket_arn=bucket.arn, key_arn=key.arn))
