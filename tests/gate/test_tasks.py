"""Which program a task runs, with whose roles, secrets and variables: only what the environment's values say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import environments
from ops.gate import tasks
from ops.gate.tasks import ROLE, TASK, what_runs
from ops.gate.understood import table
from tests.cases import every_case
from tests.gate.plants import Body, Ground
from tests.gate.test_understood import entries
from tests.products import SUBJECTS, Subject, values

DIGEST = "sha256:" + "0" * 64
DEFINITION, SERVICE = "aws_ecs_task_definition", "aws_ecs_service"


@pytest.fixture(scope="module")
def ground(output: Path) -> Ground:
    """Production, whose backend has secrets and whose frontend has none."""
    return Ground.of(output, environments.load("prod"), what_runs)


@pytest.fixture(scope="module")
def shop(outputs: Callable[[Path], Path]) -> Ground:
    """A product with scheduled tasks and blue/green deployments."""
    return ground_of("shop-prod", outputs)


def ground_of(name: str, outputs: Callable[[Path], Path]) -> Ground:
    (subject,) = (each for each in SUBJECTS if each.environment.name == name)
    with values(subject.folder):
        return Ground.of(outputs(subject.folder), subject.environment, what_runs)


def test_every_product_runs_what_its_values_say(subject: Subject, outputs: Callable[[Path], Path]) -> None:
    assert ground_of(subject.environment.name, outputs).failed == frozenset()


def container(change: Callable[[Body], object], task: str = "backend_task") -> Callable[[Body], None]:
    """A change of a task's container."""

    def changed(content: Body) -> None:
        settings = content["resource"][DEFINITION][task]
        containers = json.loads(settings["container_definitions"])
        change(containers[0])
        settings["container_definitions"] = json.dumps(containers)

    return changed


def variable(name: str, value: str) -> Callable[[Body], None]:
    return container(lambda body: body["environment"].append({"name": name, "value": value}))


def secret(name: str, of: str = "OPENAI_API_KEY") -> Body:
    arn = f"${{data.terraform_remote_state.secrets.outputs.secret_arns.{of}}}"
    return {"name": name, "valueFrom": arn}


@pytest.mark.slow
@every_case(
    ("change", "what"),
    [
        (variable("HTTPS_PROXY", "http://proxy.example.net:3128"), "variables differ"),
        (variable("LD_PRELOAD", "/tmp/x.so"), "LD_PRELOAD"),
        (variable("APP_ENV", "prod"), "APP_ENV"),
        (container(lambda body: body["environment"][0].update(value="staging")), "variables differ"),
        (container(lambda body: body["environment"].clear()), "APP_ENV, CORS_ALLOWED_ORIGINS"),
        (container(lambda body: body.update(command=["sh", "-c", "id"])), "its command isn't the one of backend"),
        (container(lambda body: body.pop("command"), "migration_task"), "its command isn't the one of migration"),
        (container(lambda body: body.update(user="10002:10002")), "its user isn't 10001:10001"),
        (
            container(lambda body: body["systemControls"][0].update(value="22"), "frontend_task"),
            "other ports below 1024 than its own, 80",
        ),
        (container(lambda body: body.update(name="other")), "its containers are other"),
        (container(lambda body: body.update(image=body["image"].partition("@")[0] + f"@{DIGEST}")), "released digest"),
        (container(lambda body: body.update(image=f"docker.io/library/nginx@{DIGEST}")), "released digest"),
        (container(lambda body: body["secrets"].pop(), "migration_task"), "secrets differ"),
        (container(lambda body: body["secrets"].append(secret("OPENAI_API_KEY")), "frontend_task"), "OPENAI_API_KEY"),
        (
            container(lambda body: body["secrets"][0].update(valueFrom=body["secrets"][1]["valueFrom"])),
            "ANTHROPIC_API_KEY",
        ),
        (
            container(lambda body: body["secrets"][0].update(valueFrom="arn:aws:secretsmanager:::secret:x")),
            "ANTHROPIC_API_KEY",
        ),
        (container(lambda body: body["logConfiguration"]["options"].pop("awslogs-group")), "log group of backend"),
        (
            container(lambda body: body["logConfiguration"]["options"].update({"awslogs-region": "eu-west-1"})),
            "it doesn't log to us-east-1",
        ),
        (container(lambda body: body.update(logConfiguration=["text"])), "log group of backend"),
        (
            lambda content: content["resource"][DEFINITION]["backend_task"].update(family="aep-other-prod"),
            "belongs to no service, scheduled task or migration",
        ),
        (
            lambda content: content["resource"][DEFINITION]["backend_task"].update(container_definitions="[]"),
            "none that can be read",
        ),
        (
            lambda content: content["resource"][SERVICE]["frontend_service"].update(
                task_definition="${aws_ecs_task_definition.backend_task.arn}"
            ),
            "not its own 'aep-frontend-prod'",
        ),
        (
            lambda content: content["resource"][SERVICE]["frontend_service"].update(
                load_balancer=content["resource"][SERVICE]["backend_service"]["load_balancer"]
            ),
            "the requests of another target group than its own, aep-prod-frontend",
        ),
        (
            lambda content: content["resource"][SERVICE]["frontend_service"].update(name="other"),
            "of nothing that the environment's values run",
        ),
    ],
)
def test_a_task_that_runs_something_else(ground: Ground, change: Callable[[Body], object], what: str) -> None:
    found = ground.planted("services", change)
    assert {check for check, _ in found} == {TASK}
    assert what in "".join(found.values())


def test_a_second_container(ground: Ground) -> None:
    def add(content: Body) -> None:
        settings = content["resource"][DEFINITION]["frontend_task"]
        containers = json.loads(settings["container_definitions"])
        settings["container_definitions"] = json.dumps([*containers, {**containers[0], "name": "agent"}])

    found = ground.planted("services", add)
    assert "its containers are frontend, agent" in found[TASK, f"{DEFINITION}.frontend_task"]


def test_no_value_is_in_a_message(ground: Ground) -> None:
    found = ground.planted("services", variable("TOKEN", "hunter2"))
    assert "hunter2" not in "".join(found.values())


ROLE_OF = "${{data.terraform_remote_state.secrets.outputs.{}.{}}}"


@pytest.mark.slow
@every_case("task", ["backend_task", "frontend_task", "migration_task"])
@every_case("attribute", ["execution_role_arn", "task_role_arn"])
@every_case("other", ["execution_role_arns", "task_role_arns"])
def test_a_task_with_another_role(ground: Ground, task: str, attribute: str, other: str) -> None:
    service = "frontend" if task == "frontend_task" else "backend"
    foreign = "backend" if service == "frontend" else "frontend"

    def plant(name: str) -> dict[tuple[str, str], str]:
        reference = ROLE_OF.format(other, name)
        return ground.planted(
            "services", lambda content: content["resource"][DEFINITION][task].update({attribute: reference})
        )

    assert f"it must be aep-prod-{service}-" in plant(foreign)[ROLE, f"{DEFINITION}.{task}"]
    assert bool(plant(service)) == (other != f"{attribute}s")


def test_a_service_of_aws_with_another_role(ground: Ground) -> None:
    def plant(value: str) -> dict[tuple[str, str], str]:
        return ground.planted(
            "account",
            lambda content: content["resource"]["aws_cloudtrail"]["trail"].update(cloud_watch_logs_role_arn=value),
        )

    assert "is the role aep-prod-deployer; it must be aep-prod-trail" in "".join(
        plant("${aws_iam_role.deployer.arn}").values()
    )
    assert "is no role of the stacks" in "".join(plant("arn:aws:iam::111122223333:role/x").values())


def test_a_schedule_that_starts_another_task_or_uses_another_role(shop: Ground) -> None:
    def plant(content: Body) -> None:
        target = content["resource"]["aws_scheduler_schedule"]["invoices_schedule"]["target"]
        target["role_arn"] = target["role_arn"].replace("scheduler", "deployment")
        target["ecs_parameters"]["task_definition_arn"] = "${aws_ecs_task_definition.migration_task.arn}"

    found = {check: what for (check, _), what in shop.planted("services", plant).items()}
    assert "it must be shop-prod-scheduler" in found[ROLE]
    assert "it starts the task 'shop-migration-prod'" in found[TASK]


@every_case(
    ("phase", "role", "action"),
    [
        ("secrets", "frontend_task_role", "ecs:ExecuteCommand"),
        ("secrets", "backend_task_role", "s3:PutObject"),
        ("secrets", "backend_execution_role", "secretsmanager:PutSecretValue"),
        ("account", "trail_role", "logs:DeleteLogGroup"),
        ("account", "slack_role", "cloudwatch:*"),
        ("network", "flow_log_role", "*"),
    ],
)
def test_a_role_with_more_than_its_work(ground: Ground, phase: str, role: str, action: str) -> None:
    def plant(effect: str) -> dict[tuple[str, str], str]:
        statement = {"sid": "Planted", "effect": effect, "actions": [action], "resources": ["*"]}
        document = f"{role}_document"
        return ground.planted(
            phase, lambda content: content["data"]["aws_iam_policy_document"][document]["statement"].append(statement)
        )

    assert f"call {action}, which it doesn't need" in "".join(plant("Allow").values())
    assert plant("Deny") == {}


def test_every_attribute_that_is_a_role_has_a_purpose() -> None:
    """A service of AWS that uses a role is in the table, with what the role is for."""
    tables = [entry for kind, known in table.types().items() for entry in entries(known, (kind,))]
    roles = {
        (path[0], ".".join(path[1:])) for path, entry in tables if str(entry).startswith("refers to aws_iam_role.arn")
    }
    own = {(DEFINITION, f"{kind}_role_arn") for kind in ("execution", "task")}
    assert roles - own == tasks.ROLES.keys()
