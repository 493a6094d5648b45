"""Whether the data stores respond, checked as an application connects."""

from __future__ import annotations

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT = 2
"""Seconds that a store may take to respond."""


def database_answers(url: str) -> bool:
    """Whether PostgreSQL responds to `select 1`."""
    try:
        with psycopg.connect(url, connect_timeout=TIMEOUT) as connection:
            return connection.execute("select 1").fetchone() == (1,)
    except psycopg.Error:
        return False


def cache_answers(url: str, ca_file: str | None = None) -> bool:
    """Whether Redis responds to PING; its certificate is verified, by this CA or by those that the machine trusts."""
    try:
        with redis.Redis.from_url(
            url,
            ssl_ca_certs=ca_file,
            socket_connect_timeout=TIMEOUT,
            socket_timeout=TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
