"""The register of accepted risks, compared with the findings.

policies/risks.toml decides about kinds of resources that any product may have; environments/risks/<product>.toml has
the decisions of one product, and counts in its environments only. A finding is fixed, or accepted by exactly one entry.
An entry covers findings only, except that a common one may decide about a whole type of resources; an entry of a
product covers at least one finding.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import environments as values
from ops.gate.model import Acceptance, Check, ErrorKind, Finding, Record, ScanError, ScanFailedError, Unused
from ops.gate.stacks import Expected

WARN = timedelta(days=30)
LONGEST = timedelta(days=366)
"""An acceptance is reviewed every year."""
_SHOWN = 3

Sentence = Annotated[str, Field(min_length=20, description="a sentence of 20 characters or more")]
Day = Annotated[date, Field(description="a date without quotes, such as 2026-11-23")]
Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...], Field(description='a list of texts, such as ["aws_s3_bucket.*"]')
]


class Risk(BaseModel):
    """One accepted risk: of findings, or of choices that environments declare."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[
        str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="lower-case words and numbers joined by hyphens")
    ]
    checks: Names = ()
    """Ids of checks."""
    resources: Names = ()
    """Patterns of addresses, as in `aws_s3_bucket.logs`; `*` stands for any characters."""
    stacks: Names = ()
    """Patterns of stacks' ids, as in `*-account`."""
    profile_risks: Names = ()
    """Ids of risks that environments declare, as in `single_nat_gateway`. With `environments`, these are what the entry
    accepts. With `checks` and `resources`, it accepts findings in all environments that declare one of them."""
    environments: Names = ()
    """Names of the environments that may declare them."""
    why: Sentence
    compensation: Sentence
    """What reduces the risk."""
    owner: Annotated[str, Field(min_length=3, pattern=r"^[^@]+$", description="a role, not a person's address")]
    """The responsible role, not a person."""
    accepted: Day
    expires: Day
    closes: Sentence
    """What would make the entry unnecessary."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if frozenset(field for field in frozenset().union(*FORMS) if getattr(self, field)) not in FORMS:
            allowed = "; or ".join(", ".join(sorted(form)) for form in FORMS)
            raise ValueError(f"must have exactly these fields that say what it accepts: {allowed}")
        if not self.accepted < self.expires <= self.accepted + LONGEST:
            raise ValueError(f"expires is {self.expires}, must be after accepted and within {LONGEST.days} days of it")
        return self


_CHOICES = frozenset({"profile_risks", "environments"})
FORMS = (
    frozenset({"checks", "resources", "stacks"}),
    frozenset({"checks", "resources", "profile_risks"}),
    _CHOICES,
)
"""The fields that say what an entry accepts, for each form of an entry."""


@dataclass(frozen=True)
class Entry:
    """A risk with the file that it is in."""

    risk: Risk
    path: Path
    product: str | None
    """The product whose environments it is for; None: of any product."""

    @property
    def file(self) -> str:
        """The file, for a message."""
        return values.shown(self.path)

    @property
    def where(self) -> str:
        """The entry, for a message."""
        return f"{self.file} [[risk]] {self.risk.id}"

    def concerns(self, product: str | None) -> bool:
        """Whether the entry is for environments of that product; None: a stack outside any environment."""
        return self.product in {None, product}

    def covers(self, record: Record, expected: Expected) -> bool:
        """Whether the entry covers a check's result on a resource."""
        if record.check not in self.risk.checks:  # Most records, so it comes first.
            return False
        environment = expected.environment_of(record.block.stack)
        return (
            _matches(record.block.address, self.risk.resources)
            and self.concerns(expected.products.get(environment or ""))
            and (
                _matches(record.block.stack, self.risk.stacks)
                or not expected.declared_risks.get(environment or "", frozenset()).isdisjoint(self.risk.profile_risks)
            )
        )


@dataclass(frozen=True)
class Judgement:
    """Failed checks after the register was applied."""

    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]
    refusals: tuple[str, ...]
    errors: tuple[ScanError, ...]
    warnings: tuple[str, ...]
    unused: tuple[Unused, ...] | None = None
    """Values that match nothing; None if not all environments were scanned, so that they are unknown."""


@dataclass(frozen=True)
class Register:
    """The entries of all files."""

    entries: tuple[Entry, ...]

    @property
    def risks(self) -> tuple[Risk, ...]:
        """All accepted risks."""
        return tuple(entry.risk for entry in self.entries)

    def next_expiry(self, today: date) -> date | None:
        """The first day after `today` on which an acceptance has expired; None if none expires."""
        return min((risk.expires for risk in self.risks if risk.expires > today), default=None)

    @classmethod
    def read(cls, common: Path, products: Path | None = None) -> Self:
        """Read the register.

        Args:
            common: The file of the entries for any product.
            products: The folder with one file for each product; it may be missing.

        Raises:
            ScanFailedError: An entry is invalid; all problems of all files are listed.
        """
        entries: list[Entry] = []
        errors: list[ScanError] = []
        for path in (common, *sorted(products.glob("*.toml") if products else ())):
            try:
                entries += _entries(path, None if path is common else path.stem)
            except ScanFailedError as error:
                errors += error.errors
        ids: set[tuple[str | None, str]] = set()
        for entry in entries:
            if not ids.isdisjoint({(None, entry.risk.id), (entry.product, entry.risk.id)}):
                errors.append(_error(entry.where, "occurs twice", "give each entry an id of its own"))
            ids.add((entry.product, entry.risk.id))
        if errors:
            raise ScanFailedError(*errors)
        return cls(tuple(entries))

    def judge(
        self,
        records: Iterable[Record],
        checks: Mapping[str, Check],
        expected: Expected,
        today: date,
        *,
        environments: frozenset[str] | None = None,
    ) -> Judgement:
        """Apply the register to the results of checks.

        Args:
            records: Results of checks on the selected stacks.
            checks: All checks that were loaded.
            expected: Stacks and risks that the environments declare.
            today: The day for which acceptances must be valid.
            environments: Environments that were scanned; None means all. If not all, unused entries aren't reported,
                since they may cover findings in other environments.
        """
        records = tuple(records)
        findings, accepted, errors = [], [], list(self._unknown(checks))
        for record in (record for record in records if not record.passed):
            covering = [entry for entry in self.entries if entry.covers(record, expected)]
            if len(covering) > 1:
                ids = " and ".join(entry.risk.id for entry in covering)
                what = f"{record.check} on {record.block.stack} {record.block.address} is accepted by {ids}"
                errors.append(_error(covering[-1].file, what, "leave it to one entry"))
            elif covering and covering[0].risk.expires > today:
                risk = covering[0].risk
                accepted.append(Acceptance(record, risk.id, risk.why, risk.expires))
            else:
                findings.append(Finding(record, _expired(covering[0]) if covering else ""))
        accepting = {check for risk in self.risks for check in risk.checks}
        coverable = tuple(record for record in records if record.check in accepting)
        errors += self._too_broad(coverable, expected)
        warnings = [*self._expiring(today)]
        unused: list[Unused] | None = None
        if environments is None:
            errors += self._undeclared(expected)
            unused, current = [], frozenset(expected.products.values())
            for entry in self.entries:
                own = list(_unused(entry, coverable, expected))
                unused += own
                if entry.product in current:
                    errors += [_matches_nothing(entry, each) for each in own]
                elif entry.product is not None:
                    warnings.append(f"{entry.file}: no environment has the product {entry.product!r}; make risks-prune")
        return Judgement(
            tuple(findings),
            tuple(accepted),
            tuple(self._refusals(expected, today, environments)),
            tuple(errors),
            tuple(dict.fromkeys(warnings)),
            None if unused is None else tuple(unused),
        )

    def _unknown(self, checks: Mapping[str, Check]) -> Iterator[ScanError]:
        for entry in self.entries:
            for check in entry.risk.checks:
                if check not in checks:
                    yield _error(entry.where, f"accepts {check}, but no check has that id", "correct the id")

    def _too_broad(self, records: tuple[Record, ...], expected: Expected) -> Iterator[ScanError]:
        for entry in self.entries:
            kinds = [pattern for pattern in entry.risk.resources if entry.product is None and _names_kind(pattern)]
            passing = [
                record
                for record in records
                if record.passed and entry.covers(record, expected) and not _matches(record.block.address, kinds)
            ]
            if passing:
                some = ", ".join(
                    f"{each.check} on {each.block.stack} {each.block.address}" for each in passing[:_SHOWN]
                )
                more = f" and {len(passing) - _SHOWN} more" if len(passing) > _SHOWN else ""
                what = f"also covers checks that pass: {some}{more}"
                yield _error(entry.where, what, "narrow its resources or stacks, or split the entry")

    def _undeclared(self, expected: Expected) -> Iterator[ScanError]:
        """Entries whose choices and environments are declared, but not each choice by each environment."""
        for entry in self.entries:
            pairs = [*product(entry.risk.environments, entry.risk.profile_risks)]
            missing = [pair for pair in pairs if pair[1] not in expected.declared_risks.get(pair[0], ())]
            declared = set(pairs) - set(missing)
            for environment, choice in missing:
                if any(environment == pair[0] for pair in declared) and any(choice == pair[1] for pair in declared):
                    what = f"accepts {choice!r} for {environment!r}, which doesn't declare it"
                    yield _error(entry.where, what, "split the entry")

    def _refusals(self, expected: Expected, today: date, environments: frozenset[str] | None) -> Iterator[str]:
        for environment, choices in sorted(expected.declared_risks.items()):
            if environments is not None and environment not in environments:
                continue
            of = expected.products.get(environment)
            file = values.shown(of_products() / f"{of or '<product>'}.toml")
            for choice in sorted(choices):
                entries = [
                    entry
                    for entry in self.entries
                    if choice in entry.risk.profile_risks
                    and environment in entry.risk.environments
                    and entry.concerns(of)
                ]
                current = [entry for entry in entries if entry.risk.expires > today]
                if len(current) != 1:
                    found = (
                        "several accept"
                        if current
                        else f"{_expired(entries[0])}; it no longer accepts"
                        if entries
                        else "no entry accepts"
                    )
                    yield (
                        f"environment {environment} declares the risk {choice!r}; {found} it. Exactly one [[risk]] of "
                        f"{file} must have it in profile_risks and "
                        f"{environment} in environments, or the environment must choose otherwise"
                    )

    def _expiring(self, today: date) -> Iterator[str]:
        for entry in self.entries:
            risk = entry.risk
            if risk.expires <= today:
                yield f"{entry.where} expired on {risk.expires}; close it: {risk.closes}"
            elif risk.expires - today <= WARN:
                days = (risk.expires - today).days
                yield f"{entry.where} expires in {days} days, on {risk.expires}; close it: {risk.closes}"


def _unused(entry: Entry, records: Iterable[Record], expected: Expected) -> Iterator[Unused]:
    """Patterns that cover no finding, and choices and environments of which no pair is declared."""
    risk = entry.risk
    covered = [record for record in records if not record.passed and entry.covers(record, expected)]
    declared = [
        (environment, choice)
        for environment, choices in expected.declared_risks.items()
        if entry.concerns(expected.products.get(environment))
        and (environment in risk.environments or not risk.environments)
        for choice in choices.intersection(risk.profile_risks)
    ]
    used = {
        "checks": {record.check for record in covered},
        "resources": {record.block.address for record in covered},
        "stacks": {record.block.stack for record in covered},
        "environments": {environment for environment, _ in declared},
        "profile_risks": {choice for _, choice in declared},
    }
    for field, seen in used.items():
        for value in getattr(risk, field):
            if not any(fnmatchcase(each, value) for each in seen):
                yield Unused(entry.path, risk.id, field, value)


def _entries(path: Path, product: str | None) -> list[Entry]:
    """The entries of one file.

    Raises:
        ScanFailedError: An entry is invalid; all problems are listed.
    """
    file = values.shown(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ScanFailedError(_error(file, f"isn't readable as TOML ({error})", "correct the file")) from error
    errors, entries = [], []
    if unknown := content.keys() - {"risk"}:
        errors.append(_error(file, f"has {', '.join(sorted(unknown))}, allowed are [[risk]] entries", "rename it"))
    found = content.get("risk", [])
    if not (isinstance(found, list) and all(isinstance(entry, dict) for entry in found)):
        raise ScanFailedError(_error(file, "has a risk that isn't an entry", "begin each entry with [[risk]]"))
    for index, entry in enumerate(found):
        try:
            entries.append(Entry(Risk.model_validate(entry), path, product))
        except ValidationError as error:
            where = f"{file} [[risk]] {entry.get('id') or f'number {index + 1}'}"
            errors += [_error(where, what, "correct the entry") for what in _problems(error, entry)]
    if errors:
        raise ScanFailedError(*errors)
    return entries


def of_products() -> Path:
    """The folder with the register of each product."""
    return values.FOLDER / "risks"


def _matches(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _names_kind(pattern: str) -> bool:
    """Whether a pattern of addresses is about one type of resources, as in `aws_lb_target_group.*`."""
    kind, _, name = pattern.rpartition(".")
    return bool(kind) and "*" in name and not set("*?[") & set(kind)


def _expired(entry: Entry) -> str:
    risk = entry.risk
    return (
        f"the acceptance {risk.id} expired on {risk.expires}; close it, or review it and renew its dates: {entry.file}"
    )


def _matches_nothing(entry: Entry, unused: Unused) -> ScanError:
    missing = "no environment declares" if unused.field in _CHOICES else "covers no finding"
    what = f"{unused.field} has {unused.value!r}, which {missing}"
    return _error(entry.where, what, "remove it: make risks-prune YES=1")


def _error(where: str, what: str, fix: str) -> ScanError:
    return ScanError(ErrorKind.REGISTER, where, what, fix)


def _problems(error: ValidationError, entry: Mapping[str, Any]) -> Iterator[str]:
    for problem in error.errors():
        field = str(problem["loc"][0]) if problem["loc"] else ""
        if problem["type"] == "missing":
            yield f"has no {field}, must be {Risk.model_fields[field].description}"
        elif problem["type"] == "extra_forbidden":
            yield f"has {field}, allowed are: {', '.join(Risk.model_fields)}"
        elif field:
            yield f"{field} is {entry.get(field)!r}, must be {Risk.model_fields[field].description}"
        else:
            yield problem["msg"].removeprefix("Value error, ")
