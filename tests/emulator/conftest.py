"""One emulator for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.tokens import ISSUER, Tokens, tokens
from tests.emulator.aws import Aws

DEFAULT_ACCOUNT = "111122223333"
_accounts = count(200000000000)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator.start(DEFAULT_ACCOUNT, tmp_path_factory.mktemp("emulator") / "log") as running:
        yield running


@pytest.fixture
def aws(emulator: Emulator) -> Aws:
    """An account in which nothing was done. The first call in one takes 0.2 s: moto loads AWS's managed policies."""
    return Aws(str(next(_accounts)), emulator.endpoint)


@pytest.fixture
def control(emulator: Emulator, aws: Aws) -> Control:
    """Orders about that account."""
    return Control(emulator.endpoint, aws.account)


@pytest.fixture(scope="session")
def _tokens() -> Iterator[Tokens]:
    with tokens() as service:
        yield service


@pytest.fixture
def github(control: Control, _tokens: Tokens) -> Tokens:
    """What signs tokens for GitHub's jobs; the emulator finds its keys."""
    control.seed_issuer(ISSUER, _tokens.address)
    return _tokens
