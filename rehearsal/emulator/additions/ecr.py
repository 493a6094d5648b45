"""ECR: a login that is valid, to a registry that can be chosen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecr.models import ECRBackend, ecr_backends
from moto.ecr.responses import ECRResponse

from rehearsal.emulator.additions.registry import corrects, kept


def registry(backend: ECRBackend) -> dict[str, str]:
    """The registry that holds the account's images, as `proxyEndpoint`; empty if none is set."""
    return kept(backend, "registry", dict[str, str])


@corrects(
    ECRResponse,
    "get_authorization_token",
    "ecr",
    "GetAuthorizationToken",
    why="in moto a login has expired when it is issued; where it leads to can be planted here",
)
def get_authorization_token(original: Callable[..., ActionResult], self: ECRResponse) -> ActionResult:
    """Let it last as long as AWS does: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_AuthorizationData.html."""
    answer: Any = original(self).result
    accounts = self._get_param("registryIds") or [self.current_account]
    for account, login in zip(accounts, answer["authorizationData"], strict=True):
        login["expiresAt"] = utcnow() + timedelta(hours=12)
        login.update(registry(ecr_backends[account][self.region]))
    return ActionResult(answer)
