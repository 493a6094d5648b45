"""Which image `ops deploy` takes, and the processes that synthesize and gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import environments
from environments import load
from environments.schema import Environment
from ops.conditions import ConditionResult, Status, require
from ops.deploy import image, stacks
from ops.deploy.image import Wanted, choose
from ops.errors import OpsError, RefusedError

OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
REPOSITORY = "navralabs/aep-backend"


@pytest.fixture
def prod() -> Environment:
    """Production, whose release file has OLD."""
    found = load("prod")
    return replace(found, releases={**found.releases, REPOSITORY: OLD})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What finds images, and what it was asked for."""
    calls: list[tuple[str, Any]] = []

    def found(kind: str, given: Any) -> Any:
        calls.append((kind, given))
        change = SimpleNamespace(digest=NEW, diff="+ new\n", name="aep-prod.json")
        return SimpleNamespace(change=change, checks=(), carry_out=lambda: calls.append((f"{kind} done", None)))

    def examine(_: object, service: str, **given: Any) -> Any:
        calls.append(("promote", given))
        promoted = {"origin": "staging", "repository": REPOSITORY, "digest": NEW, "tag": "release", "checks": ()}
        return SimpleNamespace(**promoted)

    monkeypatch.setattr(image, "rollback_to", lambda _, __, digest: found("roll back", digest))
    monkeypatch.setattr(image, "direct_release", lambda _, __, given, wait: found("set", given))
    monkeypatch.setattr(image, "examine", examine)
    monkeypatch.setattr(image, "carry_out", lambda _, change: calls.append(("promote done", change.next_step)))
    monkeypatch.setattr(image, "connect", lambda _: None)
    registry = SimpleNamespace(find=lambda tag: tag if tag == "release-prod-aaaaaaaaaaaa" else None)
    monkeypatch.setattr("ops.release.present.open_repository", lambda *_: registry)
    return calls


@pytest.mark.requirement("R3.3")
@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (Wanted(), {"digest": None, "tag": None, "origin": None, "wait": 300}),
        (Wanted(digest=NEW, wait=9), {"digest": NEW, "tag": None, "origin": None, "wait": 9}),
        (Wanted(tag="build-7", origin="staging"), {"digest": None, "tag": "build-7", "origin": "staging", "wait": 300}),
    ],
)
def test_where_another_environment_runs_images_first_they_are_promoted(
    prod: Environment, asked: list[tuple[str, Any]], wanted: Wanted, given: dict[str, Any]
) -> None:
    chosen = choose(prod, "backend", wanted)
    assert chosen is not None
    assert chosen.shown.startswith(f"{REPOSITORY}@{NEW}\nfrom staging, as release")
    chosen.carry_out()
    assert asked[0] == ("promote", given)
    assert asked[1][1].endswith("aep-prod.json has the new digest; commit it"), "no plan by hand follows"


def test_where_none_does_the_image_is_set_or_the_release_file_decides(
    prod: Environment, asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "origins", lambda _: {})
    assert choose(prod, "backend", Wanted()) is None
    for wanted, given in ((Wanted(tag="build-7"), "build-7"), (Wanted(digest=NEW), NEW)):
        chosen = choose(prod, "backend", wanted)
        assert chosen is not None
        assert asked.pop() == ("set", given)
        chosen.carry_out()
        assert asked.pop() == ("set done", None)
    with pytest.raises(OpsError, match="no environment shares its images with prod; leave --from out"):
        choose(prod, "backend", Wanted(origin="staging"))


@pytest.mark.parametrize("digest", ["", OLD])
def test_a_rollback_takes_a_previous_release_whatever_staging_runs(
    prod: Environment, asked: list[tuple[str, Any]], digest: str
) -> None:
    chosen = choose(prod, "backend", Wanted(digest=digest, rollback=True))
    assert chosen is not None
    assert asked == [("roll back", digest or None)]


def test_an_image_that_is_released_already_is_not_promoted_again(
    prod: Environment, asked: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Staging may run another one by now. Without its release tag, its copy may be incomplete."""
    assert choose(prod, "backend", Wanted(digest=OLD)) is None
    assert asked == []
    monkeypatch.setattr("ops.release.present.open_repository", lambda *_: SimpleNamespace(find=lambda _: None))
    assert choose(prod, "backend", Wanted(digest=OLD)) is not None
    with pytest.raises(OpsError, match="isn't a digest"):
        choose(prod, "backend", Wanted(digest="latest"))


def result(name: str, status: Status) -> ConditionResult:
    return ConditionResult(name, "", (), "", status, f"{name} is {status}")


def test_checks_that_do_not_hold_refuse_an_image() -> None:
    held, failed, unknown = (result(each, each) for each in (Status.PASS, Status.FAIL, Status.UNKNOWN))
    require([held, result("none", Status.SKIPPED)], "not deployed")
    with pytest.raises(RefusedError, match=r"^not deployed: fail; unknown$"):
        require([held, failed, unknown], "not deployed")
    with pytest.raises(OpsError, match=r"^not deployed; unknown: unknown: unknown is unknown$"):
        require([held, unknown], "not deployed")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose programs print what they got, and end with the code in the variable CODE."""
    program = "import os, sys\nprint(*sys.argv[1:], os.environ.get('CDKTF_OUTDIR'))\n"
    program += "print('why', file=sys.stderr)\nsys.exit(int(os.environ['CODE']))\n"
    (tmp_path / "main.py").write_text(program)
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "__main__.py").write_text(program)
    monkeypatch.setattr(environments, "PACKAGE", tmp_path / "environments")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("CODE", "0")
    return tmp_path


def test_synthesis_and_gate_of_the_project_are_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stacks.synthesize("prod", Path("out"))
    stacks.gate("prod", Path("out"))
    for code, kind, said in (
        ("1", RefusedError, f"^gate prod --out {Path.cwd()}/out None$"),
        ("2", OpsError, "^the gate didn't check everything: why; make gate ENV=prod shows all$"),
    ):
        monkeypatch.setenv("CODE", code)
        with pytest.raises(kind, match=said):
            stacks.gate("prod", Path("out"))
        with pytest.raises(OpsError, match=r"^prod can't be synthesized: why; make synth ENV=prod shows all$"):
            stacks.synthesize("prod", Path("out"))
