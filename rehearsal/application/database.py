"""PostgreSQL, as the application finds it in production: TLS only, with user and password."""

from __future__ import annotations

import secrets
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from environments.schema import Database
from ops.errors import OpsError
from rehearsal.application import programs
from rehearsal.application.certificates import Authority
from rehearsal.application.probes import database_answers
from rehearsal.application.stores import Store

PACKAGE = "postgresql"
# As production's parameter group forces TLS; what isn't listed is refused. Snapshots copy by replication.
ACCESS = "hostssl all all 127.0.0.1/32 scram-sha-256\nhostssl replication all 127.0.0.1/32 scram-sha-256\n"


def database(spec: Database, authority: Authority, home: Path, log: Path, password: str = "") -> Store:
    """A new PostgreSQL server, not running yet, with the environment's user.

    Args:
        spec: Names user and database.
        authority: Signs its certificate.
        home: Folder of its data, which the programs' user owns.
        log: Where its output goes.
        password: The user's, without what a URL would escape; empty: a random one.

    Raises:
        OpsError: It isn't installed, or refuses to make its files.
    """
    where = folders()
    data, user, password = home / "postgresql", spec.user, password or secrets.token_urlsafe(24)
    _initialize(programs.find("initdb", PACKAGE, where), data, user, password)
    (data / "pg_hba.conf").write_text(ACCESS, encoding="utf-8")
    pair = authority.issue("postgresql", ["127.0.0.1"])
    programs.hand_over(pair.certificate, pair.key)
    port = programs.free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "ssl": "on",
        "ssl_cert_file": pair.certificate,
        "ssl_key_file": pair.key,
        # What is lost with the machine may be lost.
        "fsync": "off",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = f"postgresql://{user}:{password}@127.0.0.1:{port}"
    return Store(
        "PostgreSQL",
        [programs.find("postgres", PACKAGE, where), "-D", str(data), *options],
        url=f"{server}/{spec.name}?sslmode=require",
        answers=lambda: database_answers(f"{server}/postgres?sslmode=require"),
        log=log,
        # Without waiting for clients, and without recovery at the next start.
        # https://www.postgresql.org/docs/current/server-shutdown.html
        stop_signal=signal.SIGINT,
    )


def create(url: str) -> None:
    """Make the database that the URL names, on a running server."""
    name = conninfo_to_dict(url)["dbname"]
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(str(name))))


def connections(url: str) -> int:
    """Connections that clients have open, this one not counted."""
    question = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
    with psycopg.connect(url, connect_timeout=2) as connection:
        row = connection.execute(question).fetchone()
    return int(row[0]) if row else 0


def folders() -> list[str]:
    """Where Debian keeps the server's programs: in a folder by version, and not on the path."""
    return [str(each) for each in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)]


def _version(folder: Path) -> float:
    return float(folder.parent.name)


def _initialize(initdb: str, data: Path, user: str, password: str) -> None:
    file = data.with_suffix(".password")
    file.touch(mode=0o600)
    file.write_text(password, encoding="utf-8")
    programs.hand_over(file)
    options = ["-D", data, "-U", user, f"--pwfile={file}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]
    made = subprocess.run(
        programs.unprivileged([initdb, *map(str, options)]),
        capture_output=True,
        text=True,
        cwd="/",
        env=programs.VARIABLES,
        check=False,
    )
    file.unlink()
    if made.returncode:
        raise OpsError(f"initdb failed: {' '.join(made.stderr.split())}")
