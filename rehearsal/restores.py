"""Restores of a go-live day: a drill, and the copy that becomes the database, with the commands that operators type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from ops.plan_gate.model import APPROVABLE
from rehearsal.rollout import StepError
from rehearsal.transcript import Transcript
from rehearsal.values import Values

if TYPE_CHECKING:
    from rehearsal.application.run import Application
    from rehearsal.context import Rehearsal

DATA = "data"
COPY = "r1"
TABLE = "notes"
"""The application's table."""
APPROVED = tuple(each.flag for each in APPROVABLE)


@dataclass
class Restores:
    """Restores of an environment's database."""

    rehearsal: Rehearsal
    values: Values
    log: Transcript

    @property
    def name(self) -> str:
        """Name of the environment."""
        return self.rehearsal.environment.name

    def password(self) -> str:
        """The password that Terraform generated: the real server gets it too."""
        return str(urlsplit(self._url()).password)

    def _url(self) -> str:
        names = self.rehearsal.names
        secret = names.secret(self.rehearsal.environment.product.database_secret)
        return self.rehearsal.planted[secret]

    def drill(self, application: Application) -> None:
        """Restore the real server's data of now into a second server, and check it.

        Raises:
            StepError: The copy's rows aren't those of the database.
        """
        migration = self.rehearsal.environment.product.migration
        if migration is None:
            return
        with psycopg.connect(application.database_url, autocommit=True) as connection:
            connection.execute("insert into notes (text) values ('before the drill')")
        control, names = self.rehearsal.control, self.rehearsal.names
        control.database_server(names.database, application.database_url)
        variables = {self.rehearsal.environment.product.database_secret: application.database_url}
        family = names.service(migration.service)
        control.run_commands(family, variables)
        self.values.database(check=f'replace({{0}}.check, tables=("{TABLE}",))')
        self.log.ops(
            "Restore the database of now beside it, and check the copy",
            "restore",
            self.name,
            "database",
            "--at",
            "latest",
        )
        control.run_commands(family, {})
        if f"{TABLE}: restored 1, present 1" not in self.log.said:
            raise StepError(f"the copy has other rows than the database: {self.log.said}")

    def swap(self) -> None:
        """Set the value that makes the copy the database."""
        self.values.database(restored=f'("{COPY}",)')

    def plan_and_apply(self) -> None:
        """Import the copy and forget the previous instance, in one plan; then nothing is left to do.

        Raises:
            StepError: An instance is gone, or the plan does something else.
        """
        before = self._instances()
        self.log.ops(
            "Write the id of the copy, which the plan imports", "adopt", self.name, DATA, "--write", rehearsed=()
        )
        self.log.run("Synthesize with the import", f"make synth ENV={self.name}", "-O", "main.py", self.name)
        self.log.ops("Check the stacks", "gate", self.name, rehearsed=())
        self.log.ops(
            "Plan: the copy is imported, and the previous one forgotten",
            "plan",
            self.name,
            DATA,
            *APPROVED,
            rehearsed=(),
        )
        self.log.ops("Apply exactly that plan", "apply", self.name, DATA, *APPROVED)
        if self._instances() != before:
            raise StepError(f"there were {before} before the copy became the database, and then {self._instances()}")
        self.log.ops("Remove the id, which has no effect any more", "adopt", self.name, DATA, "--write", rehearsed=())
        self.log.run("Synthesize without the import", f"make synth ENV={self.name}", "-O", "main.py", self.name)
        self.log.ops("Check the stacks", "gate", self.name, rehearsed=())
        self.log.ops("A second plan is empty", "plan", self.name, DATA, rehearsed=())
        if "no changes" not in self.log.said:
            raise StepError(f"a second plan of {DATA} isn't empty: {self.log.said}")

    def _instances(self) -> dict[str, str]:
        found = self.rehearsal.owner.client("rds").describe_db_instances()["DBInstances"]
        return {each["DBInstanceIdentifier"]: each["DbiResourceId"] for each in found}
