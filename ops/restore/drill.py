"""Whether a restore was drilled: the newest entry of the journal about one whose copy was checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ops.conditions import FailedError

if TYPE_CHECKING:
    from ops.journal import Entry

COMMAND = "restore"
"""What the journal's entries have as command, before the store."""
EVENT, CHECKED, FAILED = "restore", "checked", "failed"
"""Event and outcomes of the journal's entry about a restored database."""
GUIDE = "docs/runbooks/restore.md"


def drilled(entries: Sequence[Entry], days: int, now: datetime, *, place: str) -> str:
    """The newest restore whose copy passed its check, as text.

    Args:
        entries: The journal's entries of this AWS, oldest first.
        days: Days for which a drill counts.
        now: The time.
        place: Where the journal is.

    Raises:
        FailedError: There is none, it is too old, or its copy wasn't what it must be.
    """
    found = [each for each in entries if each.event == EVENT and each.command == f"{COMMAND} database"]
    if not found:
        raise FailedError(f"{place} has no restore of the database; drill one: {GUIDE}")
    last = found[-1]
    what = f"{last.at}: {last.evidence.get('source')} into {last.evidence.get('copy')} by {last.caller}"
    if last.outcome != CHECKED:
        raise FailedError(f"{what} failed its check: {_problems(last)}")
    if last.time < now - timedelta(days=days):
        raise FailedError(f"{what} is older than {days} days (database.check.days); drill another: {GUIDE}")
    return what


def _problems(entry: Entry) -> str:
    found = entry.evidence.get("problems")
    return "; ".join(map(str, found)) if isinstance(found, list) else "unknown"
