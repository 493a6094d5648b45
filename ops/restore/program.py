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
from urllib.parse import parse_qs, urlsplit, urlunsplit


def ask(url: str, queries: dict[str, str]) -> dict[str, object]:
    """The first value of each query, or its error."""
    try:
        import psycopg as driver  # noqa: PLC0415  (an image has one of them)
    except ImportError:
        try:
            import psycopg2 as driver  # noqa: PLC0415
        except ImportError:
            return asyncio.run(ask_asyncpg(url, queries))
    found = {}
    with driver.connect(url, connect_timeout=15) as connection:
        for name, query in queries.items():
            try:
                cursor = connection.cursor()
                cursor.execute(query)
                found[name] = (cursor.fetchone() or [None])[0]
            except driver.Error as error:
                connection.rollback()
                found[name] = {"error": " ".join(str(error).split())}
    return found


async def ask_asyncpg(url: str, queries: dict[str, str]) -> dict[str, object]:
    """The same with asyncpg."""
    import asyncpg  # noqa: PLC0415

    connection, found = await asyncpg.connect(url, timeout=15), {}
    for name, query in queries.items():
        try:
            found[name] = await connection.fetchval(query)
        except asyncpg.PostgresError as error:
            found[name] = {"error": " ".join(str(error).split())}
    await connection.close()
    return found


def main() -> None:
    """Print the line."""
    asked = json.loads(os.environ["DATABASE_CHECK"])
    parts = urlsplit(os.environ[asked["url"]])
    options = parse_qs(parts.query)
    mode = (options.get("sslmode") or options.get("ssl") or ["require"])[0]
    user, _, own = parts.netloc.rpartition("@")
    found = {}
    for name, host in {"restored": asked["host"], "present": own}.items():
        url = urlunsplit(("postgresql", f"{user}@{host}", parts.path, f"sslmode={mode}", ""))
        try:
            found[name] = ask(url, asked["queries"])
        except Exception as error:
            found[name] = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    sys.stdout.write(json.dumps(found, default=str) + "\n")


main()
