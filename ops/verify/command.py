"""`bin/ops verify`: the command line around the exit criteria."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modules.output import OUT
from ops.command import EnvironmentName, Json, Out, Phases, check_phases, load, reporting, show
from ops.errors import OpsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from environments.schema import Environment
    from ops.conditions import ConditionResult
    from ops.verify.context import Context

ConnectToOption = Annotated[
    str | None,
    typer.Option(
        "--connect-to",
        metavar="HOST[:TLS_PORT[:PLAIN_PORT]]",
        help="Connect to this host, not the load balancer; the certificate must still be the real name's.",
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option("--ca-file", metavar="FILE", help="CA certificates instead of the system's."),
]


def verify(
    name: EnvironmentName,
    phases: Phases = None,
    *,
    out: Out = OUT,
    connect_to: ConnectToOption = None,
    ca_file: CaFile = None,
    as_json: Json = False,
) -> None:
    """Check the exit criteria against AWS and the load balancer. Changes nothing.

    Writes verify-ENVIRONMENT.json to DIR/reports.

    Exit code 0: all pass; 1: a criterion fails; 2: a criterion is unknown.
    """
    check_phases(phases)
    with reporting():
        raise typer.Exit(check(load(name), phases, connect_to, ca_file, out, as_json=as_json))


def check(
    environment: Environment,
    phases: Sequence[str] | None,
    connect_to: str | None,
    ca_file: Path | None,
    out: Path,
    *,
    as_json: bool = False,
    err: bool = False,
) -> int:
    """Check the exit criteria of phases, write and print the results, and return the exit code.

    Args:
        environment: The environment.
        phases: The phases; None means all.
        connect_to: What `--connect-to` names.
        ca_file: What `--ca-file` names.
        out: Folder whose reports get the results.
        as_json: Whether to print JSON.
        err: Whether to print to stderr, because other data goes to stdout.
    """
    from ops.conditions import exit_code, watched
    from ops.verify.criteria import chosen

    started_at = datetime.now(UTC)
    results = watched(chosen(phases), context(environment, connect_to, ca_file))
    write_results(out, f"verify-{environment.name}", started_at, {"results": [each.as_data() for each in results]})
    show(json.dumps([each.as_data() for each in results], indent=2) if as_json else "\n".join(_lines(results)), err=err)
    return exit_code(results)


def context(environment: Environment, connect_to: str | None, ca_file: Path | None) -> Context:
    """The context of checks, in the environment's account."""
    from ops.aws.session import connect
    from ops.verify.context import Context
    from ops.verify.http import ConnectTo, Http

    if ca_file and not ca_file.is_file():
        raise OpsError(f"--ca-file is {ca_file}, which isn't a file; name a file with certificates in PEM")
    http = Http(environment.edge.host, ConnectTo.parse(connect_to) if connect_to else None, ca_file)
    return Context(connect(environment), environment, http)


def write_results(out: Path, name: str, started_at: datetime, results: Mapping[str, object]) -> None:
    """Write the results of a command to a report, which replaces that of a previous run."""
    from ops.gate.reports import as_json, write_files

    data = {"version": 1, "started_at": started_at.isoformat(timespec="seconds"), **results}
    write_files({f"{name}.json": as_json(data)}, out / "reports")


def _lines(results: list[ConditionResult]) -> Iterator[str]:
    """Results by phase, one line each, and a count of each status."""
    from ops.conditions import summary

    for phase, group in groupby(results, key=lambda result: result.phase):
        yield phase
        yield from (f"  {result}" for result in group)
    yield summary(results)
