"""Every principal that a plan gives more access is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.gate.model import Outcome
from ops.plan_gate.model import FindingKind
from tests.cases import every_case
from tests.plan_gate.plans import REPLACE, Body, allow, change, deny, first, found, judge, plan, policy, widened

patient = settings(max_examples=100, deadline=None)
PEOPLE = {"AWS": "arn:aws:iam::111122223333:role/a"}
ROLE = {
    "name": "app",
    "assume_role_policy": policy(allow("sts:AssumeRole", Principal={"Service": "ecs.amazonaws.com"})),
}
ORG = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


def role_policy(before: Body, after: Body) -> Body:
    return change(
        "aws_iam_role_policy.a", {"role": "app", "policy": policy(before)}, {"role": "app", "policy": policy(after)}
    )


@every_case(
    ("before", "after", "word"),
    [
        (allow("s3:GetObject"), allow(["s3:GetObject", "s3:PutObject"]), "s3:putobject"),
        (allow("s3:GetObject"), allow("s3:*"), "s3:*"),
        (allow("s3:GetObject"), allow("s3:Get*"), "s3:get*"),
        (allow("s3:Get?bject"), allow("s3:Get*"), "s3:get*"),
        (allow(resources="arn:a"), allow(resources=["arn:a", "arn:b"]), "arn:b"),
        (allow(resources="arn:a/x*"), allow(resources="arn:a/*"), "arn:a/*"),
        (allow(), {**allow(), "NotResource": "arn:z", "Resource": None}, "all but arn:z"),
        ({**allow(), "NotAction": ["iam:*", "kms:*"]}, {**allow(), "NotAction": "iam:*"}, "all but iam:*"),
        ({**allow(), "NotAction": ["iam:*"]}, allow("iam:PassRole"), "iam:passrole"),
        (allow(Condition=ORG), allow(), "under other conditions"),
        (
            allow(Condition=ORG),
            allow(Condition={"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}}),
            "under other conditions",
        ),
        (
            allow(Condition={"StringNotEquals": {"a": ["1", "2"]}}),
            allow(Condition={"StringNotEquals": {"a": "1"}}),
            "under other conditions",
        ),
        (allow(Condition={"Bool": {"a": True}}), allow(Condition={"Bool": {"a": False}}), "under other conditions"),
        (
            allow(Condition={"StringLike": {"a": "repo:x:ref"}}),
            allow(Condition={"StringLike": {"a": "repo:x:*"}}),
            "under other conditions",
        ),
        (allow(Principal=PEOPLE), allow(Principal="*"), "for *"),
        (allow(Principal={"AWS": "111122223333"}), allow(Principal={"AWS": "444455556666"}), "444455556666:root"),
        (allow(Principal={"AWS": "arn:aws:iam::1:role/*"}), allow(Principal=PEOPLE), "role/a"),
        (allow(Principal=PEOPLE), {**allow(), "NotPrincipal": PEOPLE}, "all but"),
        (deny(), deny("s3:DeleteObject"), "no longer denies s3:*"),
        (deny(), deny(Condition=ORG), "no longer denies s3:*"),
        (deny(), allow(), "no longer denies"),
        (deny(resources="*"), deny(resources="arn:a"), "no longer denies"),
    ],
)
def test_a_wider_policy(before: Body, after: Body, word: str) -> None:
    document = plan(role_policy(before, after))
    assert any(word in each for each in widened(document)), widened(document)
    assert judge(document).outcome is Outcome.FINDINGS
    assert judge(document, approve=True).outcome is Outcome.CLEAN


@every_case(
    ("before", "after"),
    [
        (allow(["s3:GetObject", "s3:PutObject"]), allow("S3:getobject")),
        (allow("s3:*"), allow("s3:Get*")),
        (allow("*"), {**allow(), "NotAction": "iam:*"}),
        ({**allow(), "NotAction": "iam:*"}, allow("s3:GetObject")),
        ({**allow(), "NotAction": "iam:*"}, {**allow(), "NotAction": ["iam:*", "kms:*"]}),
        (allow(), allow(Condition=ORG)),
        (allow(Condition={"StringEquals": {"a": ["1", "2"]}}), allow(Condition={"StringEquals": {"A": "1"}})),
        (allow(Condition={"StringLike": {"a": "repo:x:*"}}), allow(Condition={"StringLike": {"a": "repo:x:ref"}})),
        (allow(Condition={"Bool": {"a": True}}), allow(Condition={"Bool": {"a": ["true"]}})),
        (allow(Principal={"AWS": ["*"]}), allow(Principal=PEOPLE)),
        (allow(Principal={"AWS": "111122223333"}), allow(Principal={"AWS": "arn:aws:iam::111122223333:root"})),
        (deny("s3:DeleteObject"), deny()),
        (deny(Condition=ORG), deny()),
        (allow(), deny()),
        (allow(), {**allow(), "Sid": "Renamed"}),
    ],
)
def test_a_policy_that_is_no_wider(before: Body, after: Body) -> None:
    assert widened(plan(role_policy(before, after))) == []


ACTIONS = st.lists(st.sampled_from(["s3:GetObject", "s3:Get*", "s3:PutObject", "kms:Decrypt", "s3:*"]), min_size=1)
RESOURCES = st.lists(st.sampled_from(["arn:a", "arn:a/*", "arn:b", "arn:?"]), min_size=1)
STATEMENTS = st.builds(
    lambda actions, resources, guarded: allow(actions, resources, **({"Condition": ORG} if guarded else {})),
    ACTIONS,
    RESOURCES,
    st.booleans(),
)


@pytest.mark.slow
@patient
@given(before=st.lists(STATEMENTS, max_size=4), after=st.lists(STATEMENTS, max_size=4), extra=STATEMENTS)
def test_any_single_new_permission_is_found(before: list[Body], after: list[Body], extra: Body) -> None:
    """Of one action that nothing else allows."""
    grown = [*before, *after, {**extra, "Action": "iam:PassRole"}]
    old, new = {"role": "a", "policy": policy(*before, *after)}, {"role": "a", "policy": policy(*reversed(grown))}
    whats = widened(plan(change("aws_iam_role_policy.a", old, new)))
    assert len(whats) == 1
    assert "allows iam:passrole on " in whats[0]
    assert widened(plan(change("aws_iam_role_policy.a", new, old))) == []


@every_case(
    ("changed", "word"),
    [
        (change("aws_iam_role.app", None, ROLE), "trust policy of app"),
        (
            change("aws_iam_role_policy.a", None, {"role": "a", "policy": policy(allow())}),
            "role's inline policies of a",
        ),
        (
            change("aws_iam_role_policy.a", *({"role": each, "policy": policy(allow())} for each in "ab")),
            "role's inline policies of b",
        ),
        (change("aws_s3_bucket_policy.a", {"bucket": "a", "policy": policy(deny())}), "no longer denies"),
        (change("aws_vpc_endpoint.a", {"id": "v", "policy": policy(allow())}, {"id": "v", "policy": ""}), "default"),
        (
            change(
                "aws_kms_key.a", *({"key_id": "k", "policy": policy(allow(each))} for each in ("kms:Get*", "kms:*"))
            ),
            "k",
        ),
        (
            change("aws_glue_resource_policy.a", None, {"policy": policy(allow())}),
            "policy of aws_glue_resource_policy.a",
        ),
        (
            change("aws_iam_policy.a", {"policy": policy(allow())}, {}, unknown={"policy": True}),
            "isn't known until apply",
        ),
        (
            change("aws_iam_role_policy_attachment.a", None, {"role": "a", "policy_arn": "arn:admin"}),
            "a gets policy arn:admin",
        ),
        (
            change("aws_iam_role_policy_attachment.a", None, {"role": "a"}, unknown={"policy_arn": True}),
            "a gets policy (known after apply)",
        ),
        (change("aws_iam_role.app", {**ROLE, "permissions_boundary": "arn:b"}, ROLE), "permissions_boundary was arn:b"),
        (
            change(
                "aws_iam_openid_connect_provider.a",
                *({"url": "u", "client_id_list": list(each)} for each in ("a", "ab")),
            ),
            "u is trusted for audience b",
        ),
        (
            change(
                "aws_ecs_task_definition.a",
                *({"family": "app", "task_role_arn": each} for each in ("arn:1", "arn:2")),
                actions=REPLACE,
            ),
            "app runs as role arn:2",
        ),
        (
            change(
                "aws_ecs_service.a",
                *({"name": "a", "network_configuration": [{"security_groups": each}]} for each in (["sg-1"], ["sg-2"])),
            ),
            "a joins security group sg-2",
        ),
        (
            change("aws_db_instance.a", *({"identifier": "a", "deletion_protection": each} for each in (True, False))),
            "deletion_protection was true, and is false",
        ),
    ],
)
def test_other_ways_to_let_in_more(changed: Body, word: str) -> None:
    document = plan(changed)
    assert any(word in each for each in widened(document)), widened(document)
    assert judge(document).outcome is Outcome.FINDINGS


def test_a_policy_that_denies_is_detached() -> None:
    arn = "arn:aws:iam::111122223333:policy/never"
    never = {"name": "never", "arn": arn, "policy": policy(deny())}
    gone = change("aws_iam_role_policy_attachment.a", {"role": "app", "policy_arn": arn})
    assert widened(plan(change("aws_iam_policy.never", never, never), gone)) == [
        f"app loses policy {arn}, which denies something"
    ]


def test_what_goes_with_its_owner_is_no_widening() -> None:
    permissions = {"role": "app", "policy": policy(deny())}
    assert widened(plan(change("aws_iam_role.app", ROLE), change("aws_iam_role_policy.app", permissions))) == []


def test_a_policy_may_move_to_another_resource_of_the_same_role() -> None:
    permissions = {"role": "app", "policy": policy(allow(), deny())}
    moved = [change("aws_iam_role_policy.a", permissions), change("aws_iam_role_policy.b", None, permissions)]
    assert widened(plan(*moved)) == []


BLOCK = {
    "block_public_acls": True,
    "block_public_policy": True,
    "ignore_public_acls": True,
    "restrict_public_buckets": True,
}


@every_case("setting", BLOCK)
@every_case("kind", ["aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"])
def test_a_public_access_block_is_loosened(kind: str, setting: str) -> None:
    whose = {"bucket": "a", "account_id": "111122223333"}
    changed = change(f"{kind}.a", {**BLOCK, **whose}, {**BLOCK, **whose, setting: False})
    assert widened(plan(changed)) == [f"{setting} was true, and is false"]
    assert len(widened(plan(change(f"{kind}.a", {**BLOCK, **whose})))) == 4


def rule(peer: str = "10.0.0.0/16", low: Any = 443, high: Any = 443, protocol: str = "tcp", **more: Any) -> Body:
    kind = "cidr_ipv6" if ":" in peer else "cidr_ipv4"
    kind = "referenced_security_group_id" if peer.startswith("sg-") else kind
    return {"security_group_id": "sg-1", "ip_protocol": protocol, "from_port": low, "to_port": high, kind: peer, **more}


WIDER_RULES = [
    rule("0.0.0.0/0"),
    rule("10.0.0.0/15"),
    rule("::/0"),
    rule("sg-9"),
    rule(low=442),
    rule(high=444),
    rule(low=0, high=65535),
    rule(protocol="udp"),
    rule(protocol="-1", low=None, high=None),
    rule(security_group_id="sg-2"),
]
INGRESS = "aws_vpc_security_group_ingress_rule.a"


@every_case("wider", WIDER_RULES)
@every_case("actions", [("update",), REPLACE])
def test_a_wider_rule(wider: Body, actions: tuple[str, ...]) -> None:
    document = plan(change(INGRESS, rule(), wider, actions=actions))
    (finding,) = found(document, FindingKind.WIDENING)
    assert finding.where == INGRESS
    assert judge(document).outcome is Outcome.FINDINGS
    assert widened(plan(change(INGRESS, wider, wider), change("aws_sns_topic.a", None, {"name": "a"}))) == []


@every_case(
    "narrower",
    [rule("10.0.1.0/24"), rule(low=444, high=444), rule(protocol="udp"), rule("sg-2", description="again")],
)
def test_a_rule_that_is_no_wider(narrower: Body) -> None:
    everything = rule("10.0.0.0/8", low=None, high=None, protocol="-1")
    both = [change(INGRESS, everything), change("aws_vpc_security_group_ingress_rule.b", rule("sg-2"), rule("sg-2"))]
    assert widened(plan(*both, change("aws_vpc_security_group_ingress_rule.c", None, narrower))) == []


@pytest.mark.slow
@patient
@given(
    st.integers(0, 32),
    st.integers(0, 32),
    *(st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(sorted) for _ in range(2)),
)
def test_ranges(old_prefix: int, new_prefix: int, old: list[int], new: list[int]) -> None:
    before = rule(f"10.0.0.0/{old_prefix}", low=old[0], high=old[1])
    after = rule(f"10.0.0.0/{new_prefix}", low=new[0], high=new[1])
    within = new_prefix >= old_prefix and old[0] <= new[0] and new[1] <= old[1]
    assert (widened(plan(change(INGRESS, before, after))) == []) is within


@every_case(
    "added",
    [
        change(
            "aws_security_group_rule.a",
            None,
            {**rule(), "type": "ingress", "protocol": "tcp", "cidr_blocks": ["1.2.3.4/32"]},
        ),
        change(
            "aws_security_group.a", None, {"ingress": [{**rule(), "protocol": "tcp", "cidr_blocks": ["1.2.3.4/32"]}]}
        ),
        change("aws_security_group.a", {"id": "a", "ingress": []}, {"id": "a"}, unknown={"ingress": True}),
        change("aws_vpc_security_group_egress_rule.a", None, rule()),
        change(INGRESS, None, {**rule(), "cidr_ipv4": None}, unknown={"referenced_security_group_id": True}),
    ],
)
def test_rules_in_any_form(added: Body) -> None:
    assert widened(plan(added))


def test_what_changed_outside_terraform_is_told_apart() -> None:
    narrow, wide = rule(), rule("0.0.0.0/0")
    kept = plan(change(INGRESS, wide, wide), drift=(change(INGRESS, narrow, wide),))
    (what,) = widened(kept)
    assert "changed outside Terraform" in what
    undone = plan(change(INGRESS, wide, narrow), drift=(change(INGRESS, narrow, wide),))
    assert widened(undone) == []
    again = plan(change(INGRESS, narrow, wide), drift=(change(INGRESS, wide, narrow),))
    (what,) = widened(again)
    assert "outside" not in what


def test_drift_that_nothing_else_mentions_counts() -> None:
    """A refresh-only plan has no changes but these."""
    document = plan(drift=(change(INGRESS, rule(), rule("0.0.0.0/0")),))
    assert "changed outside Terraform" in widened(document)[0]


def test_aws_answer_about_its_own_resources_is_no_drift() -> None:
    """After an apply, a refresh shows the role's policies and the group's rules as theirs too."""
    group = {"id": "sg-1", "name": "a"}
    inline = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": ["10.0.0.0/16"]}
    permissions = {"role": "app", "policy": policy(allow(), deny())}
    role = {**ROLE, "inline_policy": [{"name": "a", "policy": policy(allow(), deny())}]}
    document = plan(
        change("aws_security_group.a", {**group, "ingress": [inline]}, {**group, "ingress": [inline]}),
        change(INGRESS, rule(), rule()),
        change("aws_iam_role.app", role, role),
        change("aws_iam_role_policy.app", permissions, permissions),
        drift=(
            change("aws_security_group.a", {**group, "ingress": []}, {**group, "ingress": [inline]}),
            change("aws_iam_role.app", {**ROLE, "inline_policy": []}, role),
        ),
    )
    assert widened(document) == []


def test_aws_answer_about_a_role_does_not_hide_that_a_deny_goes() -> None:
    role = {**ROLE, "inline_policy": [{"name": "a", "policy": policy(deny())}]}
    document = plan(
        change("aws_iam_role.app", role, role),
        change("aws_iam_role_policy.app", {"role": "app", "policy": policy(deny())}),
    )
    configured = document["configuration"]["root_module"]["resources"]
    configured[1]["expressions"] = {"name": {}, "assume_role_policy": {}}
    assert any("no longer denies" in each for each in widened(document))


def test_an_accounts_first_plan_is_shown_and_not_refused() -> None:
    made = first(change("aws_iam_role.app", None, ROLE), change(INGRESS, None, rule("0.0.0.0/0")))
    verdict = judge(made, alone=True)
    assert verdict.first
    assert [each.refused for each in verdict.of(FindingKind.WIDENING)] == [False, False]
    assert verdict.outcome is Outcome.CLEAN
    assert verdict.new and judge(made).new and not judge(made).first


def test_a_stack_that_lost_its_state_only_in_part_is_not_its_first() -> None:
    made = first(change("aws_iam_role.app", None, ROLE), drift=(change("aws_s3_bucket.a", {"bucket": "a"}),))
    verdict = judge(made, alone=True)
    assert not verdict.first
    assert verdict.outcome is Outcome.FINDINGS
