"""Whether two environments have the same secrets. Each connects with its own profile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from environments import load
from environments.names import Names
from ops.aws.session import Aws, connect
from rehearsal.emulator.settings import credentials
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.seeded import ALL, PROD


@pytest.fixture
def staging(account: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Staging's account; it and production's are behind their CLI profiles, and both have all secrets."""
    profiles = tmp_path / "profiles"
    with profiles.open("w") as file:
        for each in (PROD, load("staging")):
            keys = credentials(each.account_id, Names(each).role("break-glass"))
            file.write(f"[profile {each.cli_profile}]\n")
            file.writelines(f"{name.lower()} = {value}\n" for name, value in keys.items())
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    for name in credentials(PROD.account_id):
        monkeypatch.delenv(name)
    aws = connect(load("staging"))
    seeded.secrets(account)
    seeded.secrets(aws, load("staging"), values=ALL)
    return aws


@pytest.mark.requirement("R4.1")
def test_copy_names_tells_what_is_missing_and_what_is_too_much(staging: Aws) -> None:
    compare = ("secrets", "copy-names", "prod", "--from", "staging")
    assert run(*compare).stdout == "staging: 5 secrets\nprod: 5 secrets\n"
    client, names = staging.client("secretsmanager"), Names(load("staging"))
    client.delete_secret(SecretId=names.secret("REDIS_URL"), ForceDeleteWithoutRecovery=True)
    client.create_secret(Name=names.secret("OLD_KEY"), SecretString="first-OLD_KEY")
    done = run(*compare)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[1:3] == [
        "  missing: REDIS_URL (apply phase secrets)",
        "  extra: OLD_KEY (not in environments/)",
    ]
    assert "first-" not in done.output
    assert [each["missing"] for each in json.loads(run(*compare, "--json").stdout)] == [["REDIS_URL"], []]
