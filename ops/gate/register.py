"""The register of accepted risks, policies/risks.toml, compared with the findings.

A finding is fixed, or accepted by exactly one entry; an entry covers findings only, and at least one.
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
from ops.gate.model import Acceptance, Check, ErrorKind, Finding, Record, ScanError, ScanFailedError
from ops.gate.stacks import Expected

WARN = timedelta(days=30)
LONGEST = timedelta(days=366)
"""An acceptance is reviewed every year."""
_SHOWN = 3

Sentence = Annotated[str, Field(min_length=20, description="a sentence of 20 characters or more")]
Names = tuple[Annotated[str, Field(min_length=1)], ...]


class Risk(BaseModel):
    """One accepted risk: of findings, or of choices that environments declare."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    checks: Names = ()
    """Ids of checks."""
    resources: Names = ()
    """Patterns of addresses, as in `aws_s3_bucket.logs`; `*` stands for any characters."""
    stacks: Names = ()
    """Patterns of stacks' ids, as in `*-account`."""
    profile_risks: Names = ()
    """Ids of risks that environments declare, as in `single_nat_gateway`."""
    environments: Names = ()
    """Names of the environments that may declare them."""
    why: Sentence
    compensation: Sentence
    """What reduces the risk."""
    owner: Annotated[str, Field(min_length=3)]
    """The responsible role, not a person."""
    accepted: date
    expires: date
    closes: Sentence
    """What would make the entry unnecessary."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        of_findings, of_choices = (self.checks, self.resources, self.stacks), (self.profile_risks, self.environments)
        if not (all(of_findings) and not any(of_choices)) and not (all(of_choices) and not any(of_findings)):
            raise ValueError("must have either checks, resources and stacks, or profile_risks and environments")
        if "@" in self.owner:
            raise ValueError(f"owner is {self.owner!r}, must be a role, not a person's address")
        if not self.accepted < self.expires <= self.accepted + LONGEST:
            raise ValueError(f"expires is {self.expires}, must be after accepted and within {LONGEST.days} days of it")
        return self

    def covers(self, record: Record) -> bool:
        """Whether the entry covers a check's result on a resource."""
        return (
            record.check in self.checks
            and _matches(record.block.stack, self.stacks)
            and _matches(record.block.address, self.resources)
        )


@dataclass(frozen=True)
class Judgement:
    """Failed checks after the register was applied."""

    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]
    refusals: tuple[str, ...]
    errors: tuple[ScanError, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Register:
    """The entries of a file."""

    file: str
    risks: tuple[Risk, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the register.

        Raises:
            ScanFailedError: An entry is invalid; all problems are listed.
        """
        file = path.as_posix()
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ScanFailedError(_error(file, f"isn't readable as TOML ({error})", "correct the file")) from error
        errors, risks = [], []
        if unknown := content.keys() - {"risk"}:
            errors.append(_error(file, f"has {', '.join(sorted(unknown))}, allowed are [[risk]] entries", "rename it"))
        for index, entry in enumerate(content.get("risk", [])):
            try:
                risks.append(Risk.model_validate(entry))
            except ValidationError as error:
                where = f"{file} [[risk]] {entry.get('id') or f'number {index + 1}'}"
                errors += [_error(where, what, "correct the entry") for what in _problems(error, entry)]
        names = [risk.id for risk in risks]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            errors.append(_error(f"{file} [[risk]] {name}", "occurs twice", "give each entry an id of its own"))
        if errors:
            raise ScanFailedError(*errors)
        return cls(file, tuple(risks))

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
        of_findings = [risk for risk in self.risks if risk.checks]
        findings, accepted, errors = [], [], list(self._unknown(of_findings, checks))
        for record in (record for record in records if not record.passed):
            covering = [risk for risk in of_findings if risk.covers(record)]
            if len(covering) > 1:
                ids = " and ".join(risk.id for risk in covering)
                what = f"{record.check} on {record.block.stack} {record.block.address} is accepted by {ids}"
                errors.append(_error(self.file, what, "leave it to one entry"))
            elif covering and covering[0].expires > today:
                risk = covering[0]
                accepted.append(Acceptance(record, risk.id, risk.why, risk.expires))
            else:
                findings.append(Finding(record, _expired(covering[0]) if covering else ""))
        errors += self._too_broad(of_findings, records)
        if environments is None:
            errors += self._unused(of_findings, records)
            errors += self._undeclared(expected)
        return Judgement(
            tuple(findings),
            tuple(accepted),
            tuple(self._refusals(expected, today, environments)),
            tuple(errors),
            tuple(self._expiring(today)),
        )

    def _where(self, risk: Risk) -> str:
        return f"{self.file} [[risk]] {risk.id}"

    def _unknown(self, risks: Iterable[Risk], checks: Mapping[str, Check]) -> Iterator[ScanError]:
        for risk in risks:
            for check in risk.checks:
                if check not in checks:
                    yield _error(self._where(risk), f"accepts {check}, but no check has that id", "correct the id")

    def _too_broad(self, risks: Iterable[Risk], records: tuple[Record, ...]) -> Iterator[ScanError]:
        for risk in risks:
            passing = [record for record in records if record.passed and risk.covers(record)]
            if passing:
                some = ", ".join(
                    f"{each.check} on {each.block.stack} {each.block.address}" for each in passing[:_SHOWN]
                )
                more = f" and {len(passing) - _SHOWN} more" if len(passing) > _SHOWN else ""
                what = f"also covers checks that pass: {some}{more}"
                yield _error(self._where(risk), what, "narrow its resources or stacks, or split the entry")

    def _unused(self, risks: Iterable[Risk], records: tuple[Record, ...]) -> Iterator[ScanError]:
        for risk in risks:
            covered = [record for record in records if not record.passed and risk.covers(record)]
            for field, patterns, seen in (
                ("checks", risk.checks, {record.check for record in covered}),
                ("resources", risk.resources, {record.block.address for record in covered}),
                ("stacks", risk.stacks, {record.block.stack for record in covered}),
            ):
                for pattern in patterns:
                    if not any(fnmatchcase(each, pattern) for each in seen):
                        what = f"{field} has {pattern!r}, which covers no finding"
                        yield _error(self._where(risk), what, "remove it; the finding is fixed")

    def _undeclared(self, expected: Expected) -> Iterator[ScanError]:
        for risk in self.risks:
            for environment, choice in product(risk.environments, risk.profile_risks):
                if choice not in expected.declared_risks.get(environment, ()):
                    what = f"accepts {choice!r} for {environment!r}, which doesn't declare it"
                    yield _error(self._where(risk), what, "remove it, or split the entry")

    def _refusals(self, expected: Expected, today: date, environments: frozenset[str] | None) -> Iterator[str]:
        for environment, choices in sorted(expected.declared_risks.items()):
            if environments is not None and environment not in environments:
                continue
            for choice in sorted(choices):
                entries = [
                    risk for risk in self.risks if choice in risk.profile_risks and environment in risk.environments
                ]
                current = [risk for risk in entries if risk.expires > today]
                if len(current) != 1:
                    found = (
                        "several accept"
                        if current
                        else f"{_expired(entries[0])} and no longer accepts"
                        if entries
                        else "no entry accepts"
                    )
                    yield (
                        f"environment {environment} declares the risk {choice!r}; {found} it. Exactly one [[risk]] of "
                        f"{self.file} must have it in profile_risks, or the values in {values.shown(values.FOLDER)}/ "
                        "must choose otherwise"
                    )

    def _expiring(self, today: date) -> Iterator[str]:
        for risk in self.risks:
            if risk.expires <= today:
                yield f"{self._where(risk)} expired on {risk.expires}; close it: {risk.closes}"
            elif risk.expires - today <= WARN:
                days = (risk.expires - today).days
                yield f"{self._where(risk)} expires in {days} days, on {risk.expires}; close it: {risk.closes}"


def _matches(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def _expired(risk: Risk) -> str:
    return f"the acceptance {risk.id} expired on {risk.expires}"


def _error(where: str, what: str, fix: str) -> ScanError:
    return ScanError(ErrorKind.REGISTER, where, what, fix)


def _problems(error: ValidationError, entry: Mapping[str, Any]) -> Iterator[str]:
    for problem in error.errors():
        field = ".".join(map(str, problem["loc"]))
        if problem["type"] == "missing":
            yield f"has no {field}"
        elif problem["type"] == "extra_forbidden":
            yield f"has {field}, allowed are: {', '.join(Risk.model_fields)}"
        else:
            given = f"{field} is {entry.get(field)!r}: " if field in entry else ""
            yield given + problem["msg"].removeprefix("Value error, ")
