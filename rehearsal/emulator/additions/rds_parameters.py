"""RDS: parameter groups, with the defaults of PostgreSQL's families."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from moto.core.responses import ActionResult
from moto.rds.models import DBParameterGroup
from moto.rds.responses import RDSResponse

from rehearsal.emulator.additions.registry import AwsError, adds, corrects

Body = dict[str, Any]
_PARAMETERS_A_CALL = 20
"""https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html."""
_TLS_BY_DEFAULT = 15
"""Major version from which on rds.force_ssl is 1 by default."""


@dataclass(frozen=True)
class Default:
    """What a family says of a parameter that no user has set."""

    value: str | None = None
    source: Literal["system", "engine-default"] = "engine-default"
    """`system` where RDS sets it, `engine-default` where PostgreSQL decides."""
    static: bool = False
    """Whether a change needs a reboot."""
    modifiable: bool = True


# Static or dynamic, and the default of rds.force_ssl:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html
# The other values are what `aws rds describe-db-parameters` shows of a family. Of the hundreds that a family has, these
# are the ones that this project or its users set, and some of each kind.
_DEFAULTS: dict[str, Default] = {
    "autovacuum": Default(),
    "autovacuum_max_workers": Default("GREATEST({DBInstanceClassMemory/64371566592},3)", "system", static=True),
    "log_connections": Default(),
    "log_disconnections": Default(),
    "log_lock_waits": Default(),
    "log_min_duration_statement": Default(),
    "log_statement": Default(),
    "logging_collector": Default("1", "system", static=True, modifiable=False),
    "max_connections": Default("LEAST({DBInstanceClassMemory/9531392},5000)", "system", static=True),
    "rds.force_ssl": Default("0", "system"),
    "rds.log_retention_period": Default("4320", "system"),
    "rds.logical_replication": Default("0", static=True),
    "shared_buffers": Default("{DBInstanceClassMemory/32768}", "system", static=True),
    "shared_preload_libraries": Default("pg_stat_statements", "system", static=True),
    "ssl": Default("1", "system"),
    "ssl_min_protocol_version": Default("TLSv1.2"),
    "statement_timeout": Default(),
    "timezone": Default("UTC", "system"),
    "track_activity_query_size": Default("4096", "system", static=True),
    "work_mem": Default(),
}


def _defaults(group: DBParameterGroup) -> dict[str, Default]:
    """The defaults of a group's family."""
    major = str(group.family).removeprefix("postgres")
    if major.isdigit() and int(major) >= _TLS_BY_DEFAULT:
        return {**_DEFAULTS, "rds.force_ssl": Default("1", "system")}
    return _DEFAULTS


@corrects(
    DBParameterGroup,
    "update_parameters",
    "rds",
    "ModifyDBParameterGroup",
    why="moto counts every call as a change; RDS changes nothing if the value is the same, not even how it "
    "is applied, and refuses to apply static parameters at once",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html",
)
def update_parameters(original: Callable[..., None], group: DBParameterGroup, parameters: Iterable[Body]) -> None:
    """Set the parameters whose value differs from what the group has.

    A value that stays the same keeps its source and its way of being applied:
    https://github.com/hashicorp/terraform-provider-aws/issues/39252 (a family's default), .../36419 (a user's value).
    """
    given = list(parameters)
    if len(given) > _PARAMETERS_A_CALL:
        raise AwsError("InvalidParameterValue", f"{_PARAMETERS_A_CALL} parameters is the limit of a request.")
    defaults, changed = _defaults(group), []
    for each in given:
        name, default = each["ParameterName"], defaults.get(each["ParameterName"], Default())
        if not default.modifiable:
            raise AwsError("InvalidParameterValue", f"The parameter {name} cannot be modified.")
        if default.static and each.get("ApplyMethod") == "immediate":
            raise AwsError("InvalidParameterCombination", "cannot use immediate apply method for static parameter")
        current = group.parameters[name]["ParameterValue"] if name in group.parameters else default.value
        if each["ParameterValue"] != current:
            changed.append(each)
    original(group, changed)


def _group(self: RDSResponse) -> DBParameterGroup:
    asked = {"db_parameter_group_name": self.params["DBParameterGroupName"]}
    group: DBParameterGroup = self.backend.describe_db_parameter_groups(asked)[0]
    return group


@adds(RDSResponse, "rds", "ResetDBParameterGroup", why="moto can't reset a parameter")
def reset_db_parameter_group(self: RDSResponse) -> ActionResult:
    """Reset some parameters to their defaults, or all."""
    group = _group(self)
    names = [each["ParameterName"] for each in self.params.get("Parameters") or []]
    for name in [*group.parameters] if self.params.get("ResetAllParameters") else names:
        group.parameters.pop(name, None)
    return ActionResult({"DBParameterGroupName": group.name})


@corrects(
    RDSResponse,
    "describe_db_parameters",
    "rds",
    "DescribeDBParameters",
    why="moto lists only the parameters that were set, and doesn't return their source",
)
def describe_db_parameters(original: Callable[..., ActionResult], self: RDSResponse) -> ActionResult:
    """List the family's parameters as well, each with its source."""
    original(self)  # Refuses a group that doesn't exist.
    group = _group(self)
    found = [_parameter(name, default, group) for name, default in _defaults(group).items()]
    found += [_parameter(name, Default(), group) for name in group.parameters if name not in _DEFAULTS]
    wanted = self.params.get("Source")
    return ActionResult({"Parameters": [each for each in found if wanted in {None, each["Source"]}]})


def _parameter(name: str, default: Default, group: DBParameterGroup) -> Body:
    """A parameter as the API returns it: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html."""
    parameter: Body = {
        "ParameterName": name,
        "Source": default.source,
        "ApplyType": "static" if default.static else "dynamic",
        "IsModifiable": default.modifiable,
        "ApplyMethod": "pending-reboot",
    }
    if default.value is not None:
        parameter["ParameterValue"] = default.value
    if name in group.parameters:
        parameter |= {**group.parameters[name], "Source": "user"}
    return parameter
