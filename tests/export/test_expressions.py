"""JSON values as expressions of HCL."""

from __future__ import annotations

import json
import re
from typing import Any

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.export.expressions import InexpressibleError, aligned, expression, literal, template
from tests.cases import every_case
from tests.export.round_trip import restored


@every_case(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (0, "0"),
        (-1.5, "-1.5"),
        (1e21, "1e+21"),
        ("60", '"60"'),
        ("", '""'),
        ("${aws_vpc.vpc.id}", "aws_vpc.vpc.id"),
        ("${ aws_vpc.vpc.id }", "aws_vpc.vpc.id"),
        ('${local.ids["a"]}', 'local.ids["a"]'),
        ("${a}${b}", '"${a}${b}"'),
        ("x${a}", '"x${a}"'),
        ("${~ a ~}", '"${~ a ~}"'),
        ("$${a}", '"$${a}"'),
        ("%%{a}", '"%%{a}"'),
        ("100%", '"100%"'),
        ('say "${f("x")}"\\', '"say \\"${f("x")}\\"\\\\"'),
        ("tab\tline\nnull\0", '"tab\\tline\\nnull\\u0000"'),
        ("ä€😀", '"ä€😀"'),
        ('${{"a" = "}"}["a"]}', '{"a" = "}"}["a"]'),
        ([], "[]"),
        ({}, "{}"),
        (["a", 1], '["a", 1]'),
        ([["a"], [{}]], '[["a"], [{}]]'),
    ],
)
def test_values_of_one_line(value: object, written: str) -> None:
    assert expression(value) == [written]


def test_an_object_is_aligned_and_its_keys_are_quoted_where_they_must_be() -> None:
    value = {"a": 1, "long": [{"b": 2}], "a b": "x", "for": 3, "${var.key}": 4, "k-${a}": 5}
    assert "\n".join(expression(value)) == (
        """{
  a = 1
  long = [
    {
      b = 2
    },
  ]
  "a b"     = "x"
  "for"     = 3
  (var.key) = 4
  "k-${a}"  = 5
}"""
    )


def test_a_long_list_has_a_line_for_each_element() -> None:
    assert expression(["x" * 60, "y" * 60]) == ["[", f'  "{"x" * 60}",', f'  "{"y" * 60}",', "]"]


def test_a_value_of_more_lines_ends_the_alignment() -> None:
    assert aligned([("a", ["1"]), ("long", ["{", "}"]), ("bb", ["2"]), ("c", ["3"])]) == [
        *("a = 1", "long = {", "}", "bb = 2", "c  = 3")
    ]


@every_case("text", ["${a", "${}", "x${ }", "%{ if a }b%{ endif }", "${f(\na)}", "\r${a}", "\ufeffa", "${a~}\n b"])
def test_what_cannot_be_written_is_an_error(text: str) -> None:
    with pytest.raises(InexpressibleError):
        template(text)


def test_what_is_not_evaluated_keeps_its_signs() -> None:
    assert literal("${a} %{b} $ %") == ['"$${a} %%{b} $ %"']


TEXTS = st.text(st.sampled_from('ab."\\$%{}\n\t\r\0é€😀[] =#/'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS.filter(bool), inner, max_size=3),
    max_leaves=8,
)


def read_back(value: Any) -> Any:
    """What the parser returns, with `$${` as `${`; it has negative numbers as expressions."""
    if isinstance(value, str) and (number := re.fullmatch(r"\$\{(-\d+)\}", value)):
        return int(number[1])
    if isinstance(value, str):
        return restored(value).replace("$${", "${").replace("%%{", "%{")
    if isinstance(value, list):
        return [read_back(each) for each in value]
    if isinstance(value, dict):
        return {read_back(key): read_back(each) for key, each in value.items()}
    return value


@pytest.mark.slow
@settings(max_examples=40)
@given(VALUES)
def test_any_value_that_is_not_evaluated_is_read_back(value: object) -> None:
    (parsed,) = hcl2.loads("x = " + "\n".join(literal(value)) + "\n")["x"]  # type: ignore[attr-defined]
    assert json.dumps(read_back(parsed), sort_keys=True) == json.dumps(value, sort_keys=True)
