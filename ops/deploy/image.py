"""The image of a deployment: promoted, set, rolled back to, or the one that the release file has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from environments.schema import Environment
from ops.aws.session import connect
from ops.conditions import ConditionResult
from ops.errors import OpsError
from ops.promote.candidate import examine
from ops.promote.command import as_text, carry_out
from ops.promote.route import origins
from ops.release.direct import direct_release
from ops.release.file import Change, change, checked, repository_of
from ops.release.present import is_released
from ops.release.rollback import rollback_to


@dataclass(frozen=True)
class Wanted:
    """Which image to deploy; by default the other environment's, or the one that the release file has."""

    digest: str = ""
    tag: str = ""
    """A tag of it, where it is pushed, in place of its digest."""
    origin: str = ""
    """The environment to promote it from, if there are several."""
    rollback: bool = False
    """Whether to return to a previous release: to `digest`, or else to the last one."""
    wait: float = 300
    """Seconds to wait for a scan in progress."""

    @property
    def given(self) -> bool:
        """Whether it names an image or where to find it."""
        return bool(self.digest or self.tag or self.origin or self.rollback)


@dataclass(frozen=True)
class Chosen:
    """An image, and the change of the release file."""

    shown: str
    """The image, its checks and the change, as text."""
    question: str
    checks: tuple[ConditionResult, ...]
    change: Change
    carry_out: Callable[[], object]
    """Copies and tags the image, and writes the release file."""


def choose(target: Environment, service: str, wanted: Wanted) -> Chosen | None:
    """Find an image and check it; None if the release file has it already, or if none is asked for.

    Raises:
        RefusedError: The image can't be used here: never released, or no longer in the registry.
        OpsError: There is no such service or image, `wanted.origin` isn't one, or the image can't be checked.
    """
    repository = repository_of(target, service)
    if wanted.rollback:
        found = rollback_to(target, service, wanted.digest or None)
        return _chosen(found.change, f"Roll back {service} in {target.name} to this image?", found.carry_out)
    released = wanted.digest and checked(wanted.digest) == target.releases[repository]
    if released and is_released(connect(target), target, repository):
        return None
    if origins(target):
        return _promoted(target, service, wanted)
    if wanted.origin:
        raise OpsError(f"no environment shares its images with {target.name}; leave --from out")
    if not (wanted.digest or wanted.tag):
        return None
    direct = direct_release(target, service, wanted.digest or wanted.tag, wait=wanted.wait)
    question = f"Set the image of {service} in {target.name}?"
    return _chosen(direct.change, question, direct.carry_out, direct.checks, f"{repository}@{direct.change.digest}")


def _promoted(target: Environment, service: str, wanted: Wanted) -> Chosen:
    candidate = examine(
        target,
        service,
        digest=wanted.digest or None,
        tag=wanted.tag or None,
        origin=wanted.origin or None,
        wait=wanted.wait,
    )
    planned = change(target, candidate.repository, candidate.digest)
    planned = replace(planned, next_step=f"{planned.name} has the new digest; commit it")
    return Chosen(
        as_text(candidate, planned).rstrip(),
        f"Promote the image to {target.name}?",
        candidate.checks,
        planned,
        lambda: carry_out(candidate, planned),
    )


def _chosen(
    planned: Change,
    question: str,
    write: Callable[[], object],
    checks: tuple[ConditionResult, ...] = (),
    shown: str = "",
) -> Chosen:
    lines = [shown, *(f"  {each}" for each in checks), planned.diff or f"{planned.name} already has this digest."]
    return Chosen("\n".join(filter(None, lines)).rstrip(), question, checks, planned, write)
