"""Recorded requests of authorization: what the roles of an environment asked for in a rehearsal.

A recording has no times, no secrets and nothing that AWS chooses, such as ids, so that the same rehearsal gives the
same one. Requests with the same condition keys are together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from environments.names import Names
from ops.errors import OpsError
from ops.files import write
from ops.gate.permissions.statements import CHOSEN

VERSION = 1
_ALIASES = "kms:resourcealiases"
_OF_A_SECRET = re.compile(r"(:secret:[^:*]+)-\w{6}$")
_LAST = re.compile(r"(:task-definition/[^:]+:|:::change/|:scalable-target/)\w+$")
_ZONE = re.compile(r"(:::hostedzone/)(\w+)$")
_CHOSEN = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # UUID
    r"|(?<=-)[0-9a-f]{17}\b|\b[0-9a-f]{16,}\b"  # `vpc-…`; a load balancer's or a task's id
    r"|\b\d{8}[-T]?\d{6}Z?\b|(?<=-)[0-9A-Z]{9}\b"  # a time; `d-…`
)
"""What AWS chooses, or a time."""
_NUMBER = re.compile(r"\b\d{6,}\b")


class Recorded(NamedTuple):
    """One request."""

    role: str
    """The role's purpose: `deployer`."""
    operation: str
    """The call that it was decided for: `ecs:CreateService`."""
    action: str
    resource: str
    """An ARN with `1` for what AWS chooses, and a key's alias for its id; or `*`."""
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Condition keys in lower case, with their values; without those that every call has."""


@dataclass(frozen=True)
class Recording:
    """The requests of an environment."""

    environment: str
    requests: tuple[Recorded, ...]

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]], names: Names) -> Recording:
        """The requests that the roles of an environment made, each once.

        Args:
            records: The emulator's records.
            names: Names of the environment.
        """
        start = names.role_arn("")
        found = {_recorded(each, start, names) for each in records if str(each["role"]).startswith(start)}
        return cls(names.environment.name, tuple(sorted(found)))

    def __str__(self) -> str:
        groups: dict[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], list[str]] = {}
        for each in self.requests:
            groups.setdefault((each.role, each.keys), []).append(f"{each.operation} {each.action} {each.resource}")
        data = {
            "version": VERSION,
            "environment": self.environment,
            "requests": [
                {"role": role, "keys": dict(keys), "calls": calls} for (role, keys), calls in sorted(groups.items())
            ],
        }
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    def write(self, path: Path) -> None:
        """Write it as JSON; its folder is created."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, str(self))


def read(path: Path) -> Recording:
    """Read a recording.

    Raises:
        OpsError: It isn't one.
    """
    try:
        data = json.loads(path.read_bytes())
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']}")
        return Recording(data["environment"], tuple(sorted(_requests(data["requests"]))))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"isn't a recording of version {VERSION} ({error}); record again: make rehearse"
        raise OpsError(f"{path}: {why}") from None


def path(out: Path, rehearsal: str) -> Path:
    """Where a rehearsal writes its recording, beside its report.

    Args:
        out: Folder that synth wrote.
        rehearsal: Name of the rehearsal.
    """
    return out / "reports" / f"requests-{rehearsal}.json"


def paths(out: Path) -> list[Path]:
    """The recordings of all rehearsals."""
    return sorted((out / "reports").glob("requests-*.json"))


def recording_of(environment: str, paths: Iterable[Path]) -> Recording | None:
    """All requests of an environment in some recordings; None if none is of it.

    Raises:
        OpsError: A file isn't a recording.
    """
    found = [each for each in map(read, sorted(paths)) if each.environment == environment]
    together = {request for each in found for request in each.requests}
    return Recording(environment, tuple(sorted(together))) if found else None


def _requests(groups: Sequence[Mapping[str, Any]]) -> Iterator[Recorded]:
    for group in groups:
        keys = tuple((key, tuple(values)) for key, values in group["keys"].items())
        for call in group["calls"]:
            operation, action, resource = call.split(" ", 2)
            yield Recorded(group["role"], operation, action, resource, keys)


def _recorded(record: Mapping[str, Any], start: str, names: Names) -> Recorded:
    context: Mapping[str, Sequence[str]] = record["context"]
    resource = str(record["resource"])
    if ":key/" in resource and context.get(_ALIASES):
        resource = f"{resource.partition(':key/')[0]}:key/{sorted(context[_ALIASES])[0]}"
    environment = names.environment
    implied = {
        "aws:requestedregion": [environment.region],
        "aws:resourceaccount": [environment.account_id],
        "kms:calleraccount": [environment.account_id],
    }
    keys = {
        key: tuple(sorted(_plain(each, environment.account_id) for each in values))
        for key, values in context.items()
        if implied.get(key) != list(values)
    }
    role = str(record["role"]).removeprefix(start)
    plain = _plain(resource, environment.account_id)
    plain = _ZONE.sub(lambda found: found[0] if found[2] == environment.edge.zone.id else f"{found[1]}1", plain)
    return Recorded(role, record["operation"], record["action"], plain, tuple(sorted(keys.items())))


def _plain(text: str, account_id: str) -> str:
    """A text without what AWS chooses."""
    text = _OF_A_SECRET.sub(rf"\1-{CHOSEN['aws_secretsmanager_secret']}", text)
    text = _LAST.sub(r"\g<1>1", text)
    text = _CHOSEN.sub("1", text)
    accounts = {account_id, *text.split(":")[4:5]}
    return _NUMBER.sub(lambda found: found[0] if found[0] in accounts or len(found[0]) == 12 else "1", text)
