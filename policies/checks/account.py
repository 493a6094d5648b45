"""The account's baseline. A missing resource has no block, so these checks judge the account phase's backend.

Another stage may create what an account has once: there, the gate leaves these checks out (`ops/gate/stacks.py`).

A part that an environment turns off by a setting is one finding, which the register can accept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from policies.rule import Judge, Resource, rule

_FSBP = "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html"
_BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


class _Part(NamedTuple):
    check: str
    kind: str
    sentence: str
    holds: Callable[[Resource], bool] = lambda _: True


_PARTS = (
    _Part("CKV_ROLLOUT_38", "aws_cloudtrail", "An account has a trail"),
    _Part("CKV_ROLLOUT_39", "aws_guardduty_detector", "An account has GuardDuty"),
    _Part("CKV_ROLLOUT_40", "aws_config_configuration_recorder", "An account has AWS Config"),
    _Part("CKV_ROLLOUT_41", "aws_accessanalyzer_analyzer", "An account has IAM Access Analyzer"),
    _Part("CKV_ROLLOUT_42", "aws_securityhub_account", "An account has Security Hub"),
    _Part("CKV_ROLLOUT_43", "aws_iam_account_password_policy", "An account has a password policy"),
    _Part(
        "CKV_ROLLOUT_44",
        "aws_s3_account_public_access_block",
        "An account refuses public buckets",
        lambda block: all(block.true(each) for each in _BLOCKS),
    ),
    _Part(
        "CKV_ROLLOUT_45",
        "aws_ebs_encryption_by_default",
        "An account encrypts volumes by default",
        lambda default: "enabled" not in default or default.true("enabled"),
    ),
    _Part(
        "CKV_ROLLOUT_46",
        "aws_ec2_instance_metadata_defaults",
        "An account's instances speak version 2 of the metadata service",
        lambda defaults: defaults.get("http_tokens") == "required",
    ),
    _Part(
        "CKV_ROLLOUT_47",
        "aws_budgets_budget",
        "An account has a budget",
        lambda budget: not budget.blocks("cost_filter"),
    ),
)


def _judge(part: _Part) -> Judge:
    def judge(backend: Resource) -> Iterator[str]:
        if backend.text("key").endswith("/account.tfstate") and not any(map(part.holds, backend.beside(part.kind))):
            yield f"has no {part.kind} that does this; modules/stacks/account.py creates it"

    judge.__doc__ = f"{part.sentence}."
    return judge


for _part in _PARTS:
    rule(_part.check, source=_FSBP, on="terraform_backend")(_judge(_part))
