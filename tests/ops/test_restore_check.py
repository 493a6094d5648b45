"""What a check of a restored database accepts, the copy's name, and when a drill counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from environments import load
from environments.schema import DatabaseCheck
from ops.conditions import FailedError
from ops.errors import OpsError, RefusedError
from ops.journal import Entry
from ops.restore.check import Expected, Read, judge, queries
from ops.restore.drill import drilled
from ops.restore.store import check_own, choose, next_steps
from tests.cases import every_case

PROD = load("prod")
assert PROD.database
VALUES = replace(PROD.database, check=DatabaseCheck(tables=("users",), missing_rows=10))
LEVEL = "migration level"
GOOD: dict[str, object] = {LEVEL: "2", "users": 95}
PRESENT: dict[str, object] = {LEVEL: "2", "users": 100}
ERROR = {"error": "no such table"}


def problems(restored: dict[str, object], present: dict[str, object] = PRESENT, **known: Any) -> tuple[str, ...]:
    return judge(Read(restored, present), VALUES, Expected(**known)).problems


@pytest.mark.requirement("R13.13")
def test_a_copy_may_lack_the_share_of_rows_that_the_values_allow() -> None:
    assert not problems({**GOOD, "users": 90})
    assert problems({**GOOD, "users": 89}) == ("table users has 89 rows, fewer than 90",)
    assert not problems({**GOOD, "users": 89}, rows={"users": 50})
    assert problems(GOOD, rows={"users": 96}) == ("table users has 95 rows, fewer than 96",)


@pytest.mark.requirement("R13.13")
@every_case(
    ("restored", "present", "problem"),
    [
        ({"error": "OperationalError: timeout"}, PRESENT, "the copy can't be read: OperationalError: timeout"),
        ({**GOOD, LEVEL: "1"}, PRESENT, "its migration level is 1, not 2"),
        ({**GOOD, LEVEL: ERROR}, PRESENT, "its migration level can't be read: error (no such table)"),
        ({**GOOD, LEVEL: None}, PRESENT, "its migration level can't be read: nothing"),
        (GOOD, {**PRESENT, LEVEL: ERROR}, "the present database's migration level can't be read; pass"),
        ({LEVEL: "2"}, PRESENT, "table users can't be counted: nothing"),
        ({**GOOD, "users": ERROR}, PRESENT, "table users can't be counted: error (no such table)"),
        (GOOD, {LEVEL: "2", "users": ERROR}, "table users has 95 rows, and the present one can't be counted; pass"),
        (GOOD, {"error": "timeout"}, "the present database's migration level can't be read; pass"),
    ],
)
def test_what_is_missing_unread_or_different_fails(
    restored: dict[str, object], present: dict[str, object], problem: str
) -> None:
    assert problems(restored, present)[0].startswith(problem)


@pytest.mark.requirement("R13.13")
def test_what_you_know_counts_where_the_present_database_cant_be_read() -> None:
    assert not problems(GOOD, {"error": "timeout"}, level="2", rows={"users": 95})
    assert problems(GOOD, PRESENT, level="1") == ("its migration level is 2, not 1",)


@pytest.mark.requirement("R13.13")
def test_queries_are_of_the_values() -> None:
    assert queries(VALUES) == {LEVEL: "select version_num from alembic_version", "users": "select count(*) from users"}


@pytest.mark.requirement("R13.13")
def test_the_copys_name_is_the_first_that_was_never_used() -> None:
    environment = replace(PROD, database=replace(VALUES, restored=("r1",)))
    present = {"aep-prod-r1": "snapshot a", "aep-prod-r2": "snapshot b", "aep-prod-other-thing": ""}
    assert choose(environment, "database", "snapshot c", present) == ("r3", False)
    assert choose(environment, "database", "snapshot b", present) == ("r2", True)
    # The database itself isn't a copy that a restore continues.
    assert choose(environment, "database", "snapshot a", present) == ("r3", False)
    assert choose(environment, "database", "snapshot c", present, wanted="may") == ("may", False)
    with pytest.raises(RefusedError, match="aep-prod-r1 is or was the database of prod"):
        choose(environment, "database", "snapshot a", present, wanted="r1")
    with pytest.raises(RefusedError, match="aep-prod-r2 exists, restored from snapshot b"):
        choose(environment, "database", "snapshot c", present, wanted="r2")
    for wrong in ("original", "toolongname", "1a", "A"):
        with pytest.raises(OpsError, match="must be up to 7 lower-case letters and digits"):
            choose(environment, "database", "snapshot c", present, wanted=wrong)


@pytest.mark.requirement("R13.13")
@pytest.mark.parametrize("source", ["aep-prod-starter", "aep-prod-starter-r1"])
def test_a_copy_of_an_environment_whose_name_begins_as_ours_is_not_our_own(source: str) -> None:
    present = {"aep-prod-r1": "snapshot a", "aep-prod-starter": "", "aep-prod-starter-r1": "snapshot theirs"}
    check_own(PROD, "database", "mine", "aep-prod-r1", present=present, own=())
    with pytest.raises(RefusedError, match=f"the snapshot theirs is of {source}, which isn't the database of prod"):
        check_own(PROD, "database", "theirs", source, present=present, own=())


@pytest.mark.requirement("R13.13")
def test_the_next_steps_name_the_whole_setting() -> None:
    environment = replace(PROD, database=replace(VALUES, restored=("r1",)))
    assert 'database.restored=("r1", "r2") in' in next(iter(next_steps(environment, "database", "r2")))
    assert 'cache.restored=("r1",) in' in next(iter(next_steps(environment, "cache", "r1")))


def entry(at: str, outcome: str = "checked", **more: Any) -> Entry:
    values = {"command": "restore database", "event": "restore", "caller": "arn:a", **more}
    evidence = {"copy": "aep-prod-r1", "source": "snapshot a", "problems": ["its level is 1"]}
    return Entry(at=at, outcome=outcome, evidence=evidence, **values)


@pytest.mark.requirement("R13.13")
def test_only_a_recent_restore_of_the_database_that_passed_counts() -> None:
    now, recent = datetime(2026, 5, 4, tzinfo=UTC), "2026-05-01T10:00:00+00:00"
    assert drilled([entry("2026-01-01T00:00:00+00:00"), entry(recent)], 30, now, place="j").startswith(
        f"{recent}: snapshot a into aep-prod-r1 by arn:a"
    )
    for entries, message in (
        ([], "j has no restore of the database"),
        ([entry(recent, command="restore cache")], "j has no restore of the database"),
        ([entry("2026-04-01T10:00:00+00:00")], "older than 30 days"),
        ([entry("unknown")], "older than 30 days"),
        ([entry(recent), entry(recent, "failed")], "failed its check: its level is 1"),
    ):
        with pytest.raises(FailedError, match=message):
            drilled(entries, 30, now, place="j")
