"""`python -m ops promote`: the command line around promotion."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say
from ops.errors import OpsError, RefusedError

if TYPE_CHECKING:
    from ops.promote.candidate import Candidate
    from ops.registry.copying import Copied
    from ops.registry.repository import Blob
    from ops.release.file import Change


def promote(
    environment: EnvironmentName,
    service: Annotated[str, typer.Argument(help="The service whose image goes there.", metavar="SERVICE")],
    *,
    digest: Annotated[
        str | None, typer.Option(help="Which image; what the other environment's release file names if left out.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="Where it comes from, if several environments would do.")
    ] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds that a scan under way is waited for.")] = 300,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Bring an image that runs in another environment to ENVIRONMENT. Exit code 1: refused; 2: it can't be done.

    Checks the image, copies it by digest with all platforms, signatures and attestations, and writes the digest into
    the release file, which is then reviewed, committed and applied.
    """
    with reporting():
        from ops.conditions import Status, worst
        from ops.promote.candidate import examine
        from ops.release.file import change

        target = load(environment)
        candidate = examine(target, service, digest=digest, origin=source, wait=wait)
        planned = change(target, candidate.repository, candidate.digest)
        typer.echo(_as_text(candidate, planned), err=as_json, nl=False)
        copied = None
        if candidate.passed and not dry_run:
            confirm(f"Promote it to {environment}?", yes=yes or not target.protected)
            copied = _carry_out(candidate, planned)
        if as_json:
            typer.echo(_as_json(environment, candidate, planned, copied))
        if worst(candidate.checks) is Status.FAIL:
            raise RefusedError("not promoted: " + "; ".join(each.name for each in candidate.checks if not each.passed))
        if unknown := "; ".join(f"{each.name}: {each.evidence}" for each in candidate.checks if not each.passed):
            raise OpsError(f"not promoted, since this is unknown: {unknown}")


def _carry_out(candidate: Candidate, planned: Change) -> Copied:
    try:
        copied = candidate.promote(_told)
    except KeyboardInterrupt:
        say("The release file is as it was. What was copied stays, and promoting again goes on from there.")
        raise
    if copied.manifests:
        say(f"Copied {copied.manifests} manifests and {copied.blobs} blobs, {copied.size / 1e6:.1f} MB; digests agree.")
    else:
        say("The image was there already, with all that is attached to it; digests agree.")
    if planned.diff:
        planned.write()
        say(planned.next_step)
    return copied


def _told(blob: Blob) -> None:
    say(f"  {blob.digest[:19]}  {blob.size / 1e6:.1f} MB")


def _as_text(candidate: Candidate, planned: Change) -> str:
    lines = [f"{candidate.repository}@{candidate.digest}", f"from {candidate.origin}, as {candidate.tag}"]
    lines += [f"  {each}" for each in candidate.checks]
    return "\n".join([*lines, planned.diff or f"{planned.name} names it already.\n"])


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
