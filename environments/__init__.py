"""The environments: values only. One module per environment, each with one `ENVIRONMENT` literal.

The variable `ENVIRONMENTS` names another folder of values, laid out like this one; its modules are imported as
`environments.<module>` too.
"""

from __future__ import annotations

import importlib
import ipaddress
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, get_args

from environments import beside, unreadable
from environments.schema import Environment, Product
from environments.schema.organization import Organization, validate_organization
from environments.schema.rules import Problem
from environments.schema.types import Slug
from environments.schema.validation import InvalidEnvironmentError, validate
from environments.source import ValuesFinder
from environments.suggestions import choices, did_you_mean

PACKAGE = Path(__file__).resolve().parent
FOLDER = (PACKAGE.parent / (os.environ.get("ENVIRONMENTS") or PACKAGE)).resolve()
"""The folder of values: products, environments, organization.py and releases/."""
RELEASES = FOLDER / "releases"
LIBRARY = frozenset(
    {
        "arns",
        "attached",
        "attributes",
        "beside",
        "documents",
        "effective",
        "endpoints",
        "flows",
        "grouped",
        "guardduty",
        "names",
        "permissions",
        "places",
        "schema",
        "source",
        "subnets",
        "suggestions",
        "unreadable",
    }
)
"""Modules of this package that aren't values; no environment or product has one of their names."""
EVERYTHING = "all"
"""Stands for all environments: in make, ENV=all."""
RESERVED = LIBRARY | {"organization", "profiles", "releases", "existing", "risks", EVERYTHING}
"""Names that no environment or product may have."""
sys.meta_path.insert(0, ValuesFinder(__name__, LIBRARY))
if FOLDER != PACKAGE:
    __path__.insert(0, str(FOLDER))


class UnknownEnvironmentError(LookupError):
    """No environment has that name, or there are none."""


def file_of(name: str) -> Path:
    """The module of an environment or a product."""
    return FOLDER / f"{name.replace('-', '_')}.py"


def shown(path: str | Path) -> str:
    """A file or folder as messages name it: from the project's folder, if it is inside."""
    path = Path(path)
    return path.relative_to(PACKAGE.parent).as_posix() if path.is_relative_to(PACKAGE.parent) else str(path)


def known() -> tuple[str, ...]:
    """Names of all environments, sorted.

    Raises:
        UnknownEnvironmentError: The folder of values doesn't exist.
    """
    if not FOLDER.is_dir():
        folders = [shown(path) for path in FOLDER.parent.glob("*") if path.is_dir()]
        meant = did_you_mean(shown(FOLDER), folders) or "name a folder that has environments "
        raise UnknownEnvironmentError(
            f"ENVIRONMENTS={os.environ.get('ENVIRONMENTS', '')}: no folder {shown(FOLDER)}; {meant}"
            "(without ENVIRONMENTS, it is environments/)"
        )
    files = (path for path in FOLDER.glob("*.py") if b"\nENVIRONMENT = " in path.read_bytes())
    return tuple(sorted(path.stem.replace("_", "-") for path in files))


def load(name: str) -> Environment:
    """Read one environment with its release file, and check it, also against those that share its account.

    Raises:
        UnknownEnvironmentError: There is no such environment.
        InvalidEnvironmentError: Its values are wrong; all problems are listed.
    """
    if name == "organization":
        raise UnknownEnvironmentError("organization is a stack outside all environments: docs/organization.md")
    if name not in (names := _some()):
        raise UnknownEnvironmentError(
            f"unknown environment {name!r}; {choices(name, names)} (one file each in {shown(FOLDER)}/{_how(name)})"
        )
    environment = _read(name)
    _check_account(environment, list(_readable(name, names)))
    return environment


_valid: dict[str, tuple[Environment, Environment]] = {}
"""The last valid environment of each name, with the module's literal: a command loads it several times."""


def _read(name: str) -> Environment:
    written: Environment = read_module(name).ENVIRONMENT
    if written.name != name:
        raise InvalidEnvironmentError(name, [Problem("name", written.name, f"must be {name!r}, like its file")])
    if not isinstance(written.product, Product):
        return validate(written)
    releases, existing = _releases(written), _existing(written)
    before, valid = _valid.get(name, (None, None))
    if valid is None or before is not written or (valid.releases, valid.existing) != (releases, existing):
        valid = validate(replace(written, releases=releases, existing=existing))
        _valid[name] = (written, valid)
    return valid


def _how(name: str) -> str:
    """How an environment of that name comes to be; advice must not lead to the next error."""
    if get_args(Slug)[1].problem(name) is not None:
        return ""
    if file_of(name).exists():
        return f"; {shown(file_of(name))} has no `ENVIRONMENT = `"
    return "" if file_of(name).stem in RESERVED else f"; `make new-environment NAME={name}` creates one"


def _some() -> tuple[str, ...]:
    """Names of all environments, of which there must be one."""
    names = known()
    if not names:
        raise UnknownEnvironmentError(
            f"no environments in {shown(FOLDER)}/; each is a file with `ENVIRONMENT = Environment(…)`, such as "
            "`make new-product NAME=shop` creates"
        )
    return names


def _readable(name: str, names: Sequence[str]) -> Iterator[Environment]:
    """The others of these environments; those with problems of their own are left out, since `load` names these."""
    for other in names:
        if other != name:
            with suppress(InvalidEnvironmentError):
                yield _read(other)


@dataclass(frozen=True)
class Loaded:
    """What could be read of all values."""

    environments: tuple[Environment, ...]
    """The environments that `load` returns, sorted by name."""
    organization: Organization | None
    """The organization's values, if they are valid."""
    broken: Mapping[str, InvalidEnvironmentError]
    """Why each other environment, or the organization, can't be read; by name."""
    conflicts: tuple[InvalidEnvironmentError, ...]
    """Values that are valid in themselves, but not beside those of another environment."""


def load_each() -> Loaded:
    """Read and check all environments and the organization; a broken one doesn't stop the others.

    Raises:
        UnknownEnvironmentError: There are no environments.
    """
    readable: dict[str, Environment] = {}
    broken: dict[str, InvalidEnvironmentError] = {}
    for name in _some():
        try:
            readable[name] = _read(name)
        except InvalidEnvironmentError as error:
            broken[name] = error
    for name, environment in readable.items():
        try:
            _check_account(environment, [other for other in readable.values() if other is not environment])
        except InvalidEnvironmentError as error:
            broken[name] = error
    environments = tuple(environment for name, environment in readable.items() if name not in broken)
    organization = None
    try:
        organization = load_organization() if has_organization() else None
    except InvalidEnvironmentError as error:
        broken["organization"] = error
    return Loaded(environments, organization, broken, tuple(_conflicts(environments, organization)))


def sizes(environment: Environment) -> tuple[Environment, ...]:
    """The other environments of the same product and stage, as prod-starter is of prod."""
    return tuple(other for other in _readable(environment.name, known()) if other.prefix == environment.prefix)


def load_all() -> tuple[Environment, ...]:
    """Read and check all environments, also against one another, and the organization's values.

    Raises:
        UnknownEnvironmentError: There are no environments.
        InvalidEnvironmentError: An environment's values are wrong, or two environments overlap.
    """
    loaded = load_each()
    for error in (*loaded.broken.values(), *loaded.conflicts):
        raise error
    return loaded.environments


def _conflicts(
    environments: Sequence[Environment], organization: Organization | None
) -> Iterator[InvalidEnvironmentError]:
    for index, environment in enumerate(environments):
        others = [other for other in environments if other is not environment]
        own = [
            *(problem for other in environments[:index] for problem in _overlaps(environment, other)),
            *beside.zone_problems(environment, others),
        ]
        if own:
            yield InvalidEnvironmentError(environment.name, own)
        if organization and (guardrails := list(beside.guardrail_problems(environment, organization))):
            yield InvalidEnvironmentError("organization", guardrails)


def check_new(added: Sequence[Environment]) -> None:
    """Check environments that have no file yet, each alone and beside those that exist; a broken one doesn't count.

    Raises:
        InvalidEnvironmentError: An environment would be invalid, or invalid beside the others.
    """
    for environment in added:
        validate(environment)
    existing = load_each() if known() else Loaded((), None, {}, ())
    everything = (*existing.environments, *added)
    for environment in (*added, *existing.environments):  # a problem of both is one of the new environment
        _check_account(environment, [other for other in everything if other is not environment])
    before = {str(error) for error in existing.conflicts}
    for error in _conflicts(everything, existing.organization):
        if str(error) not in before:
            raise error


class Written(NamedTuple):
    """A product, and where it is written."""

    module: str
    """The module's name in the folder of values."""
    variable: str
    product: Product


def products() -> dict[str, Written]:
    """All products of the folder of values, by name.

    Raises:
        InvalidEnvironmentError: The module of a product can't be read; others are left out if there is one.
    """
    found: dict[str, Written] = {}
    error = None
    others = {file_of(name) for name in known()}
    for path in sorted(FOLDER.glob("*.py")):
        if path in others or path.stem in RESERVED or path.stem == "__init__":
            continue
        try:
            variables = vars(read_module(path.stem))
        except InvalidEnvironmentError as raised:
            error = raised
            continue
        for variable, value in variables.items():
            if isinstance(value, Product):
                found.setdefault(str(value.name), Written(path.stem, variable, value))
    if error and not found:
        raise error
    return found


def has_organization() -> bool:
    """Whether there are values for the optional organization stack."""
    return file_of("organization").is_file()


def load_organization() -> Organization:
    """Read and check the values of the optional organization stack.

    Raises:
        UnknownEnvironmentError: There is no organization.py.
        InvalidEnvironmentError: Its values are wrong; all problems are listed.
    """
    if not has_organization():
        raise UnknownEnvironmentError(f"no {shown(file_of('organization'))}, so there is no organization stack")
    organization: Organization = read_module("organization").ORGANIZATION
    return validate_organization(organization)


def read_module(name: str) -> ModuleType:
    """Import a module of values. A misspelt field is reported as a problem of the environment, not as a traceback."""
    try:
        return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    except Exception as error:  # A module of values may fail in any way while you edit it.
        raise InvalidEnvironmentError(name, [unreadable.problem(error, FOLDER)]) from error


def release_file(environment: Environment) -> Path:
    """The file with the digest of each image that a product's stage runs."""
    return RELEASES / f"{environment.prefix}.json"


def existing_file(environment: Environment) -> Path:
    """The file with the id of each resource that Terraform takes over; it exists only while there are some."""
    return FOLDER / "existing" / f"{environment.name}.json"


def _releases(environment: Environment) -> dict[str, str]:
    path = release_file(environment)
    try:
        return _mapping(environment.name, "releases", path, "must map repositories to digests")
    except FileNotFoundError:
        problem = Problem("releases", shown(path), "the file must exist")
        raise InvalidEnvironmentError(environment.name, [problem]) from None


def _existing(environment: Environment) -> Mapping[str, str]:
    try:
        return _mapping(environment.name, "existing", existing_file(environment), "must map addresses to ids")
    except FileNotFoundError:
        return environment.existing


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Of two values of a name, as after a merge, Python would silently take the last.

    Raises:
        ValueError: It has a name twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _mapping(name: str, field: str, path: Path, allowed: str) -> dict[str, str]:
    """The object in a file of JSON.

    Raises:
        FileNotFoundError: There is no such file.
        InvalidEnvironmentError: It isn't a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repetition)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidEnvironmentError(name, [Problem(field, shown(path), f"must be JSON ({error})")]) from None
    if not isinstance(content, dict):
        raise InvalidEnvironmentError(name, [Problem(field, shown(path), allowed)])
    return content


def _overlaps(one: Environment, other: Environment) -> Iterator[Problem]:
    """Environments of one product and stage share account and network; others share neither range, host nor zone."""
    if one.prefix == other.prefix:
        for field in ("account_id", "region", "network", "account_resources_from"):
            if getattr(one, field) != getattr(other, field):
                yield Problem(field, getattr(one, field), f"like {other.name}'s: both are {one.prefix}")
        return
    ranges = [ipaddress.IPv4Network(environment.network.cidr) for environment in (one, other)]
    if ranges[0].overlaps(ranges[1]):
        yield Problem("network.cidr", one.network.cidr, f"overlaps {other.name}'s {other.network.cidr}")
    for host in one.edge.names:
        if host in other.edge.names:
            yield Problem("edge.host", host, f"another one: it is a public name of {other.name}")
    if one.edge.zone.name == other.edge.zone.name and one.edge.zone.kind == other.edge.zone.kind == "created":
        allowed = f'kind="existing" or "other_account", with the id of the zone that {other.name} creates'
        yield Problem("edge.zone.kind", one.edge.zone.kind, allowed)


def _check_account(environment: Environment, neighbours: Sequence[Environment]) -> None:
    """Products and stages may share an account if one of them, and only one, creates what an account has once.

    Raises:
        InvalidEnvironmentError: Both create it, none does, or an AWS quota is too small for both.
    """
    others = [
        other
        for other in neighbours
        if other.account_id == environment.account_id and other.prefix != environment.prefix
    ]
    problems = list(_creator(environment, others))
    for other in others:
        problems += _shared_names(environment, other)
    problems += _shared_addresses(environment, others)
    if problems:
        raise InvalidEnvironmentError(environment.name, problems)


def _creator(environment: Environment, others: Sequence[Environment]) -> Iterator[Problem]:
    """Exactly one product and stage of an account and region creates what these have once."""
    source = environment.account_resources_from
    if source is None:
        for other in others:
            if other.creates_account_resources:
                allowed = (
                    f"also {other.name}'s, and an account has GitHub's identity provider, GuardDuty, service-linked "
                    f'roles and more once. Use another account, or set account_resources_from="{other.prefix}" here, '
                    f'or "{environment.prefix}" in {shown(file_of(other.name))}'
                )
                yield Problem("account_id", environment.account_id, allowed)
        return
    creators = [other for other in others if other.prefix == source and other.creates_account_resources]
    if not any(creator.region == environment.region for creator in creators):
        allowed = (
            f"a product and stage that creates them in account {environment.account_id} and region "
            f"{environment.region}; there are {', '.join(sorted({other.prefix for other in others})) or 'none'}"
        )
        yield Problem("account_resources_from", source, allowed)
    agent = environment.profile.guardduty_agent
    if agent and creators and not any(creator.profile.guardduty_agent for creator in creators):
        yield Problem("profile.guardduty_agent", agent, f"False: {source} turns it off for the account")


def _shared_names(environment: Environment, other: Environment) -> Iterator[Problem]:
    """Policies name resources by `<product>-<stage>-*` and `<product>-*-<stage>`: none of another stage may match.

    Repositories have no stage in their names: one stage creates them, and the other pulls from there.
    """
    own, foreign = (f"{each.prefix}-" for each in (environment, other))
    if own.startswith(foreign) or foreign.startswith(own):
        allowed = f"one whose names don't begin as {other.name}'s: {own}… and {foreign}… are in one account"
        yield Problem("stage", environment.stage, allowed)
    elif _matches_services(environment, other) or _matches_services(other, environment):
        allowed = (
            f"one whose names don't match {other.name}'s, which is in the same account: {environment.product.name}-*"
        )
        allowed += f"-{environment.stage} and {other.product.name}-*-{other.stage} are the names of services"
        yield Problem("product.name, stage", environment.prefix, allowed)
    mine, theirs = (
        {service.repository for service in each.product.services} if each.registry.source_account is None else set()
        for each in (environment, other)
    )
    both = mine & theirs
    if both and not environment.creates_account_resources:
        allowed = f'"{environment.account_id}": {other.name} has {", ".join(sorted(both))} in the same registry'
        yield Problem("registry.source_account", None, allowed)


def _matches_services(one: Environment, other: Environment) -> bool:
    """Whether the pattern of one's services, as in `aep-*-prod`, matches services of the other."""
    return f"{other.product.name}-".startswith(f"{one.product.name}-") and f"-{other.stage}".endswith(f"-{one.stage}")


def _shared_addresses(environment: Environment, others: Sequence[Environment]) -> Iterator[Problem]:
    """NAT gateways have Elastic IP addresses, of which a region has few."""
    wanted: dict[str, int] = {}
    for each in (environment, *others):
        if each.region == environment.region:
            wanted[each.prefix] = max(len(each.nat_zones), wanted.get(each.prefix, 0))
    if sum(wanted.values()) > environment.quotas.elastic_ips:
        stages = ", ".join(f"{prefix} {count}" for prefix, count in sorted(wanted.items()))
        allowed = f"enough for all NAT gateways in the account ({stages})"
        yield Problem("quotas.elastic_ips", environment.quotas.elastic_ips, allowed)
