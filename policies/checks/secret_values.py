"""Secrets: their values are in no stack, plan or state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ops.iam.policy import listed
from policies.rule import Resource, Settings, rule
from policies.secret_texts import CREDENTIAL, SECRET_SOURCE, is_secret_name

_SOURCE = "https://developer.hashicorp.com/terraform/language/manage-sensitive-data"
_IN_STATE = {
    "aws_db_instance": ("password",),
    "aws_rds_cluster": ("master_password",),
    "aws_elasticache_replication_group": ("auth_token",),
    "aws_elasticache_user": ("passwords",),
    "aws_iam_access_key": (),
    "aws_iam_user_login_profile": (),
    "aws_secretsmanager_secret_version": ("secret_string", "secret_binary"),
    "aws_ssm_parameter": ("value", "insecure_value"),
    "random_password": (),
}
"""Attributes that Terraform keeps in its state; empty for resources whose secret always is in the state."""

_EPHEMERAL = re.compile(r"\bephemeral\.\w+\.\w+\.\w+")


@rule("CKV_ROLLOUT_6", source=_SOURCE, on=tuple(_IN_STATE))
def values_stay_out_of_state(resource: Resource) -> Iterator[str]:
    """No attribute that Terraform keeps in its state holds a secret, and no write-only one a plain text."""
    attributes = _IN_STATE[resource.kind]
    if not attributes:
        yield f"{resource.kind} keeps its secret in the state; make the value ephemeral or set it by command"
    if resource.kind == "aws_ssm_parameter" and resource.get("type") != "SecureString":
        return
    for name in attributes:
        if name in resource and not _switched_off(resource, name):
            yield f"{name} would be kept in the state; use {name}_wo, or set the value by command"
        # https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only
        if f"{name}_wo" in resource and not _EPHEMERAL.search(resource.text(f"{name}_wo")):
            yield f"{name}_wo is a text of the stack's file; use the value of an ephemeral resource"


def _switched_off(resource: Resource, name: str) -> bool:
    """Whether it is a disabled user, whose real password isn't in the state."""
    ignored = [each for block in resource.blocks("lifecycle") for each in listed(block.get("ignore_changes"))]
    return resource.text("access_string").startswith("off") and name in ignored


@rule("CKV_ROLLOUT_7", source=_SOURCE, on="*", data="*", provider="*")
def no_credentials(resource: Resource) -> Iterator[str]:
    """No text looks like a credential."""
    for path in _credentials(dict(resource), ""):
        yield f"{path} holds what looks like a credential; move it to Secrets Manager and rotate it, as it is exposed"


def _credentials(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if CREDENTIAL.search(value):
            yield path
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _credentials(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _credentials(each, f"{path}[{index}]")


@rule(
    "CKV_ROLLOUT_8",
    source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security-tasks-containers.html",
    on="aws_ecs_task_definition",
)
def containers_get_references(task: Resource) -> Iterator[str]:
    """A container gets secrets by reference, not as environment variables."""
    for container in task.blocks("container_definitions"):
        name = container.get("name")
        for variable in _named(container, "environment"):
            if is_secret_name(str(variable.get("name", ""))):
                yield f"container {name!r} has {variable['name']} in environment; move it to secrets"
        for secret in _named(container, "secrets"):
            source = str(secret.get("valueFrom", ""))
            if not re.search(r"secretsmanager", source):
                yield f"container {name!r} gets {secret.get('name')} from another source than a Secrets Manager ARN"


def _named(container: Settings, key: str) -> list[Settings]:
    return [each for each in container.get(key) or [] if isinstance(each, Mapping)]


@rule("CKV_ROLLOUT_9", source=_SOURCE, on=("terraform_output", "terraform_variable"))
def outputs_hold_no_secrets(resource: Resource) -> Iterator[str]:
    """No output and no variable's default holds a secret."""
    if any(SECRET_SOURCE.search(each) for each in _strings(dict(resource))):
        yield "publishes a secret's value, which outputs keep in the state; publish its ARN"
    name = resource.text("name")
    if resource.kind == "terraform_variable" and "default" in resource and is_secret_name(name):
        yield "has a default although its name says that it is a secret; remove the default"


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
