"""Checks whether AWS still supports the engine versions of the stacks on the day of the run.

The gate checks this and not synthesis, which must give the same stacks on every day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from environments.schema.risks import EXTENDED_SUPPORT
from environments.schema.versions import CACHES, POSTGRESQL, Release
from ops.gate.model import Check, Ledger, Record, ScannedBlock

CHECK = "ROLLOUT_SUPPORT_ENDED"
CHECKS = {
    CHECK: Check(
        CHECK,
        "AWS supports the engine's version without extra charge, or the environment accepts the risk extended_support",
        "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-overview.html",
        own=True,
    )
}
WARN = timedelta(days=180)
_RELEASES: Mapping[tuple[str, str], Mapping[str, Release]] = {
    ("aws_db_instance", "postgres"): POSTGRESQL,
    **{("aws_elasticache_replication_group", engine): releases for engine, releases in CACHES.items()},
}
"""Releases by the type of a resource and its engine."""


def ended_support(view: Iterable[ScannedBlock], today: date, accepted: frozenset[str]) -> list[Record]:
    """Compare the engines of one environment with AWS's calendar.

    Args:
        view: The environment's blocks.
        today: The day of the run, in UTC.
        accepted: Risks that the environment declares.
    """
    ledger = Ledger()
    for block, what, release in _engines(view):
        ledger.examine(CHECK, [block.block])
        if release is None:
            ledger.wrong(CHECK, block.block, f"{what} is not in environments/schema/versions.py")
            continue
        standard, extended = _day(release.standard_until), _day(release.extended_until)
        if extended and today > extended:
            ledger.wrong(CHECK, block.block, f"AWS ended {what} on {extended}; choose another version")
        elif standard and today > standard and EXTENDED_SUPPORT not in accepted:
            ledger.wrong(
                CHECK,
                block.block,
                f"standard support of {what} ended on {standard}, and AWS charges for Extended Support; choose another "
                f"version, or accept {EXTENDED_SUPPORT} in the environment and in environments/risks/",
            )
    return ledger.records()


def ending_support(view: Iterable[ScannedBlock], today: date, accepted: frozenset[str]) -> Iterator[str]:
    """Warnings about support that ends soon, and about an acceptance that isn't needed."""
    engines = [(block, what, release) for block, what, release in _engines(view) if release]
    for block, what, release in engines:
        standard = _day(release.standard_until)
        if standard and timedelta() <= standard - today <= WARN and EXTENDED_SUPPORT not in accepted:
            days = (standard - today).days
            yield f"{block.block.stack}: standard support of {what} ends in {days} days, on {standard}"
    ends = [standard for _, _, release in engines if (standard := _day(release.standard_until))]
    if engines and EXTENDED_SUPPORT in accepted and all(today <= standard - WARN for standard in ends):
        yield f"{engines[0][0].block.stack}: {EXTENDED_SUPPORT} is accepted, but no engine leaves standard support soon"


def _engines(view: Iterable[ScannedBlock]) -> Iterator[tuple[ScannedBlock, str, Release | None]]:
    """Resources with a known engine, each with engine and version as text, and its release."""
    for block in view:
        engine, version = str(block.settings.get("engine", "")), str(block.settings.get("engine_version", ""))
        releases = _RELEASES.get((block.kind, engine))
        if releases is not None and version and not block.synthetic:
            yield block, f"{engine} {version}", releases.get(version.partition(".")[0])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
