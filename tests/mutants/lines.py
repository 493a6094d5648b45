"""Changes of single lines of the commands and policies, of the kinds that slips of a developer have."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
"""Other comparisons for each: the opposite, and another boundary."""
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.BitOr: "&",
    ast.BitAnd: "|",
}
NAMES = {
    "any": "all",
    "all": "any",
    "min": "max",
    "max": "min",
    "startswith": "endswith",
    "endswith": "startswith",
    "partition": "rpartition",
    "rpartition": "partition",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
}
"""Functions and methods that are easily taken for each other."""
NEGATION, LINE, MEMBER, ARGUMENT = "negation", "removed line", "removed member", "removed argument"


@dataclass(frozen=True)
class Change:
    """Another text for a part of one line."""

    file: Path
    line: int
    start: int
    """Where the part starts and ends, in bytes of UTF-8, as `ast` counts."""
    end: int
    text: str
    kind: str

    def changed(self, source: str) -> str:
        """The file's text with the change."""
        lines = source.splitlines(keepends=True)
        line = lines[self.line - 1].encode()
        lines[self.line - 1] = (line[: self.start] + self.text.encode() + line[self.end :]).decode()
        return "".join(lines)

    def shown(self, root: Path) -> str:
        """The line before and after."""
        source = (root / self.file).read_text(encoding="utf-8")
        before, after = (text.splitlines()[self.line - 1].strip() for text in (source, self.changed(source)))
        return f"{self.file}:{self.line}: {self.kind}\n    - {before}\n    + {after}"


def sample(root: Path, files: Sequence[Path], chance: random.Random, samples: int) -> list[Change]:
    """Changes of different lines: each line that can be changed is as likely as any other, then each kind of change."""
    lines: dict[tuple[Path, int], list[Change]] = {}
    for file in files:
        for change in changes(file, (root / file).read_text(encoding="utf-8")):
            lines.setdefault((file, change.line), []).append(change)
    places = sorted(lines)
    chance.shuffle(places)
    found = (_one(lines[place], (root / place[0]).read_text(encoding="utf-8"), chance) for place in places)
    return [*islice(filter(None, found), samples)]


def _one(possible: Sequence[Change], source: str, chance: random.Random) -> Change | None:
    """One of a line's changes that are still Python."""
    kinds = sorted({change.kind for change in possible})
    for kind in chance.sample(kinds, len(kinds)):
        for change in chance.sample(alike := [each for each in possible if each.kind == kind], len(alike)):
            with suppress(SyntaxError):
                ast.parse(change.changed(source))
                return change
    return None


def changes(file: Path, source: str) -> Iterator[Change]:
    """All changes of a file, but of what isn't behavior: annotations, docstrings, imports, and texts with blanks."""
    lines = [line.encode() for line in source.splitlines()]

    def text(part: ast.AST) -> str:
        """The text of a part on one line; others aren't changed."""
        if not isinstance(part, ast.expr | ast.stmt | ast.keyword) or part.lineno != part.end_lineno:
            return ""
        return lines[part.lineno - 1][part.col_offset : part.end_col_offset].decode()

    for node in _nodes(ast.parse(source)):
        for first, last, new, kind in _changes(node, text):
            if first.lineno == last.end_lineno and last.end_col_offset is not None:
                start, end, line = first.col_offset, last.end_col_offset, lines[first.lineno - 1]
                if kind in {MEMBER, ARGUMENT}:
                    # With the comma after it, or before it.
                    after = re.compile(rb"\s*,\s*").match(line, end)
                    start = start if after else len(re.sub(rb",\s*$", b"", line[:start]))
                    end = after.end() if after else end
                yield Change(file, first.lineno, start, end, new, kind)


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Each part that can change; the positions inside of an f-string are of no use before Python 3.12."""
    yield node
    for name, value in ast.iter_fields(node):
        if name not in {"annotation", "returns", "decorator_list", "type_params"}:
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, ast.AST) and not _fixed(each):
                    yield from _nodes(each)


def _fixed(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr)


_Place = ast.expr | ast.stmt | ast.keyword


def _changes(node: ast.AST, text: Callable[[ast.AST], str]) -> Iterator[tuple[_Place, _Place, str, str]]:
    """First and last part that another text replaces, the text, and what kind of change that is."""
    for place, new, kind in (*_operators(node, text), *_values(node, text), *_statements(node, text)):
        yield place, place, new, kind
    match node:
        case ast.Call(keywords=keywords):
            for keyword in keywords:
                if keyword.arg:
                    yield keyword, keyword, "", ARGUMENT
        case ast.Dict(keys=keys, values=values) if len(keys) > 1:
            for key, value in zip(keys, values, strict=True):
                if key:
                    yield key, value, "", MEMBER
        case ast.List(elts=members) | ast.Set(elts=members) | ast.Tuple(elts=members) if len(members) > 1:
            if not isinstance(getattr(node, "ctx", None), ast.Store):
                for member in members:
                    yield member, member, "", MEMBER


_Replaced = Iterator[tuple[_Place, str, str]]


def _operators(node: ast.AST, text: Callable[[ast.AST], str]) -> _Replaced:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            for other in COMPARISONS[type(operator)]:
                yield node, f"{text(left)} {other} {text(right)}", "comparison"
        case ast.BoolOp(op=operator, values=[first, second]):
            word = "or" if isinstance(operator, ast.And) else "and"
            yield node, f"{text(first)} {word} {text(second)}", "comparison"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, text(operand), NEGATION
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            yield node, f"{text(left)} {OPERATORS[type(operator)]} {text(right)}", "operator"


def _values(node: ast.AST, text: Callable[[ast.AST], str]) -> _Replaced:
    match node:
        case ast.Constant(value=bool() as value):
            yield node, str(not value), "constant"
        case ast.Constant(value=int() | float() as value):
            yield node, repr(value + 1), "boundary"
        case ast.Constant(value=str() as value) if not re.search(r"\s", value):
            yield node, repr(value[:-1] or "x"), "constant"
        case ast.Name(id=name) if name in NAMES:
            yield node, NAMES[name], "function"
        case ast.Attribute(value=value, attr=name) if name in NAMES:
            yield node, f"{text(value)}.{NAMES[name]}", "function"
        case ast.Call(args=[first, second, *_]):
            whole, start = text(node), f"{text(node.func)}({text(first)}, {text(second)}"
            if whole.startswith(start):
                yield (
                    node,
                    f"{text(node.func)}({text(second)}, {text(first)}{whole.removeprefix(start)}",
                    "swapped arguments",
                )


def _statements(node: ast.AST, text: Callable[[ast.AST], str]) -> _Replaced:
    match node:
        case ast.Expr() | ast.Raise() | ast.AugAssign() | ast.Continue() | ast.Break() | ast.Return(value=None):
            yield node, "pass", LINE
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, "pass", LINE
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            if not isinstance(test, ast.Compare | ast.UnaryOp):
                yield test, f"not ({text(test)})", NEGATION
        case ast.comprehension(ifs=conditions):
            for condition in conditions:
                if not isinstance(condition, ast.Compare | ast.UnaryOp):
                    yield condition, f"not ({text(condition)})", NEGATION
