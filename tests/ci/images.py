"""Images to release: both registries, the environment where images run first, and the release file at GitHub."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from environments.schema import Service
from ops.ci import targets
from ops.registry.repository import repository
from ops.release.file import tag_of
from rehearsal.registries import Registries
from rehearsal.releases import Releases
from tests.ci.act import Run
from tests.ci.runner import LeftOut
from tests.ci.stage import MINI, NAME, Stage
from tests.copies import git
from tests.products import values

FIRST = '''"""Where images of mini run first: another account, which lets mini-demo's pull them."""

from dataclasses import replace

from environments.mini_demo import ENVIRONMENT as DEMO
from environments.schema import Access, IamUser, Network, Zone

HOST = "first.mini.example.com"
ENVIRONMENT = replace(
    DEMO,
    name="mini-first",
    stage="first",
    account_id="620987654321",
    cli_profile="mini-first",
    network=Network(cidr="10.70.0.0/19"),
    registry=replace(DEMO.registry, readers=(DEMO.account_id,)),
    edge=replace(DEMO.edge, host=HOST, certificate_names=(HOST,), zone=Zone(name=HOST, kind="created")),
    access=Access(
        github_environment="mini-first",
        administrators=(IamUser(arn="arn:aws:iam::620987654321:user/administrator"),),
    ),
)
'''
FOLDER = "environments"
OWN, OF_FIRST = (f"{FOLDER}/releases/{name}.json" for name in (NAME, "mini-first"))
"""Release files."""


@dataclass
class Images:
    """The images of the environment's service."""

    stage: Stage
    registries: Registries
    service: Service

    @property
    def target(self) -> dict[str, str]:
        """What the job `target` of workflows finds, in whose checkout the values are in environments/."""
        return {**targets.outputs(targets.chosen([NAME]), NAME), "release_file": OWN}

    def push(self, text: str) -> str:
        """Push an image as a build does; returns its digest."""
        return self.registries.push(self.service, text)

    def run_first(self, digest: str) -> None:
        """Let the first environment run an image, as its release file on main says."""
        self.commit("mini-first runs another image", {OF_FIRST: self.file(digest)})

    def commit(self, message: str, changes: dict[str, str]) -> None:
        """Commit to main, which GitHub has then."""
        origin, github = self.stage.workflows.origin, self.stage.github
        self.stage.workflows.commit(message, changes)
        names = git(origin, "ls-files", FOLDER).splitlines()
        github.start_branch({name: (origin / name).read_text(encoding="utf-8") for name in names})

    def file(self, digest: str) -> str:
        """A release file with that digest."""
        return json.dumps({self.service.repository: digest}, indent=2) + "\n"

    def dispatch(self, action: str, digest: str, left_out: LeftOut = MappingProxyType({})) -> Run:
        """Run the workflow as after a dispatch of the application's repository; some jobs may be left out.

        https://docs.github.com/en/webhooks/webhook-events-and-payloads#repository_dispatch
        """
        payload = {"environment": NAME, "service": self.service.name, "digest": digest}
        given = {"action": action, "branch": "main", "client_payload": payload}
        return self.stage.workflows.run("release", "repository_dispatch", given, left_out=left_out)

    def proposed(self) -> dict[str, str]:
        """The files that the open pull request changes."""
        (pull,) = (each for each in self.stage.github.pulls.values() if each["state"] == "open")
        before = self.stage.github.files()
        return {
            name: text for name, text in self.stage.github.files(pull["head"]["ref"]).items() if before[name] != text
        }

    def merge(self) -> None:
        """Merge the open pull request."""
        self.commit("Merge the release file", self.proposed())
        for each in (*self.stage.github.pulls.values(), *self.stage.github.issues.values()):
            each["state"] = "closed"

    def promoted(self, digest: str) -> bool:
        """Whether the environment's own registry has an image, with its release tag."""
        environment = self.stage.rehearsal.environment
        registry = repository(
            self.stage.rehearsal.owner, environment.account_id, environment.region, self.service.repository
        )
        found = registry.find(tag_of(environment, digest))
        return found is not None and found.digest == digest

    def runs(self, digest: str) -> None:
        """Check the image of the service and of the tasks that get requests, in ECS itself."""
        nothing: Any = None
        Releases(self.stage.rehearsal, nothing, nothing, self.registries).runs(self.service, digest)


@contextmanager
def images(stage: Stage, folder: Path) -> Iterator[Images]:
    """The registries of both accounts, for as long as this lasts; from then on main has the first environment.

    Args:
        stage: The environment, and its repository.
        folder: For the values, and the registries' logs; it doesn't exist yet.
    """
    shutil.copytree(MINI, folder / FOLDER)
    (folder / FOLDER / "mini_first.py").write_text(FIRST, encoding="utf-8")
    shutil.copyfile(folder / OWN, folder / OF_FIRST)
    rehearsal = stage.rehearsal
    with values(folder / FOLDER), Registries(rehearsal.environment, rehearsal.control, folder) as registries:
        made = Images(stage, registries, rehearsal.environment.product.services[0])
        changes = {name: (folder / name).read_text(encoding="utf-8") for name in (f"{FOLDER}/mini_first.py", OF_FIRST)}
        made.commit("Images run first in another account", changes)
        yield made
