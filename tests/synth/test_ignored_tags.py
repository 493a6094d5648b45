"""Tags that others put on resources: every provider ignores them, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import environments
from environments.schema import Environment, IgnoredTags
from environments.schema.validation import InvalidEnvironmentError, validate
from ops.gate.understood.frame import frames
from tests.cases import every_case
from tests.conftest import Stack

IGNORED = IgnoredTags(keys=("map-migrated",), key_prefixes=("cost:", "scanner/"))
EXPECTED = [{"keys": ["map-migrated"], "key_prefixes": ["cost:", "scanner/"]}]


@pytest.fixture(scope="module")
def ignoring(synthesized: Callable[[Environment], dict[str, Stack]]) -> dict[str, Stack]:
    return synthesized(replace(environments.load("prod"), ignored_tags=IGNORED))


def test_every_provider_ignores_them(ignoring: dict[str, Stack]) -> None:
    expected = frames(replace(environments.load("prod"), ignored_tags=IGNORED))
    aliases = set()
    for phase, stack in ignoring.items():
        for provider in stack.document["provider"]["aws"]:
            assert provider["ignore_tags"] == EXPECTED
            alias = provider.get("alias", "")
            assert provider == expected[f"prod-{phase}"].providers[alias], "the gate expects the same"
            aliases.add(alias)
    assert aliases == {"", "dns"}


def test_without_the_setting_no_provider_has_the_argument(stacks: dict[str, Stack]) -> None:
    for stack in stacks.values():
        assert not [each for each in stack.document["provider"]["aws"] if "ignore_tags" in each]


@every_case(
    ("ignored", "said"),
    [
        (IgnoredTags(keys=("Owner",)), "ignored_tags.keys"),
        (IgnoredTags(key_prefixes=("Proj",)), "ignored_tags.key_prefixes"),
        (IgnoredTags(keys=("a", "a")), "each value once"),
    ],
)
def test_our_own_tags_are_not_ignored(ignored: IgnoredTags, said: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=said):
        validate(replace(environments.load("prod"), ignored_tags=ignored))
