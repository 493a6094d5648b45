"""Each workflow runs as GitHub runs it, with act, against a small environment on emulated AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from ops.ci import JobRole
from rehearsal.emulator.tokens import claims
from tests.ci.act import Run
from tests.ci.images import OF_FIRST, OWN, images
from tests.ci.runner import Job
from tests.ci.stage import MINI, Stage, stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

REVIEWED, PLANNED = "mini", "mini-plan"
"""GitHub environments of the deployer and of the planner, in the values of mini."""
LEAD = (
    "administrators=(IamUser",
    """deployers=(IamUser(arn="arn:aws:iam::610987654321:user/lead"),),
        administrators=(IamUser""",
)
"""One more person may assume the deployer's role."""
MORE = ("maximum=2", "maximum=3")
"""One more task at the most: a change of the phase that a release applies."""


@pytest.fixture(scope="module")
def rolled_out(own_outputs: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Rolled out once for all tests of this file; each leaves main as it is applied."""
    with stage(own_outputs(MINI), tmp_path_factory.mktemp("ci")) as made:
        yield made


def jobs(stage_: Stage) -> list[str]:
    """The jobs of the last run, in the order in which they began."""
    return [job.id for job in stage_.workflows.runner.jobs]


def no_secret(stage_: Stage, run: Run) -> None:
    """No token of the run is in its log, nor in what it wrote to GitHub."""
    written = [str(each["body"]) for each in (*stage_.github.comments.values(), *stage_.github.issues.values())]
    secrets = [*stage_.tokens.given, *stage_.tokens.jobs, *stage_.github.accounts]
    assert not [secret for secret in secrets for text in (run.log, *written) if secret in text]


@pytest.mark.requirement("R13.7")
def test_a_forks_pull_request_is_checked_and_gets_no_credentials(rolled_out: Stage) -> None:
    workflows, given = rolled_out.workflows, len(rolled_out.tokens.given)
    workflows.commit("A change of a stranger", {"README.md": "Other words\n"}, branch="strange")
    rolled_out.github.open_pull("A change of a stranger", "strange")
    run = workflows.pull_request("strange", 1, fork="stranger/mini")
    assert run.passed, run.explain()
    assert set(jobs(rolled_out)) == {"check/test", "check/gate"}
    assert not any(job.may_sign_in or job.environment for job in workflows.runner.jobs)
    assert len(rolled_out.tokens.given) == given and not rolled_out.github.comments
    assert "gate: clean" in run.log and "make test: left out" in run.log
    no_secret(rolled_out, run)


@pytest.mark.requirement("R1.2", "R13.7")
def test_each_role_trusts_the_jobs_of_its_own_environment_only(rolled_out: Stage) -> None:
    names, service = rolled_out.rehearsal.names, rolled_out.tokens
    repository = rolled_out.github.repository
    own = {JobRole.DEPLOYER: claims(repository, REVIEWED), JobRole.PLANNER: claims(repository, PLANNED)}
    others = [
        claims(repository),
        claims(repository, event="pull_request", ref="refs/pull/1/merge"),
        claims(repository, f"{REVIEWED}x"),
        claims(repository, "production"),
        claims(f"{repository}x", REVIEWED),
        claims("stranger/mini", REVIEWED),
    ]
    for role, trusted in own.items():
        for job in (*own.values(), *others):
            given = {"RoleArn": names.role_arn(role), "RoleSessionName": "job", "WebIdentityToken": service.sign(**job)}
            if job == trusted:
                assert rolled_out.client("sts").assume_role_with_web_identity(**given)["Credentials"]
                continue
            with pytest.raises(ClientError, match="AccessDenied"):
                rolled_out.client("sts").assume_role_with_web_identity(**given)


@pytest.mark.requirement("R13.7")
def test_a_pull_request_that_widens_a_permission_gets_one_comment(rolled_out: Stage) -> None:
    github, workflows = rolled_out.github, rolled_out.workflows
    number = github.open_pull("One more deployer", "wider")["number"]
    workflows.commit("One more deployer", rolled_out.edit(LEAD), branch="wider")
    run = workflows.pull_request("wider", number)
    assert run.passed, run.explain()
    assert {job.id for job in workflows.runner.jobs} == {
        "check/test",
        "check/gate",
        "pull-request/environments",
        "pull-request/plan",
    }
    assert [(job.id, job.environment) for job in workflows.runner.jobs if job.may_sign_in] == [
        ("pull-request/plan", PLANNED)
    ]
    (comment,) = (each for each in github.comments.values() if each["issue"] == number)
    first = str(comment["body"])
    assert "user/lead" in first and rolled_out.rehearsal.names.role("deployer") in first, first
    no_secret(rolled_out, run)
    # The next push takes it back, and changes the same comment.
    workflows.commit("No other deployer", {"README.md": "Other words\n"}, branch="wider")
    known = {"pull-request/environments": rolled_out.targets}
    run = workflows.pull_request("wider", number, left_out={"check/test": {}, "check/gate": {}, **known})
    assert run.passed and jobs(rolled_out) == ["pull-request/plan"], run.explain()
    (comment,) = (each for each in github.comments.values() if each["issue"] == number)
    assert "user/lead" not in comment["body"] and comment["body"] != first
    no_secret(rolled_out, run)


@pytest.mark.requirement("R3.3", "R3.4", "R13.7")
def test_a_dispatched_digest_is_promoted_deployed_and_rolled_back(rolled_out: Stage, tmp_path: Path) -> None:
    """It is the last test: main then has one environment more, and another image runs."""
    github, runner, names = rolled_out.github, rolled_out.workflows.runner, rolled_out.rehearsal.names
    runner.reviewed = {REVIEWED}
    github.pulls.clear()  # Those of the other tests.
    with images(rolled_out, tmp_path / "images") as own:
        one, two, unknown = (own.push(text) for text in ("one", "two", "never run"))
        own.run_first(one)

        # An image that runs nowhere is refused before anything changes.
        run = own.dispatch("release", unknown)
        assert not run.passed and jobs(rolled_out) == ["release/target", "release/promote"], run.explain()
        assert f"mini-first runs {one}" in run.log and "not deployed" in run.log, run.explain()
        assert not github.pulls and not own.promoted(unknown)
        no_secret(rolled_out, run)

        # The first release, of which only the promotion runs here.
        target = {"release/target": own.target}
        run = own.dispatch("release", one, target | {"release/deploy": {}})
        assert run.passed and own.promoted(one) and own.proposed() == {OWN: own.file(one)}, run.explain()
        own.merge()

        # While the deployment of the next one waits for its approval, main changes, and another image runs first.
        def main_changes(job: Job) -> bool:
            if job.id == "release/deploy":
                rolled_out.workflows.commit("More tasks", {**rolled_out.edit(MORE), OF_FIRST: own.file(unknown)})
            return True

        own.run_first(two)
        runner.review = main_changes
        run = own.dispatch("release", two, target)
        assert run.passed, run.explain()
        assert [(job.id, job.environment, job.permissions["contents"]) for job in runner.jobs] == [
            ("release/promote", REVIEWED, "write"),
            ("release/deploy", REVIEWED, "read"),
        ]
        assert own.promoted(two) and own.proposed() == {OWN: own.file(two)}
        own.runs(two)
        assert "  AllowTraffic: Succeeded" in run.log
        record = rolled_out.rehearsal.session.states.record("services")
        assert record and f"assumed-role/{names.role('deployer')}/github-" in record.caller
        # What main had before must not come back.
        scaled = rolled_out.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
        assert [each["MaxCapacity"] for each in scaled["ScalableTargets"]] == [3]
        no_secret(rolled_out, run)

        # The previous tasks still run, and the pull request is open: the rollback stops one, and closes the other.
        runner.review = lambda _: True
        run = own.dispatch("rollback", one, target)
        assert run.passed and jobs(rolled_out) == ["release/rollback"], run.explain()
        own.runs(one)
        assert {each["state"] for each in github.pulls.values()} == {"closed"}
        no_secret(rolled_out, run)
