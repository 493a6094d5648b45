"""Sets the image of a service where no environment runs it first: in staging, and in products without a staging."""

from __future__ import annotations

from dataclasses import dataclass

from environments.schema import Environment
from ops.aws.session import connect
from ops.conditions import ConditionResult, run
from ops.errors import OpsError, RefusedError
from ops.promote.candidate import Image, conditions
from ops.promote.route import origins
from ops.registry.copying import put_tag
from ops.registry.repository import Manifest, Repository
from ops.registry.repository import repository as open_repository
from ops.release.file import Change, change, repository_of, tag_of


@dataclass(frozen=True)
class DirectRelease:
    """An image of the environment's own repository, checked, and the release file with its digest."""

    repository: str
    tag: str
    checks: tuple[ConditionResult, ...]
    change: Change
    _registry: Repository
    _manifest: Manifest

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    def carry_out(self) -> None:
        """Tag the image so that the lifecycle policy keeps it, then write the release file."""
        put_tag(self._registry, self._manifest, self.tag)
        self.change.write()


def direct_release(environment: Environment, service: str, image: str, *, wait: float) -> DirectRelease:
    """Find an image in the environment's own repository, and check it.

    Args:
        environment: The environment.
        service: The service that is to run the image.
        image: Its digest, or a tag of it.
        wait: Seconds to wait for a scan in progress.

    Raises:
        RefusedError: Images of this environment come from another one, by promotion.
        OpsError: There is no such service or image, or it can't be checked.
    """
    repository = repository_of(environment, service)
    if before := origins(environment):
        names = " or ".join(before)
        raise RefusedError(
            f"images of {environment.name} come from {names}, where they run first: bin/ops promote "
            f"{environment.name} {service}"
        )
    aws = connect(environment)
    account = environment.registry.source_account or environment.account_id
    registry = open_repository(aws, account, environment.region, repository)
    manifest = registry.find(image)
    if manifest is None:
        raise OpsError(f"{registry.name} has no {image}; push the image there first, for example from your pipeline")
    candidate = Image(
        target=environment,
        repository=repository,
        digest=manifest.digest,
        pulled=registry,
        registry=environment,
        ecr=aws.client("ecr"),
        wait=wait,
    )
    return DirectRelease(
        repository=repository,
        tag=tag_of(environment, manifest.digest),
        checks=tuple(run(conditions(candidate), candidate, at_once=1)),
        change=change(environment, repository, manifest.digest),
        _registry=registry,
        _manifest=manifest,
    )
