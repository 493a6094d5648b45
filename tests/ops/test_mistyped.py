"""What a mistyped name is answered with."""

from __future__ import annotations

import pytest

from tests.ops.cli import run


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rollback", "service", "prod", "web"), "unknown service 'web'; prod has backend, frontend"),
        (("exec", "prod", "web"), "'web' is nothing that runs in prod; known: backend, frontend"),
        (("secrets", "copy-names", "prod", "--from", "prod"), "--from prod: name another environment than prod itself"),
    ],
)
def test_a_mistyped_name_is_told_before_anything_else_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "PATH"):
        monkeypatch.delenv(variable, raising=False)
    done = run(*words)
    assert done.exit_code == 2
    assert message in done.stderr
