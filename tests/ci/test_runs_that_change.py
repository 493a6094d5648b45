"""Workflows that change what is rolled out, run with act as GitHub runs them: `make rehearse-all` runs these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from rehearsal.steps import public_weights
from tests.ci.act import Run
from tests.ci.runner import Job
from tests.ci.stage import MINI, NAME, Stage, stage
from tests.ci.test_runs import PLANNED, REVIEWED, jobs, no_secret

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

HALF = (
    ("    Network,\n", "    Network,\n    PreviousTarget,\n"),
    (
        "cutover=Cutover(weight=100)",
        """cutover=Cutover(
        weight=50,
        previous=PreviousTarget(dns_name="old-1.ap-southeast-2.elb.amazonaws.com", zone_id="Z1GM3OXH4ZPM65"),
    )""",
    ),
)
"""Half of the traffic goes to another load balancer: one record changes, and one is new."""
MORE = ("keep_images=5", "keep_images=6")
"""A change of a phase that administrators apply."""


@pytest.fixture(scope="module")
def rolled_out(own_outputs: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Rolled out once for all tests of this file; each leaves main as it is applied."""
    with stage(own_outputs(MINI), tmp_path_factory.mktemp("ci")) as made:
        yield made


def test_drift_has_one_issue_that_closes_itself(rolled_out: Stage) -> None:
    github, ecr = rolled_out.github, rolled_out.client("ecr")
    (repository,) = (each["repositoryName"] for each in ecr.describe_repositories()["repositories"])
    left_out = {
        "schedule/environments": rolled_out.targets,
        # They ask registries, or don't depend on what is rolled out.
        **{f"schedule/{each}": {} for each in ("prices", "risks", "versions")},
    }
    known = set(github.issues)

    def looked() -> dict[str, object]:
        run = rolled_out.workflows.run("schedule", "schedule", {"schedule": "17 5 * * *"}, left_out=left_out)
        assert [(job.id, job.environment) for job in rolled_out.workflows.runner.jobs] == [("schedule/drift", PLANNED)]
        no_secret(rolled_out, run)
        issues = [issue for number, issue in github.issues.items() if number not in known]
        assert len(issues) == 1, run.explain()
        return dict(issues[0])

    # Someone changes the repository by hand.
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="MUTABLE")
    first = looked()
    assert first["state"] == "open" and "image_tag_mutability" in str(first["body"])
    second = looked()
    assert (second["number"], second["state"]) == (first["number"], "open")
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    assert looked()["state"] == "closed"


def test_main_applies_exactly_the_plan_that_was_stored_and_approved(rolled_out: Stage) -> None:
    """A changed plan is refused, a failed apply says what to do, and the next run continues."""
    stage_, runner = rolled_out, rolled_out.workflows.runner
    names = stage_.rehearsal.names
    bucket, prefix = names.state_bucket, names.plan_prefix("cutover")
    runner.reviewed = {REVIEWED}
    stage_.workflows.commit(
        "Half of the traffic returns to the previous target, and the registry keeps more images",
        stage_.edit(*HALF, MORE),
    )

    def rolled_out_by_hand(left_out: Mapping[str, Mapping[str, str]] | None = None) -> Run:
        # The plan gate takes the new target for an outage, so a person runs the workflow, and approves that.
        inputs = {"inputs": {"approve_outage": "true", "approve_for": NAME, "approve_phase": "cutover"}}
        return stage_.workflows.run("main", "workflow_dispatch", inputs, left_out=left_out or {})

    def tamper(job: Job) -> bool:
        if job.id == "rollout/apply-cutover":
            (stored,) = stage_.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
            body = stage_.client("s3").get_object(Bucket=bucket, Key=stored["Key"])["Body"].read()
            stage_.client("s3").put_object(Bucket=bucket, Key=stored["Key"], Body=body + b"\\0")
        return True

    # The deployer waits for the administrators' phase that changed, until a person has applied it.
    runner.review = tamper
    with stage_.when(
        "cutover: waiting until these phases are applied with their present stacks",
        lambda: stage_.as_administrator("rollout", NAME, "registry", "--yes"),
    ):
        run = rolled_out_by_hand()
    assert not run.passed and set(run.jobs.values()) == {"success", "failure"}, run.explain()
    assert jobs(stage_)[-3:] == ["rollout/look", "rollout/plan-cutover", "rollout/apply-cutover"]
    assert [(job.environment, job.may_sign_in) for job in runner.jobs[-3:]] == [
        (PLANNED, True),
        (REVIEWED, True),
        (REVIEWED, True),
    ]
    assert "the stored plan of cutover has the SHA-256" in run.log, run.explain()
    own, previous = names.weighted_records
    assert public_weights(stage_.rehearsal) == {own: 100}
    no_secret(stage_, run)

    # The second record fails, after the first was written.
    runner.review = lambda _: True
    stage_.rehearsal.control.fail("route53", "ChangeResourceRecordSets", "InvalidInput", 1, after=1)
    # As `Re-run failed jobs` would, the next runs leave out what ended well.
    done: dict[str, dict[str, str]] = {f"main/{each}": {} for each in ("check", "rehearse")}
    done |= {"main/environments": stage_.targets, "rollout/look": {"cutover": "true"}}
    done |= {f"rollout/{job}-{phase}": {} for phase in ("edge", "services") for job in ("plan", "apply")}
    run = rolled_out_by_hand(done)
    assert not run.passed, run.explain()
    (summary,) = [text for text in run.summaries.values() if "failed midway" in text]
    assert "cutover of mini-demo failed midway" in summary and "Re-run all jobs" in summary
    assert public_weights(stage_.rehearsal) in ({own: 50}, {own: 100, previous: 50})
    no_secret(stage_, run)

    run = rolled_out_by_hand(done)
    assert run.passed and jobs(stage_) == ["rollout/plan-cutover", "rollout/apply-cutover"], run.explain()
    assert public_weights(stage_.rehearsal) == {own: 50, previous: 50}
    assert {decision for _, decision in runner.deployments} == {"approved"}
    record = stage_.rehearsal.session.states.record("cutover")
    assert record and f"assumed-role/{names.role('deployer')}/github-" in record.caller
    no_secret(stage_, run)


def test_a_person_rolls_dns_back_by_a_dispatch(rolled_out: Stage) -> None:
    """It is the last test: traffic then isn't as main says."""
    own, previous = rolled_out.rehearsal.names.weighted_records
    inputs = {"action": "rollback dns", "environment": NAME, "percent": "100", "service": ""}
    rolled_out.workflows.runner.review = lambda _: False
    run = rolled_out.workflows.run("traffic", "workflow_dispatch", {"inputs": inputs})
    assert not run.passed and public_weights(rolled_out.rehearsal)[own] == 50
    rolled_out.workflows.runner.review = lambda _: True
    run = rolled_out.workflows.run("traffic", "workflow_dispatch", {"inputs": inputs})
    assert run.passed, run.explain()
    assert jobs(rolled_out) == ["traffic/target", "traffic/rollback-dns"]
    assert public_weights(rolled_out.rehearsal) == {own: 0, previous: 100}
    no_secret(rolled_out, run)
