"""An image that may be promoted, if its checks say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from environments.schema import Environment
from ops.promote.checks import Check, runs, scanned, signed
from ops.promote.copying import Copied, copy, put_tag
from ops.promote.manifest import Blob
from ops.promote.registry import Repository
from ops.promote.route import route
from ops.release.file import checked, repository_of, tag_of


@dataclass(frozen=True)
class Candidate:
    """An image, where it is and where it would go."""

    origin: str
    repository: str
    digest: str
    tag: str
    """The release tag that it gets."""
    checks: tuple[Check, ...]
    pulled: Repository
    pushed: Repository
    """The same one in the same-repository variant."""

    @property
    def passed(self) -> bool:
        """Whether all checks did."""
        return all(check.passed for check in self.checks)

    def promote(self, told: Callable[[Blob], None]) -> Copied:
        """Copy it, compare it, and give it its release tag, which thus says that all of it is there."""
        copied = Copied()
        if self.pulled is not self.pushed:
            copied = copy(self.pulled, self.pushed, self.digest, told)
        put_tag(self.pushed, self.pushed.manifest(self.digest), self.tag)
        return copied


def examine(target: Environment, service: str, *, digest: str | None, origin: str | None, wait: float) -> Candidate:
    """Find an image and check it.

    Args:
        target: Where it would go.
        service: The service that runs it.
        digest: Which; what the origin's release file names if left out.
        origin: The environment that it comes from, if several would do.
        wait: Seconds that a scan under way is waited for.

    Raises:
        OpsError: There is no such image, or it can't be checked.
    """
    repository = repository_of(target, service)
    given = checked(digest) if digest else None
    way = route(target, origin)
    wanted = given or way.origin.releases[repository]
    pulled, pushed = way.repositories(repository)
    return Candidate(
        origin=way.origin.name,
        repository=repository,
        digest=wanted,
        tag=tag_of(target, wanted),
        checks=(
            runs(way, service, repository, wanted),
            scanned(way, pulled, repository, wanted, wait=wait),
            signed(way, pulled, wanted),
        ),
        pulled=pulled,
        pushed=pushed,
    )
