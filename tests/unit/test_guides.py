"""Each change of values in the how-to guides is one that works, and each command in them exists."""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

import environments
from environments import schema
from environments.schema import Environment, Product, risks
from environments.schema.validation import validate
from modules.phases import phase
from tests.cases import every_case

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guides.md").read_text(encoding="utf-8")
PROD = environments.load("prod")
BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
BLOCKS = [(language, textwrap.dedent(text)) for language, text in BLOCK.findall(PAGE)]
CHANGES = [text for language, text in BLOCKS if language == "python"]
COMMANDS = [
    part.strip()
    for language, text in BLOCKS
    if language == "sh"
    for line in text.splitlines()
    for part in line.partition("#")[0].split("&&")
]
DIGEST = f"sha256:{0:064}"


def changed(environment: Environment, text: str) -> Environment:
    """The environment after a guide's change: its first line names the field, and a list gets one more value."""
    name = text.splitlines()[0].removeprefix("# ")
    made: Any = eval(text, vars(schema))
    if name in {field.name for field in fields(Product)}:
        product = environment.product
        longer: Any = {name: (*getattr(product, name), made)}
        more = replace(product, **longer)
        releases = dict(environment.releases)
        releases |= {service.repository: releases.get(service.repository, DIGEST) for service in more.services}
        return replace(environment, product=more, releases=releases)
    new = replace(environment, **{name: made})
    if name == "edge":
        new = replace(new, cutover=replace(new.cutover, previous=None, weight=100))
    return replace(new, accepts=tuple(sorted(risks.taken(new) - set(new.profile.accepts))))


@every_case("text", CHANGES, ids=lambda text: text.splitlines()[0])
def test_each_change_of_values_is_valid(text: str) -> None:
    new = changed(PROD, text)
    assert new != PROD
    validate(new)


def test_the_guides_change_what_the_product_and_an_environment_have() -> None:
    named = {text.splitlines()[0] for text in CHANGES}
    assert named == {f"# {name}" for name in ("services", "secrets", "scheduled_tasks", "edge", "profile", "database")}


@every_case("command", [words for words in COMMANDS if words.startswith("make ")])
def test_make_commands_name_environments_and_phases(command: str) -> None:
    words = shlex.split(command)
    given = dict(word.split("=", 1) for word in words if "=" in word)
    for name in (given.get("ENV"), given.get("TO")):
        assert name is None or name in environments.known()
    for name in given.get("PHASE", "").split():
        assert phase(name)


@pytest.mark.parametrize("command", [words for words in COMMANDS if words.startswith("aws ")])
def test_aws_commands_exist_with_their_options(command: str) -> None:
    _, service, operation, *rest = shlex.split(command)
    model = botocore.session.get_session().get_service_model(service)
    (name,) = (each for each in model.operation_names if xform_name(each, "-") == operation)
    shape = model.operation_model(name).input_shape
    assert shape
    options = {word.removeprefix("--") for word in rest if word.startswith("--")}
    assert options <= {xform_name(member, "-") for member in shape.members}


def test_every_command_is_of_a_kind_that_is_tested() -> None:
    """`bin/ops` is parsed in tests/ops/test_runbooks.py."""
    assert all(words.startswith(("make ", "aws ", "bin/ops ")) for words in COMMANDS if words)
