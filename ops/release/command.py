"""`bin/ops release`: the command line of the release file's history."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ops.command import DryRun, EnvironmentName, Json, Yes, confirm, load, reporting, say, show

release = typer.Typer(help="Set an image, deploy it, show previous releases and return to one.", no_args_is_help=True)
SHALLOW = "this clone is shallow, so older releases are missing; run git fetch --unshallow"


@release.command()
def history(
    environment: EnvironmentName,
    service: Annotated[str | None, typer.Argument(help="A service; by default all.", metavar="SERVICE")] = None,
    as_json: Json = False,
) -> None:
    """List the releases of each image.

    Newest first, with digest, date and author.
    """
    with reporting():
        import environments
        from ops.release import file as past

        target = load(environment)
        path = environments.release_file(target)
        named = [service] if service else [each.name for each in target.product.services]
        releases = {each: past.history(path, past.repository_of(target, each)) for each in named}
        if past.is_cut_short(path):
            say(SHALLOW)
        if as_json:
            result = {name: [asdict(each) for each in known] for name, known in releases.items()}
            show(json.dumps(result, indent=2))
            return
        for name, known in releases.items():
            show(name)
            for each in known:
                show(f"  {each.when or '-':25}  {each.digest}  {each.commit:11}  {each.who}".rstrip())


@release.command()
def rollback(
    environment: EnvironmentName,
    service: Annotated[str, typer.Argument(help="The service whose image to roll back.", metavar="SERVICE")],
    digest: Annotated[str | None, typer.Option(help="The digest to return to; by default the previous one.")] = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write a previous digest into ENVIRONMENT's release file. Exit code 1: refused; 2: failed.

    Running tasks don't change: plan and apply phase services afterwards.
    """
    with reporting():
        from ops.release.rollback import rollback_to

        found = rollback_to(load(environment), service, digest)
        planned = found.change
        show(planned.diff or f"{planned.name} already has this digest.\n", err=as_json, nl=False)
        if planned.diff and not dry_run:
            found.carry_out()
            say(planned.next_step)
        if as_json:
            result = {"environment": environment, "digest": planned.digest, "previous_digest": planned.previous}
            written = bool(planned.diff) and not dry_run
            show(json.dumps(result | {"release_file": planned.name, "written": written}, indent=2))


@release.command("set")
def set_(
    environment: EnvironmentName,
    service: Annotated[str, typer.Argument(help="The service whose image to set.", metavar="SERVICE")],
    image: Annotated[str, typer.Argument(help="The image's digest, sha256:…, or a tag of it.", metavar="IMAGE")],
    *,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a scan in progress.")] = 300,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Write an image of its own repository into a release file.

    Exit code 1: refused; 2: failed. For staging, and where no environment runs images first; otherwise use promote.
    It checks that the image exists, its platform, its scan and its signature.
    """
    with reporting():
        from ops.conditions import require
        from ops.release.direct import direct_release

        target = load(environment)
        found = direct_release(target, service, image, wait=wait)
        planned = found.change
        lines = [f"{found.repository}@{planned.digest}", f"as {found.tag}", *(f"  {each}" for each in found.checks)]
        text = "\n".join([*lines, planned.diff or f"{planned.name} already has this digest.\n"])
        show(text, err=as_json, nl=False)
        written = found.passed and not dry_run
        if written:
            confirm(f"Set the image of {service} in {environment}?", yes=yes or not target.protected)
            found.carry_out()
            say(planned.next_step)
        if as_json:
            result = {"environment": environment, "digest": planned.digest, "previous_digest": planned.previous}
            checks = [{**check.as_data(), "passed": check.passed} for check in found.checks]
            show(json.dumps(result | {"tag": found.tag, "checks": checks, "written": written}, indent=2))
        require(found.checks, "not set")


@release.command()
def deploy(
    environment: EnvironmentName,
    service: Annotated[str, typer.Argument(help="A blue/green service.", metavar="SERVICE")],
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Deploy the applied revision of a blue/green service.

    CodeDeploy deploys it. Exit code 1: refused or failed; 2: not yet. For the other services, applying phase
    services is enough. Waits until all requests go to the new tasks.
    """
    with reporting():
        from ops.aws.session import connect
        from ops.release.deploy import check, deploy_of

        target = load(environment)
        check(target, service)
        found = deploy_of(connect(target), target, service)
        say(f"{service}: {found}" if found.needed else f"{service}: {found.applied.rpartition('/')[2]} runs already")
        if found.needed and not dry_run:
            confirm(f"Deploy {service} in {environment}?", yes=yes or not target.protected)
            found.go()
        if as_json:
            result = {"service": service, "before": found.running, "after": found.applied}
            show(json.dumps(result | {"deployed": found.needed and not dry_run}, indent=2))
