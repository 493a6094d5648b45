"""The URL that Terraform writes into the database's secret is the one that the environment's values lead to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import environments
from ops.gate.urls import OTHER_URL, other_urls
from tests.cases import every_case
from tests.gate.plants import Body, Ground
from tests.products import SUBJECTS, Subject, values

SECRET, DATABASE = "aws_secretsmanager_secret_version.database_url", "aws_db_instance.database"
PASSWORD = "${ephemeral.aws_secretsmanager_random_password.database.random_password}"
ADDRESS = "${aws_db_instance.database.address}"


@pytest.fixture(scope="module")
def prod(output: Path) -> Ground:
    return Ground.of(output, environments.load("prod"), other_urls)


@every_case("subject", SUBJECTS, ids=str)
def test_every_products_url_is_right(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    with values(subject.folder):
        assert Ground.of(outputs(subject.folder), subject.environment, other_urls).failed == frozenset()


def written(address: str, attribute: str, value: str) -> Callable[[Body], None]:
    kind, name = address.split(".")
    return lambda content: content["resource"][kind][name].update({attribute: value})


@pytest.mark.requirement("R13.2")
@every_case(
    ("url", "part"),
    [
        (f"http://aep:{PASSWORD}@{ADDRESS}:5432/aep?sslmode=require", "scheme"),
        (f"postgresql://postgres:{PASSWORD}@{ADDRESS}:5432/aep?sslmode=require", "user"),
        (f"postgresql://aep:not-a-real-value@{ADDRESS}:5432/aep?sslmode=require", "password"),
        (
            f"postgresql://aep:{PASSWORD.replace('.database.', '.other.')}@{ADDRESS}:5432/aep?sslmode=require",
            "password",
        ),
        (f"postgresql://aep:{PASSWORD}@db.example.net:5432/aep?sslmode=require", "host"),
        (f"postgresql://aep:{PASSWORD}@db.example.net,{ADDRESS}:5432/aep?sslmode=require", "host"),
        (f"postgresql://aep:{PASSWORD}@${{aws_db_instance.other.address}}:5432/aep?sslmode=require", "host"),
        (f"postgresql://aep:{PASSWORD}@${{aws_db_instance.database.endpoint}}:5432/aep?sslmode=require", "host"),
        (f"postgresql://aep:{PASSWORD}@{ADDRESS}:6432/aep?sslmode=require", "port"),
        (f"postgresql://aep:{PASSWORD}@{ADDRESS}:5432/postgres?sslmode=require", "database"),
        (f"postgresql://aep:{PASSWORD}@{ADDRESS}:5432/aep?sslmode=disable", "query"),
        (f"postgresql://aep:{PASSWORD}@{ADDRESS}:5432/aep?sslmode=require&sslmode=disable", "query"),
        (f"postgresql://aep:{PASSWORD}@{ADDRESS}:5432/aep?sslmode=require&hostaddr=203.0.113.1", "query"),
        (f"postgresql://aep:{PASSWORD}@{ADDRESS}:5432/aep", "isn't a URL"),
        ("not a real value", "isn't a URL"),
    ],
)
def test_a_url_of_something_else(prod: Ground, url: str, part: str) -> None:
    ((where, said),) = prod.planted("data", written(SECRET, "secret_string_wo", url)).items()
    assert where == (OTHER_URL, SECRET)
    assert part in said
    assert "not a real value" not in said


def test_a_password_that_is_not_generated(prod: Ground) -> None:
    found = prod.planted("data", written(DATABASE, "password_wo", "${aws_db_instance.database.username}"))
    assert "isn't a generated password" in found[OTHER_URL, DATABASE]
    assert "password" in found[OTHER_URL, SECRET]
