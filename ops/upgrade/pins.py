"""The pinned versions: which packages there are, which ones pyproject.toml pins exactly, and what raises them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from environments.suggestions import choices
from ops.errors import OpsError

_EXACT = re.compile(r"([\w.-]+(?:\[[\w,-]+\])?)==([^\s;,]+)")
_WANTED = re.compile(r"([A-Za-z0-9][\w.-]*)(?:==([A-Za-z0-9][\w.+!-]*))?")


@dataclass(frozen=True)
class Raised:
    """A package whose pinned version changes."""

    name: str
    before: str
    """Empty for a package that is new."""
    after: str
    """Empty for a package that is no longer needed."""

    def __str__(self) -> str:
        """One line of text."""
        return f"{self.name} {self.before or 'new'} → {self.after or 'removed'}"


def exact(pyproject: str) -> dict[str, str]:
    """The packages that pyproject.toml pins to one version, each for a reason that is beside it."""
    project = tomllib.loads(pyproject)["project"]
    extras = project.get("optional-dependencies", {}).values()
    found = (
        _EXACT.fullmatch(each) for each in [*project["dependencies"], *(each for extra in extras for each in extra)]
    )
    return {_name(match[1]): match[2] for match in found if match}


def wanted(words: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """The packages to raise, each with the version to raise it to; empty: the newest one.

    Args:
        words: `NAME` or `NAME==VERSION`.
        known: The version of each package of requirements-dev.txt, by name.

    Raises:
        OpsError: A word has another form, or names no pinned package.
    """
    found: dict[str, str] = {}
    for word in words:
        match = _WANTED.fullmatch(word)
        if match is None:
            raise OpsError(f"{word!r} isn't a package: write NAME or NAME==VERSION, as in checkov==3.3.31")
        name = _name(match[1])
        if name not in known:
            raise OpsError(f"no pinned package {word!r} in requirements-dev.txt; {choices(name, known)}")
        found[name] = match[2] or ""
    return found


def with_pins(pyproject: str, versions: Mapping[str, str]) -> str:
    """pyproject.toml with other exact pins; an empty version allows that of before and all newer ones."""

    def replaced(match: re.Match[str]) -> str:
        name, version = match[1], match[2]
        if _name(name) not in versions:
            return match[0]
        wanted = versions[_name(name)]
        return f'"{name}=={wanted}"' if wanted else f'"{name}>={version}"'

    return re.sub(rf'"{_EXACT.pattern}"', replaced, pyproject)


def flags(chosen: Mapping[str, str]) -> str:
    """Flags of `uv pip compile` that raise packages; without packages, all.

    https://docs.astral.sh/uv/pip/compile/#upgrading-requirements
    """
    if not chosen:
        return "--upgrade"
    named = (f"{name}=={version}" if version else name for name, version in chosen.items())
    return " ".join(f"--upgrade-package {each}" for each in named)


def raised(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Raised, ...]:
    """The packages whose version differs, by name."""
    names = sorted({*before, *after})
    each = (Raised(name, before.get(name, ""), after.get(name, "")) for name in names)
    return tuple(package for package in each if package.before != package.after)


def _name(given: str) -> str:
    """A package's name in the one form that requirements files have: https://peps.python.org/pep-0503/."""
    return re.sub(r"[-_.]+", "-", given.partition("[")[0]).lower()
