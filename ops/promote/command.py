"""`python -m ops promote`: the command line of promotion."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say, show
from ops.errors import OpsError, RefusedError

if TYPE_CHECKING:
    from ops.promote.candidate import Candidate
    from ops.registry.copying import Copied
    from ops.registry.repository import Blob
    from ops.release.file import Change


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
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Copy an image that runs in another environment to ENVIRONMENT. Exit code 1: refused; 2: failed.

    Checks the image, copies it by digest with all platforms, signatures and attestations, and writes the digest into
    the release file. Review, commit and apply that file next.
    """
    with reporting():
        from ops.conditions import Status, worst
        from ops.promote.candidate import examine
        from ops.release.file import change

        target = load(environment)
        candidate = examine(target, service, digest=digest, origin=source, wait=wait)
        planned = change(target, candidate.repository, candidate.digest)
        show(_as_text(candidate, planned), err=as_json, nl=False)
        copied = None
        if candidate.passed and not dry_run:
            confirm(f"Promote the image to {environment}?", yes=yes or not target.protected)
            copied = _carry_out(candidate, planned)
        if as_json:
            show(_as_json(environment, candidate, planned, copied))
        if worst(candidate.checks) is Status.FAIL:
            raise RefusedError("not promoted: " + "; ".join(each.name for each in candidate.checks if not each.passed))
        if unknown := "; ".join(f"{each.name}: {each.evidence}" for each in candidate.checks if not each.passed):
            raise OpsError(f"not promoted; unknown: {unknown}")


def _carry_out(candidate: Candidate, planned: Change) -> Copied:
    try:
        copied = candidate.promote(_print_blob)
    except KeyboardInterrupt:
        say("The release file is unchanged. To continue the copy, promote again.")
        raise
    if copied.manifests:
        manifests = "1 manifest" if copied.manifests == 1 else f"{copied.manifests} manifests"
        blobs = "1 blob" if copied.blobs == 1 else f"{copied.blobs} blobs"
        say(f"Copied {manifests} and {blobs}, {copied.size / 1e6:.1f} MB; the digests match.")
    else:
        say("The target already has the image and its attachments; the digests match.")
    if planned.diff:
        planned.write()
        say(planned.next_step)
    return copied


def _print_blob(blob: Blob) -> None:
    say(f"  {blob.digest[:19]}  {blob.size / 1e6:.1f} MB")


def _as_text(candidate: Candidate, planned: Change) -> str:
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
