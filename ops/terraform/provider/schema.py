"""The part of a provider's schema that a stack needs, in the form in which the provider sends it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

_TYPES = frozenset({2, 3, 8})
"""Fields of GetProviderSchema.Response that are maps by type: resources, data sources, ephemeral resources.

https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto
"""
_VARINT, _DELIMITED = 0, 2


def trimmed(schema: bytes, types: Collection[str]) -> bytes:
    """A response to GetProviderSchema with these types only. The provider's own schema and capabilities stay.

    Args:
        schema: The whole response, as protocol buffers.
        types: Names such as `aws_vpc`, for resources, data sources and ephemeral resources alike.

    Raises:
        ValueError: It isn't such a response, or lacks a type.
    """
    kept, found = bytearray(), set[str]()
    for field, content, raw in _fields(schema):
        if field in _TYPES:
            name = _key(content)
            if name not in types:
                continue
            found.add(name)
        kept += raw
    if missing := sorted(set(types) - found):
        raise ValueError(f"the provider's schema has no type {', '.join(missing)}")
    return bytes(kept)


def used(schema: bytes, texts: Iterable[bytes]) -> frozenset[str]:
    """The types whose names are anywhere in texts: more than these need, at times, but never less.

    Args:
        schema: The whole response.
        texts: All that may name a type: the configuration and the state.
    """
    words = {word for text in texts for word in re.findall(rb"\w+", text)}
    return frozenset(_key(content) for field, content, _ in _fields(schema) if field in _TYPES) & {
        word.decode(errors="replace") for word in words
    }


def _key(entry: bytes) -> str:
    """The key of an entry of a map, which is its first field.

    https://protobuf.dev/programming-guides/encoding/#maps
    """
    field, content, _ = next(_fields(entry))
    if field != 1:
        raise ValueError("an entry of a map begins with its key")
    return content.decode()


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The number, content and whole text of each field; numbers and texts are all that such messages have.

    https://protobuf.dev/programming-guides/encoding/#structure
    """
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        field, kind = tag >> 3, tag & 7
        if kind == _DELIMITED:
            size, at = _varint(message, at)
            content, at = message[at : at + size], at + size
        elif kind == _VARINT:
            content = b""
            _, at = _varint(message, at)
        else:
            raise ValueError(f"a field has the wire type {kind}")
        if at > len(message):
            raise ValueError("a field ends after its message")
        yield field, content, message[start:at]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message):
            raise ValueError("a number ends after its message")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
