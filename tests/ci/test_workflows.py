"""The workflows are as the generator writes them, safe, and made of commands that exist; planted faults are found."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.phases import PHASES, Phase
from ops.ci import engines, rollout_workflow, workflows
from ops.ci.jobs import ACTIONS
from ops.ci.yaml_text import Noted, as_yaml
from tests.cases import every_case
from tests.ci.workflow_rules import commands, parsed, problems, unparsed

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv" / "bin"
WRITTEN = {path.name: text for path, text in workflows.workflows().items()}
EXAMPLES = {path.name: text for path, text in engines.examples().items()}
LINES = sorted({line for name, text in {**WRITTEN, **EXAMPLES}.items() for line in commands(name, text)})
DEPLOYED = [phase.name for phase in PHASES if phase.applied_by == "deployer"]


def run(*command: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_no_file_is_there_that_the_generator_does_not_write() -> None:
    assert {path.name for path in workflows.FOLDER.iterdir()} == set(WRITTEN)
    assert {path.name for path in engines.FOLDER.iterdir()} == set(EXAMPLES)


@every_case("name", WRITTEN)
def test_a_workflow_keeps_the_rules(name: str) -> None:
    assert problems(WRITTEN[name]) == []


@every_case(
    ("name", "old", "new", "found"),
    [
        ("main.yml", f"@{ACTIONS[0].commit} # {ACTIONS[0].version}", "@v7", "an action that isn't pinned"),
        ("main.yml", ACTIONS[0].commit, "0" * 40, "an action that isn't pinned"),
        ("main.yml", "permissions: {}", "permissions: write-all", "its token may do something"),
        ("main.yml", "persist-credentials: false", "fetch-depth: 1", "leaves the token"),
        ("main.yml", "    permissions:\n      contents: read # checks out\n    time", "    time", "no permissions"),
        ("main.yml", "    timeout-minutes: 15\n", "", "no timeout"),
        ("main.yml", "./.github/workflows/rollout.yml", "o/it/.github/workflows/a.yml@main", "from elsewhere"),
        ("check.yml", "run: make lint", "run: pip install ruff", "more than one command of this project"),
        ("check.yml", "run: make lint", "run: make lint; make test", "more than one command of this project"),
        ("check.yml", "run: make lint", "run: make lint ENV=${{ github.head_ref }}", "becomes part of a command"),
        ("check.yml", "security-events", "id-token", "may get a token for AWS"),
        ("schedule.yml", "github.token", "secrets.TOKEN", "uses a secret"),
        ("schedule.yml", " planner", " deployer", "signs in as deployer in another GitHub environment"),
        ("schedule.yml", "issues: write", "actions: read", "has a token that may do nothing"),
        ("rollout.yml", " planner", " deployer", "in another GitHub environment"),
        ("rollout.yml", "id-token", "actions", "or without a token"),
        ("rollout.yml", " edge --stor", " network --stor", "rolls out services, cutover, not edge, services, cutover"),
        ("rollout.yml", "[look, apply-edge, apply-services]", "[look]", "plan-cutover doesn't wait for apply-edge"),
        ("rollout.yml", "needs.plan-edge.outputs.changes == 'true'", "true", "apply-edge runs without changes"),
        ("rollout.yml", "needs.plan-edge.outputs.sha256", "needs.look.outputs.edge", "applies another plan"),
        ("release.yml", ' -- "$ENVIRONMENT"', ' "$ENVIRONMENT"', "$SERVICE of a dispatch could be an option"),
        ("release.yml", '--only="$GIVEN"', '--only "$GIVEN"', "$GIVEN of a dispatch could be an option"),
        (
            "schedule.yml",
            "      - name: Install Terraform\n        run: bin/install-terraform\n"
            "      - name: Set up\n        run: make setup\n"
            "      - name: Check versions",
            "      - name: Check versions",
            "runs Terraform, which the runner doesn't have: bin/ops ci watch versions",
        ),
        ("traffic.yml", "concurrency:\n", "env:\n", "any number of runs at a time"),
    ],
)
def test_a_planted_fault_is_found(name: str, old: str, new: str, found: str) -> None:
    text = WRITTEN[name]
    assert old in text
    assert any(found in problem for problem in problems(text.replace(old, new)))


def test_commands_are_found() -> None:
    assert len(LINES) > 40
    assert 'bin/ops ci sign-in "value" deployer' in LINES
    assert 'make gate ENV="value"' in LINES


@every_case("line", [line for line in LINES if line.startswith("bin/ops")])
def test_a_command_of_a_workflow_exists(line: str) -> None:
    assert unparsed(line) == ""


@every_case(
    ("line", "why"),
    [
        ("bin/ops rollot prod", "No such command 'rollot'"),
        ("bin/ops apply prod edge --approve", "No such option: --approve"),
        ("bin/ops cutover run --to=some -- prod", "Invalid value for '--to'"),
        ("bin/ops ci sign-in prod administrator", "jobs assume no role 'administrator'"),
        ("bin/ops ci failed prod", "Missing argument 'PHASE'"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, why: str) -> None:
    assert why in unparsed(line)


def test_targets_of_workflows_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))
    named = {line.split()[1] for line in LINES if line.startswith("make ") and not line.startswith("make -C")}
    assert named
    assert named <= targets


def test_the_rollout_has_the_deployers_phases_and_shows_the_others() -> None:
    jobs = parsed(WRITTEN["rollout.yml"])["jobs"]
    assert list(jobs) == ["look", *(f"{verb}-{name}" for name in DEPLOYED for verb in ("plan", "apply"))]
    assert list(jobs["look"]["outputs"]) == DEPLOYED
    assert jobs["look"]["steps"][-1]["run"].startswith('bin/ops ci look "$ENVIRONMENT" ')
    for name in DEPLOYED:
        last = jobs[f"apply-{name}"]["steps"][-1]
        assert last["if"] == "${{ failure() }}"
        assert last["run"].startswith(f'bin/ops ci failed "$ENVIRONMENT" {name} ')


def test_approvals_are_for_one_environment_and_reach_no_other() -> None:
    jobs = parsed(WRITTEN["main.yml"])["jobs"]
    for name in ("first", "protected"):
        flags = re.findall(r"\${{ (.*?) }}", jobs[name]["with"]["approvals"])
        assert len(flags) == len(workflows.APPROVALS)
        assert all(flag.startswith("inputs.approve_for == matrix.target.environment && ") for flag in flags)
    rollout = parsed(WRITTEN["rollout.yml"])["jobs"]
    for phase in DEPLOYED:
        for verb in ("plan", "apply"):
            given = rollout[f"{verb}-{phase}"]["env"]["APPROVALS"]
            assert given.startswith(f'${{{{ contains(fromJSON(\'["all", "{phase}"]\'), inputs.approve_phase) && ')


def test_a_run_of_another_branch_rolls_out_nothing_and_replaces_no_run_of_main() -> None:
    main = parsed(WRITTEN["main.yml"])
    assert main["concurrency"]["group"] == "main-${{ github.ref }}"
    assert main["jobs"]["environments"]["if"].startswith("${{ github.ref == format('refs/heads/{0}', ")
    for name in ("first", "protected"):
        assert "needs.environments.result == 'success'" in main["jobs"][name]["if"]


def test_a_release_whose_pull_request_failed_gets_no_advice_about_its_state() -> None:
    jobs = parsed(WRITTEN["release.yml"])["jobs"]
    for name in ("deploy", "rollback"):
        (work,) = [step for step in jobs[name]["steps"] if step.get("id") == "deploy"]
        last = jobs[name]["steps"][-1]
        assert work["run"].startswith("exec bin/ops deploy ")
        assert last["if"] == "${{ failure() && steps.deploy.outcome == 'failure' }}"
        assert last["run"].startswith('bin/ops ci failed "$ENVIRONMENT" services --release ')


def test_a_signal_reaches_what_changes_aws() -> None:
    """GitHub signals the step's shell only, and a shell doesn't pass that on: `exec` replaces it.

    A plan that is killed leaves the state locked.
    """
    changing = re.compile(r"bin/ops (rollout .*--store|deploy (?!.*--skip apply)|cutover|rollback)")
    steps = [
        step["run"]
        for text in WRITTEN.values()
        for job in parsed(text)["jobs"].values()
        for step in job.get("steps", ())
        if changing.search(step.get("run", ""))
    ]
    assert len(steps) == 2 * len(DEPLOYED) + 5
    assert [step for step in steps if not step.startswith("exec bin/ops ")] == []


def test_environments_without_protection_are_rolled_out_first() -> None:
    jobs = parsed(WRITTEN["main.yml"])["jobs"]
    assert "first" in jobs["protected"]["needs"]
    assert {"check", "rehearse"} <= set(jobs["first"]["needs"]) & set(jobs["protected"]["needs"])
    assert all("!failure()" in jobs[name]["if"] for name in ("first", "protected"))


def test_a_fork_gets_lint_tests_and_gate_only() -> None:
    document = parsed(WRITTEN["pull-request.yml"])
    assert list(document["on"]) == ["pull_request"]  # In pull_request_target, code of a fork would have a token.
    jobs = document["jobs"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in jobs["environments"]["if"]
    assert jobs["plan"]["needs"] == ["environments"]
    assert "if" not in jobs["check"]
    for job in parsed(WRITTEN["check.yml"])["jobs"].values():
        assert "id-token" not in job["permissions"]


def test_a_phase_that_is_added_is_in_every_workflow_and_example(monkeypatch: pytest.MonkeyPatch) -> None:
    added = Phase("queue", "queue:QueueStack", ("network", "edge"), "deployer", "queues")
    monkeypatch.setattr(engines, "PHASES", (*PHASES, added))
    for module in (rollout_workflow, engines):
        monkeypatch.setattr(module, "DEPLOYED", (*rollout_workflow.DEPLOYED, added))
    jobs = parsed(next(text for path, text in workflows.workflows().items() if path.name == "rollout.yml"))["jobs"]
    assert jobs["plan-queue"]["needs"] == ["look", "apply-edge", "apply-services", "apply-cutover"]
    assert jobs["look"]["outputs"]["queue"] == "${{ steps.look.outputs.queue }}"
    examples = {path.name: text for path, text in engines.examples().items()}
    assert parsed(examples["gitlab-ci.yml"])["apply-queue"]["needs"] == ["plan-queue"]
    assert parsed(examples["atlantis.yaml"])["projects"][-1]["depends_on"] == ["prod-edge"]
    assert '    queue         = { role = "deployer", reads = ["network", "edge"] }\n' in examples["spacelift.tf"]


def test_examples_apply_the_deployers_phases_only() -> None:
    pipeline = parsed(EXAMPLES["gitlab-ci.yml"])
    assert [name.removeprefix("apply-") for name in pipeline if name.startswith("apply-")] == DEPLOYED
    assert pipeline["stages"] == ["check", *DEPLOYED]
    for name in DEPLOYED:
        (rule,) = pipeline[f"apply-{name}"]["rules"]
        assert (rule["when"], rule["allow_failure"]) == ("manual", False)
    projects = parsed(EXAMPLES["atlantis.yaml"])["projects"]
    assert [project["workflow"] for project in projects] == DEPLOYED
    assert all("approved" in project["apply_requirements"] for project in projects)
    roles = dict(re.findall(r'^    (\w+) += \{ role = "([\w-]+)"', EXAMPLES["spacelift.tf"], re.MULTILINE))
    assert roles == {phase.name: phase.role for phase in PHASES}


def test_actionlint_finds_nothing() -> None:
    done = run(BIN / "actionlint", *sorted(workflows.FOLDER.iterdir()))
    assert (done.returncode, done.stdout) == (0, "")


def test_zizmor_finds_nothing() -> None:
    done = run(BIN / "zizmor", "--offline", "--pedantic", "--no-progress", ".github")
    assert done.returncode == 0, done.stdout
    assert "No findings to report" in done.stdout + done.stderr


def planted(folder: Path, change: Callable[[str], str]) -> Path:
    file = folder / ".github" / "workflows" / "check.yml"
    file.parent.mkdir(parents=True)
    file.write_text(change(WRITTEN["check.yml"]), encoding="utf-8")
    return file


def test_zizmor_finds_text_of_a_pull_request_in_a_command(tmp_path: Path) -> None:
    file = planted(tmp_path, lambda text: text.replace("make lint", "make lint ENV=${{ github.head_ref }}"))
    done = run(BIN / "zizmor", "--offline", "--pedantic", "--no-progress", file)
    assert done.returncode
    assert "template-injection" in done.stdout


def test_actionlint_finds_an_output_that_no_job_has(tmp_path: Path) -> None:
    file = planted(tmp_path, lambda text: text.replace("!cancelled()", "needs.test.outputs.x"))
    done = run(BIN / "actionlint", file)
    assert done.returncode == 1
    assert '"test"' in done.stdout


@pytest.mark.slow
def test_the_published_schemas_accept_workflows_and_the_gitlab_example() -> None:
    check = BIN / "check-jsonschema"
    done = run(check, "--builtin-schema", "vendor.github-workflows", *sorted(workflows.FOLDER.iterdir()))
    assert done.returncode == 0, done.stdout
    gitlab = (check, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    done = run(*gitlab, engines.FOLDER / "gitlab-ci.yml")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_published_schemas_refuse_planted_faults(tmp_path: Path) -> None:
    check = BIN / "check-jsonschema"
    file = planted(tmp_path, lambda text: text.replace("timeout-minutes: 45", "timeout: 45"))
    assert run(check, "--builtin-schema", "vendor.github-workflows", file).returncode == 1
    example = tmp_path / "gitlab-ci.yml"
    example.write_text(EXAMPLES["gitlab-ci.yml"].replace("when: manual", "when: by hand"), encoding="utf-8")
    gitlab = (check, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    assert run(*gitlab, example).returncode == 1


@pytest.mark.slow
def test_terraform_formats_the_spacelift_example_as_it_is() -> None:
    done = run("terraform", "fmt", "-check", "-diff", engines.FOLDER)
    assert (done.returncode, done.stdout) == (0, "")


def test_yaml_keeps_values_and_comments() -> None:
    document: dict[str, Any] = {
        "plain": "bin/ops gate --x=\"$Y\" >> \"$Z\"",
        "quoted": ["a: b", "c #d", "- e", "true", "", " f", "g ", "!h", "1.11", "i, j", "[k]", 'l"m'],
        "nested": {"list": [{"a": 1, "b": {"c": False}}, Noted({"d": "e"}, "")], "empty": {}},
        "noted": Noted("write", "why: it is # needed"),
        "lines": "one\ntwo\n",
        "expression": "${{ !cancelled() && a == 'b' }}",
    }  # fmt: skip
    read = parsed(as_yaml(document, "head"))
    assert read["plain"] == document["plain"]
    assert read["quoted"] == document["quoted"]
    assert read["nested"] == {"list": [{"a": 1, "b": {"c": False}}, {"d": "e"}], "empty": {}}
    assert read["noted"] == "write"
    assert read["lines"] == "one\ntwo\n"
    assert read["expression"] == document["expression"]
    assert as_yaml(document, "head").startswith("# head\nplain: ")
