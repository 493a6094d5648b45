"""Rolls the release file back to a previous image."""

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
class Rollback:
    """A previous image that still exists, and the release file with its digest."""

    change: Change
    tag: str
    _registry: Repository
    _manifest: Manifest

    def carry_out(self) -> None:
        """Tag the image so that the lifecycle policy keeps it, then write the release file."""
        put_tag(self._registry, self._manifest, self.tag)
        self.change.write()


def rollback_to(environment: Environment, service: str, digest: str | None) -> Rollback:
    """Find a previous image.

    Args:
        environment: The environment.
        service: The service that runs the image.
        digest: The image; by default the previous release.

    Raises:
        RefusedError: The image was never released here, or no longer exists.
        OpsError: There is no previous release, or git's history or the registry can't be read.
    """
    repository = repository_of(environment, service)
    wanted = checked(digest) if digest else _before(environment, repository)
    account = environment.registry.source_account or environment.account_id
    registry = open_repository(connect(environment), account, environment.region, repository)
    manifest = registry.find(wanted)
    if manifest is None:
        raise RefusedError(f"{registry.name} has no {wanted} any more; choose another digest: --digest")
    tag = tag_of(environment, wanted)
    # The release tag is enough: a clone without history can roll back too.
    if digest and registry.find(tag) is None and digest not in _released(environment, repository):
        raise RefusedError(f"{digest} was never released to {environment.stage}; images get there by promotion only")
    return Rollback(change(environment, repository, wanted), tag, registry, manifest)


def _released(environment: Environment, repository: str) -> list[str]:
    """Current and previous digests of the release file, newest first."""
    return [each.digest for each in history(environments.release_file(environment), repository)]


def _before(environment: Environment, repository: str) -> str:
    current, *previous = _released(environment, repository)
    if not previous:
        raise OpsError(
            f"git has no release of {repository} before {current}; in a shallow clone: git fetch --unshallow"
        )
    return previous[0]
