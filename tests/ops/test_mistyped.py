"""The message for a mistyped name."""

from __future__ import annotations

import pytest

from tests.ops.cli import run


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rollback", "service", "prod", "web"), "no service named 'web' in prod; known: backend, frontend"),
        (
            ("exec", "prod", "web"),
            "no service, scheduled task or migration named 'web' in prod; known: backend, frontend",
        ),
        (("secrets", "copy-names", "prod", "--from", "prod"), "--from prod is prod itself; name another environment"),
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
