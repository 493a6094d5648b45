"""Image registries of a rehearsal, where emulated ECR leads to: Debian's docker-registry, one for each account."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
import requests

from environments.names import Names
from ops.promote.route import origins
from ops.registry.platforms import OF_ARCHITECTURE
from ops.registry.repository import MANIFESTS, Blob, Manifest, Repository, digest_of
from rehearsal.application import programs
from rehearsal.application.stores import Store
from rehearsal.emulator.settings import credentials

if TYPE_CHECKING:
    from environments.schema import Environment, Service
    from rehearsal.emulator.client import Control

PROGRAM = "docker-registry"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
IMAGE = MANIFESTS[1]
CREDENTIALS = ("AWS", "rehearsal")
"""Any user: these registries are open to this machine."""
_TIMEOUT = 5


class Registries:
    """The registries of an environment and of the one where its images run first."""

    def __init__(self, environment: Environment, control: Control, folder: Path) -> None:
        """Describe them; they run inside the context.

        Args:
            environment: The environment.
            control: Of the emulator.
            folder: Where their logs go.
        """
        self.source = next(iter(origins(environment).values()), environment)
        """The environment to whose registry builds are pushed."""
        self._environment, self._control, self._folder = environment, control, folder
        self._urls: dict[str, str] = {}
        self._started = ExitStack()

    def __enter__(self) -> Self:
        """Start them.

        Raises:
            OpsError: docker-registry isn't installed, or doesn't come up.
        """
        program = programs.find(PROGRAM, PROGRAM)
        with ExitStack() as started:
            for account in dict.fromkeys((self.source.account_id, self._environment.account_id)):
                self._urls[account] = self._start(started, program, account)
                self._control.seed_registry(account, self._urls[account])
            if self.source.account_id != self._environment.account_id:
                self._let_in()
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them, and remove their images."""
        self._started.close()

    def _let_in(self) -> None:
        """Create the other account's repositories, which its values let `registry.readers` read.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
        """
        keys: Any = {name.lower(): value for name, value in credentials(self.source.account_id).items()}
        ecr = boto3.client("ecr", region_name=self.source.region, endpoint_url=self._control.endpoint, **keys)
        partition = Names(self.source).partition
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": [partition.root(account) for account in self.source.registry.readers]},
            "Action": "ecr:*",
        }
        for name in dict.fromkeys(service.repository for service in self.source.product.services):
            ecr.create_repository(repositoryName=name)
            if self.source.registry.readers:
                policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
                ecr.set_repository_policy(repositoryName=name, policyText=policy)

    def push(self, service: Service, text: str) -> str:
        """Push an image as a build does, and let ECR scan it without a finding; return its digest.

        Args:
            service: The service that is to run it.
            text: What the image has; another text is another image.
        """
        repository = Repository(self._urls[self.source.account_id], service.repository, CREDENTIALS)
        system, _, architecture = OF_ARCHITECTURE[service.architecture].partition("/")
        described = json.dumps({"os": system, "architecture": architecture, "of": text}).encode()
        parts = []
        for content, kind in ((described, CONFIG), (text.encode(), LAYER)):
            blob = Blob(digest_of(content), len(content), kind, {})
            repository.upload(blob, io.BytesIO(content))
            parts.append({"mediaType": kind, "digest": blob.digest, "size": blob.size})
        config, *layers = parts
        document = {"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers}
        manifest = Manifest(json.dumps(document).encode(), IMAGE)
        repository.put(manifest, manifest.digest)
        self._control.scan_found_nothing(self.source.account_id, service.repository, manifest.digest)
        return manifest.digest

    def _start(self, started: ExitStack, program: str, account: str) -> str:
        # Outside of the folder, which the program's user may not be able to enter.
        home = Path(tempfile.mkdtemp(prefix="rehearsal-registry-"))
        started.callback(shutil.rmtree, home)
        port = programs.free_port()
        settings = {
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(home)}},
            "http": {"addr": f"127.0.0.1:{port}"},
        }
        configuration = home / "config.yml"
        configuration.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML.
        programs.hand_over(home, configuration)
        url = f"http://127.0.0.1:{port}"
        store = Store(
            f"the registry of account {account}",
            [program, "serve", str(configuration)],
            url=url,
            answers=_responds(url),
            log=self._folder / f"registry-{account}.log",
        )
        started.callback(store.stop)
        store.start()
        return url


def _responds(url: str) -> Callable[[], bool]:
    direct = requests.Session()
    direct.trust_env = False  # The emulator is this process's proxy.

    def call() -> bool:
        try:
            return direct.get(f"{url}/v2/", timeout=_TIMEOUT).ok
        except requests.RequestException:
            return False

    return call
