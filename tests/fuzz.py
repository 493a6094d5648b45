"""Changes of JSON documents that a command reads, as an editor, a broken disk or an attacker would leave them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Place = tuple[str | int, ...]
_TWICE = "\x00twice"
"""Stands for a key that the text then has twice."""
DEEP = 3000
"""Levels; Python's and Pydantic's parsers refuse them."""
TYPES: list[Any] = [None, True, 0, -1, 1.5, "", "text", [], {}, [[]], {"x": {}}, "${x}", "${null}", "*"]
HUGE: list[Any] = [10**400, "x" * 100_000, ["x"] * 1000, {str(n): n for n in range(1000)}]
STRANGE = ["\ud800", "\x1b[2J", "\u202e", "\u2028", "a\nb", "\x00"]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a document, with the document itself."""
    yield at
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in members:
        yield from places(each, (*at, key))


@st.composite
def changed(draw: st.DrawFn, document: Any) -> tuple[Place, bytes]:
    """The place of one change, and the document's new text."""
    place = draw(st.sampled_from(sorted(places(document), key=str)))
    kind = draw(st.sampled_from(["drop", "type", "nest", "huge", "strange", "key", "twice", "deep", "cut"]))
    new = copy.deepcopy(document)
    holder: Any = [new]
    *path, last = (0, *place)
    for key in path:
        holder = holder[key]
    was = holder[last]
    if kind == "drop":
        del holder[last]
        new = new if place else None
    elif kind in {"key", "twice"} and isinstance(holder, dict):
        holder[_TWICE if kind == "twice" else draw(st.sampled_from(STRANGE))] = was
    else:
        holder[last] = {
            "type": draw(st.sampled_from(TYPES)),
            "nest": draw(st.sampled_from([[was], {"x": was}, [[was]]])),
            "huge": draw(st.sampled_from(HUGE)),
            "strange": draw(st.sampled_from(STRANGE)),
        }.get(kind, was)
        new = new if place else holder[last]
    text = json.dumps(new).replace(json.dumps(_TWICE), json.dumps(str(last)))
    if kind == "deep":
        text = "[" * DEEP + text + "]" * DEEP
    elif kind == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    return place, text.encode()
