"""State: the bucket and key of Terraform's remote state."""

from __future__ import annotations

from environments.names import PLAN_DAYS
from modules.constructs.buckets import PrivateBucket, Retention
from modules.constructs.encryption_key import EncryptionKey
from modules.constructs.state_access import state_uploads
from modules.contracts import State
from modules.phases import DEPLOYED
from modules.stack import PhaseStack


class StateStack(PhaseStack):
    """The bucket and key of Terraform's state, including this stack's own state.

    The first apply uses local state, which then moves into the new bucket. So this phase reads no other phase.
    """

    def build(self) -> None:
        """Compose the phase."""
        names = self.names
        key = EncryptionKey(
            self, "state_key", names=names, purpose="state", description=f"Terraform's state of {names.prefix}"
        )
        plans = {names.plan_prefix(phase): PLAN_DAYS for phase in DEPLOYED}
        keys = [key.arn, names.alias_arn("state")]
        bucket = PrivateBucket(
            self,
            "state",
            spec=Retention(noncurrent_days=self.environment.state_history, expiring=plans),
            names=names,
            name=names.state_bucket,
            kms_key_arn=key.arn,
            statements=list(state_uploads(names, keys=keys)),
        )
        self.publish(State(bucket_arn=bucket.arn, key_arn=key.arn))
