"""Loads modules of values from their source each time.

Python's cached bytecode counts as current while a file's size and second of change are the same, so it would hide an
edit that keeps the size within a second. https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from itertools import pairwise
from types import CodeType, ModuleType


class ValuesFinder:
    """Finds the modules of values in a package."""

    def __init__(self, package: str, library: frozenset[str]) -> None:
        """Name the package, and its modules that aren't values."""
        self._package, self._library = package, library

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Python calls this for each import; None leaves it to Python."""
        package, _, module = fullname.rpartition(".")
        if package != self._package or module in self._library:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.origin and isinstance(spec.loader, SourceFileLoader):
            spec.loader, spec.cached = _ValuesLoader(fullname, spec.origin), None
        return spec


class _ValuesLoader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        """Compile the source; no bytecode is read or written."""
        file = self.get_filename(fullname)
        source = self.get_data(file)
        code: CodeType = self.source_to_code(source, file)
        _check_commas(source, file)
        return code


def _check_commas(source: bytes, file: str) -> None:
    """Python joins two texts without a comma between them into one, which may be valid too.

    Raises:
        SyntaxError: Two texts are side by side in a line, or are one item of several without parentheses around them.
    """
    ignored = {tokenize.NL, tokenize.COMMENT}
    tokens = [token for token in tokenize.tokenize(io.BytesIO(source).readline) if token.type not in ignored]
    before = ""  # What is before the texts that are joined.
    for (previous, token), following in zip(pairwise(tokens), [*tokens[2:], tokens[-1]], strict=True):
        if token.type != tokenize.STRING:
            continue
        if previous.type != tokenize.STRING:
            before = previous.string
            continue
        one_of_several = "," in {before, following.string} and before in {"(", "[", ","}
        if previous.end[0] == token.start[0] or one_of_several:
            allowed = f"a comma may be missing between {previous.string} and {token.string}, which Python joins"
            more = "" if previous.end[0] == token.start[0] else "; one long text needs parentheses of its own"
            raise SyntaxError(allowed + more, (file, previous.start[0], None, token.line))
