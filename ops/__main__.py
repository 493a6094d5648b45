"""`ops`: the operators' commands. A command is imported when it is used, so that `--help` is fast.

https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from modules import engines
from modules.garbage import collect_less
from modules.interrupts import install
from modules.process import prepare
from ops.command import refuse_empty, reporting
from ops.errors import OpsError

LOOK = "Look (nothing changes)"
CHANGE = "Change the account"
RELEASE = "Release the application"
TRAFFIC = "Move traffic"
DEVELOP = "Develop"
DEFAULT = "list"
"""The command of a group that may be left out: `ops risks prod` is `ops risks list prod`."""


class Entry(NamedTuple):
    """A command, or a group of commands."""

    section: str
    name: str
    target: str
    """Module and function, or module and `Typer`."""
    help: str
    """The first sentence of its help."""


COMMANDS = (
    Entry(LOOK, "gate", "ops.gate.command:gate", "Check the synthesized stacks."),
    Entry(LOOK, "gate-plan", "ops.plan_gate.command:gate_plan", "Check a saved plan."),
    Entry(LOOK, "doctor", "ops.doctor.command:doctor", "Check what commands need, and report what is missing."),
    Entry(LOOK, "show", "ops.show.command:show", "Show the effective values, and where they come from."),
    Entry(LOOK, "status", "ops.status.command:status", "Show how far the rollout is, phase by phase."),
    Entry(LOOK, "outputs", "ops.terraform.state_command:outputs", "Show what applied phases publish."),
    Entry(LOOK, "drift", "ops.terraform.command:drift", "Compare the account with the code."),
    Entry(LOOK, "verify", "ops.verify.command:verify", "Check the exit criteria against AWS and the load balancer."),
    Entry(LOOK, "golive", "ops.golive.command:golive", "Print the go-live list, each item with its evidence."),
    Entry(LOOK, "account", "ops.project:account", "Print the manual steps of an account, with your names and ids."),
    Entry(LOOK, "adopt", "ops.adopt.command:adopt", "Show which existing resources Terraform can take over."),
    Entry(LOOK, "cost", "ops.cost.command:cost", "Estimate what environments cost a month."),
    Entry(LOOK, "roles", "ops.roles.command:roles", "Show what each role may do, and what was used of it."),
    Entry(LOOK, "parity", "ops.parity.command:parity", "Show what differs between environments, and why."),
    Entry(LOOK, "affected", "ops.ci.command:affected", "Show which phases a change affects."),
    Entry(LOOK, "risks", "ops.risks.command:risks", "List the accepted risks, soonest expiry first."),
    Entry(LOOK, "export", "ops.export.command:export", "Write an environment as plain Terraform HCL."),
    Entry(LOOK, "sbom", "ops.sbom.command:sbom", "Write what the tool and an environment consist of."),
    Entry(LOOK, "report", "ops.report.command:report", "Write one page about environments."),
    Entry(CHANGE, "rollout", "ops.rollout.command:rollout", "Roll out wave by wave: plan, show, ask and apply."),
    Entry(CHANGE, "bootstrap", "ops.terraform.command:bootstrap", "Create the state bucket, and move its state there."),
    Entry(CHANGE, "plan", "ops.terraform.command:plan", "Plan phases side by side; save and check each plan."),
    Entry(CHANGE, "apply", "ops.terraform.command:apply", "Apply exactly the saved plans, in order."),
    Entry(CHANGE, "console", "ops.terraform.state_command:console", "Open Terraform's console on a phase's state."),
    Entry(CHANGE, "recover", "ops.terraform.state_command:recover", "Repair a state after an interrupted apply."),
    Entry(
        CHANGE,
        "restore",
        "ops.restore.command:restore",
        "Restore a data store, a secret or a state, and check it.",
    ),
    Entry(CHANGE, "destroy", "ops.terraform.command:destroy", "Destroy an unprotected environment, last phase first."),
    Entry(RELEASE, "deploy", "ops.deploy.command:deploy", "Deploy a service in one command, and report what runs."),
    Entry(RELEASE, "promote", "ops.promote.command:promote", "Copy an image that runs in another environment."),
    Entry(RELEASE, "release", "ops.release.command:release", "Show previous releases and return to one."),
    Entry(RELEASE, "secrets", "ops.secrets.command:secrets", "Set and rotate the values of secrets."),
    Entry(RELEASE, "migrate", "ops.tasks.command:migrate", "Run the database's migrations as a one-off task."),
    Entry(RELEASE, "run", "ops.tasks.command:run", "Run a scheduled task now, or a command in a service's image."),
    Entry(RELEASE, "tasks", "ops.tasks.command:tasks", "List the running tasks."),
    Entry(RELEASE, "logs", "ops.tasks.command:logs", "Show what a service's tasks log."),
    Entry(RELEASE, "exec", "ops.tasks.command:execute", "Open a session in a service's container."),
    Entry(RELEASE, "db", "ops.tasks.command:db", "Forward a port of this machine to the database."),
    Entry(TRAFFIC, "cutover", "ops.cutover.command:cutover", "Move traffic by DNS weight, in watched steps."),
    Entry(TRAFFIC, "rollback", "ops.cutover.command:rollback", "Roll back DNS, or a service."),
    Entry(DEVELOP, "ci", "ops.ci.command:ci", "Sign in, comment, keep issues, as workflows do."),
    Entry(DEVELOP, "rehearse", "rehearsal.command:rehearse", "Roll an environment out on emulated AWS."),
    Entry(
        DEVELOP,
        "new-product",
        "ops.scaffold.command:new_product",
        "Write a new product with its environments.",
    ),
    Entry(DEVELOP, "new-environment", "ops.scaffold.command:new_environment", "Write a new environment of a product."),
    Entry(DEVELOP, "upgrade", "ops.upgrade.command:upgrade", "Raise pinned packages in a branch."),
    Entry(DEVELOP, "prices", "ops.cost.command:prices", "Renew the prices of an environment's region."),
    Entry(DEVELOP, "diagram", "ops.report.command:diagram", "Draw the architecture of environments as SVG."),
    Entry(DEVELOP, "docs", "ops.project:docs", "Write the pages that are generated from the code."),
)


class Group(TyperGroup):
    """A group whose option --help has the default False, so that Typer doesn't import Pydantic to check the default."""

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401  (click's)
        """The option --help, with the default False."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  (click's)
        """Insert `list` where a group has that command and another argument than a command comes first."""
        if DEFAULT in self.commands and not (args and args[0] in {*self.commands, *self.get_help_option_names(ctx)}):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  (click's)
        """Find a command; a group inside `ops` names its commands if that is unknown: `ops secrets prod`."""
        if ctx.parent and not ctx.resilient_parsing and args[0] not in self.commands and args[0][:1] not in {"-", ""}:
            choices = import_module("environments.suggestions").choices  # imported late: it loads the values
            ctx.fail(f"No such command {args[0]!r}; {choices(args[0], self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)


class Commands(Mapping[str, Any]):
    """The commands of the table by name; reading a command imports it, once."""

    def __init__(self) -> None:
        self._entries = {entry.name: entry for entry in COMMANDS}
        self._created: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  (click's command)
        if name not in self._created:
            self._created[name] = self._create(name)
        return self._created[name]

    def _create(self, name: str) -> Any:  # noqa: ANN401  (click's command)
        module, _, attribute = self._entries[name].target.partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            found.rich_markup_mode, found.info.cls = None, Group
            return typer.main.get_group(found)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name)(found)
        return typer.main.get_command(single)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class LazyGroup(Group):
    """A group that lists and suggests its commands without importing them."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  (click's settings)
        super().__init__(**settings)
        self.commands = Commands()  # type: ignore[assignment]

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  (click's)
        """Run a command; what it doesn't report itself is one line too, such as a full disk or Ctrl-C."""
        with reporting():
            return super().invoke(ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  (click's)
        """Find a command; none gets an empty option, or runs with an engine that it can't use."""
        if not ctx.resilient_parsing:
            refuse_empty(args)
            with reporting():
                _check_engine(args[0])
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401  (click's context)
        """Names in the order of the table."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  (click's)
        """List the commands by section."""
        for section, entries in groupby(COMMANDS, key=lambda entry: entry.section):
            with formatter.section(section):
                formatter.write_dl([(entry.name, entry.help) for entry in entries])


def _check_engine(command: str) -> None:
    """Check the setting `ENGINE`: commands read the stacks of cdktf, whatever engine wrote them.

    What they build themselves to compare, they build with the engine in Python.

    Raises:
        OpsError: There is no such engine, it isn't installed, or it is the fork's.
    """
    try:
        engine = engines.chosen(os.environ)
        if engine.output == engines.ENGINES[engines.DEFAULT].output:
            engines.installed()
            engines.use_only(engines.PYTHON)
            return
    except engines.EngineError as error:
        raise OpsError(str(error)) from None
    raise OpsError(
        f"{engines.SETTING}={engine.name} is for make synth only; bin/ops {command} reads what cdktf synthesizes: "
        "leave it out of the environment (docs/cdktn.md)"
    )


def _completes() -> bool:
    """Whether this run computes or installs shell completion. Typer's options for it double the time of a run."""
    return "_OPS_COMPLETE" in os.environ or sys.argv[1:2] in (["--install-completion"], ["--show-completion"])


app = typer.Typer(
    name="ops",
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=_completes(),
    epilog="Shell completion: ops --install-completion, or --show-completion to print it.",
    rich_markup_mode=None,  # Rich takes longer to load than everything else.
    # A traceback with local variables could print values of a stack.
    pretty_exceptions_show_locals=False,
)


def _version(asked: bool) -> None:
    if asked:
        project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        typer.echo(f"{project['name']} {project['version']}")  # noqa: TID251 - our own text
        raise typer.Exit


@app.callback()
def ops(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take an environment through its rollout: gate, plan, apply, and what comes after."""


if __name__ == "__main__":
    collect_less()
    prepare()
    install()
    app(prog_name="ops")
