"""Session Manager's message gateway, which ECS Exec's agent calls; moto doesn't have it, and boto3 has no model of it.

https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/session/service/service.go
"""

from __future__ import annotations

from moto.core.responses import BaseResponse

from rehearsal.emulator.additions.registry import serves

CREATED = 201


@serves("ssmmessages")
class ChannelResponse(BaseResponse):
    """A channel that carries nothing."""

    @classmethod
    def dispatch(cls, *_: object, **__: object) -> tuple[int, dict[str, str], str]:
        """Every call opens or creates one."""
        return CREATED, {"Content-Type": "application/json"}, "{}"
