"""`plan` and `show` with the provider's cached schema print what they print without it, or run without it."""

from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest

from environments import load
from modules.phases import phase
from ops.errors import OpsError
from ops.gate.lock_file import PROVIDER, locked
from ops.gate.understood import schema
from ops.terraform import cached
from ops.terraform.inherited import inherited
from ops.terraform.initialize import initialize
from ops.terraform.process import Done, Terraform
from ops.terraform.provider import package as packages
from ops.terraform.provider import process
from ops.terraform.provider.package import installed, package_hash
from ops.terraform.provider.process import REATTACH, running
from ops.terraform.provider.schema import used
from ops.terraform.provider.server import Start, attached
from ops.terraform.provider.setting import SETTING, CachedSchema, chosen
from ops.terraform.session import Session, variables
from ops.terraform.stack import Stack
from rehearsal.equal import comparable
from tests.cases import every_case
from tests.terraform.test_documents import PROVIDER as OFFLINE

SHOWN, FAILED = Done(0, output="{}"), Done(1, errors=("no schema of aws_vpc",))
REFERENCE = Done(0, output='{"cold": true}')


@every_case("given", ["", "no", "show", "plan"])
def test_the_setting_has_three_values(given: str) -> None:
    assert chosen({SETTING: given}) == (given or CachedSchema.NO)


def test_another_value_is_an_error() -> None:
    with pytest.raises(OpsError, match=r"^CACHED_SCHEMA='yes': must be one of no, show, plan; change it on make's"):
        chosen({SETTING: "yes"})


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """A stack without content."""
    stack = Stack(load("prod"), phase("network"), tmp_path / "out")
    stack.folder.mkdir(parents=True)
    stack.file.write_text("{}", encoding="utf-8")
    return stack


def session(terraform: Terraform, level: CachedSchema) -> Session:
    """What `plan` and `show` read of a session."""
    states = SimpleNamespace(get=lambda _: None)
    return cast("Session", SimpleNamespace(terraform=terraform, cached_schema=level, states=states))


class Trial:
    """Runs `show` with a Terraform that ends as a test says, and keeps what ran and what was said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fast: Done | Exception, cold: Done = REFERENCE) -> None:
        self.fast, self.cold = fast, cold
        self.ran: list[str] = []
        self.said: list[str] = []
        monkeypatch.setattr(Terraform, "run", lambda terraform, *_, **__: self._run(terraform.variables))
        monkeypatch.setattr(cached, "attaching", lambda *_: self._variables())
        monkeypatch.setattr(cached, "say", self.said.append)
        monkeypatch.setattr(cached, "_shown", set())

    def _run(self, given: Mapping[str, str]) -> Done:
        self.ran.append("fast" if given else "cold")
        return cast("Done", self.fast) if given else self.cold

    def _variables(self) -> AbstractContextManager[dict[str, str]]:
        if isinstance(self.fast, Exception):
            raise self.fast
        return nullcontext({"fast": "yes"})

    def show(self, stack: Stack, level: CachedSchema = CachedSchema.SHOW) -> str:
        return cached.show(session(Terraform({}), level), stack, stack.saved)


def test_only_what_the_setting_names_uses_the_cache(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    trial = Trial(monkeypatch, SHOWN)
    assert trial.show(stack, CachedSchema.NO) == REFERENCE.output
    assert trial.show(stack, CachedSchema.SHOW) == trial.show(stack, CachedSchema.PLAN) == SHOWN.output
    for level in CachedSchema:
        cached.plan(session(Terraform({}), level), stack)
    assert trial.ran == ["cold", "fast", "fast", "cold", "cold", "fast"]
    assert not trial.said


@pytest.mark.parametrize("fast", [FAILED, OpsError("no grpcio"), OSError("no socket"), ValueError("no schema")])
def test_what_fails_runs_without_the_cache_and_is_said_once(
    fast: Done | Exception, monkeypatch: pytest.MonkeyPatch, stack: Stack
) -> None:
    trial = Trial(monkeypatch, fast)
    assert trial.show(stack) == trial.show(stack) == REFERENCE.output
    (said,) = trial.said
    assert said.startswith("CACHED_SCHEMA: terraform show ran without it: no ")


def test_an_error_is_that_of_the_run_without_the_cache(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    trial = Trial(monkeypatch, FAILED, Done(1, errors=("AccessDenied",)))
    with pytest.raises(OpsError, match=r"saved: AccessDenied$"):
        trial.show(stack)
    assert not trial.said


def test_after_an_interruption_nothing_runs_again(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    trial, terraform = Trial(monkeypatch, Done(-2, errors=("interrupted",))), Terraform({})
    terraform.interrupted.set()
    assert cached.plan(session(terraform, CachedSchema.PLAN), stack).code == -2
    assert trial.ran == ["fast"]


def test_what_was_killed_does_not_run_again(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    trial = Trial(monkeypatch, Done(-9, errors=("killed",)))
    assert cached.plan(session(Terraform({}), CachedSchema.PLAN), stack).killed
    assert trial.ran == ["fast"]


def test_without_grpcio_the_warning_names_what_installs_it(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    for name in ("package", "server"):
        monkeypatch.delitem(sys.modules, f"ops.terraform.provider.{name}")
    with (
        pytest.raises(OpsError, match=r"import of grpc halted.*; make setup-cached-schema installs grpcio$"),
        cached.attaching(Terraform({}), stack, CachedSchema.SHOW, ()),
    ):
        pass


def test_a_package_with_another_hash_is_not_used(stack: Stack) -> None:
    package = stack.folder / ".terraform" / "providers" / PROVIDER / locked().version / "any"
    with pytest.raises(OpsError, match=r"has 0 packages"):
        installed(stack.folder)
    package.mkdir(parents=True)
    (package / "terraform-provider-aws").write_text("another", encoding="utf-8")
    with pytest.raises(OpsError, match="isn't in the lock file"):
        installed(stack.folder)


def test_a_packages_hash_is_gos() -> None:
    # As `sha256sum` prints the two files, hashed and encoded.
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert package_hash({"b/c": empty, "a": empty}) == "h1:KVX9EZIj2kMhsfz+T/F85HXCogtse9jd5ItDITTZoWw="


def test_a_damaged_schema_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[Path] = []

    @contextmanager
    def start(binary: Path, *_: object) -> Iterator[str]:
        started.append(binary)
        yield "unix:/nothing"

    monkeypatch.setattr(packages, "SCHEMAS", tmp_path / "schemas")
    monkeypatch.setattr(packages, "running", start)
    monkeypatch.setattr(packages, "whole_schema", lambda _: b"schema")
    package = packages.Package(tmp_path / "program", "1234")
    assert [package.schema({}), package.schema({})] == [b"schema", b"schema"]
    assert len(started) == 1
    (file,) = (tmp_path / "schemas").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert package.schema({}) == b"schema"
    assert len(started) == 2


def test_a_full_disk_leaves_no_half_of_a_schema(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(file: Path, content: bytes) -> int:
        with file.open("wb") as stream:
            stream.write(content[:-1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packages, "SCHEMAS", tmp_path / "schemas")
    monkeypatch.setattr(packages, "running", lambda *_: nullcontext("unix:/nothing"))
    monkeypatch.setattr(packages, "whole_schema", lambda _: b"schema")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        packages.Package(tmp_path / "program", "1234").schema({})
    assert list((tmp_path / "schemas").iterdir()) == []


# With Terraform ---------------------------------------------------------------------------------------------

HERE, THERE = "us-east-1", "eu-west-1"
READS = {
    "here": {},
    "there": {"provider": "aws.there"},
    "here_later": {"depends_on": ["data.aws_region.here", "data.aws_region.there"]},
    "there_later": {"provider": "aws.there", "depends_on": ["data.aws_region.here", "data.aws_region.there"]},
}
"""Data sources; the later ones are read when both providers are configured."""
REGIONS = {"here": HERE, "there": THERE, "here_later": HERE, "there_later": THERE}
TWO_REGIONS: dict[str, Any] = {
    "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": schema.version()}}},
    "provider": {"aws": [{**OFFLINE, "region": HERE}, {**OFFLINE, "region": THERE, "alias": "there"}]},
    "data": {"aws_region": READS},
    "resource": {"aws_sqs_queue": {"queue": {"name": "${data.aws_region.there_later.name}"}}},
    "output": {name: {"value": f"${{data.aws_region.{name}.name}}"} for name in READS},
}


@pytest.fixture
def two_regions(stack: Stack) -> tuple[Stack, Terraform]:
    """An initialized stack with two provider blocks."""
    stack.file.write_text(json.dumps(TWO_REGIONS), encoding="utf-8")
    terraform = Terraform(variables(stack.out, inherited()))
    initialize(terraform, stack)
    return stack, terraform


def regions(shown: str) -> dict[str, str]:
    """The region that each data source read."""
    return {name: change["after"] for name, change in json.loads(shown)["output_changes"].items()}


@pytest.mark.slow
def test_blocks_that_share_a_process_read_the_wrong_region_and_ours_dont(
    two_regions: tuple[Stack, Terraform], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, terraform = two_regions
    saved = stack.folder / "p.tfplan"

    def planned(level: CachedSchema) -> str:
        done = cached.plan(session(terraform, level), stack, f"-out={saved.name}")
        assert done.code == cached.CHANGES, done.errors
        return cached.show(session(terraform, CachedSchema.NO), stack, saved)

    said: list[str] = []
    monkeypatch.setattr(cached, "say", said.append)
    cold, ours = planned(CachedSchema.NO), planned(CachedSchema.PLAN)
    assert regions(cold) == regions(ours) == REGIONS
    assert comparable(cold) == comparable(ours)
    assert cached.show(session(terraform, CachedSchema.SHOW), stack, saved) == ours
    assert not said

    with running(installed(stack.folder).program, terraform.environment()) as address:
        shared: Start = lambda: nullcontext(address)  # noqa: E731
        monkeypatch.setattr("ops.terraform.provider.process.running", lambda *_: shared())
        wrong = regions(planned(CachedSchema.PLAN))
    assert wrong["here_later"] == wrong["there_later"], "each process has one configuration"


@pytest.mark.slow
def test_show_runs_no_provider(two_regions: tuple[Stack, Terraform]) -> None:
    stack, terraform = two_regions
    saved = stack.folder / "p.tfplan"
    cached.plan(session(terraform, CachedSchema.NO), stack, f"-out={saved.name}")
    cold = cached.show(session(terraform, CachedSchema.NO), stack, saved)
    found = installed(stack.folder).schema(terraform.environment())
    with attached(found, used(found, cached._inside(saved))) as more:
        without = stack.folder / "without"
        without.mkdir()  # Without a provider to run.
        done = Terraform({**terraform.variables, **more}).run(without, "show", "-json", "-no-color", str(saved))
    assert (done.code, done.output) == (0, cold), done.errors


@pytest.mark.parametrize(("script", "seconds"), [("exec sleep 60", 0.2), ("exit 1", 60)])
def test_a_provider_that_doesnt_listen_is_an_error(
    script: str, seconds: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "provider"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setattr(process, "START_SECONDS", seconds)
    before = psutil.Process().children()
    with pytest.raises(OpsError, match=r"provider didn't listen"), running(program, {}):
        pass
    assert {*psutil.Process().children()} <= {*before}


OWNER = """
import sys
from pathlib import Path
from ops.terraform.provider.process import REATTACH, running
with running(Path(sys.argv[1]), {}):
    print("runs", flush=True)
    input()
"""


@pytest.mark.slow
@pytest.mark.parametrize("end", [psutil.Popen.kill, psutil.Popen.terminate], ids=["SIGKILL", "SIGTERM"])
def test_a_provider_ends_with_the_program_that_started_it(end: Callable[[psutil.Popen], None], tmp_path: Path) -> None:
    program = tmp_path / "provider"
    announced = json.dumps({PROVIDER: {"Addr": {"Network": "unix", "String": "/nothing"}}})
    line = shlex.quote(f"{REATTACH}='{announced}'")
    program.write_text(f"#!/bin/sh\necho {line}\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o700)
    command = [sys.executable, "-c", OWNER, str(program)]
    here = {**os.environ, "TMPDIR": str(tmp_path)}
    with psutil.Popen(command, env=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout.readline() == "runs\n"
        started = owner.children(recursive=True)
        assert started
        end(owner)
    _, left = psutil.wait_procs(started, timeout=10)
    assert not left
    assert list(tmp_path.iterdir()) == [program], "nor does it leave the folder of its socket"
