"""Patterns of IAM, which mostly need no regular expression, match what the expression matches."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.iam.globs import ANY, LITERAL, matches, matches_any, matches_resource

PARTS = st.sampled_from(
    ("arn:", "aws", "s3", "s3:Get", "g", "G", "a/b", "*", "?", ":", "**", ".", "+", ANY, *LITERAL.values())
)
PATTERNS = st.lists(st.lists(PARTS, max_size=6).map("".join), max_size=3).map(tuple)
TEXTS = st.lists(
    st.sampled_from(("arn:", "aws", "s3", "s3:Get", "g", "G", "a/b", ":", "*", "?", ".", "\n")), max_size=6
).map("".join)


def expression(pattern: str, star: str) -> str:
    """The regular expression of a pattern."""
    known = {"*": star, "?": ".", ANY: ".*", **{stand_in: re.escape(each) for each, stand_in in LITERAL.items()}}
    return "".join(known.get(character) or re.escape(character) for character in pattern)


@given(PATTERNS, TEXTS)
def test_texts(patterns: tuple[str, ...], text: str) -> None:
    found = [re.fullmatch(expression(each, ".*"), text, re.DOTALL) for each in patterns]
    without_case = [re.fullmatch(expression(each, ".*"), text, re.DOTALL | re.IGNORECASE) for each in patterns]
    assert matches_any(patterns, text) is any(found)
    assert matches_any(patterns, text, case=False) is any(without_case)
    assert [matches(each, text) for each in patterns] == [each is not None for each in found]


@given(PATTERNS, TEXTS)
def test_resources(patterns: tuple[str, ...], text: str) -> None:
    def of(pattern: str) -> str:
        whole = pattern + ":*" * (5 - pattern.count(":")) if pattern.startswith("arn:") else pattern
        segments = [re.sub(r"\*+$", ANY, each) for each in whole.split(":")]
        return ":".join(expression(each, "[^:]*") for each in segments)

    assert matches_resource(patterns, text) is any(re.fullmatch(of(each), text, re.DOTALL) for each in patterns)


@pytest.mark.parametrize("text", ["", "arn:aws:s3:::a", "*"])
def test_no_pattern_matches_nothing(text: str) -> None:
    assert not matches_any((), text)
    assert not matches_resource((), text)
