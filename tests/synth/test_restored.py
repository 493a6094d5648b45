"""A restored store has an address of its own; what was the store before is forgotten, and stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import environments
from environments.names import Names
from environments.schema import Environment
from environments.schema.infrastructure import stores
from modules.forgotten import removed
from ops.gate.understood.frame import frames
from tests.cases import every_case
from tests.conftest import Stack


@pytest.mark.requirement("R13.13")
@every_case(
    ("restored", "names"),
    [((), ("",)), (("r1",), ("r1", "")), (("r1", "r2"), ("r2", "r1", "")), (("r1", "original"), ("", "r1"))],
)
def test_the_last_one_is_the_store(restored: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert stores(restored) == names


@pytest.mark.requirement("R13.13")
def test_one_stack_imports_nothing_by_itself_and_forgets_what_was_the_store(
    synthesized: Callable[[Environment], dict[str, Stack]],
) -> None:
    prod = environments.load("prod")
    assert prod.database
    assert prod.cache
    database, cache = replace(prod.database, restored=("r1",)), replace(prod.cache, restored=("r1", "r2"))
    environment = replace(prod, database=database, cache=cache)
    names, data = Names(environment), synthesized(environment)["data"]
    instance, group = data.resources("aws_db_instance"), data.resources("aws_elasticache_replication_group")
    assert (names.database, names.cache) == ("aep-prod-r1", "aep-prod-r2")
    assert {id_: body["identifier"] for id_, body in instance.items()} == {"database_r1": names.database}
    assert {id_: body["replication_group_id"] for id_, body in group.items()} == {"cache_r2": names.cache}
    forgotten = data.document["removed"]
    assert {each["from"] for each in forgotten} == {
        "aws_db_instance.database",
        "aws_elasticache_replication_group.cache",
        "aws_elasticache_replication_group.cache_r1",
    }
    assert not any(each["lifecycle"]["destroy"] for each in forgotten)
    assert [removed(each) for each in frames(environment)["prod-data"].forgotten] == forgotten
    # A new password and the URL with it, in the same apply: the snapshot's may be unknown.
    (url,) = data.resources("aws_secretsmanager_secret_version").values()
    version = prod.database.credentials_version + 1
    assert instance["database_r1"]["password_wo_version"] == url["secret_string_wo_version"] == version
    assert "${aws_db_instance.database_r1.address}" in url["secret_string_wo"]
    # The previous one's logs stay in the state: an apply would delete them otherwise.
    logs = {each["name"] for each in data.resources("aws_cloudwatch_log_group").values()}
    assert {"/aws/rds/instance/aep-prod/postgresql", "/aws/rds/instance/aep-prod-r1/postgresql"} <= logs
