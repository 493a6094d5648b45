"""The setting `ENGINE` names one of the known engines, or is one clear error."""

from __future__ import annotations

import pytest

from modules.engines import ENGINES, MissingEngineError, UnknownEngineError, chosen, installed
from tests.cases import every_case


@every_case("name", ENGINES)
def test_the_setting_names_an_engine(name: str) -> None:
    assert chosen({"ENGINE": name}).name == name


@pytest.mark.parametrize("variables", [{}, {"ENGINE": ""}], ids=["missing", "empty"])
def test_without_the_setting_python_is_the_engine(variables: dict[str, str]) -> None:
    assert chosen(variables).name == "python"


def test_an_unknown_engine_is_an_error_that_names_what_is_allowed_and_where() -> None:
    with pytest.raises(UnknownEngineError) as raised:
        chosen({"ENGINE": "Node"})
    assert str(raised.value) == (
        "ENGINE='Node': must be one of node, python, cdktn; change it on make's command line or in the environment, "
        "or leave it out for python"
    )


def test_an_engine_that_is_not_installed_names_the_target_that_installs_it() -> None:
    assert installed({}).name == "python"
    with pytest.raises(
        MissingEngineError, match=r"^ENGINE=cdktn needs the package cdktn, .* make setup-cdktn installs"
    ):
        installed({"ENGINE": "cdktn"})
