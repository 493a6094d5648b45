"""Which versions of PostgreSQL, Redis OSS and Valkey AWS offers, and until when it supports them: tables with a date.

AWS's calendars change about once a quarter. To add a version, add a row and update `CHECKED_ON`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Engine = Literal["redis", "valkey"]
CHECKED_ON = "2026-11-28"
"""The day on which the tables were compared with AWS's pages."""


class Release(NamedTuple):
    """A major version. Days are UTC's, in ISO's form; none where AWS has announced no end."""

    family: str
    """Of its parameter groups."""
    minors: tuple[str, ...] = ()
    """Minor versions that can be chosen; none where AWS chooses them."""
    standard_until: str | None = None
    """Last day of standard support. From the day after, AWS charges for Extended Support."""
    extended_until: str | None = None
    """Last day of Extended Support: after it AWS upgrades running databases."""


# https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
# 11 and 12 are in Extended Support too, but no instance class of the profiles runs them:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html
POSTGRESQL: Mapping[str, Release] = {
    "13": Release("postgres13", (), "2026-02-28", "2029-02-28"),
    "14": Release("postgres14", (), "2027-02-28", "2030-02-28"),
    "15": Release("postgres15", (), "2028-02-29", "2031-02-28"),
    "16": Release("postgres16", (), "2029-02-28", "2032-02-29"),
    "17": Release("postgres17", (), "2030-02-28", "2033-02-28"),
    "18": Release("postgres18", (), "2031-02-28", "2034-02-28"),
}
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
# Redis OSS ends at 7.1; standard support of 6 ends on 2027-01-31, so that no cache starts with it.
CACHES: Mapping[Engine, Mapping[str, Release]] = {
    "redis": {"7": Release("redis7", ("0", "1"))},
    "valkey": {
        "7": Release("valkey7", ("2",)),
        "8": Release("valkey8", ("0", "1", "2")),
        "9": Release("valkey9", ("0", "1")),
    },
}


def postgresql(version: str) -> Release:
    """The release of a PostgreSQL version that the schema allows."""
    return POSTGRESQL[version]


def cache(engine: Engine, version: str) -> Release:
    """The release of an engine's version that the schema allows."""
    return CACHES[engine][version.partition(".")[0]]


def postgresql_problem(version: str) -> str | None:
    """Why RDS has no such version of PostgreSQL for this project; none if it has."""
    return None if version in POSTGRESQL else _known("RDS", POSTGRESQL)


def cache_problem(engine: Engine, version: str) -> str | None:
    """Why ElastiCache has no such version of an engine; none if it has."""
    known = [f"{major}.{minor}" for major, release in CACHES[engine].items() for minor in release.minors]
    return None if version in known else _known(f"{engine}: ElastiCache", known)


def _known(who: str, versions: Mapping[str, Release] | list[str]) -> str:
    return f"{who} had {', '.join(versions)} on {CHECKED_ON} (environments/schema/versions.py)"
