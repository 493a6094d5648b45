"""`python -m rehearsal.application.backend`: the backend's task. It keeps notes in PostgreSQL.

It reads DATABASE_URL and REDIS_URL from its environment, as the containers do, and returns errors when the rehearsal
writes so to its standard input; a request can't cause that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock

import psycopg
from flask import Flask, request
from psycopg.rows import dict_row
from werkzeug.exceptions import BadRequest, InternalServerError

from rehearsal.application import probes
from rehearsal.application.serving import serve

VERSION = "1"
NOTE_LENGTH = 1000
Answer = tuple[dict[str, object], int]


class Faults:
    """Errors that the rehearsal asked for, spread evenly over the requests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.set("0")

    def set(self, share: str) -> None:
        """From now on this share of requests, from 0 to 1, fails."""
        with self._lock:
            self._share, self._requests = float(share), 0

    def due(self) -> bool:
        """Whether this request fails."""
        with self._lock:
            self._requests += 1
            return int(self._requests * self._share) > int((self._requests - 1) * self._share)


def backend(environ: Mapping[str, str], faults: Faults) -> Flask:
    """The application."""
    app = Flask(__name__)
    database_url, redis_url = environ.get("DATABASE_URL"), environ.get("REDIS_URL")

    @app.before_request
    def fail_on_demand() -> None:
        if request.path.startswith("/api/") and faults.due():
            raise InternalServerError("the rehearsal asked for this error")

    @app.errorhandler(psycopg.OperationalError)
    def without_database(_: psycopg.OperationalError) -> Answer:
        return {"error": "the database doesn't answer"}, 503

    @app.get("/health/live")
    def live() -> Answer:
        return {"live": True}, 200

    @app.get("/health/ready")
    def ready() -> Answer:
        stores = {"database": probes.database_answers(database_url)} if database_url else {}
        stores |= {"cache": probes.cache_answers(redis_url)} if redis_url else {}
        ready = all(stores.values())
        return {"ready": ready} | {name: "up" if up else "down" for name, up in stores.items()}, 200 if ready else 503

    @app.get("/api/version")
    def version() -> Answer:
        return {"version": VERSION, "environment": environ.get("APP_ENV", "")}, 200

    if database_url is None:
        return app

    @app.get("/api/notes")
    def notes() -> Answer:
        with psycopg.connect(database_url, connect_timeout=probes.TIMEOUT, row_factory=dict_row) as connection:
            rows = connection.execute("select id, text from notes order by id desc limit 100").fetchall()
        return {"notes": rows}, 200

    @app.post("/api/notes")
    def add_note() -> Answer:
        given = request.get_json()
        text = given.get("text") if isinstance(given, dict) else None
        if not isinstance(text, str) or not 0 < len(text) <= NOTE_LENGTH:
            raise BadRequest(f"text must have 1 to {NOTE_LENGTH} characters")
        with psycopg.connect(database_url, connect_timeout=probes.TIMEOUT, row_factory=dict_row) as connection:
            row = connection.execute("insert into notes (text) values (%s) returning id, text", [text]).fetchone()
        return dict(row or {}), 201

    return app


if __name__ == "__main__":
    asked = Faults()
    serve(backend(os.environ, asked), asked.set)
