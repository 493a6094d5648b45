"""Asks two databases for a migration level and counts of rows; runs in a container of a service, not here.

It gets `DATABASE_CHECK`, JSON: `url`, the name of the variable with the database's URL; `host`, the host and port of
the restored copy; `queries`, each by a name. It prints one line of JSON: of `restored` and `present` each, the value of
each query by its name, or the error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit


def ask(url: str, queries: dict[str, str]) -> dict[str, object]:
    """The first value of each query, or its error."""
    for name in ("psycopg", "psycopg2"):
        if find_spec(name):
            return ask_with(import_module(name), url, queries)
    return asyncio.run(ask_asyncpg(url, queries))


def ask_with(driver: Any, url: str, queries: dict[str, str]) -> dict[str, object]:  # noqa: ANN401
    """The same with a driver of Python's database API."""
    found: dict[str, object] = {}
    with driver.connect(url, connect_timeout=15) as connection:
        for name, query in queries.items():
            try:
                cursor = connection.cursor()
                cursor.execute(query)
                found[name] = (cursor.fetchone() or [None])[0]
            except driver.Error as error:
                connection.rollback()
                found[name] = {"error": words(error)}
    return found


async def ask_asyncpg(url: str, queries: dict[str, str]) -> dict[str, object]:
    """The same with asyncpg."""
    asyncpg = import_module("asyncpg")
    connection, found = await asyncpg.connect(url, timeout=15), dict[str, object]()
    for name, query in queries.items():
        try:
            found[name] = await connection.fetchval(query)
        except asyncpg.PostgresError as error:
            found[name] = {"error": words(error)}
    await connection.close()
    return found


def words(error: Exception) -> str:
    """The first line of an error."""
    return (str(error).splitlines() or [""])[0]


def main() -> None:
    """Print the line."""
    asked = json.loads(os.environ["DATABASE_CHECK"])
    parts = urlsplit(os.environ[asked["url"]])
    options = parse_qs(parts.query)
    mode = (options.get("sslmode") or options.get("ssl") or ["require"])[0]
    user, _, own = parts.netloc.rpartition("@")
    found: dict[str, object] = {}
    for name, host in {"restored": asked["host"], "present": own}.items():
        url = urlunsplit(("postgresql", f"{user}@{host}", parts.path, f"sslmode={mode}", ""))
        try:
            found[name] = ask(url, asked["queries"])
        except Exception as error:
            found[name] = {"error": f"{type(error).__name__}: {words(error)}"}
    sys.stdout.write(json.dumps(found, default=str) + "\n")


main()
