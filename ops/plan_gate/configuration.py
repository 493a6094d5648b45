"""What a plan's configuration would run or talk to: provisioners, data sources, modules and providers.

https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ops.plan_gate.model import FindingKind, PlanError, PlanFinding, Values

_AWS = "registry.terraform.io/hashicorp/aws"
_PINNED = re.compile(r"=?\s*\d+\.\d+\.\d+")
_ARGUMENTS = frozenset({"alias", "region", "allowed_account_ids", "default_tags", "ignore_tags", "assume_role"})
"""What a provider of this project sets: https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs"""
_DATA = frozenset(
    {"aws_iam_policy_document", "terraform_remote_state", "aws_caller_identity", "aws_partition", "aws_region"}
)
"""Data sources that only read, and no secret's value."""
_EPHEMERAL = frozenset({"aws_secretsmanager_random_password"})
_BACKEND = "s3"
_STATE = frozenset({"allowed_account_ids", "bucket", "key", "region"})
"""Settings of the backend that a stack reads another one's state from."""
_READ_TAGS = frozenset({"Environment", "Project"})
"""Tags by which policies tell environments apart."""
_REMEDY = "remove it; Terraform's plan and apply run no other code, and use no other provider, than the gate checks"


Roles = Callable[[], Collection[str]]
"""Returns the ARNs of the roles that a provider may assume; called only if one assumes a role."""


def find(document: Values, roles: Roles) -> Iterator[PlanFinding]:
    """Parts of the configuration that run code, or reach another account or endpoint.

    Args:
        document: The plan's JSON.
        roles: Returns the ARNs of the roles that a provider may assume.
    """
    configuration = document["configuration"]
    root = configuration.get("root_module")
    found = [
        *_module(root, ""),
        *_states(configuration),
        *_providers(configuration.get("provider_config"), document.get("variables"), roles),
        *_used(document),
    ]
    for where, what in dict.fromkeys(found):
        yield PlanFinding(FindingKind.CONFIGURATION, where, what, remedy=_REMEDY)


def _module(module: object, prefix: str) -> Iterator[tuple[str, str]]:
    if not isinstance(module, Mapping):
        return
    for resource in module.get("resources") or ():
        if not isinstance(resource, Mapping):
            raise PlanError("has a configuration in a form that this gate doesn't know")
        where, kind = f"{prefix}{resource.get('address')}", str(resource.get("type", ""))
        for provisioner in resource.get("provisioners") or ():
            yield where, f"runs the provisioner {provisioner.get('type')}"
        mode = resource.get("mode", "managed")
        if mode not in {"managed", "data", "ephemeral"}:
            yield where, f"is a resource of the mode {mode}, which this gate doesn't know"
        if mode == "data" and kind and kind not in _DATA:
            yield where, f"reads the data source {kind}, which isn't one of those that only read"
        if mode == "ephemeral" and kind and kind not in _EPHEMERAL:
            yield where, f"opens the ephemeral resource {kind}, which isn't one of this project's"
    for name, call in (module.get("module_calls") or {}).items():
        where = f"{prefix}module.{name}"
        source = str(call.get("source", "")) if isinstance(call, Mapping) else ""
        if not source.startswith("./") or ".." in source.split("/"):
            yield where, "is a module that isn't part of the stack's folder"
        if isinstance(call, Mapping):
            yield from _module(call.get("module"), f"{where}.")


def _states(configuration: Values) -> Iterator[tuple[str, str]]:
    """States of other stacks that are read elsewhere than in a bucket of the account that the provider changes.

    https://developer.hashicorp.com/terraform/language/state/remote-state-data
    """
    root, providers = configuration.get("root_module"), configuration.get("provider_config")
    default = providers.get("aws") if isinstance(providers, Mapping) else None
    accounts = _constant(default, "allowed_account_ids")
    for resource in (root.get("resources") or ()) if isinstance(root, Mapping) else ():
        if resource.get("type") != "terraform_remote_state" or not resource.get("expressions"):
            continue
        where, config = str(resource.get("address")), _constant(resource, "config")
        if _constant(resource, "backend") != _BACKEND or not isinstance(config, Mapping):
            yield where, f"reads a state whose backend isn't {_BACKEND} with constant settings"
            continue
        for setting in sorted(config.keys() - _STATE):
            yield where, f"sets {setting} of the backend"
        if accounts and config.get("allowed_account_ids") != accounts:
            yield where, f"reads a state of another account than {', '.join(map(str, accounts))}, which the stack is in"


def _constant(part: object, argument: str) -> Any:  # noqa: ANN401  (any JSON value)
    """An argument's value if it is a constant, otherwise None."""
    expressions = part.get("expressions") if isinstance(part, Mapping) else None
    expression = expressions.get(argument) if isinstance(expressions, Mapping) else None
    return expression.get("constant_value") if isinstance(expression, Mapping) else None


def _providers(providers: object, variables: object, roles: Roles) -> Iterator[tuple[str, str]]:
    for name, provider in (providers if isinstance(providers, Mapping) else {}).items():
        where = f"provider {name}"
        if not isinstance(provider, Mapping):
            raise PlanError("has a provider in a form that this gate doesn't know")
        source = provider.get("full_name", _AWS)
        if source.startswith("terraform.io/builtin/"):
            continue
        if source != _AWS:
            yield where, f"is {source}, not {_AWS}"
        version = provider.get("version_constraint")
        # Terraform repeats it at the default configuration only.
        if (version is not None or not provider.get("alias")) and not _PINNED.fullmatch(str(version or "")):
            yield where, "has a version that isn't pinned"
        settings = provider.get("expressions") or {}
        for argument in sorted(settings.keys() - _ARGUMENTS):
            yield where, f"sets {argument}"
        for tag in sorted(_ignored(settings.get("ignore_tags"))):
            yield where, f"ignores the tag {tag}, which policies read"
        for role in _roles(settings.get("assume_role"), variables):
            if role not in roles():
                yield where, "assumes a role that isn't an environment's `zone.role`"


def _ignored(blocks: object) -> set[str]:
    """The tags of policies that a provider's `ignore_tags` matches.

    https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs#ignore_tags-configuration-block
    """
    found = set()
    for block in blocks if isinstance(blocks, list) else [blocks] if blocks else []:
        keys, prefixes = (_constant({"expressions": block}, each) or () for each in ("keys", "key_prefixes"))
        found |= {tag for tag in _READ_TAGS if tag in keys or tag.startswith(tuple(prefixes))}
    return found


def _roles(blocks: object, variables: object) -> Iterator[str]:
    """ARNs of assumed roles: constants, or values of variables; any other role is none that may be assumed."""
    for block in blocks if isinstance(blocks, list) else [blocks] if blocks else []:
        role = block.get("role_arn") if isinstance(block, Mapping) else None
        named = role.get("references") if isinstance(role, Mapping) else None
        if isinstance(named, list) and len(named) == 1 and str(named[0]).startswith("var."):
            given = variables.get(str(named[0]).removeprefix("var.")) if isinstance(variables, Mapping) else None
            yield str(given.get("value", "")) if isinstance(given, Mapping) else ""
        else:
            yield str(role.get("constant_value", "")) if isinstance(role, Mapping) else ""


def _used(document: Values) -> Iterator[tuple[str, str]]:
    for part in ("resource_changes", "resource_drift"):
        for each in document.get(part) or ():
            source = each.get("provider_name", _AWS)
            if source not in {_AWS, "terraform.io/builtin/terraform"}:
                yield str(each.get("address")), f"is of the provider {source}"
            elif source != _AWS and each.get("mode") == "managed":
                yield str(each.get("address")), "is a resource of Terraform itself, which can run provisioners"
