"""IAM: providers of identities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moto.iam.models import OpenIDConnectProvider

from rehearsal.emulator.additions.registry import corrects

_THUMBPRINT = "2b18947a6a9fc7764fd8b5fb18a863b0c6dac24f"
"""Of a certificate authority; any will do."""


@corrects(
    OpenIDConnectProvider,
    "__init__",
    "iam",
    "CreateOpenIDConnectProvider",
    why="moto doesn't return the thumbprint that IAM looks up if none was sent",
)
def make_provider(  # noqa: PLR0917  (moto's own parameters)
    original: Callable[..., None],
    provider: OpenIDConnectProvider,
    account_id: str,
    region_name: str,
    url: str,
    thumbprint_list: Sequence[str],
    *given: object,
    **named: object,
) -> None:
    """Look one up."""
    original(provider, account_id, region_name, url, list(thumbprint_list) or [_THUMBPRINT], *given, **named)
