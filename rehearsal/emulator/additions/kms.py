"""KMS: what a key is for if the request doesn't say it."""

from __future__ import annotations

from collections.abc import Callable

from moto.kms.models import Key

from rehearsal.emulator.additions.registry import corrects


@corrects(Key, "__init__", "kms", "CreateKey", why="moto leaves a key's usage empty if none was sent")
def make_key(
    original: Callable[..., None], key: Key, policy: str, key_usage: str, *given: object, **named: object
) -> None:
    """Encryption and decryption."""
    original(key, policy, key_usage or "ENCRYPT_DECRYPT", *given, **named)
