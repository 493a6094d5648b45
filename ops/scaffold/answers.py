"""What a new product is made of: the options of `new-product`, their defaults and their form."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError

from environments.schema import types
from environments.schema.workload import Reachable
from environments.suggestions import choices
from ops.scaffold.errors import ScaffoldError

T = TypeVar("T")
STORES: tuple[Reachable, ...] = ("database", "cache")
ZONE_KINDS = ("created", "existing", "other_account")


class Size(NamedTuple):
    """CPU units, and memory in MiB."""

    cpu: int
    memory: int


SIZES = {"small": Size(256, 512), "medium": Size(512, 1024), "large": Size(1024, 2048)}
SMALL = SIZES["small"]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A service, or a worker if it has no paths."""

    name: str
    port: int | None = None
    paths: tuple[str, ...] = ()
    health: str | None = None
    """Path that returns 200 while a task can take requests."""
    ready: str | None = None
    """Path that returns 200 while the service and its stores work."""
    repository: str | None = None
    """ECR repository of its image; by default the product's and the service's name, or a worker's product's first."""
    size: Size = SMALL
    internet: bool = False
    stores: tuple[Reachable, ...] | None = None
    """Stores that it uses; by default all that the product has, and none for a page (`build.is_page`)."""
    command: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command on a schedule."""

    name: str
    when: str
    command: tuple[str, ...]
    service: str | None = None
    """The service whose image and secrets it uses; by default the first one."""
    size: Size = SMALL


@dataclass(frozen=True, kw_only=True)
class ZoneChoice:
    """The hosted zone of production's public name."""

    kind: str = "created"
    name: str | None = None
    """By default the host if the zone is created, else the host without its first label."""
    id: str | None = None
    role: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a new product is. A field that is None wasn't given: its default is a placeholder."""

    name: str
    repository: str | None = None
    services: tuple[Workload, ...] = ()
    workers: tuple[Workload, ...] = ()
    schedules: tuple[Job, ...] = ()
    stores: tuple[Reachable, ...] = ()
    host: str | None = None
    zone: ZoneChoice = field(default_factory=ZoneChoice)
    region: str | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Account id by stage."""
    email: str | None = None


class Question(NamedTuple):
    """An option with one value, which you are asked for if you don't pass it."""

    option: str
    text: str
    type: Any
    default: str
    """What `--yes` uses; `{name}` is the product's."""


QUESTIONS = (
    Question(
        "--repository",
        "GitHub repository of this infrastructure",
        types.GithubRepository,
        "example/{name}-infrastructure",
    ),
    Question("--host", "Public name of production", types.HostName, "{name}.example.com"),
    Question("--region", "AWS region", types.Region, "us-east-1"),
    Question("--staging-account", "Account id of staging", types.AccountId, ""),
    Question("--prod-account", "Account id of production", types.AccountId, ""),
)
_SERVICE_KEYS = ("name", "port", "paths", "health", "ready", "repository", "size", "internet", "stores", "command")
_KEYS = {
    "service": _SERVICE_KEYS,
    "worker": ("name", "command", "repository", "size", "internet", "stores"),
    "schedule": ("name", "when", "command", "service", "size"),
    "zone": ("kind", "name", "id", "role"),
}
"""The keys of each option that has several values."""
EXAMPLES = {
    "service": '--service "api port=8000 paths=/api/*,/health health=/health size=medium internet=yes"',
    "worker": """--worker "mailer command='python -m shop.mailer' internet=yes\"""",
    "schedule": """--schedule "invoices when='cron(15 3 * * ? *)' command='python -m shop.invoices'\"""",
    "zone": '--zone "existing name=example.com id=Z0123456789ABCDEFGHIJ"',
}


def with_value(answers: Answers, option: str, text: str) -> Answers:
    """The answers with the value of a question's option; an empty text leaves its default."""
    if not text:
        return answers
    if option.endswith("-account"):
        return replace(answers, accounts={**answers.accounts, option.removeprefix("--").removesuffix("-account"): text})
    changed: dict[str, Any] = {option.removeprefix("--"): text}
    return replace(answers, **changed)


def check_stores(answers: Answers, refused: Sequence[str]) -> None:
    """Refuse services and workers that use a store which the product isn't to have.

    Raises:
        ScaffoldError: One does.
    """
    for option, workloads in (("--service", answers.services), ("--worker", answers.workers)):
        for workload in workloads:
            for store in refused:
                if store in (workload.stores or ()):
                    raise ScaffoldError(f"--no-{store}: {option} {workload.name!r} has stores={store}; leave one out")


def problem(type_: Any, text: str) -> str | None:  # noqa: ANN401  (an annotated type of the schema)
    """What is allowed, if a text isn't a value of a schema's type; None if it is."""
    try:
        TypeAdapter(type_).validate_python(text)
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return None


def _values(option: str, text: str) -> dict[str, str]:
    """The keys and values of a text such as `api port=8000 paths=/api/*`; the first word may leave out its key."""
    known = _KEYS[option]
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ScaffoldError(f"--{option} {text!r}: {error}; {_example(option)}") from None
    found: dict[str, str] = {}
    for index, word in enumerate(words):
        key, equals, given = word.partition("=")
        if not equals:
            if index:
                raise ScaffoldError(f"--{option} {text!r}: {word!r} must be KEY=VALUE; {_example(option)}")
            key, given = known[0], word
        if key not in known:
            raise ScaffoldError(f"--{option} {text!r}: no key {key!r}; {choices(key, known)}")
        if key in found:
            raise ScaffoldError(f"--{option} {text!r}: {key} is given twice; each key once")
        if not given:
            meant = "stores=none uses none; without the key" if key == "stores" else "without the key"
            raise ScaffoldError(f"--{option} {text!r}: {key} has no value; {meant}, it has its default")
        found[key] = given
    return found


def _example(option: str) -> str:
    return f"such as {EXAMPLES[option]}"


def _required(option: str, text: str, found: Mapping[str, str], keys: Sequence[str]) -> None:
    if missing := [key for key in keys if not found.get(key)]:
        raise ScaffoldError(f"--{option} {text!r}: needs {', '.join(missing)}; {_example(option)}")


def service(text: str) -> Workload:
    """Read the value of --service.

    Raises:
        ScaffoldError: It isn't of that form.
    """
    found = _values("service", text)
    _required("service", text, found, ["name"])
    port = found.get("port", "8080")
    if not port.isdecimal():
        raise ScaffoldError(f"--service {text!r}: port={port}: must be a number from 1 to 65535")
    return Workload(
        port=int(port),
        paths=tuple(found.get("paths", "/*").split(",")),
        health=found.get("health", "/"),
        **_common("service", text, found),
    )


def worker(text: str) -> Workload:
    """Read the value of --worker.

    Raises:
        ScaffoldError: It isn't of that form.
    """
    found = _values("worker", text)
    _required("worker", text, found, ["name", "command"])
    return Workload(**_common("worker", text, found))


def _common(option: str, text: str, found: Mapping[str, str]) -> dict[str, Any]:
    named = [store for store in found.get("stores", "").split(",") if store not in {"", "none"}]
    for store in named:
        if store not in STORES:
            raise ScaffoldError(f"--{option} {text!r}: stores={store}: {choices(store, (*STORES, 'none'))}")
    internet = found.get("internet", "no")
    if internet not in {"yes", "no"}:
        raise ScaffoldError(f"--{option} {text!r}: internet={internet}: must be yes or no")
    return {
        "name": found["name"],
        "ready": found.get("ready"),
        "repository": found.get("repository"),
        "size": _size(option, text, found.get("size", "small")),
        "internet": internet == "yes",
        "stores": tuple(store for store in STORES if store in named) if "stores" in found else None,
        "command": _command(option, text, found.get("command", "")),
    }


def schedule(text: str) -> Job:
    """Read the value of --schedule.

    Raises:
        ScaffoldError: It isn't of that form.
    """
    found = _values("schedule", text)
    _required("schedule", text, found, ["name", "when", "command"])
    return Job(
        name=found["name"],
        when=found["when"],
        command=_command("schedule", text, found["command"]),
        service=found.get("service"),
        size=_size("schedule", text, found.get("size", "small")),
    )


def zone(text: str) -> ZoneChoice:
    """Read the value of --zone.

    Raises:
        ScaffoldError: It isn't of that form.
    """
    chosen = ZoneChoice(**_values("zone", text))
    if chosen.kind not in ZONE_KINDS:
        raise ScaffoldError(f"--zone {text!r}: kind {chosen.kind!r}: {choices(chosen.kind, ZONE_KINDS)}")
    needed = {"created": [], "existing": ["id"], "other_account": ["id", "role"]}[chosen.kind]
    given = {each.name: getattr(chosen, each.name) for each in fields(chosen)}
    _required("zone", text, given, needed)
    return chosen


def _size(option: str, text: str, size: str) -> Size:
    if size in SIZES:
        return SIZES[size]
    cpu, _, memory = size.partition("/")
    if not (cpu.isdecimal() and memory.isdecimal()):
        raise ScaffoldError(
            f"--{option} {text!r}: size={size}: {choices(size, SIZES)}, or CPU/MEMORY such as 2048/8192 (MiB)"
        )
    return Size(int(cpu), int(memory))


def _command(option: str, text: str, command: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        raise ScaffoldError(f"--{option} {text!r}: command: {error}; {_example(option)}") from None
