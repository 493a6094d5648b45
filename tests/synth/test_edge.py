"""Load balancer, TLS, DNS validation and security headers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import environments
from environments.names import Names
from environments.schema import Environment, Zone
from tests.conftest import Body, Stack

Synthesize = Callable[[Environment], dict[str, Stack]]


@pytest.fixture
def edge(stacks: dict[str, Stack], env: Environment) -> Stack:
    return stacks[f"{env.name}-edge"]


@pytest.fixture(scope="module")
def variant(synthesized: Synthesize) -> Stack:
    """A zone of this account, a wildcard beside its apex, and every service blue/green."""
    prod = environments.load("prod")
    services = tuple(replace(service, deployment="blue_green") for service in prod.product.services)
    edge = replace(
        prod.edge,
        certificate_names=("navralabs.com", "*.navralabs.com", "www.app.navralabs.com"),
        zone=Zone(name="navralabs.com", kind="existing", id="Z0EXAMPLE00EXISTING"),
    )
    return synthesized(replace(prod, product=replace(prod.product, services=services), edge=edge))["edge"]


def listener(edge: Stack, port: int) -> Body:
    (found,) = (each for each in edge.resources("aws_lb_listener").values() if each["port"] == port)
    return found


@pytest.mark.requirement("R6.1")
def test_the_certificate_has_the_names_and_is_proved_in_the_zone(edge: Stack, env: Environment) -> None:
    (certificate,) = edge.resources("aws_acm_certificate").values()
    names = (certificate["domain_name"], *certificate.get("subject_alternative_names", []))
    assert names == env.edge.certificate_names
    if (env.product.name, env.stage) == ("aep", "prod"):
        assert set(names) >= {"navralabs.com", "app.navralabs.com"}
    assert certificate["validation_method"] == "DNS"
    assert certificate["lifecycle"]["create_before_destroy"]
    records = edge.resources("aws_route53_record")
    (validation,) = edge.resources("aws_acm_certificate_validation").values()
    assert set(validation["validation_record_fqdns"]) == {f"${{aws_route53_record.{id_}.fqdn}}" for id_ in records}
    for name in names:
        # A name and its wildcard have the same validation record.
        pair = {name, f"*.{name}", name.removeprefix("*.")}
        found = [
            record
            for record in records.values()
            if any(f'option.domain_name == "{either}"' in record["name"] for either in pair)
        ]
        assert len(found) == 1, name


@pytest.mark.requirement("R6.1")
def test_a_name_and_its_wildcard_share_one_record(variant: Stack) -> None:
    assert set(variant.resources("aws_route53_record")) == {
        "certificate_navralabs_com",
        "certificate_www_app_navralabs_com",
    }


@pytest.mark.requirement("R6.1", "R6.5")
def test_the_zone_may_be_made_here_or_exist_here_or_in_another_account(
    stacks: dict[str, Stack], variant: Stack
) -> None:
    created, elsewhere = stacks["staging-edge"], stacks["prod-edge"]
    (id_,) = created.resources("aws_route53_zone")
    assert created.outputs["zone_id"] == f"${{aws_route53_zone.{id_}.zone_id}}"
    for stack, zone_id in ((variant, "Z0EXAMPLE00EXISTING"), (elsewhere, "Z0EXAMPLE00STAGING00")):
        assert not stack.resources("aws_route53_zone")
        assert stack.outputs["zone_id"] == zone_id
    for stack in (created, variant):
        assert all("provider" not in record for record in stack.resources("aws_route53_record").values())
    zone = environments.load("prod").edge.zone
    (writer,) = (each for each in elsewhere.document["provider"]["aws"] if each.get("alias"))
    assert zone.role and writer["assume_role"][0]["role_arn"] == "${var.zone_role}"
    assert elsewhere.document["variable"] == {"zone_role": {"default": zone.role, "type": "string"}}
    assert "variable" not in created.document
    assert writer["allowed_account_ids"] == [zone.role.split(":")[4]]
    for record in elsewhere.resources("aws_route53_record").values():
        assert record["provider"] == f"aws.{writer['alias']}"


@pytest.mark.requirement("R6.2", "R8.1")
def test_the_load_balancer_is_public_protected_logged_and_strict(edge: Stack, env: Environment) -> None:
    (balancer,) = edge.resources("aws_lb").values()
    assert balancer["internal"] is False
    for letter, subnet in zip(env.zones, balancer["subnets"], strict=True):
        assert f'public_subnets["{letter}"]' in subnet
    assert balancer["enable_deletion_protection"] is env.protected
    assert balancer["drop_invalid_header_fields"] is True
    assert balancer["desync_mitigation_mode"] in ("defensive", "strictest")
    assert balancer["access_logs"]["enabled"] is True
    assert balancer["access_logs"]["bucket"].endswith("account.outputs.access_log_bucket}")
    assert len(balancer["security_groups"]) == 1


@pytest.mark.requirement("R6.3")
def test_plain_http_is_redirected_and_paths_go_to_their_services(edge: Stack, env: Environment) -> None:
    (plain,) = listener(edge, 80)["default_action"]
    assert plain["type"] == "redirect"
    assert plain["redirect"] == {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"}
    groups = {arn: name for name, arn in edge.outputs["target_group_arns"].items()}
    (default,) = listener(edge, 443)["default_action"]
    routes = {"/*": groups[default["target_group_arn"]]}
    for rule in edge.resources("aws_lb_listener_rule").values():
        ((action,), (condition,)) = rule["action"], rule["condition"]
        assert rule["listener_arn"] == edge.outputs["listener_arn"]
        (matched,) = condition.values()
        to = groups[action["target_group_arn"]] if action["type"] == "forward" else action["redirect"]["host"]
        routes |= dict.fromkeys(matched["values"], to)
    hosts = env.edge.service_hosts
    wanted = dict.fromkeys(env.edge.redirects, env.edge.host)
    for service in env.product.load_balanced:
        wanted |= dict.fromkeys([hosts[service.name]] if service.name in hosts else service.paths, service.name)
    assert routes == wanted
    if env.product.name == "aep":
        assert routes == {"/*": "frontend", "/api/*": "backend", "/health/*": "backend"}


@pytest.mark.requirement("R6.3")
def test_targets_are_checked_as_the_values_say(edge: Stack, env: Environment) -> None:
    groups = {group["name"]: group for group in edge.resources("aws_lb_target_group").values()}
    for service in env.product.load_balanced:
        group, check = groups[Names(env).target_group(service.name)], service.health_check
        assert check and (group["port"], group["target_type"]) == (service.port, "ip")
        assert (group["health_check"]["path"], group["health_check"]["matcher"]) == (check.path, check.codes)
        assert group["health_check"]["timeout"] < group["health_check"]["interval"] == check.interval


@pytest.mark.requirement("R6.4")
def test_tls_is_current_and_waits_for_the_certificate(edge: Stack) -> None:
    https = listener(edge, 443)
    assert https["ssl_policy"].startswith("ELBSecurityPolicy-TLS13-1-")
    assert https["certificate_arn"].startswith("${aws_acm_certificate_validation.")


@pytest.mark.requirement("R9.2")
def test_answers_carry_the_security_headers_and_one_origin(edge: Stack, env: Environment) -> None:
    https = listener(edge, 443)
    headers = {key.removeprefix("routing_http_response_"): value for key, value in https.items()}
    assert headers["access_control_allow_origin_header_value"] == f"https://{env.edge.host}"
    assert headers["strict_transport_security_header_value"] == f"max-age={env.edge.hsts}; includeSubDomains"
    assert "frame-ancestors 'none'" in headers["content_security_policy_header_value"]
    assert headers["x_content_type_options_header_value"] == "nosniff"
    assert headers["x_frame_options_header_value"] == "DENY"
    assert headers["server_enabled"] is False


@pytest.mark.requirement("R7.4")
def test_blue_green_services_have_two_target_groups_and_codedeploy_moves_between_them(variant: Stack) -> None:
    names = {"backend", "frontend"}
    assert set(variant.outputs["target_group_names"]) == set(variant.outputs["green_target_group_names"]) == names
    assert {group["name"] for group in variant.resources("aws_lb_target_group").values()} == {
        f"aep-prod-{name}{colour}" for name in names for colour in ("", "-green")
    }
    assert listener(variant, 443)["lifecycle"]["ignore_changes"] == ["default_action"]
    for rule in variant.resources("aws_lb_listener_rule").values():
        assert rule["lifecycle"]["ignore_changes"] == ["action"]
