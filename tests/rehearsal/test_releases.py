"""A rehearsal's releases: what is checked after a deployment, with scripted ECS; and their real registries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import environments
from environments.schema import Environment, Service
from ops.aws import ecs
from ops.registry.repository import Repository
from ops.release.file import history
from rehearsal import blue_green, releases
from rehearsal.day import Day
from rehearsal.registries import CREDENTIALS, Registries
from rehearsal.releases import FAILING, Releases
from rehearsal.rollout import StepError
from rehearsal.values import project
from tests.products import HERE, values

PROD = environments.load("prod")
BACKEND = PROD.product.service("backend")
OLD, NEW = (f"sha256:{digit * 64}" for digit in "ab")


@dataclass
class Runs:
    """ECS as the checks see it: the image of the service's revision, and those of its tasks."""

    revision: str
    tasks: list[tuple[str, str]]
    """Revision and image of each."""

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        image = f"{BACKEND.repository}@{self.revision}"
        definition = SimpleNamespace(container=lambda _: {"image": image})
        monkeypatch.setattr(ecs, "service", lambda *_: SimpleNamespace(task_definition="primary"))
        monkeypatch.setattr(ecs, "task_definition", lambda *_: definition)
        listed = [
            SimpleNamespace(task_definition=name, containers={BACKEND.name: SimpleNamespace(image_digest=digest)})
            for name, digest in self.tasks
        ]
        monkeypatch.setattr(ecs, "tasks", lambda *_, **__: listed)


@dataclass
class Typed:
    """A transcript that runs nothing."""

    lines: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)

    def run(self, _: str, shown: str, *__: str, expect: tuple[int, ...] = (0,)) -> None:
        self.lines.append((shown, expect))


def made(environment: Environment, log: Any = None, ordered: list[Any] | None = None) -> Releases:
    control = SimpleNamespace(task_exit=lambda *given: None if ordered is None else ordered.append(given))
    aws = SimpleNamespace(client=lambda _: None)
    rehearsal: Any = SimpleNamespace(
        environment=environment, owner=aws, session=SimpleNamespace(aws=aws), control=control, folder=Path()
    )
    return releases.releases(rehearsal, SimpleNamespace(), log, Path())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("deployment", "runs", "passes"),
    [
        ("rolling", Runs(NEW, [("primary", NEW), ("primary", NEW)]), True),
        ("rolling", Runs(OLD, [("primary", OLD)]), False),
        ("rolling", Runs(NEW, [("primary", NEW), ("previous", OLD)]), False),
        ("rolling", Runs(NEW, []), False),
        ("blue_green", Runs(NEW, [("primary", NEW), ("previous", OLD)]), True),
        ("blue_green", Runs(NEW, [("previous", OLD)]), False),
        ("blue_green", Runs(OLD, [("primary", OLD)]), False),
    ],
)
def test_another_image_than_the_deployed_one_fails_the_step(
    deployment: Any, runs: Runs, *, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.install(monkeypatch)
    service = replace(BACKEND, deployment=deployment)
    if passes:
        made(PROD).runs(service, NEW)
        return
    with pytest.raises(StepError, match=f"not {NEW}"):
        made(PROD).runs(service, NEW)


def test_a_command_runs_in_a_service_and_its_exit_code_must_be_the_tasks() -> None:
    log, ordered = Typed(), list[Any]()
    made(PROD, log, ordered).run_tasks()
    line = "bin/ops run prod backend -- alembic current"
    assert log.lines == [(line, (0,)), (line, (FAILING,))]
    assert ordered == [("aep-backend-prod", FAILING)]


def test_a_scheduled_task_is_run_where_the_product_has_one() -> None:
    with values(HERE / "shop"):
        shop, log = environments.load("shop-prod"), Typed()
        made(shop, log).run_tasks()
    assert {line for line, _ in log.lines} == {"bin/ops run shop-prod invoices"}


def test_blue_green_services_are_deployed_in_one_command() -> None:
    with values(HERE / "mini"):
        steps = blue_green.steps(environments.load("mini-demo"))
    assert blue_green.deployed_in_one_command in steps.values()
    assert not blue_green.steps(PROD)


@pytest.mark.slow
class TestRegistries:
    """With docker-registry, and a control client that only notes what ECR would have scanned."""

    @pytest.fixture
    def noted(self) -> list[tuple[str, ...]]:
        return []

    @pytest.fixture
    def opened(
        self, tmp_path: Path, noted: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[tuple[Registries, dict[str, str]]]:
        # Repositories and their policies are the emulator's, which go-live day has.
        monkeypatch.setattr(Registries, "_let_in", lambda _: None)
        urls: dict[str, str] = {}
        control: Any = SimpleNamespace(
            seed_registry=urls.__setitem__, scan_found_nothing=lambda *given: noted.append(given)
        )
        with Registries(PROD, control, tmp_path) as registries:
            yield registries, urls

    def test_images_are_pushed_where_they_run_first(
        self, opened: tuple[Registries, dict[str, str]], noted: list[tuple[str, ...]]
    ) -> None:
        registries, urls = opened
        staging = registries.source
        assert staging.name == "staging"
        assert urls.keys() == {staging.account_id, PROD.account_id}
        digest, other = (registries.push(BACKEND, text) for text in ("one", "two"))
        assert digest != other
        source, own = (
            Repository(urls[account], BACKEND.repository, CREDENTIALS)
            for account in (staging.account_id, PROD.account_id)
        )
        assert source.manifest(digest).config
        assert own.find(digest) is None, "promotion copies it"
        assert noted[0] == (staging.account_id, BACKEND.repository, digest)

    def test_a_release_is_in_gits_history_of_the_copy(
        self, opened: tuple[Registries, dict[str, str]], tmp_path: Path
    ) -> None:
        registries, _ = opened
        copy = project(PROD, tmp_path / "project")
        own = made(PROD)
        own.values, own.registries = copy, registries
        own.first()
        copy.release(BACKEND.repository, NEW)
        copy.commit("next")
        path = tmp_path / "project" / "environments" / "releases" / "aep-prod.json"
        assert [each.digest for each in history(path, BACKEND.repository)] == [
            NEW,
            own.released[BACKEND.repository],
        ]
        staging = json.loads(path.with_name("aep-staging.json").read_text(encoding="utf-8"))
        assert staging[BACKEND.repository] == own.released[BACKEND.repository]


def first_services(environment: Environment) -> list[Service]:
    return made(environment)._by_repository()


def test_each_repository_is_promoted_once() -> None:
    with values(HERE / "shop"):
        shop = environments.load("shop-prod")
        found = [each.repository for each in first_services(shop)]
    assert found == list(dict.fromkeys(each.repository for each in shop.product.services))


@dataclass
class Scripted:
    """`ops deploy` as a script: what it prints and which image runs afterwards."""

    lost: str = ""
    """A part of the output that is left out."""
    after: str = ""
    """A command's last word, after which an image runs that wasn't deployed."""
    entries: list[Any] = field(default_factory=list)
    image: str = OLD
    before: str = OLD
    said: str = ""

    def headline(self, _: str) -> None:
        """Titles aren't read."""

    def everything(self) -> str:
        return self.said

    def run(self, *_: str, **__: object) -> None:
        """Tasks have tests of their own."""

    def ops(self, _: str, *arguments: str) -> None:
        self.before, self.image = self.image, self._image(arguments)
        if arguments[-1] == self.after:
            self.image = f"sha256:{'f' * 64}"
        self.said = "\n".join(f"  {each}: Succeeded" for each in blue_green.SHOWN).replace(self.lost or "?", "")

    def during(self, _: str, work: Any, *arguments: str, **__: object) -> str:
        self.ops("", *arguments)
        work()
        return "CodeDeploy's deployment d-1 stopped".replace(self.lost or "?", "")

    def _image(self, arguments: tuple[str, ...]) -> str:
        if "--digest" in arguments:
            return arguments[-1]
        return {"--rollback": f"sha256:{'1' * 64}", "--stop": self.before, "deploy": f"sha256:{'2' * 64}"}[
            arguments[-1]
        ]


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (Scripted(), ""),
        (Scripted(lost="  AllowTraffic: Succeeded"), "lifecycle events AllowTraffic"),
        (Scripted(lost="stopped"), "was stopped"),
        (Scripted(after=f"sha256:{'1' * 64}"), "app runs f"),
        (Scripted(after="--stop"), "app runs f"),
        (Scripted(after="deploy"), "app runs f"),
        (Scripted(after="--rollback"), "app runs f"),
    ],
    ids=lambda each: str(each)[:60],
)
def test_each_command_of_a_blue_green_deployment_is_checked(
    script: Scripted, problem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Own(Releases):
        def build(self, _: Service, text: str) -> str:
            return f"sha256:{text[-1] * 64}"

        def runs(self, service: Service, digest: str) -> None:
            if script.image != digest:
                raise StepError(f"{service.name} runs {script.image[7:]}, not {digest}")

    with values(HERE / "mini"):
        mini = environments.load("mini-demo")
    registries: Any = nullcontext()
    registries.source = mini
    nothing: Any = SimpleNamespace(commit=lambda _: None)
    monkeypatch.setattr(blue_green, "project", lambda *_: nothing)
    monkeypatch.setattr(blue_green, "Transcript", lambda *_: script)
    monkeypatch.setattr(blue_green, "releases", lambda rehearsal, *_: Own(rehearsal, nothing, script, registries))  # type: ignore[arg-type]
    monkeypatch.setattr(blue_green, "_finish", lambda *_: None)
    control = SimpleNamespace(task_exit=lambda *_: None)
    rehearsal: Any = SimpleNamespace(environment=mini, folder=tmp_path, control=control, sign_in=lambda _: None)
    if not problem:
        blue_green.deployed_in_one_command(rehearsal)
        assert script.said
        return
    with pytest.raises(StepError, match=problem):
        blue_green.deployed_in_one_command(rehearsal)


@pytest.mark.parametrize("promoted", [True, False])
def test_go_live_day_deploys_a_new_image_and_returns_to_the_previous_one(*, promoted: bool) -> None:
    deployed: list[tuple[str, ...]] = []
    own: Any = SimpleNamespace(
        released={BACKEND.repository: OLD},
        promoted=promoted,
        build=lambda *_: NEW,
        deploy=lambda _, service, *given: deployed.append((service.name, *given)),
    )
    rehearsal: Any = SimpleNamespace(environment=PROD)
    nothing: Any = None
    Day(rehearsal, nothing, Path(), nothing, own, nothing).deploy()
    given = () if promoted else ("--digest", NEW)
    assert deployed == [("backend", NEW, *given), ("backend", OLD, "--rollback")]
