"""Reads the data phase's stack."""

from __future__ import annotations

from dataclasses import replace

import environments
from environments.schema import Environment
from tests.conftest import Body, Stack


def other_values() -> Environment:
    """Production with another PostgreSQL, Valkey, a driver with words of its own, and a password changed twice."""
    prod = environments.load("prod")
    assert prod.database
    assert prod.cache
    database = replace(
        prod.database,
        version="17",
        credentials_version=3,
        url_scheme="postgresql+asyncpg",
        url_query="ssl=require",
    )
    return replace(prod, database=database, cache=replace(prod.cache, engine="valkey", version="8.0"))


def one(stack: Stack, kind: str) -> Body:
    """The stack's only resource of that kind."""
    (body,) = stack.resources(kind).values()
    return body


def follow(stack: Stack, reference: str) -> Body:
    """The resource that an expression refers to."""
    kind, id_, _ = reference.removeprefix("${").split(".", 2)
    return stack.resources(kind)[id_]
