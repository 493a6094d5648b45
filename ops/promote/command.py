"""`bin/ops promote`: the command line of promotion."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say, show
from ops.errors import OpsError

if TYPE_CHECKING:
    from ops.promote.candidate import Candidate
    from ops.registry.copying import Copied
    from ops.registry.repository import Blob
    from ops.release.file import Change


LEFT_OUT = 3
"""Exit code if the image was promoted without some of its attachments."""


def promote(
    environment: EnvironmentName,
    service: Annotated[str, typer.Argument(help="The service whose image to promote.", metavar="SERVICE")],
    *,
    digest: Annotated[
        str | None, typer.Option(help="The image; by default the digest in the other environment's release file.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="The environment that it comes from, if there are several.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a scan in progress.")] = 300,
    leave_out_refused: Annotated[
        bool,
        typer.Option(
            "--leave-out-refused",
            help="Leave out signatures, attestations and other attachments that the target registry doesn't take.",
        ),
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Copy an image that runs in another environment to ENVIRONMENT.

    Exit code 0: all of it is there; 1: refused; 2: failed, and the output shows what was copied; 3: promoted, but
    without the attachments that --leave-out-refused left out.

    Checks the image, copies it by digest with all platforms, signatures and attestations, and writes the digest into
    the release file. Review, commit and apply that file next.
    """
    with reporting():
        from ops.conditions import require
        from ops.promote.candidate import examine
        from ops.release.file import change

        target = load(environment)
        candidate = examine(target, service, digest=digest, origin=source, wait=wait)
        planned = change(target, candidate.repository, candidate.digest)
        show(as_text(candidate, planned), err=as_json, nl=False)
        copied = None
        if candidate.passed and not dry_run:
            confirm(f"Promote the image to {environment}?", yes=yes or not target.protected)
            copied = carry_out(candidate, planned, leave_out=leave_out_refused)
        if as_json:
            show(_as_json(environment, candidate, planned, copied))
        require(candidate.checks, "not promoted")
        if copied and copied.left_out:
            raise typer.Exit(LEFT_OUT)


def carry_out(candidate: Candidate, planned: Change, *, leave_out: bool = False) -> Copied:
    """Copy an image whose checks passed, write the release file, and say what was copied.

    Args:
        candidate: The image.
        planned: The change of the release file.
        leave_out: Whether to leave out attachments that the target registry doesn't take.

    Raises:
        OpsError: The copy failed; the output shows what was copied, and the release file is unchanged.
    """
    from ops.registry.copying import Copied

    copied = Copied()
    try:
        candidate.promote(_print_blob, copied, leave_out=leave_out)
    except (OpsError, KeyboardInterrupt):
        so_far = _count(copied) if copied.manifests or copied.blobs else "nothing"
        say(f"Copied {so_far}. The release file is unchanged. To continue the copy, promote again.")
        raise
    if copied.manifests:
        say(f"Copied {_count(copied)}; the digests match.")
    else:
        say(
            "The target already has the image and its attachments; the digests match."
            if not copied.left_out
            else "The target already has the image; the digests match."
        )
    for each in copied.left_out:
        say(f"left out: {each}")
    for each in copied.kept_tags:
        say(f"kept: {each}")
    if planned.diff:
        planned.write()
        say(planned.next_step)
    return copied


def _count(copied: Copied) -> str:
    manifests = "1 manifest" if copied.manifests == 1 else f"{copied.manifests} manifests"
    blobs = "1 blob" if copied.blobs == 1 else f"{copied.blobs} blobs"
    return f"{manifests} and {blobs}, {copied.size / 1e6:.1f} MB"


def _print_blob(blob: Blob) -> None:
    say(f"  {blob.digest[:19]}  {blob.size / 1e6:.1f} MB")


def as_text(candidate: Candidate, planned: Change) -> str:
    """The image, its checks and the change of the release file."""
    lines = [f"{candidate.repository}@{candidate.digest}", f"from {candidate.origin}, as {candidate.tag}"]
    lines += [f"  {each}" for each in candidate.checks]
    return "\n".join([*lines, planned.diff or f"{planned.name} already has this digest.\n"])


def _as_json(environment: str, candidate: Candidate, planned: Change, copied: Copied | None) -> str:
    return json.dumps(
        {
            "environment": environment,
            "from": candidate.origin,
            "repository": candidate.repository,
            "digest": candidate.digest,
            "previous_digest": planned.previous,
            "tag": candidate.tag,
            "checks": [{**check.as_data(), "passed": check.passed} for check in candidate.checks],
            "passed": candidate.passed,
            "copied": asdict(copied) if copied else None,
            "release_file": planned.name,
        },
        indent=2,
    )
