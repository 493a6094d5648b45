"""The gate says by its day whether AWS still supports an engine, and who accepts that it doesn't."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest

from environments.schema.risks import EXTENDED_SUPPORT
from environments.schema.versions import CACHES, POSTGRESQL, Release
from ops.gate.model import Block, Outcome, ScannedBlock
from ops.gate.support import CHECK, ended_support, ending_support
from tests.cases import every_case
from tests.gate.project import Project, entry, failed

NONE: frozenset[str] = frozenset()
ACCEPTED = frozenset({EXTENDED_SUPPORT})
DAY = timedelta(days=1)


def view(kind: str, engine: str, version: str) -> list[ScannedBlock]:
    settings = {"engine": engine, "engine_version": version}
    return [ScannedBlock(Block("demo-data", f"{kind}.one", "f", 1), "resource", kind, "one", settings)]


def wrong(blocks: list[ScannedBlock], today: date, accepted: frozenset[str] = NONE) -> list[str]:
    return [detail for record in ended_support(blocks, today, accepted) for detail in record.details]


@every_case(("major", "release"), POSTGRESQL.items())
def test_a_version_counts_until_the_last_day_of_its_support(major: str, release: Release) -> None:
    assert release.standard_until and release.extended_until
    standard, extended = date.fromisoformat(release.standard_until), date.fromisoformat(release.extended_until)
    database = view("aws_db_instance", "postgres", major)
    assert wrong(database, standard) == []
    assert "standard support of postgres" in wrong(database, standard + DAY)[0]
    assert wrong(database, standard + DAY, ACCEPTED) == []
    assert wrong(database, extended, ACCEPTED) == []
    assert "AWS ended postgres" in wrong(database, extended + DAY, ACCEPTED)[0]


def test_a_minor_version_belongs_to_its_major_one() -> None:
    assert wrong(view("aws_db_instance", "postgres", "13.20"), date(2026, 11, 28))
    assert not wrong(view("aws_db_instance", "postgres", "16.4"), date(2026, 11, 28))


def test_a_version_that_the_tables_do_not_have_is_a_finding() -> None:
    assert "not in environments/schema/versions.py" in wrong(view("aws_db_instance", "postgres", "12"), date.min)[0]
    cache = view("aws_elasticache_replication_group", "redis", "6.2")
    assert "not in environments/schema/versions.py" in wrong(cache, date.min)[0]


@pytest.mark.parametrize("engine", CACHES)
def test_a_cache_whose_end_is_not_announced_is_supported(engine: str) -> None:
    for major, release in dict[str, Mapping[str, Release]](CACHES)[engine].items():  # type: ignore[arg-type]
        for minor in release.minors:
            cache = view("aws_elasticache_replication_group", engine, f"{major}.{minor}")
            assert wrong(cache, date(2030, 1, 1)) == []


def test_other_engines_are_none_of_its_business() -> None:
    assert ended_support(view("aws_db_instance", "mysql", "5.7"), date.max, NONE) == []


def test_an_end_that_is_near_is_a_warning_and_so_is_an_acceptance_that_nothing_needs() -> None:
    database = view("aws_db_instance", "postgres", "14")
    assert list(ending_support(database, date(2026, 8, 31), NONE)) == []
    (soon,) = ending_support(database, date(2026, 11, 28), NONE)
    assert soon == "demo-data: standard support of postgres 14 ends in 92 days, on 2027-02-28"
    assert list(ending_support(database, date(2026, 11, 28), ACCEPTED)) == []
    (unneeded,) = ending_support(view("aws_db_instance", "postgres", "17"), date(2026, 11, 28), ACCEPTED)
    assert EXTENDED_SUPPORT in unneeded


@pytest.fixture
def old_database(project: Project) -> Project:
    settings = {"engine": "postgres", "engine_version": "13", "lifecycle": {"prevent_destroy": True}}
    project.add("services", "aws_db_instance", "database", settings)
    return project


@pytest.mark.requirement("R11.2")
def test_the_verdict_has_it_and_the_day_decides(old_database: Project) -> None:
    at = (CHECK, "aws_db_instance.database")
    assert at not in failed(old_database.judge(today=date(2026, 2, 28)))
    verdict = old_database.judge(today=date(2026, 3, 1))
    assert verdict.outcome is Outcome.FINDINGS
    assert at in failed(verdict)


@pytest.mark.requirement("R11.2")
def test_an_environment_accepts_it_by_name_and_the_register_has_the_entry(old_database: Project) -> None:
    declared = {"demo": ACCEPTED}
    old_database.expected = replace(old_database.expected, declared_risks=declared)
    verdict = old_database.judge(today=date(2026, 3, 1))
    assert (CHECK, "aws_db_instance.database") not in failed(verdict)
    assert any(EXTENDED_SUPPORT in refusal for refusal in verdict.refusals)
    old_database.risks = [entry(profile_risks=[EXTENDED_SUPPORT], environments=["demo"])]
    assert old_database.judge(today=date(2026, 3, 1)).refusals == ()
    assert old_database.judge(today=date(2027, 1, 1)).refusals != ()
