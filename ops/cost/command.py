"""`bin/ops cost`: the command line of the estimates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.output import OUT
from ops.command import EnvironmentName, Json, complete_environment, load, load_chosen, reporting, say, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.schema import Environment
    from environments.schema.usage import Usage
    from ops.cost.estimate import Estimate


def cost(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="ENVIRONMENT", help="An environment; by default all.", autocompletion=complete_environment
        ),
    ] = None,
    *,
    against: Annotated[
        str, typer.Option(metavar="REF", help="Compare with another version: a commit, branch or tag of git.")
    ] = "",
    risks: Annotated[bool, typer.Option("--risks", help="Show what each accepted risk saves.")] = False,
    use: Annotated[
        str, typer.Option(metavar="SIZE", help="Assume small, medium or large use instead of the environment's own.")
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder that synth wrote.", metavar="DIR")] = OUT,
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
) -> None:
    """Estimate what environments cost a month, line by line, with the source of each price. It doesn't ask AWS.

    An environment in a region without prices is skipped.
    """
    with reporting():
        from environments.schema.usage import SIZES
        from environments.suggestions import choices
        from ops.cost.estimate import Estimate
        from ops.cost.read import Skipped, estimate_of, savings
        from ops.cost.report import Report, as_data, as_markdown, as_text
        from ops.errors import OpsError

        if use and use not in SIZES:
            raise OpsError(f"no such use {use!r}; {choices(use, list(SIZES))}")
        if as_json and markdown:
            raise OpsError("--json and --markdown exclude each other; pass one of them")
        usage = SIZES[use] if use else None
        chosen = load_chosen([name] if name else ())
        found = [estimate_of(environment, out, usage) for environment in chosen]
        estimates = tuple(each for each in found if isinstance(each, Estimate))
        priced = [environment for environment in chosen if environment.name in {each.name for each in estimates}]
        report = Report(
            estimates,
            tuple(each for each in found if isinstance(each, Skipped)),
            {each.name: savings(each, usage) for each in priced} if risks else {},
            against,
            _previous(against, priced, usage) if against else {},
        )
        if as_json:
            show(json.dumps(as_data(report), indent=2))
        else:
            show(as_markdown(report) if markdown else as_text(report))


def _previous(ref: str, chosen: Sequence[Environment], usage: Usage | None) -> dict[str, Estimate]:
    """The estimates of another version of git.

    Raises:
        OpsError: There is no such version, or it can't be synthesized.
    """
    from ops.cost.read import previous
    from ops.versions import version

    with version(ref) as base:
        return previous(base, chosen, usage)


def prices(
    name: EnvironmentName,
    out: Annotated[Path, typer.Option(help="Folder that synth wrote.", metavar="DIR")] = OUT,
) -> None:
    """Renew the prices of an environment's region from AWS's Price List API, and add those that it needs.

    Writes ops/cost/prices/REGION.toml; review the changed lines. It needs the permission pricing:GetProducts.
    Exit code 1: a price that the environment needs is still missing.
    """
    with reporting():
        from datetime import UTC, datetime

        import environments
        from ops.aws.session import connect
        from ops.cost.prices import read as read_prices
        from ops.cost.read import needed
        from ops.cost.renew import API_REGION, renew, write

        environment = load(name)
        ids = needed(environment, out)
        known = read_prices(environment.region)
        client = connect(environment).client("pricing", region_name=API_REGION)
        found = renew(environment.region, known, ids, client, datetime.now(UTC).date())
        for each in found:
            show(str(each))
        if any(each.new for each in found):
            say(f"Wrote {environments.shown(write(environment.region, found))}; review its changes.")
        raise typer.Exit(int(any(each.old is each.new is None for each in found)))
