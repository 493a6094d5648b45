"""The register: a risk is accepted by exactly one entry that is current, reasoned and no wider than needed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ops.gate.model import ErrorKind, Outcome, Verdict
from ops.gate.register import Register, Risk, of_products
from tests.gate.project import POLICIES, Project, entry

ROOT = POLICIES.parent


@pytest.fixture
def open_topic(project: Project) -> Project:
    """A project with one finding: CKV_AWS_26."""
    project.add("services", "aws_sns_topic", "open", {"name": "open"})
    return project


def accept(**changes: object) -> dict[str, Any]:
    given = {"checks": ["CKV_AWS_26"], "resources": ["aws_sns_topic.open"], "stacks": ["*-services"], **changes}
    return entry(**given)


def choice(**changes: object) -> dict[str, Any]:
    return entry(**{"profile_risks": ["single_task"], "environments": ["demo"], **changes})


def complaint(verdict: Verdict) -> str:
    assert verdict.outcome is Outcome.ERROR
    assert {error.kind for error in verdict.errors} == {ErrorKind.REGISTER}
    return " | ".join(f"{error.where}: {error.what}" for error in verdict.errors)


@pytest.mark.requirement("R11.2")
def test_a_finding_that_is_not_accepted_fails(open_topic: Project) -> None:
    verdict = open_topic.judge()
    assert verdict.outcome is Outcome.FINDINGS
    assert [finding.record.check for finding in verdict.findings] == ["CKV_AWS_26"]


@pytest.mark.requirement("R11.2")
def test_an_accepted_one_passes_and_is_listed(open_topic: Project) -> None:
    open_topic.risks = [accept()]
    verdict = open_topic.judge()
    assert verdict.outcome is Outcome.CLEAN
    assert [(each.risk, each.record.check, each.expires) for each in verdict.accepted] == [
        ("planted", "CKV_AWS_26", date(2027, 1, 1))
    ]


@pytest.mark.requirement("R11.2")
def test_an_expired_entry_accepts_nothing(open_topic: Project) -> None:
    open_topic.risks = [accept()]
    assert open_topic.judge(today=date(2026, 12, 31)).outcome is Outcome.CLEAN
    verdict = open_topic.judge(today=date(2027, 1, 1))
    assert verdict.outcome is Outcome.FINDINGS
    note = verdict.findings[0].note
    assert note.startswith("the acceptance planted expired on 2027-01-01; close it, or review it and renew its dates: ")
    assert note.endswith("risks/aep.toml")


def test_thirty_days_before_it_expires_it_warns(open_topic: Project) -> None:
    open_topic.risks = [accept()]
    assert open_topic.judge(today=date(2026, 12, 1)).warnings == ()
    verdict = open_topic.judge(today=date(2026, 12, 2))
    assert verdict.outcome is Outcome.CLEAN
    assert "planted expires in 30 days, on 2027-01-01" in verdict.warnings[0]


@pytest.mark.parametrize("field", ["why", "compensation", "owner", "accepted", "expires", "closes", "id"])
def test_an_entry_says_everything(open_topic: Project, field: str) -> None:
    open_topic.risks = [accept(**{field: None})]
    assert f"has no {field}" in complaint(open_topic.judge())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"why": "because"}, "why is 'because', must be a sentence of 20 characters or more"),
        ({"expires": "soon"}, "expires is 'soon', must be a date without quotes, such as 2026-11-23"),
        ({"stacks": "*-services"}, "stacks is '*-services', must be a list of texts"),
        ({"until": "later"}, "has until, allowed are: id, checks"),
        ({"owner": "someone@example.com"}, "must be a role"),
        ({"expires": date(2028, 1, 1)}, "within 366 days"),
        ({"expires": date(2026, 1, 1)}, "must be after accepted"),
        ({"stacks": None}, "must have exactly these fields that say what it accepts: checks, resources, stacks; or "),
        ({"environments": ["demo"]}, "checks, profile_risks, resources; or environments, profile_risks"),
        ({"id": "Not a slug"}, "id is 'Not a slug', must be lower-case words and numbers joined by hyphens"),
    ],
)
def test_a_wrong_entry_says_what_is_allowed(open_topic: Project, changes: dict[str, Any], expected: str) -> None:
    open_topic.risks = [accept(**changes)]
    assert expected in complaint(open_topic.judge())


def test_the_page_has_the_same_rules_as_the_errors() -> None:
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    for name, field in Risk.model_fields.items():
        assert f"`{name}`" in page
        assert str(field.description) in page


def test_all_wrong_entries_are_listed(open_topic: Project) -> None:
    open_topic.risks = [accept(why=None), accept(id="other", closes=None)]
    found = complaint(open_topic.judge())
    assert "planted: has no why" in found
    assert "other: has no closes" in found


def test_a_register_that_is_no_toml(open_topic: Project) -> None:
    verdict = open_topic.judge(before=lambda: (open_topic.folder / "policies/risks.toml").write_text("[[risk"))
    assert "isn't readable as TOML" in complaint(verdict)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[risk]\nid = "x"', "has a risk that isn't an entry"),
        ('risk = "x"', "has a risk that isn't an entry"),
        ("risk = [1]", "has a risk that isn't an entry"),
        ("risk = []\nother = 1", "has other, allowed are [[risk]] entries"),
        ("[[risk]]\nid = 1", "id is 1, must be lower-case"),
        ("x = " + "[" * 2000 + "]" * 2000, "isn't readable as TOML"),
        ("\ud800", "isn't readable as TOML"),
    ],
    ids=["table", "text", "number", "other", "id", "deep", "surrogate"],
)
def test_a_register_of_another_form(open_topic: Project, text: str, said: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    verdict = open_topic.judge(before=lambda: (open_topic.folder / "policies/risks.toml").write_bytes(content))
    assert said in complaint(verdict)


def test_a_missing_register(open_topic: Project) -> None:
    verdict = open_topic.judge(before=(open_topic.folder / "policies/risks.toml").unlink)
    assert "isn't readable" in complaint(verdict)


@pytest.mark.requirement("R11.2")
@pytest.mark.parametrize("pattern", ["*", "aws_sns_topic.*"])
def test_an_entry_that_also_covers_what_passes(open_topic: Project, pattern: str) -> None:
    open_topic.risks = [accept(resources=[pattern])]
    found = complaint(open_topic.judge())
    assert "also covers checks that pass: CKV_AWS_26 on demo-services aws_sns_topic.services" in found


def test_two_entries_for_one_finding(open_topic: Project) -> None:
    open_topic.risks = [accept(), accept(id="again")]
    assert "is accepted by planted and again" in complaint(open_topic.judge())


def test_an_id_that_stands_twice(open_topic: Project) -> None:
    open_topic.risks = [accept(), accept()]
    assert "occurs twice" in complaint(open_topic.judge())


def test_an_entry_for_another_stack_is_not_unused_when_some_are_judged(open_topic: Project) -> None:
    open_topic.risks = [accept()]
    assert open_topic.judge("demo-network").outcome is Outcome.CLEAN
    assert open_topic.judge("demo-services").outcome is Outcome.CLEAN


@pytest.mark.requirement("R11.2")
def test_a_choice_that_is_a_risk_needs_an_entry(project: Project) -> None:
    project.expected = replace(project.expected, declared_risks={"demo": frozenset({"single_task"})})
    verdict = project.judge()
    assert verdict.outcome is Outcome.FINDINGS
    assert "environment demo declares the risk 'single_task'; no entry accepts it" in verdict.refusals[0]

    project.risks = [choice()]
    assert project.judge().outcome is Outcome.CLEAN
    assert "expired on 2027-01-01" in project.judge(today=date(2027, 1, 1)).refusals[0]

    project.risks = [choice(), choice(id="again")]
    assert "several accept it" in project.judge().refusals[0]


def test_a_choice_that_was_not_made(project: Project) -> None:
    project.risks = [choice()]
    found = complaint(project.judge())
    assert "profile_risks has 'single_task', which no environment declares" in found
    assert "environments has 'demo', which no environment declares" in found


def test_each_environment_of_an_entry_declares_each_of_its_choices(project: Project) -> None:
    declared = {"demo": frozenset({"single_task", "no_waf"}), "more": frozenset({"no_waf"})}
    products = {"demo": "aep", "more": "aep"}
    project.expected = replace(project.expected, declared_risks=declared, products=products)
    project.risks = [choice(profile_risks=["single_task", "no_waf"], environments=["demo", "more"])]
    assert "accepts 'single_task' for 'more', which doesn't declare it" in complaint(project.judge())


# Several products ----------------------------------------------------------------------------------------


@pytest.mark.requirement("R11.2")
def test_a_common_entry_accepts_a_type_of_resources_for_any_product(open_topic: Project) -> None:
    open_topic.common = [accept(resources=["aws_sns_topic.*"])]
    verdict = open_topic.judge()
    assert verdict.outcome is Outcome.CLEAN, "it also covers topics that pass: it decides about the type"
    assert len(verdict.accepted) == 1
    open_topic.common = [accept(resources=["*"])]
    assert "also covers checks that pass" in complaint(open_topic.judge())


def test_a_common_entry_may_match_nothing(project: Project) -> None:
    project.common = [accept()]
    verdict = project.judge()
    assert (verdict.outcome, verdict.warnings) == (Outcome.CLEAN, ())
    assert {each.value for each in verdict.unused or ()} == {"CKV_AWS_26", "aws_sns_topic.open", "*-services"}


@pytest.mark.requirement("R11.2")
def test_an_entry_of_another_product_accepts_nothing(open_topic: Project) -> None:
    open_topic.risks = [accept()]
    open_topic.expected = replace(open_topic.expected, products={"demo": "shop"})
    verdict = open_topic.judge()
    assert verdict.outcome is Outcome.FINDINGS
    assert verdict.errors == ()
    (warning,) = verdict.warnings
    assert warning.endswith("risks/aep.toml: no environment has the product 'aep'; make risks-prune")


@pytest.mark.requirement("R11.2")
def test_an_entry_for_a_declared_risk_covers_the_environments_that_declare_it(open_topic: Project) -> None:
    open_topic.common = [accept(stacks=None, profile_risks=["no_waf"])]
    assert open_topic.judge().outcome is Outcome.FINDINGS
    open_topic.expected = replace(open_topic.expected, declared_risks={"demo": frozenset({"no_waf"})})
    open_topic.risks = [choice(id="decision", profile_risks=["no_waf"])]
    assert open_topic.judge().outcome is Outcome.CLEAN


def test_two_products_may_use_the_same_id_but_not_a_common_one(open_topic: Project) -> None:
    open_topic.risks = [accept()]

    def beside() -> None:
        (open_topic.products / "shop.toml").write_text((open_topic.products / "aep.toml").read_text(encoding="utf-8"))

    assert open_topic.judge(before=beside).outcome is Outcome.CLEAN
    open_topic.common = [accept(checks=["CKV_AWS_1"])]
    assert "planted: occurs twice" in complaint(open_topic.judge())


def test_the_projects_own_register_is_valid() -> None:
    risks = Register.read(POLICIES / "risks.toml", of_products()).risks
    assert risks
