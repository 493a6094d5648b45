"""The environments: values only. One module an environment, each with one `ENVIRONMENT` literal."""

from __future__ import annotations

import importlib
import ipaddress
import json
import traceback
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from environments.schema import Environment
from environments.schema.organization import Organization, validate_organization
from environments.schema.rules import Problem
from environments.schema.validation import InvalidEnvironmentError, validate

FOLDER = Path(__file__).parent
RELEASES = FOLDER / "releases"


class UnknownEnvironmentError(LookupError):
    """No environment has that name."""


def known() -> tuple[str, ...]:
    """Names of all environments, sorted."""
    files = (path for path in FOLDER.glob("*.py") if "\nENVIRONMENT = " in path.read_text(encoding="utf-8"))
    return tuple(sorted(path.stem.replace("_", "-") for path in files))


def load(name: str) -> Environment:
    """Read one environment with its release file, and check it.

    Raises:
        UnknownEnvironmentError: There is no such environment.
        InvalidEnvironmentError: Its values are wrong; all problems are listed.
    """
    if name not in known():
        raise UnknownEnvironmentError(
            f"unknown environment {name!r}; known: {', '.join(known())} (one file each in environments/; "
            f"`make new-environment NAME={name}` makes a new one)"
        )
    environment: Environment = _literal(name).ENVIRONMENT
    if environment.name != name:
        raise InvalidEnvironmentError(name, [Problem("name", environment.name, f"must be {name!r}, like its file")])
    return validate(replace(environment, releases=_releases(environment.stage)))


def load_all() -> tuple[Environment, ...]:
    """Read and check all environments, also against one another, and the organization's values.

    Raises:
        InvalidEnvironmentError: An environment's values are wrong, or two environments overlap.
    """
    environments = tuple(load(name) for name in known())
    _check_apart(environments)
    load_organization()
    return environments


def load_organization() -> Organization:
    """Read and check the values of the optional organization stack.

    Raises:
        InvalidEnvironmentError: Its values are wrong; all problems are listed.
    """
    organization: Organization = _literal("organization").ORGANIZATION
    return validate_organization(organization)


def _literal(name: str) -> ModuleType:
    """Import a module of values. A misspelt field is a problem of the environment, and no traceback."""
    try:
        return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    except (SyntaxError, NameError, TypeError, ImportError) as error:
        steps = traceback.extract_tb(error.__traceback__)
        places = [f"{Path(step.filename).name}:{step.lineno}" for step in steps if Path(step.filename).parent == FOLDER]
        raise InvalidEnvironmentError(
            name, [Problem(places[-1], str(error), "must be Python that loads; docs/settings.md has every field")]
        ) from error


def _releases(stage: str) -> dict[str, str]:
    path = RELEASES / f"{stage}.json"
    where = f"environments/releases/{path.name}"
    try:
        release = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidEnvironmentError(stage, [Problem("releases", where, "the file must exist")]) from None
    except ValueError as error:
        raise InvalidEnvironmentError(stage, [Problem("releases", where, f"must be JSON ({error})")]) from None
    if not isinstance(release, dict):
        raise InvalidEnvironmentError(stage, [Problem("releases", where, "must map repositories to digests")])
    return release


def _check_apart(environments: tuple[Environment, ...]) -> None:
    """Environments of one stage share account and network; those of different stages share neither."""
    for index, one in enumerate(environments):
        for other in environments[:index]:
            problems = []
            ranges = [ipaddress.IPv4Network(environment.network.cidr) for environment in (one, other)]
            if one.stage == other.stage:
                for field in ("account_id", "region", "network"):
                    if getattr(one, field) != getattr(other, field):
                        problems.append(
                            Problem(field, getattr(one, field), f"like {other.name}'s: both are {one.stage}")
                        )
            elif ranges[0].overlaps(ranges[1]):
                problems.append(
                    Problem("network.cidr", one.network.cidr, f"overlaps {other.name}'s {other.network.cidr}")
                )
            if problems:
                raise InvalidEnvironmentError(one.name, problems)
