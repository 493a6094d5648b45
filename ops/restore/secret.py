"""Makes a previous version of a secret the current one, and redeploys the services that read it.

Moving AWSCURRENT also moves AWSPREVIOUS, to the version that was current, so the same call takes it back:
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from environments.names import Names
from environments.suggestions import choices
from ops.aws.errors import explained
from ops.aws.session import connect
from ops.command import confirm, say
from ops.errors import OpsError, RefusedError
from ops.secrets.status import CURRENT, existing, readers_of
from ops.tasks.restart import Result, restart

if TYPE_CHECKING:
    from environments.schema import Environment

PREVIOUS = "AWSPREVIOUS"
"""Label of the version that was current before."""


def restore_secret(environment: Environment, name: str, version: str, *, yes: bool, dry_run: bool) -> None:
    """Make a version of a secret current; no value is read.

    Args:
        environment: The environment.
        name: The secret.
        version: Id of the version; by default the previous one.
        yes: Whether to skip the question.
        dry_run: Whether to change nothing.

    Raises:
        OpsError: There is no such secret or version.
        RefusedError: Its value belongs to a password in another place, you declined, or a service isn't redeployed.
    """
    known = {each.name: each for each in environment.product.secrets}
    if name not in known:
        raise OpsError(f"no secret named {name!r} in {environment.name}; {choices(name, known)}")
    if known[name].written_by == "terraform" or known[name].generated == "cache_url":
        how = "raise database.credentials_version by one, plan and apply phase data"
        if known[name].generated == "cache_url":
            how = f"bin/ops secrets rotate {environment.name} {name}"
        raise RefusedError(
            f"{name} has the password of a data store, which had another one when that version was current; for a new "
            f"password and value: {how}"
        )
    secret, services, aws = Names(environment).secret(name), readers_of(environment, name), connect(environment)
    found = existing(aws, environment, name)
    if not found.labels:
        raise OpsError(f"{secret} has no value; write one: bin/ops secrets set {environment.name} {name}")
    current, wanted = found.version, version or found.labelled(PREVIOUS)
    if wanted not in found.labels:
        what = f"version {wanted!r}" if wanted else "previous version"
        raise OpsError(f"{secret} has no {what}; {choices(wanted, found.labels)}")
    if wanted == current:
        say(f"{wanted} is the current version of {secret}: nothing to do")
        return
    say(f"{secret}: {current or 'none'} → {wanted}; then redeployed: {', '.join(services) or 'no service'}")
    if known[name].caution:
        say(f"caution: {known[name].caution}")
    if dry_run:
        return
    confirm("Make that version current?", yes=yes or not environment.protected)
    moved: Any = {"RemoveFromVersionId": current} if current else {}
    with explained(f"make {wanted} the current version of {secret}"):
        aws.client("secretsmanager").update_secret_version_stage(
            SecretId=secret, VersionStage=CURRENT, MoveToVersionId=wanted, **moved
        )
    say(f"{name} has the value of version {wanted}" + (f"; to return: --version {current}" if current else ""))
    restarts = restart(aws, environment, services, wait=True)
    for each in restarts:
        say(str(each))
    if any(each.result is Result.FAILED for each in restarts):
        raise RefusedError("deploy these services again: their tasks have the value from before")
