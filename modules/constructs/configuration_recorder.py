"""AWS Config: what every resource looked like, and when."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.config_configuration_recorder import (
    ConfigConfigurationRecorder,
    ConfigConfigurationRecorderRecordingGroup,
)
from cdktf_cdktf_provider_aws.config_configuration_recorder_status import ConfigConfigurationRecorderStatus
from cdktf_cdktf_provider_aws.config_delivery_channel import ConfigDeliveryChannel
from constructs import Construct


class ConfigurationRecorder:
    """Records all kinds of resources, IAM's among them, and is switched on."""

    def __init__(self, scope: Construct, id_: str, *, name: str, role_arn: str, bucket: str, kms_key_arn: str) -> None:
        """Make recorder, channel and switch.

        Args:
            scope: The stack.
            id_: Id of the recorder; channel and switch are named after it.
            name: Name of recorder and channel.
            role_arn: What it reads with: Config's service-linked role (FSBP Config.1).
            bucket: Where it delivers to; its policy must stand before the channel is made.
            kms_key_arn: Key that encrypts what it delivers.
        """
        ConfigConfigurationRecorder(
            scope,
            id_,
            name=name,
            role_arn=role_arn,
            recording_group=ConfigConfigurationRecorderRecordingGroup(
                all_supported=True, include_global_resource_types=True
            ),
        )
        recorder = f"${{aws_config_configuration_recorder.{id_}.name}}"
        channel = ConfigDeliveryChannel(
            scope, f"{id_}_channel", name=name, s3_bucket_name=bucket, s3_kms_key_arn=kms_key_arn
        )
        channel.add_override(
            "depends_on", [f"aws_config_configuration_recorder.{id_}", f"aws_s3_bucket_policy.{id_}_bucket_policy"]
        )
        self.status = f"aws_config_configuration_recorder_status.{id_}_status"
        """Address of the switch: what needs AWS Config to record depends on it."""
        status = ConfigConfigurationRecorderStatus(scope, f"{id_}_status", name=recorder, is_enabled=True)
        # A recorder can't be switched on without a channel.
        status.add_override("depends_on", [f"aws_config_delivery_channel.{id_}_channel"])
