"""Effective values, and the file and line that each comes from."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

import pytest

import environments
from environments.effective import Setting, flat, settings
from environments.schema import Environment
from tests.cases import every_case
from tests.products import Subject, values

ROOT = Path(__file__).parents[2]
ODD = '''
"""Values that are written in unusual ways, as Python allows."""

import dataclasses
from dataclasses import replace

import environments.shop
from environments import schema
from environments.schema import Database as Postgres
from environments.schema import Environment, Scaling, Service
from environments.shop_prod import ENVIRONMENT as PROD

SIZE: dict[str, int] = dict(cpu=2048, memory=4096)
NAMES = {"owner": "odd-team", "cli_profile": "odd"}


def counted(minimum: int) -> Scaling:
    return Scaling(minimum=minimum, maximum=9)


MORE = (
    Service(
        name="odd",
        repository="example/shop-api",
        **SIZE,
        scaling=counted(3),
        environment={**{"LEVEL": "info"}, "ORIGIN": "{origin}"},
    ),
)
PRODUCT = dataclasses.replace(
    environments.shop.SHOP,
    services=(*environments.shop.SHOP.services,) + MORE,
    secrets=(*environments.shop.SHOP.secrets[1:], *environments.shop.SHOP.secrets[:1]),
)
ENVIRONMENT = replace(
    PROD,
    name="odd",
    product=PRODUCT,
    network=replace(PROD.network, flow_log_retention=30),
    database=Postgres(version="17", name="odd"),
    observability=schema.Observability(cpu=70 + 1),
    **NAMES,
)
'''


def line(place: str) -> str:
    file, _, number = place.rpartition(":")
    return (ROOT / file).read_text(encoding="utf-8").splitlines()[int(number) - 1].strip()


@pytest.fixture
def shown(subject: Subject) -> list[Setting]:
    return settings_of(subject.folder, subject.environment.name)


@cache
def settings_of(folder: Path, name: str) -> list[Setting]:
    with values(folder):
        return [*settings(environments.load(name))]


def test_each_value_is_in_the_line_that_is_named(shown: list[Setting]) -> None:
    for each in shown:
        leaf, text = each.name.rpartition(".")[2], line(each.source.place)
        if each.source.default:
            assert each.source.place.startswith("environments/schema/"), each
            assert text.startswith(f"{leaf}:") or each.why or f"{leaf}:" in text, (each, text)
        elif isinstance(each.value, str) and not each.why and "(" not in each.value and "\n" not in each.value:
            assert each.value in text or text.endswith("("), (each, text)
        elif isinstance(each.value, bool | int) and not each.why:
            assert str(each.value) in text.replace("_", ""), (each, text)


def test_no_setting_is_missing_and_none_is_twice(env: Environment, shown: list[Setting]) -> None:
    names = [each.name for each in shown]
    assert len(names) == len({*names})
    from_the_profile = {each.name for each in shown if each.why == "none: the profile's tasks"}
    expected = [name for name, _ in flat(env)]
    own = [f"product.services.{n}.scaling" for n, each in enumerate(env.product.services) if each.scaling is None]
    assert [name for name in names if name not in from_the_profile] == [name for name in expected if name not in own]
    assert {name.rpartition(".")[0] for name in from_the_profile} == {*own}


def found(name: str = "prod-starter") -> dict[str, Setting]:
    return {each.name: each for each in settings(environments.load(name))}


def test_a_setting_that_stands_for_another_shows_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    starter = found()
    tasks = starter["product.services.0.scaling.minimum"]
    assert (tasks.value, tasks.why) == (1, "none: the profile's tasks")
    assert "tasks=Scaling(minimum=1" in line(tasks.source.place)
    assert starter["profile.endpoints"].value and starter["registry.source_account"].value == "111122223333"
    origin = starter["product.services.0.environment.CORS_ALLOWED_ORIGINS"]
    assert (origin.value, origin.why) == ("https://app.navralabs.com", "filled in: {origin}")


def test_an_environment_that_replaces_another_names_both_files() -> None:
    starter = found()
    assert starter["name"].source.place.split(":")[0].endswith("prod_starter.py")
    assert starter["account_id"].source.place.split(":")[0].endswith("prod.py")
    assert starter["profile.nat"].source.place.split(":")[0].endswith("profiles.py")
    release = starter["releases.navralabs/aep-backend"]
    assert str(release.value) in line(release.source.place)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Setting]:
    """An environment that is written in unusual ways, beside the shop's."""
    folder = tmp_path_factory.mktemp("odd") / "values"
    shop = ROOT / "tests" / "products" / "shop"
    folder.mkdir()
    for file in shop.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "odd.py").write_text(ODD)
    with values(folder):
        module = environments.read_module("odd")
        environment = module.ENVIRONMENT
        found = {each.name: each for each in settings(environment) if not each.name.startswith("releases.")}
        assert sys.modules["environments.odd"] is module
    assert os.environ.get("ENVIRONMENTS") != str(folder)
    return found


def at(setting: Setting) -> str:
    """The line that is named, of the odd file or another."""
    file, _, number = setting.source.place.rpartition(":")
    path = Path(file) if Path(file).is_absolute() else ROOT / file
    return path.read_text(encoding="utf-8").splitlines()[int(number) - 1].strip()


@every_case(
    ("setting", "text"),
    [
        ("product.services.0.name", 'name="api",'),
        ("product.services.{last}.cpu", "SIZE: dict[str, int] = dict(cpu=2048, memory=4096)"),
        ("product.services.{last}.scaling.minimum", "scaling=counted(3),"),
        ("product.services.{last}.environment.LEVEL", 'environment={**{"LEVEL": "info"}, "ORIGIN": "{origin}"},'),
        (
            "product.secrets.0.name",
            "secrets=(*environments.shop.SHOP.secrets[1:], *environments.shop.SHOP.secrets[:1]),",
        ),
        ("network.flow_log_retention", "network=replace(PROD.network, flow_log_retention=30),"),
        ("network.cidr", 'network=Network(cidr="10.40.0.0/16", zones=("b", "c", "a"), flow_log_retention=400),'),
        ("owner", 'NAMES = {"owner": "odd-team", "cli_profile": "odd"}'),
        ("observability.cpu", "observability=schema.Observability(cpu=70 + 1),"),
        ("account_id", 'account_id="210987654321",'),
    ],
)
def test_values_are_found_however_they_are_written(odd: dict[str, Setting], setting: str, text: str) -> None:
    last = max(int(name.split(".")[2]) for name in odd if name.startswith("product.services."))
    one = odd[setting.format(last=last)]
    assert at(one) == text
    assert not one.source.default


@every_case("setting", ["database.user", "database.storage", "observability.memory"])
def test_what_is_left_out_is_a_default_also_of_a_renamed_class(odd: dict[str, Setting], setting: str) -> None:
    assert odd[setting].source.default
    assert at(odd[setting]).startswith(f"{setting.rpartition('.')[2]}:")
