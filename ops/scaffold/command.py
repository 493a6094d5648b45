"""`bin/ops new-product` and `new-environment`: write a product, or another environment of one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from modules.interrupts import INTERRUPTED
from ops.command import reporting, say, show
from ops.errors import OpsError


def _regions(incomplete: str) -> list[str]:
    from environments.schema.regions import names

    return [name for name in names() if name.startswith(incomplete)]


def _products(incomplete: str) -> list[str]:
    import environments

    return [name for name in environments.products() if name.startswith(incomplete)]


def new_product(  # noqa: PLR0917  (options)
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name: lower-case words joined by hyphens.")],
    service: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT",
            help='"NAME port=8080 paths=/* health=/ size=small internet=no stores=database"; repeatable. By default a '
            "service uses all stores; none, if it has /* beside services with other paths.",
        ),
    ] = None,
    worker: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="\"NAME command='…' size=small internet=no\"; repeatable.")
    ] = None,
    schedule: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="\"NAME when='rate(1 day)' command='…'\"; repeatable.")
    ] = None,
    database: Annotated[bool | None, typer.Option(help="A PostgreSQL database; by default none.")] = None,
    cache: Annotated[bool | None, typer.Option(help="A cache, of the engine Valkey; by default none.")] = None,
    repository: Annotated[
        str | None, typer.Option(metavar="OWNER/NAME", help="GitHub repository of this infrastructure.")
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="NAME", help="Public name of production.")] = None,
    zone: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help='Its hosted zone: "created", or "existing name=example.com id=Z…".'),
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="AWS region.", autocompletion=_regions)] = None,
    staging_account: Annotated[str | None, typer.Option(metavar="ID", help="AWS account of staging.")] = None,
    prod_account: Annotated[str | None, typer.Option(metavar="ID", help="AWS account of production.")] = None,
    email: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Who is notified; by default alerts@HOST.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask; what isn't given has its default.")] = False,
) -> None:
    """Write a new product with its environments.

    The result synthesizes, passes the gate and rehearses as it is. On a terminal, it asks for what isn't given.
    """
    # Loaded on use, so that `--help` is quick.
    from ops.scaffold import answers as parse
    from ops.scaffold import ask, problems, write

    single = {
        "--repository": repository,
        "--host": host,
        "--region": region,
        "--staging-account": staging_account,
        "--prod-account": prod_account,
    }
    several = {"--service": service, "--worker": worker, "--schedule": schedule}
    stores = {"--database": database, "--cache": cache}
    texts = {
        option: [text] for option, text in (single | {"--zone": zone, "--email": email}).items() if text is not None
    }
    texts |= {option: each for option, each in several.items() if each is not None}
    given = frozenset([*texts, *(option for option, wanted in stores.items() if wanted is not None)])
    with _values_errors():
        problems.check_given(texts)
        write.check_product_name(name)
        answers = parse.Answers(
            name=name,
            services=tuple(map(parse.service, service or ())),
            workers=tuple(map(parse.worker, worker or ())),
            schedules=tuple(map(parse.schedule, schedule or ())),
            stores=tuple(store for store in parse.STORES if stores[f"--{store}"]),
            zone=parse.zone(zone or "created"),
            email=email,
        )
        parse.check_stores(answers, [store for store in parse.STORES if stores[f"--{store}"] is False])
        for option, value in single.items():
            if value is not None:
                answers = parse.with_value(answers, option, value)
        missing = [option for option in ("--service", *single) if option not in given]
        if not yes and missing:
            if not sys.stdin.isatty():
                raise OpsError(
                    f"no terminal to ask on, and these have no value: {', '.join(missing)}; "
                    "pass them, or --yes for the defaults (make: OPTIONS='…', or YES=1)"
                )
            answers = ask.complete(answers, given=given)
        _report(write.new_product(answers))
    show(f"      make gate ENV={name}-staging, then make rehearse ENV={name}-staging")


def new_environment(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name: lower-case words joined by hyphens.")],
    product: Annotated[
        str | None, typer.Option(metavar="PRODUCT", help="The product, if there are several.", autocompletion=_products)
    ] = None,
) -> None:
    """Write a new environment of a product."""
    from ops.scaffold import problems, write

    with _values_errors():
        problems.check_given({"--product": [] if product is None else [product]})
        _report(write.new_environment(name, product or ""))
    show(f"      make gate ENV={name}")


@contextmanager
def _values_errors() -> Iterator[None]:
    """Report errors of values like the command's own."""
    import environments
    from environments.schema.validation import InvalidEnvironmentError

    with reporting():
        try:
            yield
        except (environments.UnknownEnvironmentError, InvalidEnvironmentError) as error:
            raise OpsError(str(error)) from None
        except typer.Abort:  # Ctrl-C, or the end of input, at a question
            say("\nnothing was written")
            raise typer.Exit(INTERRUPTED) from None


def _report(written: tuple[Path, ...]) -> None:
    """Print the files, the values to replace in them, and the risks to read."""
    import environments
    from ops.scaffold.write import MARK

    risks = False
    show("Wrote:")
    for path in written:
        text = path.read_text(encoding="utf-8")
        notes = {"values to replace": f"# {MARK}", "risks": "[[risk]]"}
        shown = ", ".join(f"{note}: {text.count(mark)}" for note, mark in notes.items() if mark in text)
        risks = risks or notes["risks"] in text
        show(f"  {environments.shown(path)}{f'  {shown}' if shown else ''}")
        for number, line in enumerate(text.splitlines(), 1):
            if f"# {MARK}" in line:
                show(f"    line {number}: {line.partition(MARK)[2].strip()}")
    read = "read the accepted risks, and " if risks else ""
    show(f"Next: {read}replace what is below each comment `# {MARK}`, by the first apply.")
