"""Go-live day of a team: workflows do the deployer's steps, people the administrators' phases and the secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

import environments
from ops.rollout.people import ADMINISTRATOR, DEPLOYER, PLANNER
from rehearsal.access import nothing_needed_was_denied
from rehearsal.application.run import Application
from rehearsal.context import emulated_environment
from rehearsal.day import ADMINISTRATORS, WATCH, Day, day
from rehearsal.steps import no_secret_is_stored, public_weights
from rehearsal.visitors import ADDRESS, Visitors
from tests.ci.act import Run
from tests.ci.stage import Stage, around
from tests.ci.test_runs import jobs, no_secret
from tests.products import AEP, values

pytestmark = [pytest.mark.long, pytest.mark.timeout(5400)]
NAME = "prod-starter"
WIDENING = {"approve_widening": "true", "approve_for": NAME, "approve_phase": "all"}


@dataclass(kw_only=True)
class TeamDay(Day):
    """A go-live day with the repository's workflows."""

    stage: Stage
    over_http: tuple[str, ...] = ()
    """Options with which commands reach the application."""

    def dispatch(self, workflow: str, **inputs: str) -> Run:
        """Commit the values as they are, and run a workflow by hand."""
        copy, origin = self.folder / "environments", self.stage.workflows.origin
        files = [environments.file_of(NAME).name, *(f"releases/{each.name}" for each in copy.glob("releases/*.json"))]
        changed = {f"environments/{each}": (copy / each).read_text(encoding="utf-8") for each in files}
        if any((origin / name).read_text(encoding="utf-8") != text for name, text in changed.items()):
            self.stage.workflows.commit("Values of go-live day", changed)
        # Its checks and rehearsal have tests of their own.
        left_out = {"main/check": {}, "main/rehearse": {}, "main/environments": self.stage.targets}
        run = self.stage.workflows.run(workflow, "workflow_dispatch", {"inputs": inputs}, left_out=left_out)
        no_secret(self.stage, run)
        return run

    def workload(self) -> None:
        """The workflow `main` applies the deployer's phases; DNS waits for a person."""
        self.log.headline("The workflow main")
        with Application.start(self.rehearsal.environment, self.folder / "first", pace=1) as application:
            self.connect(application)
            application.migrate()
            run = self.dispatch("main", **WIDENING)
        assert not run.passed, run.explain()
        applied = [f"rollout/{what}-{phase}" for phase in ("edge", "services") for what in ("plan", "apply")]
        assert jobs(self.stage) == ["rollout/look", *applied, "rollout/plan-cutover"], run.explain()
        self.waiting = run.log

    def finish(self) -> None:
        """The next run of `main` continues; an administrator applies what waited for the deployer's phases."""
        run = self.dispatch("main", **WIDENING)
        assert run.passed and jobs(self.stage)[-1] == "rollout/apply-cutover", run.explain()
        self.sign_in(ADMINISTRATOR)
        self.roll_out("Apply what waited for the deployer's phases", *ADMINISTRATORS)

    def go_live(self, application: Application) -> None:
        """Migrate, move traffic, roll it back and move it again by the workflow `traffic`, and follow by `main`."""
        self._note_values()
        self.connect(application)
        own, _ = self.rehearsal.names.weighted_records
        self.sign_in(DEPLOYER)
        assert not application.migrate()
        self.log.ops("Migrate the database's schema", "migrate", NAME)
        self.drill(application)

        def traffic(action: str, weight: int) -> None:
            run = self.dispatch("traffic", action=action, environment=NAME, percent=str(weight), service="")
            assert run.passed and public_weights(self.rehearsal)[own] == weight, run.explain()

        with Visitors(self.rehearsal.environment, application):
            traffic("cutover run", 10)
            traffic("rollback dns", 0)
            traffic("cutover run", 100)
            self.values.weight(100)
            run = self.dispatch("main")
            assert run.passed and jobs(self.stage)[-1] == "rollout/apply-cutover", run.explain()
            self.sign_in(PLANNER)
            self.log.ops("Print the go-live list", "golive", NAME, rehearsed=self.over_http)
            traffic("rollback dns", 0)

    def connect(self, application: Application) -> None:
        """Let the workflows' jobs reach the application, and watch as long as a rehearsal does."""
        address = f"{ADDRESS}:{application.tls_port}:{application.plain_port}"
        self.over_http = ("--connect-to", address, "--ca-file", str(application.ca_file))
        self.stage.workflows.replaced = {
            "--stored=": f"{' '.join(self.over_http)} --stored=",
            "cutover run --to": f"cutover run --watch {WATCH} --to",
        }


@pytest.mark.requirement("R13.7", "R10.5", "R12.1")
def test_a_team_goes_live_with_workflows(own_output: Path, tmp_path: Path) -> None:
    with (
        values(AEP),
        emulated_environment(environments.load(NAME), own_output, "team") as rehearsal,
        around(rehearsal, tmp_path, AEP) as stage,
    ):
        plain = day(rehearsal)
        team = TeamDay(rehearsal, plain.values, plain.folder, plain.log, plain.releases, plain.restores, stage=stage)
        team.run()
        for check in (nothing_needed_was_denied, no_secret_is_stored):
            check(rehearsal)
