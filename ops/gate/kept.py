"""Checks what is kept: images that may still run, keys of the cache, and the settings that make rows durable and seen.

An expiry deletes as a delete does, but no plan shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.iam.policy import listed, nested
from ops.release.file import tag_of

LOST = "ROLLOUT_DATA_LOST"
CHECKS = {
    LOST: Check(
        LOST,
        "Nothing expires that is still needed, and stores keep and log what they should",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html",
        own=True,
    )
}
_FOREVER = 9999
"""Images: ECR has no rule that keeps an image, so a rule that expires the 10,000th newest does."""
_EVICTION = "volatile-lru"
"""The default of `maxmemory-policy`: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html."""
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "log_connections": ("1",),
    "log_disconnections": ("1",),
    "log_lock_waits": ("1",),
    "log_min_duration_statement": (),
    "log_statement": ("ddl",),
    "rds.force_ssl": ("1",),
    "ssl_min_protocol_version": ("TLSv1.2", "TLSv1.3"),
}
"""Parameters of PostgreSQL that must be set, and their values: those that turn off TLS, logs or durability aren't here.

`log_statement` logs changes of the schema only: with `mod` or `all`, rows and passwords are in the logs.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html
"""


def lost_data(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare one environment's expiry of images and parameters of stores with its values.

    Raises:
        ScanFailedError: A resource is repeated, so the number of policies is unknown.
    """
    index, ledger = Index(view), Ledger()
    judges = {
        "aws_ecr_lifecycle_policy": _images,
        "aws_elasticache_parameter_group": _cache,
        "aws_db_parameter_group": _database,
    }
    for kind, judge in judges.items():
        for block in index.all(kind):
            ledger.judge(LOST, block.block, judge(block, environment))
    return ledger.records()


def _images(policy: ScannedBlock, environment: Environment) -> Iterator[str]:
    registry = environment.registry
    try:
        rules = [
            each for each in listed(json.loads(str(policy.settings.get("policy")))["rules"]) if isinstance(each, dict)
        ]
    except (ValueError, LookupError, TypeError):
        yield "isn't a policy with rules"
        return
    # A rule never expires an image that a rule of a lower number selects.
    selections = [nested(each, "selection")[0] for each in sorted(rules, key=_priority) if nested(each, "selection")]
    for what, tag, unit, least in (
        ("a released image", tag_of(environment, "sha256:" + "0" * 64), "imageCountMoreThan", _FOREVER),
        ("a signature", "sha256-0.sig", "imageCountMoreThan", _FOREVER),
        ("an image without a tag", "", "sinceImagePushed", registry.untagged_days),
        ("another image", "other", "imageCountMoreThan", registry.keep_manifests),
    ):
        first = next((each for each in selections if _selects(each, tag)), None)
        number = first.get("countNumber") if first else None
        if first is None:
            yield f"never expires {what}"
        elif first.get("countType") != unit or not isinstance(number, int) or number < least:
            yield f"expires {what} by {first.get('countType')} {number}; must be {unit} {least} or more"


def _priority(rule: Mapping[str, Any]) -> int:
    value = rule.get("rulePriority")
    return value if isinstance(value, int) else 0


def _selects(selection: Mapping[str, Any], tag: str) -> bool:
    """Whether a rule selects an image of one tag, or of none."""
    status = selection.get("tagStatus")
    if status == "tagged":
        prefixes, patterns = listed(selection.get("tagPrefixList")), listed(selection.get("tagPatternList"))
        return bool(tag) and all(
            [*(tag.startswith(str(each)) for each in prefixes), *(fnmatchcase(tag, str(each)) for each in patterns)]
        )
    return status == "any" or (status == "untagged" and not tag)


def _cache(group: ScannedBlock, environment: Environment) -> Iterator[str]:
    given = {str(each.get("name")): each.get("value") for each in nested(group.settings, "parameter")}
    wanted = environment.cache.eviction if environment.cache else _EVICTION
    if given.get("maxmemory-policy", _EVICTION) != wanted:
        yield f"evicts keys by {given.get('maxmemory-policy', _EVICTION)}, must be {wanted}: cache.eviction"


def _database(group: ScannedBlock, environment: Environment) -> Iterator[str]:
    given = {str(each.get("name")): str(each.get("value")) for each in nested(group.settings, "parameter")}
    slow = (str(environment.database.slow_query_ms),) if environment.database else ()
    known = {**_PARAMETERS, "log_min_duration_statement": slow}
    for name, allowed in known.items():
        if given.get(name) not in allowed:
            yield f"{name} is {given.get(name)}, must be {' or '.join(allowed)}"
    for name in sorted(given.keys() - known.keys()):
        yield f"sets {name}, which isn't in ops/gate/kept.py"
