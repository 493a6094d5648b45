"""A provider's schema is trimmed to the types of a stack, as bytes of protocol buffers."""

from __future__ import annotations

import pytest

from ops.terraform.provider.schema import trimmed, used
from tests.cases import every_case

RESOURCE, DATA, OWN, CAPABILITIES = 2, 3, 1, 6


def delimited(field: int, content: bytes) -> bytes:
    """A field with a text or a message of under 128 bytes."""
    return bytes([field << 3 | 2, len(content)]) + content


def entry(field: int, kind: str) -> bytes:
    return delimited(field, delimited(1, kind.encode()) + delimited(2, b"schema"))


REST = delimited(OWN, b"provider") + delimited(CAPABILITIES, bytes([1 << 3, 1]))
WHOLE = entry(RESOURCE, "aws_vpc") + REST + entry(RESOURCE, "aws_eip") + entry(DATA, "aws_vpc") + entry(DATA, "aws_ami")


def test_types_of_the_stack_and_the_rest_stay() -> None:
    assert trimmed(WHOLE, {"aws_vpc"}) == entry(RESOURCE, "aws_vpc") + REST + entry(DATA, "aws_vpc")
    assert trimmed(WHOLE, {"aws_vpc", "aws_eip", "aws_ami"}) == WHOLE
    assert trimmed(WHOLE, ()) == REST


def test_the_types_in_use_are_those_that_a_text_names() -> None:
    texts = [b'{"resource":{"aws_vpc":{"aws_unknown":{}}}}', b"aws_ami.latest", b"my_aws_eip, aws_eips"]
    assert used(WHOLE, texts) == {"aws_vpc", "aws_ami"}
    assert used(WHOLE, []) == frozenset()


@every_case(
    ("schema", "says"),
    [
        (WHOLE, "no type aws_vcp"),
        (WHOLE[:-1], "ends after its message"),
        (WHOLE + b"\x80", "ends after its message"),
        (delimited(RESOURCE, delimited(2, b"schema")), "begins with its key"),
        (bytes([RESOURCE << 3 | 5, 0, 0, 0, 0]), "wire type 5"),
    ],
)
def test_what_is_no_schema_is_refused(schema: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        trimmed(schema, {"aws_vcp"})
