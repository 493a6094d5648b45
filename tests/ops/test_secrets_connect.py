"""Before a secret is touched: the right account, valid credentials, and a container."""

from __future__ import annotations

import pytest

from environments.schema import Environment
from ops.aws.session import Aws
from ops.secrets.status import State, container
from rehearsal.emulator.client import Control
from rehearsal.emulator.settings import credentials
from tests.ops import seeded
from tests.ops.cli import run

SET = ("secrets", "set", "prod", "OPENAI_API_KEY", "--stdin", "--yes")


@pytest.mark.requirement("R1.4")
def test_another_accounts_credentials_change_nothing(
    account: Aws, prod: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded.secrets(account)
    for name, value in credentials("444455556666").items():
        monkeypatch.setenv(name, value)
    done = run(*SET, given="sk-planted")
    assert done.exit_code == 2
    assert "of account 444455556666, but prod is account 111122223333" in done.stderr
    assert container(account, prod, "OPENAI_API_KEY").state is State.EMPTY


def test_expired_credentials_and_a_missing_container_are_one_line_each(account: Aws, control: Control) -> None:
    control.fail("sts", "GetCallerIdentity", "ExpiredToken", 1)
    for said in ("sign in again", "aep/prod/OPENAI_API_KEY is missing; apply phase secrets first"):
        done = run(*SET, given="sk-planted")
        assert done.exit_code == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
