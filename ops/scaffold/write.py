"""Checks the values of a new product or environment, and writes their files: all of them, or none."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import environments
from environments.schema import Environment, Product, Profile, Zone
from environments.schema.types import Slug
from environments.schema.validation import InvalidEnvironmentError
from environments.suggestions import choices
from ops.files import read
from ops.gate.register import of_products
from ops.scaffold import build, files, problems, register, source
from ops.scaffold.answers import Answers, problem
from ops.scaffold.errors import ScaffoldError
from ops.scaffold.problems import Source
from ops.scaffold.source import Reference

MARK = "Replace:"
"""How the comment above a placeholder begins."""
_COMMENTS = {
    "account_id": "The AWS account, and the profile of the AWS CLI that reaches it.",
    "edge.host": "The public name, and its zone.",
    "access.administrators": "Who may assume break-glass: IAM users with an MFA device, or PermissionSet(…).",
    "alerts": "Who is notified of alarms.",
    "budgets": "What it may cost, in US dollars a month.",
    "registry.readers": "Production pulls these images.",
    "cutover": "All traffic comes here. Is there a previous deployment? Then weight=0, and previous=PreviousTarget(…).",
}
_PURPOSES = {
    "staging": "Staging. Images that run here may be promoted to production.",
    "prod": "Production, highly available.",
}
_OTHER_CONSTANTS = ("environment", "standard", "starter")
"""Products whose constant would be one that the environments' modules have already."""
_PROFILES = {"STARTER": build.STARTER, "STANDARD": build.STANDARD}


@dataclass(frozen=True)
class Draft:
    """An environment without a file."""

    environment: Environment
    profile: Reference
    """How its profile is written."""
    placeholders: frozenset[str]
    """Paths of settings that you replace."""
    purpose: str


def new_product(answers: Answers) -> tuple[Path, ...]:
    """Write a product, its three environments, their release files and the risks that they take.

    Returns:
        The files.

    Raises:
        ScaffoldError: The name isn't allowed or taken, or the values are invalid; no file was changed.
        InvalidEnvironmentError: The profiles in the folder of values can't be read; no file was changed.
    """
    name = answers.name
    check_product_name(name)
    problems.check_answers(answers)
    profiles = _profiles() or _PROFILES
    staging, starter, prod = drafts = _drafts(answers, profiles)
    product, new = prod.environment.product, [each.environment for each in drafts]
    try:
        environments.check_new(new)
    except InvalidEnvironmentError as error:
        sources = {each.environment.name: (each.environment, _sources(each)) for each in drafts}
        raise problems.of_product(error, answers, sources) from None
    imported = (name.replace("-", "_"), _constant(name))
    contents = (
        _product_module(product, answers),
        _environment_module(staging, *imported),
        _starter_module(starter, environments.file_of(prod.environment.name).stem),
        _environment_module(prod, *imported),
        _release(staging.environment),
        _release(prod.environment),
        register.whole(product, new),
    )
    texts = dict(zip(_files(name), contents, strict=True))
    if not _profiles():
        texts[environments.file_of("profiles")] = _profiles_module()
    return _write(texts)


def check_product_name(name: str) -> None:
    """Check that a product may have the name.

    Raises:
        ScaffoldError: It isn't allowed, or a file of that name exists.
    """
    _check_name(name, _files(name))
    if name in _OTHER_CONSTANTS:
        raise ScaffoldError(f"NAME={name!r}: every environment has a name {name.upper()} already; choose another name")
    if name in environments.products():
        raise ScaffoldError(f"NAME={name!r}: there is a product of that name; choose another name")


def _files(name: str) -> tuple[Path, ...]:
    """The files of a new product."""
    modules = (name, f"{name}-staging", f"{name}-prod-starter", f"{name}-prod")
    return (
        *map(environments.file_of, modules),
        *(environments.RELEASES / f"{name}-{stage}.json" for stage in ("staging", "prod")),
        of_products() / f"{name}.toml",
    )


def new_environment(name: str, product: str = "") -> tuple[Path, ...]:
    """Write another environment of a product, and the images and risks of one that its stage doesn't have yet.

    Args:
        name: The environment's name; its stage is the same, without the product's name before it.
        product: The product's name; it may be left out if there is only one.

    Returns:
        The files.

    Raises:
        ScaffoldError: A name isn't allowed, taken or unknown, or the values are invalid; no file was changed.
        InvalidEnvironmentError: The product, or the profiles, can't be read; no file was changed.
        UnknownEnvironmentError: The folder of values doesn't exist.
    """
    module = environments.file_of(name)
    _check_name(name, [module], "make new-environment NAME=demo")
    written = _product(product)
    product_source = Source(written.module, written.variable)
    problems.check_source("product", written.product, product_source)
    stage = name.removeprefix(f"{written.product.name}-")
    release = environments.RELEASES / f"{written.product.name}-{stage}.json"
    _check_name(name, [release], "make new-environment NAME=demo")
    existing = _existing()
    similar = [each for each in existing if each.product.name == written.product.name]
    like = next((each for each in similar if each.stage == "staging"), similar[0] if similar else None)
    region, free = like.region if like else "us-east-1", build.Free(existing)
    profile, shown = _sized("STANDARD", _profiles() or _PROFILES, written.product, region)
    domain = f"{name}.example.com"
    environment = build.environment(
        written.product,
        name=name,
        stage=stage,
        profile=profile,
        account_id=free.account_id(),
        region=region,
        cidr=free.cidr(),
        host=f"app.{domain}",
        zone=Zone(name=domain, kind="created"),
        beside=existing,
        email="alerts@example.com",
        like=like,
    )
    draft = Draft(
        environment,
        shown,
        frozenset({"account_id", "edge.host", "access.administrators", "alerts"}),
        f"{name.replace('-', ' ').capitalize()}: say here what it is for.",
    )
    try:
        environments.check_new([environment])
    except InvalidEnvironmentError as error:
        raise problems.of_environment(error, environment, {"product": product_source, **_sources(draft)}) from None
    texts = {module: _environment_module(draft, written.module, written.variable), release: _release(environment)}
    risks = of_products() / f"{written.product.name}.toml"
    accepted = read(risks, f"git restore {environments.shown(risks)}") if risks.is_file() else ""
    if entries := register.entries([environment], accepted):
        texts[risks] = "\n".join(filter(None, (accepted, entries)))
    if not _profiles():
        texts[environments.file_of("profiles")] = _profiles_module()
    return _write(texts)


def _drafts(answers: Answers, profiles: Mapping[str, Profile]) -> tuple[Draft, Draft, Draft]:
    """Staging, and production in two sizes."""
    existing = _existing()
    free, product = build.Free(existing), build.product(answers)
    host, region = answers.host or f"{answers.name}.example.com", answers.region or "us-east-1"
    email = answers.email or f"alerts@{host}"
    accounts = {stage: answers.accounts.get(stage) or free.account_id() for stage in ("staging", "prod")}
    one_account = accounts["staging"] == accounts["prod"]
    zones = {"prod": build.zone_of(answers.zone, host)}
    shared = one_account and zones["prod"].kind == "existing"
    zones["staging"] = zones["prod"] if shared else Zone(name=f"staging.{host}", kind="created")
    always = {"access.administrators"} | ({"alerts"} if answers.email is None else set())
    always |= {"edge.host"} if answers.host is None else set()
    found: list[Draft] = []
    for stage, sizes in (("staging", "STARTER"), ("prod", "STANDARD")):
        beside = [*existing, *(each.environment for each in found)]
        agent = _agent(accounts[stage], beside, needed=one_account and profiles["STANDARD"].guardduty_agent)
        profile, shown = _sized(sizes, profiles, product, region, agent)
        environment = build.environment(
            product,
            name=f"{answers.name}-{stage}",
            stage=stage,
            profile=profile,
            account_id=accounts[stage],
            region=region,
            cidr=free.cidr(),
            host=host if stage == "prod" else f"staging.{host}",
            zone=zones[stage],
            beside=beside,
            email=email,
            readers=() if stage == "prod" or one_account else (accounts["prod"],),
            monthly=1500 if stage == "prod" else 500,
            protected=stage == "prod",
        )
        placeholders = always | ({"account_id"} if stage not in answers.accounts else set())
        placeholders |= {"registry.readers"} if "prod" not in answers.accounts else set()
        found.append(Draft(environment, shown, frozenset(placeholders), _PURPOSES[stage]))
    product = build.with_liveness(product, found[1].environment)
    staging, prod = (replace(each, environment=replace(each.environment, product=product)) for each in found)
    agent = _agent(accounts["prod"], [*existing, staging.environment], needed=False)
    profile, shown = _sized("STARTER", profiles, product, region, agent)
    name = f"{answers.name}-prod-starter"
    smaller = replace(prod.environment, name=name, profile=profile)
    return staging, replace(prod, environment=smaller, profile=shown), prod


def _agent(account_id: str, beside: Sequence[Environment], *, needed: bool) -> bool | None:
    """Whether tasks must have GuardDuty's agent, or must not: what creates the account's detector decides for all.

    Args:
        account_id: The account.
        beside: The other environments.
        needed: Whether another stage of a new product needs the agent in the account.
    """
    creators = [each for each in beside if each.account_id == account_id and each.creates_account_resources]
    if not creators:
        return needed or None
    return None if any(each.profile.guardduty_agent for each in creators) else False


def _existing() -> tuple[Environment, ...]:
    return environments.load_each().environments if environments.known() else ()


def _product(name: str) -> environments.Written:
    """The product of that name, or the only one."""
    known = environments.products()
    if not known:
        where = environments.shown(environments.FOLDER)
        raise ScaffoldError(f"no product in {where}; create one first: make new-product NAME=shop")
    if not name and len(known) > 1:
        raise ScaffoldError(f"name the product: PRODUCT={next(iter(known))}; known: {', '.join(known)}")
    if name and name not in known:
        raise ScaffoldError(f"PRODUCT={name!r}: unknown product; {choices(name, known)}")
    return known[name] if name else next(iter(known.values()))


def _check_name(name: str, wanted: Sequence[Path], example: str = "make new-product NAME=shop") -> None:
    """Refuse a name that isn't one, that Python or the package uses, or of which a file exists."""
    if problem(Slug, name):
        raise ScaffoldError(f"NAME={name!r}: a name is lower-case words joined by hyphens, such as {example}")
    module = name.replace("-", "_")
    if keyword.iskeyword(module):
        raise ScaffoldError(f"NAME={name!r}: a keyword of Python can't be a module's name; choose another")
    if module == environments.EVERYTHING:
        raise ScaffoldError(f"NAME={name!r}: ENV={name} is all environments; choose another")
    if module in environments.RESERVED:
        raise ScaffoldError(
            f"NAME={name!r}: {environments.shown(environments.PACKAGE)} uses the name {module} itself; choose another"
        )
    for file in wanted:
        if file.exists():
            raise ScaffoldError(f"NAME={name!r}: {environments.shown(file)} exists; choose another name")


def _profiles() -> Mapping[str, Profile] | None:
    """The profiles in the folder of values; None if it has no such module.

    Raises:
        ScaffoldError: It has others only, or malformed ones.
        InvalidEnvironmentError: It can't be read.
    """
    if find_spec(f"{environments.__name__}.profiles") is None:
        return None
    module = environments.read_module("profiles")
    found = {name: profile for name in _PROFILES if isinstance(profile := getattr(module, name, None), Profile)}
    if len(found) < len(_PROFILES):
        file = environments.shown(module.__file__ or "")
        raise ScaffoldError(f"{file} must have the profiles {', '.join(_PROFILES)}, which new environments use")
    for name, profile in found.items():
        problems.check_source("profile", profile, Source("profiles", name))
    return found


def _sized(
    name: str, profiles: Mapping[str, Profile], product: Product, region: str, agent: bool | None = None
) -> tuple[Profile, Reference]:
    """A profile as the product needs it, and how it is written."""
    profile = build.fitted(profiles[name], product, region, agent)
    same = profile == profiles[name]
    return profile, Reference(name) if same else source.replaced(name, profiles[name], profile, indent=4)


def _constant(name: str) -> str:
    return name.upper().replace("-", "_")


def _product_module(product: Product, answers: Answers) -> str:
    comments = {} if answers.repository else {"repository": f"{MARK} the GitHub repository of this infrastructure."}
    body = source.assignment(_constant(product.name), product, comments=comments)
    title = product.name.replace("-", " ").capitalize()
    names = sorted(source.types(product, {}))
    return source.module(f"{title}, the product: the same in every environment.", {"environments.schema": names}, body)


def _environment_module(draft: Draft, module: str, variable: str) -> str:
    references = {"product": Reference(variable), "profile": draft.profile}
    environment = replace(draft.environment, releases={})
    comments = {
        path: f"{MARK} {text[0].lower()}{text[1:]}" if path in draft.placeholders else text
        for path, text in _COMMENTS.items()
        if path != "registry.readers" or environment.registry.readers
    }
    if 'nat="none"' in draft.profile:
        comments["profile"] = "No service has internet=True, so a NAT gateway would have no use."
    imports = {
        "environments.profiles": [_profile_of(draft)],
        "environments.schema": sorted(source.types(environment, references)),
        f"environments.{module}": [variable],
    }
    if "(" in draft.profile:
        imports["dataclasses"] = ["replace"]
    body = source.assignment("ENVIRONMENT", environment, references, comments)
    return source.module(draft.purpose, imports, body)


def _sources(draft: Draft) -> problems.Sources:
    return {"profile": Source("profiles", _profile_of(draft))}


def _profile_of(draft: Draft) -> str:
    found = re.search("|".join(_PROFILES), draft.profile)
    return found[0] if found else draft.profile


def _starter_module(draft: Draft, prod: str) -> str:
    imports = {
        "dataclasses": ["replace"],
        "environments.profiles": ["STARTER"],
        f"environments.{prod}": ["ENVIRONMENT as PROD"],
    }
    if "(" in draft.profile:
        arguments = f'\n    PROD,\n    name="{draft.environment.name}",\n    profile={draft.profile},\n'
    else:
        arguments = f'PROD, name="{draft.environment.name}", profile={draft.profile}'
    docstring = f"Production at the lowest cost: the account and names of {prod.replace('_', '-')}, with smaller sizes."
    return source.module(docstring, imports, f"ENVIRONMENT = replace({arguments})")


def _profiles_module() -> str:
    imports = {"environments.schema": ["Profile", "Scaling"]}
    body = "\n\n".join(source.assignment(name, profile) for name, profile in _PROFILES.items())
    docstring = "Sizing: profiles for availability or low cost, with the risks that the cheaper choices accept."
    return source.module(docstring, imports, body)


def _release(environment: Environment) -> str:
    return json.dumps(dict(sorted(environment.releases.items())), indent=2) + "\n"


def _write(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    try:
        files.write(texts, environments.FOLDER)
    except OSError as error:
        raise ScaffoldError(f"nothing was written: {error}") from None
    return tuple(texts)
