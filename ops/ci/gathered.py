"""Gathers what the comment on a pull request shows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from environments.schema import Environment
from ops.ci.affected import Folders, affected
from ops.ci.comment import Shown
from ops.ci.difference import changes, parity
from ops.ci.plans import plans
from ops.command import load_chosen
from ops.terraform.saved import commit
from ops.versions import Version, version


def gathered(ref: str, chosen: Sequence[Environment], out: Path, run: str, *, whole: bool) -> Shown:
    """What a change affects and means, and the plans that were saved for it.

    Args:
        ref: The version to compare with.
        chosen: Environments of this version.
        out: The folder that synth wrote, with plans and reports.
        run: Address of the workflow's run; may be empty.
        whole: Whether these are all environments.

    Raises:
        OpsError: The base can't be synthesized, or a stack is missing or can't be read.
    """
    with version(ref) as base:
        return compared(base, chosen, out, datetime.now(UTC).date(), run, whole=whole)


def compared(base: Version, chosen: Sequence[Environment], out: Path, today: date, run: str, *, whole: bool) -> Shown:
    """The same, for a base that is synthesized, and accepted risks on a day."""
    found = affected(
        Folders(base.out, out, base.ref, base.commit, base.packages), [each.name for each in chosen], whole=whole
    )
    meaning = [*changes(found, chosen, base, out, today)]
    names = {each.name for each in chosen}
    # A job for one environment shows its pairs; of two such jobs, that of the first environment does.
    others = chosen if whole or len(names) > 1 else load_chosen()
    between = parity(others, base) if found.planned else {}
    between = {pair: delta for pair, delta in between.items() if whole or pair[0] in names}
    planned = {each.name: plans(each, out, found.planned.get(each.name, ())) for each in chosen}
    return Shown(found, meaning, planned, between, commit()[0], run, whole)


def run_address(given: Mapping[str, str] = os.environ) -> str:
    """The address of the workflow's run; empty outside a workflow.

    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (given.get(name, "") for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
