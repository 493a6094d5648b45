"""Checks the database's URL that Terraform writes into a secret: it leads to this environment's database, with TLS.

The application connects to what the URL says: with another host it sends its password and data there, and with
`sslmode=disable`, or an option such as `hostaddr` that overrides the host, without TLS or to another address.
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from environments.flows import POSTGRESQL_PORT
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock

OTHER_URL = "ROLLOUT_URL"
CHECKS = {
    OTHER_URL: Check(
        OTHER_URL,
        "The database's URL in its secret is the one that the environment's values lead to",
        "https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS",
        own=True,
    )
}
_URL = re.compile(
    r"(?P<scheme>[^:]*)://(?P<user>[^:]*):(?P<password>[^@]*)@(?P<host>[^@]*):(?P<port>\d+)/(?P<database>[^?]*)"
    r"\?(?P<query>.*)",
    re.DOTALL,
)
_GENERATED = re.compile(r"\$\{ephemeral\.aws_secretsmanager_random_password\.\w+\.random_password\}")


def other_urls(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare the URL that each secret's version has with the one of the environment's database.

    Args:
        view: The merged view of all its stacks.
        environment: Its values.
    """
    ledger, index = Ledger(), Index(view)
    databases = list(index.all("aws_db_instance"))
    for database in databases:
        generated = _GENERATED.fullmatch(str(database.settings.get("password_wo")))
        ledger.judge(OTHER_URL, database.block, [] if generated else ["password_wo isn't a generated password"])
    for version in index.all("aws_secretsmanager_secret_version"):
        ledger.judge(OTHER_URL, version.block, _differences(version, databases, environment))
    return ledger.records()


def _differences(version: ScannedBlock, databases: Sequence[ScannedBlock], environment: Environment) -> Iterator[str]:
    """The parts of a URL that are others, without their values: one of them is the password."""
    found, values = _URL.fullmatch(str(version.settings.get("secret_string_wo"))), environment.database
    if found is None or values is None or len(databases) != 1:
        yield "isn't a URL scheme://user:password@host:port/database?query of the environment's one database"
        return
    wanted = {
        "scheme": values.url_scheme,
        "user": values.user,
        "password": databases[0].settings.get("password_wo"),
        "host": f"${{aws_db_instance.{databases[0].name}.address}}",
        "port": str(POSTGRESQL_PORT),
        "database": values.name,
        "query": values.url_query,
    }
    for part, value in wanted.items():
        if found[part] != value:
            yield f"has another {part} in its URL than the environment's database"
