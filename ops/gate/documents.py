"""Read a stack's JSON strictly, and record the line on which each block starts.

Stock checkov skips a file that it can't parse and exits 0; here anything unexpected is a scan error.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Never

from ops.gate.model import ErrorKind, ScanError, ScanFailedError

_DEPTH = 3
"""resource → type → name: no block lies deeper."""
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class StackFile:
    """One stack's file."""

    stack: str
    file: str
    text: str
    content: dict[str, Any]

    @property
    def files(self) -> dict[str, str]:
        """SHA-256 by name of the files that were read: `apply` compares them with those that Terraform loads."""
        return {Path(self.file).name: hashlib.sha256(self.text.encode()).hexdigest()}

    def line(self, *path: str) -> int:
        """The line of the key at a path; 1 if there is none."""
        return bisect_right(self._newlines, self._offsets.get(path, 0)) + 1

    @cached_property
    def _newlines(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self.text)]

    @cached_property
    def _offsets(self) -> dict[tuple[str, ...], int]:
        offsets: dict[tuple[str, ...], int] = {}
        decode = json.JSONDecoder().raw_decode
        text = self.text

        def skip(at: int) -> int:
            found = _BLANK.match(text, at)
            return found.end() if found else at

        def walk(at: int, path: tuple[str, ...]) -> int:
            """Record the keys of the object at `at`, and return where it ends. The text is valid JSON."""
            at = skip(at + 1)
            while text[at] != "}":
                key, end = decode(text, at)
                offsets[(*path, key)] = at
                value = skip(skip(end) + 1)
                deeper = text[value] == "{" and len(path) + 1 < _DEPTH
                at = skip(walk(value, (*path, key)) if deeper else decode(text, value)[1])
                if text[at] == ",":
                    at = skip(at + 1)
            return at + 1

        walk(skip(0), ())
        return offsets


def read(path: Path, stack: str) -> StackFile:
    """Read one stack.

    Raises:
        ScanFailedError: The file isn't a JSON object that Terraform can read.
    """
    file = path.as_posix()
    try:
        text = path.read_bytes().decode("utf-8")
        content = strict_json(text)
    except (OSError, ValueError, RecursionError) as error:
        raise _malformed(file, f"isn't readable as JSON ({error})") from error
    if not isinstance(content, dict) or not content:
        raise _malformed(file, f"is {_kind(content)}, must be an object with blocks")
    return StackFile(stack, file, text, content)


def strict_json(text: str) -> Any:  # noqa: ANN401  (any JSON value)
    """Parse JSON, and refuse what parsers read differently.

    Raises:
        ValueError: It isn't JSON, has a key twice in one object, a number that isn't JSON, or half of a character.
    """
    found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    if _SURROGATE.search(text):
        json.dumps(found, ensure_ascii=False).encode()  # raises for a lone one
    return found


def _malformed(file: str, what: str) -> ScanFailedError:
    return ScanFailedError(ScanError(ErrorKind.MALFORMED, file, what, "synthesize again: make synth"))


def _kind(content: object) -> str:
    return "null" if content is None else f"an empty {type(content).__name__}" if not content else "another value"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. A parser would silently drop the first of two equal keys."""
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} occurs twice in an object")
    return members


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} isn't JSON")
