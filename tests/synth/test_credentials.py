"""What database and cache are logged in to with: nothing valid is kept, and both sides get the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from environments.flows import POSTGRESQL_PORT
from environments.schema import Environment
from tests.conftest import Stack, with_cache, with_database
from tests.synth import stores
from tests.synth.stores import follow, one

PASSWORD = "${ephemeral.aws_secretsmanager_random_password.database.random_password}"


@pytest.fixture
def data(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-data"]


def places(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, f"{path}.{key}")
    elif isinstance(value, str):
        yield path, value


@with_cache
@pytest.mark.requirement("R5.2", "R4.2", "R0.2")
def test_users_of_the_cache_are_off_until_an_operator_turns_them_on(
    data: Stack, other_stores: Stack, env: Environment
) -> None:
    for stack in (data, other_stores):
        cache, group = one(stack, "aws_elasticache_replication_group"), one(stack, "aws_elasticache_user_group")
        assert "auth_token" not in cache
        assert follow(stack, cache["user_group_ids"][0]) == group
        users = {user["user_name"]: user for user in (follow(stack, each) for each in group["user_ids"])}
        assert len(users) == len(stack.resources("aws_elasticache_user")) == 2
        for user in users.values():
            assert user["access_string"].split()[0] == "off"
            assert "passwords" not in user and "passwords" not in user.get("authentication_mode", {})
        default = users.pop("default")
        assert "ignore_changes" not in default.get("lifecycle", {}), "switching it on has to show as a change"
        ((name, user),) = users.items()
        assert user["user_id"] == name
        assert user["authentication_mode"] == {"type": "iam"}
        ignored = {"access_string", "authentication_mode", "no_password_required", "passwords"}
        assert set(user["lifecycle"]["ignore_changes"]) == ignored
    assert one(data, "aws_elasticache_user_group")["user_group_id"] == f"{env.product.name}-{env.stage}"


@with_database
@pytest.mark.requirement("R0.2", "R4.2")
def test_the_password_goes_to_write_only_arguments_and_nowhere_else(data: Stack) -> None:
    found = {path.rpartition(".")[2] for path, text in places(data.document) if "ephemeral." in text}
    assert found == {"password_wo", "secret_string_wo"}
    made = data.document["ephemeral"]["aws_secretsmanager_random_password"]["database"]
    assert made["password_length"] >= 32
    assert made["exclude_punctuation"] is True, "a URL would have to escape it"
    assert one(data, "aws_db_instance")["password_wo"] == PASSWORD
    assert not {"password", "manage_master_user_password"} & set(one(data, "aws_db_instance"))


@with_database
@pytest.mark.requirement("R4.2", "R4.4")
def test_database_and_url_get_the_same_password_at_the_same_time(
    data: Stack, other_stores: Stack, env: Environment
) -> None:
    assert env.database
    for stack, version, secret in (
        (data, env.database.credentials_version, env.product.database_secret),
        (other_stores, 3, "DATABASE_URL"),
    ):
        database, url = one(stack, "aws_db_instance"), one(stack, "aws_secretsmanager_secret_version")
        assert database["password_wo_version"] == url["secret_string_wo_version"] == version
        assert url["secret_id"].endswith(f'.outputs.secret_arns["{secret}"]}}')
        assert url["lifecycle"]["replace_triggered_by"] == ["aws_db_instance.database.resource_id"]


@with_database
@pytest.mark.requirement("R4.2")
def test_the_url_is_one_that_drivers_read(data: Stack, other_stores: Stack, env: Environment) -> None:
    form = r"([a-z+]+)://(\w+):(\$\{ephemeral[^}]+\})@(\$\{aws_db_instance\.database\.address\}):(\d+)/(\w+)\?(.+)"
    others = stores.other_values().database
    assert env.database and others
    assert (others.url_scheme, others.url_query) == ("postgresql+asyncpg", "ssl=require")
    for stack, database in ((data, env.database), (other_stores, others)):
        url = re.fullmatch(form, one(stack, "aws_secretsmanager_secret_version")["secret_string_wo"])
        assert url
        assert url.groups()[:2] == (database.url_scheme, database.user)
        assert url[3] == PASSWORD
        assert url.groups()[4:] == (str(POSTGRESQL_PORT), database.name, database.url_query)
