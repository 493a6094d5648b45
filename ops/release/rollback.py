"""Going back to an image that ran before."""

from __future__ import annotations

from dataclasses import dataclass

import environments
from environments.schema import Environment
from ops.aws.session import connect
from ops.errors import OpsError, RefusedError
from ops.registry.copying import put_tag
from ops.registry.repository import Manifest, Repository
from ops.registry.repository import repository as open_repository
from ops.release.file import Change, change, checked, history, repository_of, tag_of


@dataclass(frozen=True)
class GoingBack:
    """An earlier image that is still there, and the release file that names it."""

    change: Change
    tag: str
    _registry: Repository
    _manifest: Manifest

    def carry_out(self) -> None:
        """Make sure that the lifecycle policy leaves the image alone, then write the release file."""
        put_tag(self._registry, self._manifest, self.tag)
        self.change.write()


def going_back(environment: Environment, service: str, digest: str | None) -> GoingBack:
    """Find an image that ran before.

    Args:
        environment: Where.
        service: Whose image.
        digest: Which; the one before if left out.

    Raises:
        RefusedError: The image was never released here, or is gone.
        OpsError: There is none before, or git's history or the registry can't be read.
    """
    repository = repository_of(environment, service)
    wanted = checked(digest) if digest else _before(environment, repository)
    account = environment.registry.source_account or environment.account_id
    registry = open_repository(connect(environment), account, environment.region, repository)
    manifest = registry.find(wanted)
    if manifest is None:
        raise RefusedError(f"{registry.name} has no {wanted} any more; choose another one: --digest")
    tag = tag_of(environment, wanted)
    # The tag alone tells where git can't: a clone without history still goes back.
    if digest and registry.find(tag) is None and digest not in _released(environment, repository):
        raise RefusedError(f"{digest} was never released to {environment.stage}; images get there by promotion only")
    return GoingBack(change(environment, repository, wanted), tag, registry, manifest)


def _released(environment: Environment, repository: str) -> list[str]:
    """Digests that the release file names and named, the newest first."""
    return [each.digest for each in history(environments.RELEASES / f"{environment.stage}.json", repository)]


def _before(environment: Environment, repository: str) -> str:
    current, *earlier = _released(environment, repository)
    if not earlier:
        raise OpsError(f"git knows of no {repository} before {current}; in a shallow clone: git fetch --unshallow")
    return earlier[0]
