"""Replace what a stack reads from another stack's remote state by the published value, for the scanner.

A stack reads an earlier phase through `data.terraform_remote_state.<phase>`. Without this, a
public ACL or an open listener in another stack would pass, and a firewall in another stack would fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ops.gate.model import ErrorKind, ScanError, ScanFailedError
from ops.gate.templates import expression, literal, rewrite

_KEY = r"""\[(?:\\?"(?P<key>[^"\\\]]*)\\?"|(?P<index>\d+))\]|\.(?P<name>[A-Za-z_][\w-]*)"""
_SELECTOR = re.compile(_KEY)
_UNNAMED = re.sub(r"\?P<\w+>", "", _KEY)
_READ = re.compile(rf"data\.terraform_remote_state\.(?P<phase>[\w-]+)\.outputs(?P<path>(?:{_UNNAMED})+)")

Outputs = Mapping[str, Mapping[str, Any]]
"""Values of outputs by phase and name."""


class Contracts:
    """The outputs of all stacks of an environment, and their readers."""

    def __init__(self, outputs: Outputs) -> None:
        """Take the outputs as the stacks have them: an output may itself read an earlier phase."""
        self.outputs = outputs
        self._resolved: dict[tuple[str, str], Any] = {}
        self._resolving: list[tuple[str, str]] = []

    def resolve(self, value: Any, where: str) -> Any:  # noqa: ANN401 - any JSON value
        """A value with every read of another stack replaced by the value that this stack publishes.

        Raises:
            ScanFailedError: It reads an output that no phase publishes.
        """
        if isinstance(value, str):
            return self._template(value, where) if "terraform_remote_state" in value else value
        if isinstance(value, dict):
            return {key: self.resolve(each, where) for key, each in value.items()}
        if isinstance(value, list):
            return [self.resolve(each, where) for each in value]
        return value

    def _template(self, text: str, where: str) -> Any:  # noqa: ANN401 - any JSON value
        read = _READ.fullmatch(expression(text) or "")
        if read:
            return self._value(read, where)

        def change(inside: str) -> str:
            return _READ.sub(lambda found: literal(self._value(found, where)), inside)

        return _inline(text, change)

    def _value(self, read: re.Match[str], where: str) -> Any:  # noqa: ANN401 - any JSON value
        phase = read["phase"]
        output, *selectors = [
            int(step["index"]) if step["index"] else step["key"] or step["name"]
            for step in _SELECTOR.finditer(read["path"])
        ]
        value = self._output(phase, str(output), where)
        for selector in selectors:
            try:
                value = value[selector]
            except (LookupError, TypeError):
                known = ", ".join(value) if isinstance(value, dict) else "no keys"
                raise _broken(where, f"reads {selector!r} of {phase}'s output {output!r}, which has {known}") from None
        return value

    def _output(self, phase: str, output: str, where: str) -> Any:  # noqa: ANN401 - any JSON value
        key = (phase, output)
        if key not in self._resolved:
            if key in self._resolving:
                raise _broken(where, f"reads {phase}'s output {output!r}, which refers to itself")
            published = self.outputs.get(phase)
            if published is None:
                raise _broken(
                    where, f"reads the phase {phase!r}, which doesn't exist; phases: {', '.join(self.outputs)}"
                )
            if output not in published:
                raise _broken(where, f"reads {phase}'s output {output!r}; it publishes {', '.join(published)}")
            self._resolving.append(key)
            self._resolved[key] = self.resolve(published[output], f"output {output!r} of {phase}")
            self._resolving.pop()
        return self._resolved[key]


def _inline(text: str, change: Callable[[str], str]) -> str:
    """Rewrite expressions; an expression that is now a literal becomes text: `${"a"}/b` is `a/b`."""
    changed = rewrite(text, change)
    return re.sub(r'\$\{"((?:[^"\\]|\\.)*)"\}', lambda found: found[1].replace('\\"', '"'), changed)


def _broken(where: str, what: str) -> ScanFailedError:
    return ScanFailedError(
        ScanError(
            ErrorKind.BROKEN_CONTRACT, where, what, "publish it in modules/contracts.py, or read an output that exists"
        )
    )
