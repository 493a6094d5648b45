"""What the tests of promotion start from, and how they run a command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from ops.__main__ import app
from tests.ops.registry.images import Descriptor, Pusher
from tests.ops.registry.planted import Scans

BACKEND = "navralabs/aep-backend"
OTHER = f"sha256:{'e' * 64}"
"""What production runs before."""


@dataclass(frozen=True)
class Registries:
    """Staging with an image that runs there and was scanned, and production without it."""

    staging: Pusher
    prod: Pusher
    index: Descriptor
    images: tuple[str, ...]
    """Digests of the platforms' images."""
    scans: Scans
    releases: Path

    @property
    def digest(self) -> str:
        digest: str = self.index["digest"]
        return digest

    @property
    def tag(self) -> str:
        return f"release-prod-{self.digest[7:19]}"

    def release(self, stage: str) -> str:
        """The digest that a release file names."""
        digest: str = json.loads((self.releases / f"aep-{stage}.json").read_text(encoding="utf-8"))[BACKEND]
        return digest

    def runs_in_staging(self, digest: str) -> None:
        """Let staging's release file name another image, whose scan found nothing."""
        path = self.releases / "aep-staging.json"
        path.write_text(path.read_text(encoding="utf-8").replace(self.digest, digest), encoding="utf-8")
        self.scans.pushed(digest)
        self.scans.found(digest)

    def untouched(self) -> bool:
        return self.release("prod") == OTHER and not self.prod.tags() and self.prod.content(self.digest) is None


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


def promote(*arguments: str) -> tuple[int, str, str]:
    return run("promote", "prod", "backend", "--wait", "0", *arguments)
