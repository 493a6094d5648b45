"""What restores of a database and a cache share: the copy's name and settings, and how it becomes the store."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from environments.names import Names
from environments.schema.infrastructure import ORIGINAL
from ops.aws.errors import AwsError, explained
from ops.aws.states import States
from ops.aws.waiting import polls, shown
from ops.command import say
from ops.errors import OpsError, RefusedError

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.aws.session import Aws

Item = TypeVar("Item")
TAG = "RestoredFrom"
"""Tag of a copy: what it was restored from. A restore that was interrupted finds its copy by it."""
_COPY = re.compile(r"[a-z][a-z0-9]{0,6}")


def check_ending(wanted: str) -> None:
    """Check what you want a copy's name to end with; it asks AWS nothing.

    Raises:
        OpsError: It can't be that.
    """
    if wanted and (wanted == ORIGINAL or not _COPY.fullmatch(wanted)):
        raise OpsError(f"--as {wanted!r} must be up to 7 lower-case letters and digits, a letter first, such as r1")


def used(names: Names, store: str) -> tuple[str, ...]:
    """What is and was an environment's `database` or `cache`, the present one first."""
    return names.databases if store == "database" else names.caches


def choose(
    environment: Environment, store: str, source: str, present: Mapping[str, str], *, wanted: str = ""
) -> tuple[str, bool]:
    """What the copy's name ends with, and whether it exists: the one of an earlier run for the same source.

    Args:
        environment: The environment.
        store: `database` or `cache`.
        source: What is restored, as the tag has it.
        present: What AWS has whose name begins as the environment's: its tag by its name.
        wanted: What you want the name to end with; by default r1, r2 and so on, the first that was never used.

    Raises:
        RefusedError: The wanted name is the store's own, or that of a copy of another source.
        OpsError: The wanted name isn't one.
    """
    names = Names(environment)
    own = used(names, store)
    check_ending(wanted)
    if wanted:
        name = names.store(wanted)
        if name in own:
            raise RefusedError(f"{name} is or was the {store} of {environment.name}; choose another name with --as")
        if name in present and present[name] != source:
            other = present[name] or "something else"
            raise RefusedError(f"{name} exists, restored from {other}; choose another name with --as, or delete it")
        return wanted, name in present
    for name, tag in present.items():
        if tag == source and name not in own and (ending := _ending(names, name)):
            return ending, True
    return next(each for each in map("r{}".format, range(1, 10**6)) if names.store(each) not in {*own, *present}), False


def check_own(
    environment: Environment,
    store: str,
    snapshot: str,
    source: str,
    *,
    present: Mapping[str, str],
    own: Iterable[str],
) -> None:
    """Refuse a snapshot of another environment's store; also a copy of one, which keeps its source's name.

    Args:
        environment: The environment.
        store: `database` or `cache`.
        snapshot: The snapshot.
        source: Name of the store that it was taken of.
        present: As `choose` gets it: a snapshot of a copy is the environment's own.
        own: The environment's own snapshots, for the message.

    Raises:
        RefusedError: It is of another store.
    """
    names = Names(environment)
    if source not in used(names, store) and not (_ending(names, source) and present.get(source)):
        known = ", ".join(own) or "none"
        raise RefusedError(
            f"the snapshot {snapshot} is of {source}, which isn't the {store} of {environment.name}; known: {known}"
        )


def _ending(names: Names, name: str) -> str:
    """What a copy's name ends with; empty for one of another environment, such as prod-starter's beside prod."""
    ending = name.removeprefix(f"{names.prefix}-")
    return ending if _COPY.fullmatch(ending) else ""


def wait(
    copy: str,
    read: Callable[[], tuple[str, Item]],
    *,
    seconds: float,
    failed: Collection[str],
    events: str,
    settled: Callable[[Item], bool] = lambda _: True,
) -> Item:
    """Wait until a copy is available, and print each change of its status.

    Args:
        copy: Its name.
        read: Returns its status in AWS, and the copy itself.
        seconds: How long to wait.
        failed: Statuses that AWS leaves it in.
        events: The command that shows why.
        settled: Whether an available one has no pending change.

    Raises:
        AwsError: The restore failed, or takes longer; it continues in AWS.
    """
    before = ""
    with shown(f"{copy}: restoring") as show:
        for _ in polls(seconds):
            status, found = read()
            if status != before:
                before = status
                say(f"{copy}: {status}")
                show(f"{copy}: {status}")
            if status in failed:
                raise AwsError(f"{copy} is {status}; see its events: {events}")
            if status == "available" and settled(found):
                return found
    raise AwsError(f"{copy} isn't available after {seconds / 3600:.0f} hours; run the command again to wait on")


def security_group(aws: Aws, environment: Environment, party: str) -> str:
    """Id of a data store's security group, which phase network publishes.

    Raises:
        OpsError: The phase isn't applied.
    """
    state = States(aws, environment).get("network")
    groups = state.outputs.get("security_groups", {}).get("value", {}) if state else {}
    if party not in groups:
        raise OpsError(f"phase network publishes no security group of the {party}; apply it first")
    return str(groups[party])


def data_key(aws: Aws, environment: Environment) -> str:
    """ARN of the key that encrypts the data stores.

    Raises:
        AwsError: There is none, or KMS refuses.
    """
    alias = Names(environment).alias("data")
    with explained(f"find the key {alias} (phase data creates it)"):
        return str(aws.client("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"])


def next_steps(environment: Environment, store: str, ending: str) -> Iterable[str]:
    """How the copy becomes the store, in one reviewed plan."""
    values = environment.database if store == "database" else environment.cache
    history = (*(values.restored if values else ()), ending)
    written = f"({', '.join(map(json.dumps, history))}{',' * (len(history) == 1)})"
    name = environment.name
    yield f"to make it the {store}: stop what writes, then set {store}.restored={written} in environments/, and run"
    yield f"  make synth ENV={name} && bin/ops adopt {name} data --write && make synth gate plan ENV={name} PHASE=data"
    yield "what comes then, and how to delete a copy that was only a drill: docs/runbooks/restore.md"
