"""`bin/ops parity`: the command line of the comparison."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from modules.output import OUT
from ops.command import Json, Out, complete_environment, load, load_chosen, reporting, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from environments.schema import Environment


def parity(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENVIRONMENT",
            help="Two environments of a product; of one, all others of its product; by default all pairs.",
            autocompletion=complete_environment,
        ),
    ] = None,
    *,
    out: Out = OUT,
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
) -> None:
    """Show what differs between environments of a product: values, and what each changes in the stacks.

    Exit code 1: a stack has a difference that no value explains, as after an edit by hand.
    """
    with reporting():
        from ops.errors import OpsError
        from ops.parity.compare import compare, unexplained
        from ops.parity.report import Report, as_data, as_markdown, as_text
        from ops.report.stacks import read

        if as_json and markdown:
            raise OpsError("--json and --markdown exclude each other; pass one of them")
        chosen = _chosen(names or [])
        found = read(out, list(dict.fromkeys(each.name for pair in chosen for each in pair)))
        report = Report(
            tuple(compare(one, other) for one, other in chosen),
            {each.environment.name: [*unexplained(each.stacks.documents, each.environment)] for each in found},
        )
        if as_json:
            show(json.dumps(as_data(report), indent=2))
        else:
            show(as_markdown(report) if markdown else as_text(report))
        raise typer.Exit(int(not report.clean))


def _chosen(names: Sequence[str]) -> list[tuple[Environment, Environment]]:
    """The pairs to compare.

    Raises:
        OpsError: They aren't two environments of one product, or there is only one.
    """
    from ops.errors import OpsError
    from ops.parity.compare import pairs

    if len(names) > 2:
        raise OpsError(f"{len(names)} environments; name two, one to compare with all others, or none for all pairs")
    named = [load(name) for name in names]
    if len(named) == 2:
        one, other = named
        if one.name == other.name:
            raise OpsError(f"{one.name} twice; name two environments")
        return [(one, other)]
    found = [pair for pair in pairs(load_chosen()) if not names or names[0] in {each.name for each in pair}]
    if not found:
        which = f"{names[0]} is the only environment of its product" if names else "no product has two environments"
        raise OpsError(f"{which}, so there is nothing to compare; make new-environment creates another one")
    return found
