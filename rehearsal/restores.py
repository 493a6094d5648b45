"""A drill of go-live day: a restore of the database beside it, with the command that operators type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from rehearsal.rollout import StepError
from rehearsal.transcript import Transcript
from rehearsal.values import Values

if TYPE_CHECKING:
    from rehearsal.application.run import Application
    from rehearsal.context import Rehearsal

TABLE = "notes"
"""The application's table."""


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
