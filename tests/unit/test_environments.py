"""Values: the right ones pass, and each wrong one is refused by the name of its field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import environments
from environments import guardduty
from environments.schema import Environment, IamUser, PermissionSet, Readiness, Scaling
from environments.schema.rules import probes_reach_their_service
from environments.schema.validation import InvalidEnvironmentError, validate
from tests.cases import every_case
from tests.strategies import any_environment

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PROD = environments.load("prod")
BACKEND = "product.services.0"


def changed(value: Any, path: str, new: object) -> Any:
    """The same value with one part, however deep, that is another."""
    name, _, rest = path.partition(".")
    if isinstance(value, tuple):
        index = int(name)
        inner = changed(value[index], rest, new) if rest else new
        return (*value[:index], inner, *value[index + 1 :])
    return replace(value, **{name: changed(getattr(value, name), rest, new) if rest else new})


def problems(environment: Environment) -> list[str]:
    with pytest.raises(InvalidEnvironmentError) as refused:
        validate(environment)
    for problem in refused.value.problems:
        assert f"{problem.field}: {problem.given!r}: {problem.allowed}" in str(refused.value)
    return [problem.field for problem in refused.value.problems]


@pytest.mark.slow
@quick
@given(any_environment())
def test_right_values_pass(environment: Environment) -> None:
    assert validate(environment) == environment


ROLE = "arn:aws:iam::777788889999:role/platform-lead"
MALFORMED = [
    ("account_id", "12345"),
    ("account_id", 111122223333),
    ("region", "virginia"),
    ("name", "Prod"),
    ("stage", "prod_eu"),
    ("owner", "x"),
    ("cli_profile", "my profile"),
    ("protected", "yes"),
    ("network.cidr", "10.30.0.0"),
    ("network.cidr", "10.30.0.0/24"),
    ("network.cidr", "10.0.0.0/8"),
    ("network.cidr", "10.30.1.0/16"),
    ("network.cidr", "8.8.0.0/16"),
    ("network.zones.1", "z"),
    ("network.flow_log_retention", 100),
    ("observability.log_retention", 366),
    ("observability.latency", 0.0),
    ("observability.cpu", 100),
    ("observability.memory", 0),
    ("waf.log_retention", 0),
    ("waf.rate_limit", 9),
    ("waf.rate_limited_path", "api"),
    ("profile.zone_count", 4),
    ("profile.cache_nodes", 0),
    ("profile.database_class", "m7g.large"),
    ("database.version", "12"),
    ("database.user", "postgres"),
    ("database.backup_days", 6),
    ("database.url_query", "sslmode=disable"),
    ("database.url_query", "sslmode=require&sslmode=disable"),
    ("database.url_query", "sslmode=require&hostaddr=203.0.113.1"),
    ("database.url_query", "sslmode=require&application_name=x&user=x"),
    ("cache.version", "6.2"),
    ("edge.host", "App.navralabs.com"),
    ("edge.tls_policy", "ELBSecurityPolicy-2016-08"),
    ("access.administrators", ()),
    ("access.deployers.0", "platform-engineer"),
    *((f"access.{field}.0", ROLE) for field in ("administrators", "deployers", "planners")),
    ("access.administrators.0", "arn:aws:iam::777788889999:root"),
    ("access.administrators.0.arn", ROLE),
    ("access.deployers.0.arn", "arn:aws:sts::777788889999:assumed-role/platform-lead/someone"),
    ("access.deployers.0.arn", "arn:aws:iam::777788889999:user/*"),
    ("access.planners.0.account_id", "7777"),
    ("access.planners.0.name", "platform engineer"),
    ("alerts.email", ()),
    ("alerts.email.0", "alerts@navralabs"),
    ("alerts.slack_channel", "#alerts"),
    ("budgets.monthly", 0),
    ("cutover.weight", 101),
    ("cutover.weight", -1),
    ("cutover.previous.zone_id", "zone"),
    (f"{BACKEND}.port", 70000),
    (f"{BACKEND}.paths.0", "api/*"),
    (f"{BACKEND}.priority", 50001),
    (f"{BACKEND}.user", "0:0"),
    (f"{BACKEND}.health_check.interval", 1),
    (f"{BACKEND}.health_check.codes", "500"),
    ("product.secrets.0.name", "openai-key"),
]


@every_case(("path", "value"), MALFORMED, ids=[f"{path}={value}" for path, value in MALFORMED])
def test_a_malformed_value_is_refused_by_its_name(path: str, value: object) -> None:
    assert problems(changed(PROD, path, value)) == [path]


@pytest.mark.requirement("R1.2", "R1.3")
@every_case("field", ["administrators", "deployers", "planners"])
@every_case("form", ["text", "user"])
def test_a_role_as_principal_is_refused_by_name_with_the_reason(field: str, form: str) -> None:
    """A session from AssumeRole carries no MFA: such a principal could never meet the trust policy's condition."""
    named = ROLE if form == "text" else IamUser(arn=ROLE)
    with pytest.raises(InvalidEnvironmentError) as refused:
        validate(changed(PROD, f"access.{field}", (named,)))
    (problem,) = refused.value.problems
    assert ROLE in str(problem) and "a role can't have MFA: a session from AssumeRole carries none" in str(problem)


@pytest.mark.requirement("R1.3", "R11.2")
@pytest.mark.parametrize("field", ["administrators", "deployers"])
def test_mfa_that_only_identity_center_asks_for_is_a_risk(field: str) -> None:
    people = changed(PROD, f"access.{field}", (PermissionSet(account_id="777788889999", name="platform-lead"),))
    assert problems(people) == ["accepts"]
    validate(replace(people, accepts=("mfa_by_identity_center",)))


TWIN = replace(PROD.product.services[0], name="twin")
DIGESTS = dict(PROD.releases)
WRITTEN = next(index for index, secret in enumerate(PROD.product.secrets) if secret.written_by == "terraform")
UNFITTING = [
    ("product.name", "a-product-with-a-name-beyond-limits", "product.name, stage"),
    (f"{BACKEND}.name", "a-service-with-a-long-name", f"{BACKEND}.name"),
    (f"{BACKEND}.name", "database", "product.services.name"),
    (f"{BACKEND}.name", "frontend", "product.services.name"),
    (f"{BACKEND}.cpu", 300, f"{BACKEND}.cpu"),
    (f"{BACKEND}.memory", 8192, f"{BACKEND}.memory"),
    ("product.migration.memory", 512, "product.migration.memory"),
    (f"{BACKEND}.port", None, f"{BACKEND}.paths"),
    (f"{BACKEND}.health_check", None, f"{BACKEND}.paths"),
    (f"{BACKEND}.priority", None, f"{BACKEND}.priority"),
    (f"{BACKEND}.paths", tuple(f"/{letter}/*" for letter in "abcdef"), f"{BACKEND}.paths"),
    ("product.services.1.paths", ("/web/*",), "product.services.paths"),
    ("product.services", (*PROD.product.services, replace(TWIN, priority=200)), "product.services.paths"),
    ("product.services", (*PROD.product.services, replace(TWIN, paths=("/twin/*",))), "product.services.priority"),
    (f"{BACKEND}.secrets", ("NOBODY_DEFINED",), f"{BACKEND}.secrets"),
    (f"{BACKEND}.environment", {"DATABASE_URL": "x"}, f"{BACKEND}.environment"),
    (f"{BACKEND}.environment", {"ORIGIN": "{orgin}"}, f"{BACKEND}.environment.ORIGIN"),
    (f"{BACKEND}.scaling", Scaling(minimum=3, maximum=2), f"{BACKEND}.scaling.maximum"),
    ("product.secrets.0.generated", "cache_url", "product.secrets.generated"),
    (f"product.secrets.{WRITTEN}.generated", "key", f"product.secrets.{WRITTEN}.generated"),
    ("product.migration.service", "worker", "product.migration.service"),
    ("network.zones", ("a", "b"), "network.zones"),
    ("network.zones", ("a", "a", "b"), "network.zones"),
    ("edge.host", "app.example.com", "edge.certificate_names"),
    ("edge.zone.id", None, "edge.zone.id"),
    ("edge.zone.role", None, "edge.zone.role"),
    ("database.storage_limit", 50, "database.storage_limit"),
    ("cache.engine", "valkey", "cache.version"),
    ("alerts.slack_channel", None, "alerts.slack_channel"),
    ("cutover", replace(PROD.cutover, previous=None, weight=50), "cutover.weight"),
    ("releases", {}, "releases"),
    ("releases", DIGESTS | {"navralabs/other": DIGESTS["navralabs/aep-backend"]}, "releases"),
    ("releases", DIGESTS | {"navralabs/aep-backend": "latest"}, "releases.navralabs/aep-backend"),
    ("budgets.services", {"Amazon ElastiCache": 0}, "budgets.services.Amazon ElastiCache"),
    ("profile.waf", False, "accepts"),
    ("profile.guardduty_agent", False, "accepts"),
    ("accepts", ("no_waf",), "accepts"),
]


@every_case(("path", "value", "field"), UNFITTING, ids=[f"{row[0]}={row[1]!s:.40}" for row in UNFITTING])
def test_a_value_that_does_not_fit_the_others_is_refused_by_name(path: str, value: object, field: str) -> None:
    assert field in problems(changed(PROD, path, value))


@quick
@given(st.lists(st.sampled_from(MALFORMED), min_size=2, unique_by=lambda row: row[0].split(".")[0]))
def test_all_problems_are_listed_at_once(rows: list[tuple[str, object]]) -> None:
    environment = PROD
    for path, value in rows:
        environment = changed(environment, path, value)
    assert sorted(problems(environment)) == sorted(path for path, _ in rows)


def test_malformed_values_do_not_hide_ones_that_do_not_fit() -> None:
    wrong = changed(changed(PROD, "region", "virginia"), "cache.engine", "valkey")
    assert problems(wrong) == ["region", "cache.version"]


def test_the_message_says_where_to_fix_it() -> None:
    with pytest.raises(InvalidEnvironmentError, match=r"in tests/products/aep/prod_starter\.py or a file it"):
        validate(replace(environments.load("prod-starter"), region="virginia"))


def test_tasks_get_guarddutys_agent_only_where_aws_lists_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(guardduty._ACCOUNTS, PROD.region)
    assert problems(PROD) == ["profile.guardduty_agent"]


@pytest.mark.parametrize(("path", "value"), [("network.cidr", "10.20.64.0/18"), ("network.cidr", "10.20.0.0/16")])
def test_stages_do_not_share_addresses(path: str, value: str) -> None:
    (problem,) = environments._overlaps(changed(PROD, path, value), environments.load("staging"))
    assert (problem.field, problem.allowed) == ("network.cidr", "overlaps staging's 10.20.0.0/16")


@pytest.mark.parametrize(("field", "value"), [("account_id", "999999999999"), ("region", "eu-central-1")])
def test_sizes_of_one_stage_share_account_and_region(field: str, value: str) -> None:
    found = environments._overlaps(changed(environments.load("prod-starter"), field, value), PROD)
    assert [problem.field for problem in found] == [field]


@pytest.mark.requirement("R10.2")
@every_case(
    ("change", "field", "allowed"),
    [
        ({"liveness": "/index"}, "product.services.0.liveness", "frontend gets it"),
        (
            {"readiness": Readiness(path="/index")},
            "product.services.0.readiness.path",
            "a path that its paths ('/api/*', '/health/*') match",
        ),
        ({"reaches": ("database",)}, "product.services.0.readiness.checks", "one of reaches: database"),
        (
            {"paths": (), "priority": None, "port": None, "health_check": None},
            "product.services.0.liveness",
            "only a service with paths can be asked",
        ),
    ],
)
def test_probes_ask_the_service_that_they_are_about(change: dict[str, Any], field: str, allowed: str) -> None:
    first, *others = PROD.product.services
    product = replace(PROD.product, services=(replace(first, **change), *others))
    found = list(probes_reach_their_service(replace(PROD, product=product)))
    assert any(problem.field == field and allowed in problem.allowed for problem in found), found
