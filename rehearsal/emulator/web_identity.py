"""Tokens of identity providers, verified as AWS does it: with the keys that the provider publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from rehearsal.emulator.additions.registry import AwsError

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html (WebIdentityToken)"""
DISCOVERY = "/.well-known/openid-configuration"
"""https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig"""
SECONDS = 10
"""How long a provider may take to respond."""
addresses: dict[str, str] = {}
"""Where providers are found, by the claim `iss`: the emulator calls no address of the internet."""


def issuer(token: str) -> str:
    """Who says to have issued a token.

    Raises:
        AwsError: It isn't a JSON web token.
    """
    try:
        return str(json.loads(jws.extract_compact(token.encode()).payload)["iss"])
    except (JoseError, ValueError, LookupError, TypeError):
        raise _invalid("The ID Token provided is not a valid JWT.") from None


def verified(token: str) -> Mapping[str, Any]:
    """What a token says, once its signature is verified.

    Raises:
        AwsError: The provider's keys can't be read, or none of them signed it.
    """
    name = issuer(token)
    try:
        keys = KeySet.import_key_set(_fetch(_fetch(addresses[name] + DISCOVERY)["jwks_uri"]))
        claims: dict[str, Any] = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (LookupError, URLError, TimeoutError, InvalidKeyIdError):
        # AWS's words: https://repost.aws/knowledge-center/iam-sts-invalididentitytoken
        raise _invalid(
            "Couldn't retrieve verification key from your identity provider,  please reference "
            "AssumeRoleWithWebIdentity documentation for requirements"
        ) from None
    except (JoseError, ValueError):
        raise _invalid("The web identity token that was passed could not be validated by AWS.") from None
    return claims


def _fetch(address: str) -> Any:  # noqa: ANN401  (JSON)
    # Straight to 127.0.0.1, whatever proxy this process has.
    with build_opener(ProxyHandler({})).open(address, timeout=SECONDS) as response:
        return json.load(response)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidIdentityToken", message)
