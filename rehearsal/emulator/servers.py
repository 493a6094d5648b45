"""Real PostgreSQL servers behind RDS instances: snapshots copy their data, and restores start further servers.

A rehearsal names the server of an instance. From then on a program receives its transaction log, so that a copy can
have the data of any time: https://www.postgresql.org/docs/current/continuous-archiving.html.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from rehearsal.emulator.additions.registry import AwsError, kept

if TYPE_CHECKING:
    from moto.rds.models import RDSBackend

_SETTINGS = ("ssl", "ssl_cert_file", "ssl_key_file", "listen_addresses", "fsync")
"""What a copy has of its original, beside its data."""
_SECONDS = 20


@dataclass
class _Server:
    """A server of an instance."""

    url: str
    """With the user and password that it was named with."""
    base: Path | None = None
    """Copy of its data when it was named; the transaction log since then is beside it."""
    settings: Mapping[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)


@dataclass
class _Servers:
    home: Path = field(default_factory=lambda: _folder(Path(tempfile.mkdtemp(prefix="emulated-rds-"))))
    running: dict[str, _Server] = field(default_factory=dict)
    """By identifier of the instance."""
    snapshots: dict[str, tuple[Path, _Server]] = field(default_factory=dict)
    """Copies of data by identifier of the snapshot, each with its server as it was then: the password too."""


def _all(backend: RDSBackend) -> dict[str, _Servers]:
    return kept(backend, "servers", dict[str, _Servers])


def _of(backend: RDSBackend) -> _Servers | None:
    return _all(backend).get("servers")


def name(backend: RDSBackend, identifier: str, url: str) -> None:
    """Name the server of an instance: RDS's automated backup of it begins."""
    found = _all(backend).setdefault("servers", _Servers())
    server = _Server(url, found.home / f"{identifier}-base")
    found.running[identifier] = server
    assert server.base  # noqa: S101  (set above)
    server.settings = _settings(url)
    _copy(url, server.base)
    log = _folder(found.home / f"{identifier}-log")
    command = [_program("pg_receivewal"), "-D", str(log), "-d", url, "--synchronous", "--no-password"]
    server.processes.append(_start(command, found.home / f"{identifier}-log.txt"))


def take_snapshot(backend: RDSBackend, identifier: str, snapshot: str) -> None:
    """Copy the data of an instance's server, if it has one."""
    found = _of(backend)
    if found and identifier in found.running:
        folder = found.home / f"snapshot-{snapshot}"
        _copy(found.running[identifier].url, folder)
        url = found.running[identifier].url
        found.snapshots[snapshot] = folder, _Server(url, settings=_settings(url))


def restore(backend: RDSBackend, snapshot: str, identifier: str) -> None:
    """Start a server with a snapshot's data for an instance."""
    found = _of(backend)
    if found and snapshot in found.snapshots:
        folder, original = found.snapshots[snapshot]
        data = found.home / identifier
        shutil.copytree(folder, data)
        _run(found, identifier, data, original, [])


def restore_to(backend: RDSBackend, source: str, at: datetime, identifier: str) -> None:
    """Start a server with the data that an instance's server had at a time.

    https://www.postgresql.org/docs/current/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET
    """
    found = _of(backend)
    original = found.running.get(source) if found else None
    if found is None or original is None or original.base is None:
        return
    # Recovery ends at the first transaction after the time, so there must be one, and its log must have arrived.
    _query(original.url, "select pg_current_xact_id()")
    _query(original.url, "select pg_switch_wal()")
    log, data = found.home / f"{source}-log", found.home / identifier
    last = _query(original.url, "select pg_walfile_name(pg_switch_wal())")
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and not any(each.name >= last for each in log.glob("?" * 24)):
        time.sleep(0.1)
    shutil.copytree(original.base, data)
    (data / "recovery.signal").touch()
    recovery = {
        "restore_command": f"cp {log}/%f %p",
        "recovery_target_time": f"{at:%Y-%m-%d %H:%M:%S+00}",
        "recovery_target_action": "promote",
    }
    _run(found, identifier, data, original, [word for each in recovery.items() for word in ("-c", "=".join(each))])


def set_password(backend: RDSBackend, identifier: str, password: str) -> None:
    """Give the master user of an instance's server a password."""
    found = _of(backend)
    if found and identifier in found.running:
        from psycopg import sql  # noqa: PLC0415  (only with a real server)

        server = found.running[identifier]
        user = urlsplit(server.url).username or ""
        _query(
            server.url, sql.SQL("alter role {} with password {}").format(sql.Identifier(user), sql.Literal(password))
        )
        server.url = _with(server.url, password=password)


def end(backend: RDSBackend, identifier: str) -> None:
    """End the server of an instance, unless the rehearsal named it."""
    found = _of(backend)
    if found and identifier in found.running:
        _end(found.running.pop(identifier))


def urls(backend: RDSBackend) -> dict[str, str]:
    """The servers, by identifier of the instance."""
    found = _of(backend)
    return {identifier: server.url for identifier, server in found.running.items()} if found else {}


def _run(found: _Servers, identifier: str, data: Path, original: _Server, options: Sequence[str]) -> None:
    from rehearsal.application import programs  # noqa: PLC0415

    programs.hand_over(data, *data.rglob("*"))
    data.chmod(0o700)
    port, log = programs.free_port(), found.home / f"{identifier}.txt"
    settings = {**original.settings, "port": port, "unix_socket_directories": ""}
    words = [word for each, value in settings.items() for word in ("-c", f"{each}={value}")]
    server = _Server(_with(original.url, port=str(port)), settings=original.settings)
    server.processes.append(_start([_program("postgres"), "-D", str(data), *words, *options], log))
    until = time.monotonic() + _SECONDS
    while True:
        try:
            # `f`: recovery has ended, so that it can be written to.
            if _query(server.url, "select pg_is_in_recovery()::text") == "false":
                break
        except Exception as error:  # It isn't up yet.
            if time.monotonic() > until or server.processes[0].poll() is not None:
                _end(server)
                raise AwsError("InternalFailure", f"{error}; {programs.last_lines(log)}") from error
        time.sleep(0.1)
    found.running[identifier] = server


def _settings(url: str) -> dict[str, str]:
    return {each: _query(url, f"show {each}") for each in _SETTINGS}


def _copy(url: str, folder: Path) -> None:
    from rehearsal.application import programs  # noqa: PLC0415

    _folder(folder)
    command = [
        _program("pg_basebackup"),
        "-D",
        str(folder),
        "-d",
        url,
        "--checkpoint=fast",
        "--no-sync",
        "--no-password",
    ]
    done = subprocess.run(
        programs.unprivileged(command), capture_output=True, text=True, cwd="/", env=programs.VARIABLES, check=False
    )
    if done.returncode:
        raise AwsError("InternalFailure", f"pg_basebackup: {done.stderr.strip()}")


def _query(url: str, query: object) -> str:
    import psycopg  # noqa: PLC0415

    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(query)  # type: ignore[call-overload]  # text or sql.Composed
        row = cursor.fetchone() if cursor.description else None
    return str(row[0]) if row else ""


def _with(url: str, *, password: str = "", port: str = "") -> str:
    """A URL with another password or port."""
    parts = urlsplit(url)
    user = f"{parts.username}:{quote(password) if password else parts.password}"
    return urlunsplit(parts._replace(netloc=f"{user}@{parts.hostname}:{port or parts.port}"))


def _program(program: str) -> str:
    from rehearsal.application import programs  # noqa: PLC0415
    from rehearsal.application.database import PACKAGE, folders  # noqa: PLC0415

    return programs.find(program, PACKAGE, folders())


def _start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    from rehearsal.application import programs  # noqa: PLC0415

    with log.open("ab") as output:
        return programs.start(command, output, signal.SIGINT)


def _folder(folder: Path) -> Path:
    from rehearsal.application import programs  # noqa: PLC0415

    folder.mkdir(exist_ok=True)
    programs.hand_over(folder)
    folder.chmod(0o700)
    return folder


def _end(server: _Server) -> None:
    from rehearsal.application import programs  # noqa: PLC0415

    for process in server.processes:
        programs.end(process, signal.SIGINT)
