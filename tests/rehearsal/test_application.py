"""The application on its real PostgreSQL and Redis (Debian's packages postgresql and redis-server)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import redis
import urllib3

from environments import load
from ops.aws.errors import AwsError
from rehearsal.application.run import Application
from tests.rehearsal.application_client import Ask, client

pytestmark = pytest.mark.slow
PROD = load("prod")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("application")


@pytest.fixture(scope="module")
def application(folder: Path) -> Iterator[Application]:
    with Application.start(PROD, folder) as running:
        yield running


@pytest.fixture
def ask(application: Application) -> Iterator[Ask]:
    with client(application) as asking:
        yield asking


def test_ready_is_green_and_the_page_and_the_api_answer(ask: Ask) -> None:
    assert ask("/health/ready").json() == {"ready": True, "database": "up", "cache": "up"}
    assert [ask(path).status for path in ("/health/live", "/", "/api/version")] == [200, 200, 200]


def test_ready_is_red_while_postgresql_is_stopped_and_green_again(application: Application, ask: Ask) -> None:
    application.stop_database()
    try:
        answer = ask("/health/ready")
        assert (answer.status, answer.json()) == (503, {"ready": False, "database": "down", "cache": "up"})
        assert ask("/health/live").status == 200
        assert application.migrate() == 1
    finally:
        application.start_database()
    assert ask("/health/ready").status == 200


def test_ready_is_red_while_redis_is_stopped_and_green_again(application: Application, ask: Ask) -> None:
    application.stop_cache()
    try:
        assert ask("/health/ready").json() == {"ready": False, "database": "up", "cache": "down"}
    finally:
        application.start_cache()
    assert ask("/health/ready").status == 200


def test_notes_stay_over_a_restart_once_the_migration_made_their_table(application: Application, ask: Ask) -> None:
    assert [application.migrate(), application.migrate()] == [0, 0]
    written = ask("/api/notes", "POST", json={"text": "kept; -- 'quoted'"})
    assert written.status == 201
    application.stop_database()
    application.start_database()
    assert written.json() in ask("/api/notes").json()["notes"]


def test_errors_on_demand_reach_the_clients_and_end(application: Application, ask: Ask) -> None:
    application.errors(0.5)
    assert [ask("/api/version").status for _ in range(4)] == [200, 500, 200, 500]
    application.errors(0)
    assert ask("/api/version").status == 200


def test_the_database_takes_tls_and_the_password_only(application: Application) -> None:
    for wrong in ({"sslmode": "disable"}, {"password": "wrong"}):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(application.database_url, **wrong)  # type: ignore[arg-type]


def test_the_cache_takes_the_application_s_user_only(application: Application) -> None:
    parts = urlsplit(application.redis_url)
    url = f"rediss://127.0.0.1:{parts.port}/0"
    anonymous = redis.Redis.from_url(url, ssl_ca_certs=str(application.ca_file))
    with anonymous, pytest.raises(redis.AuthenticationError):
        anonymous.ping()


def test_no_password_is_in_a_log_or_an_argument(application: Application, folder: Path, ask: Ask) -> None:
    ask("/api/notes")
    seen = "".join(file.read_text(encoding="utf-8", errors="replace") for file in folder.iterdir())
    for child in living(psutil.Process().children(recursive=True), "cmdline"):
        seen += " ".join(child["cmdline"] or ())
    assert "postgres" in seen
    for url in (application.database_url, application.redis_url):
        password = urlsplit(url).password
        assert password and password not in seen


def living(processes: Iterable[psutil.Process], *attributes: str) -> Iterator[dict[str, Any]]:
    """Attributes of processes. PostgreSQL's own helpers come and go: one that ended meanwhile is left out."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            yield process.as_dict(attributes)


def names(processes: Iterable[psutil.Process]) -> set[str]:
    return {process["name"] for process in living(processes, "name")}


def listening(processes: list[psutil.Process]) -> set[str]:
    return {
        connection.laddr.ip
        for process in living((psutil.Process(), *processes), "net_connections")
        for connection in process["net_connections"] or ()
        if connection.status == psutil.CONN_LISTEN
    }


def test_it_listens_on_this_machine_only_and_leaves_nothing(tmp_path: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    application = Application.start(PROD, tmp_path)
    started = [child for child in psutil.Process().children(recursive=True) if child not in before]
    try:
        assert {"postgres", "redis-server"} <= names(started)
        assert listening(started) <= {"127.0.0.1", "::1"}
    finally:
        application.stop()
    assert not [child for child in started if child.is_running()]
    with pytest.raises(urllib3.exceptions.HTTPError), client(application) as ask:
        ask("/")


def test_a_start_that_fails_leaves_nothing(tmp_path: Path) -> None:
    before = psutil.Process().children(recursive=True)
    # Its last step needs the emulator. The emulator in this process, which other tests start, answers at port 1.
    with pytest.raises(AwsError, match="can't find the load balancer"):
        Application.start(PROD, tmp_path, "http://127.0.0.1:2")
    assert psutil.Process().children(recursive=True) == before


def test_a_rehearsal_that_is_killed_takes_all_with_it(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, environments, rehearsal.application.run as run\n"
        "application = run.Application.start(environments.load('prod'), pathlib.Path(sys.argv[1]))\n"
        "print('runs', flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdin=pipe, stdout=pipe) as rehearsal:
        assert rehearsal.stdout and rehearsal.stdout.readline() == b"runs\n"
        started = psutil.Process(rehearsal.pid).children(recursive=True)
        assert {"postgres", "redis-server"} <= names(started)
        (home,) = {child["cwd"] for child in living(started, "name", "cwd") if child["name"] == "redis-server"}
        rehearsal.kill()
    assert psutil.wait_procs(started, timeout=20)[1] == []
    shutil.rmtree(home)
