"""Markdown that holds any text: nothing in it ends a block, adds HTML or mentions an account; long text is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ops.markdown import LIMIT, WHOLE, Listing, again, code, rendered, table
from tests.cases import every_case

HOSTILE = [
    "@everyone",
    "`@ada` </details><script>",
    "```\n@ada\n```",
    "a|b|c",
    "<!-- aws-rollout: what this pull request changes -->",
    "\r\n\r\n# title",
    "[text](https://example.com)",
    "ends with a backtick`",
    "\u202egnp.exe",
    "   ",
]


def outside_code(text: str) -> str:
    """What GitHub doesn't read as code."""
    kept, fence = [], ""
    for line in text.split("\n"):
        found = re.match(r"(`{3,})(\w*)$", line)
        if fence:
            if found and len(found[1]) >= len(fence) and not found[2]:
                fence = ""
            continue
        if found:
            fence = found[1]
            continue
        kept.append(re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "CODE", line))
    assert not fence, "a fence is open"
    return "\n".join(kept)


@settings(max_examples=200)
@given(st.text(max_size=60))
@example("`" * 9)
def test_any_text_is_code_and_nothing_else(text: str) -> None:
    cell = table(("what",), [[code(text)]])
    assert outside_code(cell).split("\n")[2] == "| CODE |"
    assert "\n" not in code(text)
    listed = rendered([Listing((text, "last"), "Title")], "elsewhere")
    assert outside_code(listed) == "<details><summary>Title</summary>\n\n\n</details>\n"


@every_case("text", HOSTILE)
def test_hostile_text_stays_inside(text: str) -> None:
    shown = outside_code(rendered([f"**{code(text)}**", Listing((text,)), table(("a",), [[code(text)]])], ""))
    assert "@" not in shown
    assert "<" not in shown
    assert "](" not in shown
    assert "# title" not in shown


def test_a_long_folded_list_is_cut_first_with_a_line_that_says_where_the_whole_is() -> None:
    important = Listing(tuple(f"important {number}" for number in range(100)))
    long, short = (Listing(tuple(f"line {number} of many" for number in range(size)), "Plan") for size in (9000, 50))
    text = rendered([important, long, short], "the whole is in the run")
    assert len(text) <= LIMIT
    assert "important 99" in text
    assert "line 49 of many" in text.split("</details>")[1]
    cut = re.search(r"… and (\d+) more lines, cut at GitHub's limit; the whole is in the run\.", text)
    assert cut
    assert text.count("of many") + int(cut[1]) == 9050
    assert text.count("<details>") == text.count("</details>") == 2
    outside_code(text)


def test_what_is_not_folded_is_cut_when_nothing_else_is_left() -> None:
    text = rendered([Listing(tuple("x" * 90 for _ in range(2000)))], "the whole is in the run")
    assert len(text) <= LIMIT
    assert "more lines, cut at GitHub's limit" in text
    outside_code(text)
    many = rendered(["paragraph " * 50] * 500, "the whole is in the run")
    assert len(many) <= LIMIT
    assert many.endswith("This text is cut at GitHub's limit; the whole is in the run.\n")


@pytest.mark.slow
def test_the_limit_of_a_summary_is_one_of_bytes() -> None:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary"""
    lines = ("ü" * 100,) * 9000
    for parts in ([Listing(lines, "Plan")], [Listing(lines)], ["ü" * 1000] * 900):
        text = rendered(parts, "the whole is in the run", WHOLE)
        assert len(text.encode()) <= WHOLE <= 1024**2
        assert "cut at GitHub's limit" in text


def test_short_text_is_whole() -> None:
    assert rendered(["# Title", Listing(("a ``` b",), language="diff")], "") == "# Title\n\n````diff\na ``` b\n````\n"


_LINES = st.lists(st.sampled_from([*HOSTILE, "", "a", "</details>", "… and 3 more lines, cut at GitHub's limit; x."]))


@settings(max_examples=60)
@given(_LINES, st.sampled_from(["", "Plan of edge"]), st.integers(300, 800))
def test_a_text_can_be_shortened_again(lines: list[str], title: str, limit: int) -> None:
    parts = ("## a", Listing(tuple(lines or ["x"]), title, "diff"), "b", Listing(("c",) * 100, "More"))
    whole = rendered(parts, "it is there")
    assert rendered(again(whole), "it is there") == whole
    short = rendered(parts, "it is there", limit)
    assert rendered(again(short), "it is there") == short
    assert rendered(again(whole), "it is there", limit) == short
