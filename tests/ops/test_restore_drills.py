"""The drills of go-live day, with the commands in this process: each fails if its restore does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ops.aws.session import Aws
from ops.aws.states import States
from rehearsal.restores import PHASE, SNAPSHOT, Restores
from rehearsal.rollout import StepError
from tests.ops import seeded
from tests.ops.cli import run
from tests.ops.emulated import Emulated
from tests.ops.seeded import PROD
from tests.ops.test_restore_others import NAMES, cache

pytestmark = pytest.mark.slow
SECRET = "OPENAI_API_KEY"
FROM_SNAPSHOT = {
    "action": "elasticache:CreateReplicationGroup",
    "resource": f"arn:aws:elasticache:us-east-1:1:snapshot:{SNAPSHOT}",
}


class Log:
    """Runs commands, but restores of a state without Terraform; with `idle`, restores do nothing."""

    said = ""

    def __init__(self, aws: Aws, *, idle: bool) -> None:
        self.aws, self.idle = aws, idle

    def ops(self, _why: str, *words: str, rehearsed: tuple[str, ...] = ("--yes",), given: str = "") -> None:
        if words[0] == "restore" and "state" in words and "--version" in words:
            if not self.idle:
                States(self.aws, PROD).restore(PHASE, words[-1])
        elif words[0] != "restore" or "state" in words or not self.idle:
            done = run(*words, *rehearsed, given=given)
            assert done.exit_code == 0, done.output
            self.said = done.output


@pytest.fixture
def restores(emulated: Emulated) -> Iterator[Callable[..., Restores]]:
    with seeded.account(emulated) as aws:

        def created(*, idle: bool) -> Restores:
            rehearsal: Any = SimpleNamespace(
                environment=PROD, names=NAMES, owner=aws, planted={}, by=lambda _: SimpleNamespace(aws=aws)
            )
            log: Any = Log(aws, idle=idle)
            return Restores(rehearsal, None, log)  # type: ignore[arg-type]

        yield created


@pytest.mark.requirement("R13.13")
@pytest.mark.parametrize(
    ("idle", "asked", "message"),
    [
        (True, (), "0 caches were created"),
        (False, (), "without the snapshot drill"),
        (False, (FROM_SNAPSHOT,), "other settings than the present one: .*SnapshotRetentionLimit: 7, not 0"),
    ],
)
def test_a_cache_that_is_not_restored_or_has_other_settings_fails(
    restores: Callable[..., Restores], *, idle: bool, asked: tuple[Any, ...], message: str
) -> None:
    """Here the present one has ElastiCache's defaults; go-live day compares with the one that Terraform created."""
    drill = restores(idle=idle)
    drill.rehearsal.requests = lambda: list(asked)  # type: ignore[method-assign]
    cache(drill.rehearsal.owner)
    with pytest.raises(StepError, match=message):
        drill.cache()


@pytest.mark.requirement("R13.13")
@pytest.mark.parametrize("idle", [False, True])
def test_a_secret_that_keeps_the_wrong_value_fails(restores: Callable[..., Restores], *, idle: bool) -> None:
    drill = restores(idle=idle)
    aws = drill.rehearsal.owner
    seeded.services(aws)
    seeded.secrets(aws, values=[SECRET])
    drill.rehearsal.planted[NAMES.secret(SECRET)] = f"first-{SECRET}"
    if idle:
        with pytest.raises(StepError, match=f"{SECRET} doesn't have its previous value"):
            drill.secret()
        return
    drill.secret()
    wrong = drill.rehearsal.planted[f"{NAMES.secret(SECRET)} (wrong)"]
    assert seeded.secret_value(aws, SECRET, "AWSPREVIOUS") == wrong


@pytest.mark.requirement("R13.13")
@pytest.mark.parametrize("idle", [False, True])
def test_a_state_that_stays_damaged_fails(restores: Callable[..., Restores], *, idle: bool) -> None:
    drill = restores(idle=idle)
    s3: Any = drill.rehearsal.owner.client("s3")
    s3.create_bucket(Bucket=NAMES.state_bucket)
    s3.put_bucket_versioning(Bucket=NAMES.state_bucket, VersioningConfiguration={"Status": "Enabled"})
    body = b'{"version": 4, "serial": 1, "lineage": "1", "outputs": {}, "resources": []}'
    s3.put_object(Bucket=NAMES.state_bucket, Key=NAMES.state_key(PHASE), Body=body)
    if idle:
        with pytest.raises(StepError, match="isn't that of version"):
            drill.state()
        return
    drill.state()
