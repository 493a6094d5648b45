"""Load balancer, TLS, DNS, firewall and the headers of answers."""

from __future__ import annotations

from tests.gate.planted.row import Row

_EDGE = "prod-edge"
_HARDENING = "prod-hardening"
_LB = "resource/aws_lb/load_balancer"
_HTTPS = "resource/aws_lb_listener/https"
_RULES = "resource/aws_wafv2_web_acl/web_acl/rule"
_HEADER = f"{_HTTPS}/routing_http_response"
_RECORD = {
    "name": "app.navralabs.com",
    "type": "A",
    "zone_id": "Z0EXAMPLE00STAGING00",
    "alias": {
        "name": "${aws_lb.load_balancer.dns_name}",
        "zone_id": "${aws_lb.load_balancer.zone_id}",
        "evaluate_target_health": False,
    },
}

ROWS = (
    Row(
        "name-not-in-certificate",
        "R6.1",
        "The certificate lacks the application's name",
        _EDGE,
        "resource/aws_acm_certificate/certificate/subject_alternative_names",
        [],
        seen="aws_route53_record.application_current",
    ),
    Row(
        "certificate-by-mail",
        "R6.1",
        "The certificate is validated by mail",
        _EDGE,
        "resource/aws_acm_certificate/certificate/validation_method",
        "EMAIL",
    ),
    Row(
        "certificate-not-validated",
        "R6.1",
        "The listener doesn't wait for the certificate's validation",
        _EDGE,
        f"{_HTTPS}/certificate_arn",
        "${aws_acm_certificate.certificate.arn}",
    ),
    Row(
        "load-balancer-unprotected",
        "R6.2",
        "The load balancer's deletion protection is off",
        _EDGE,
        f"{_LB}/enable_deletion_protection",
        False,
    ),
    Row(
        "invalid-headers",
        "R6.2",
        "Invalid headers reach the application",
        _EDGE,
        f"{_LB}/drop_invalid_header_fields",
        False,
    ),
    Row(
        "no-access-logs", "R6.2", "The load balancer writes no access logs", _EDGE, f"{_LB}/access_logs/enabled", False
    ),
    Row(
        "load-balancer-inside",
        "R6.2",
        "The load balancer can't be reached from the internet",
        _EDGE,
        f"{_LB}/internal",
        True,
    ),
    Row(
        "load-balancer-in-private-subnet",
        "R6.2",
        "The load balancer has a private subnet",
        _EDGE,
        f"{_LB}/subnets/0",
        '${data.terraform_remote_state.network.outputs.private_subnets["a"]}',
    ),
    Row(
        "http-forwarded",
        "R6.3",
        "Port 80 forwards in clear text",
        _EDGE,
        "resource/aws_lb_listener/http/default_action",
        [{"type": "forward", "target_group_arn": "${aws_lb_target_group.frontend_targets.arn}"}],
    ),
    Row(
        "api-goes-nowhere",
        "R6.3",
        "Nothing is forwarded to the backend",
        _EDGE,
        "resource/aws_lb_listener_rule/https_backend",
    ),
    Row(
        "api-goes-to-frontend",
        "R6.3",
        "/api/* and /health/* go to the frontend",
        _EDGE,
        "resource/aws_lb_listener_rule/https_backend/action/0/target_group_arn",
        "${aws_lb_target_group.frontend_targets.arn}",
    ),
    Row(
        "old-tls",
        "R6.4",
        "The listener speaks TLS 1.0",
        _EDGE,
        f"{_HTTPS}/ssl_policy",
        "ELBSecurityPolicy-2016-08",
    ),
    Row(
        "tls-1-1",
        "R6.4",
        "The listener speaks TLS 1.1",
        _EDGE,
        f"{_HTTPS}/ssl_policy",
        "ELBSecurityPolicy-TLS13-1-1-2021-06",
    ),
    Row(
        "name-by-cname",
        "R6.5",
        "The application's name is a CNAME of a load balancer that no stack creates",
        "prod-cutover",
        "resource/aws_route53_record/application_current",
        {
            "name": "app.navralabs.com",
            "type": "CNAME",
            "ttl": 300,
            "records": ["aep-prod-0000000000.us-east-1.elb.amazonaws.com"],
            "set_identifier": "aep-prod-current",
            "weighted_routing_policy": {"weight": 0},
            "zone_id": "${data.terraform_remote_state.edge.outputs.zone_id}",
        },
    ),
    Row(
        "record-in-edge",
        "R10.1",
        "The edge phase already points the application's name at the new load balancer",
        _EDGE,
        "resource/aws_route53_record/application",
        _RECORD,
    ),
    Row(
        "record-with-weight-in-edge",
        "R10.1",
        "The edge phase already gets a part of the traffic",
        _EDGE,
        "resource/aws_route53_record/application",
        {**_RECORD, "set_identifier": "aep-prod-edge", "weighted_routing_policy": {"weight": 10}},
    ),
    Row(
        "record-without-weight",
        "R6.5",
        "The record of the cutover gets all traffic at once",
        "prod-cutover",
        "resource/aws_route53_record/application_current/weighted_routing_policy",
    ),
    Row(
        "no-common-rules",
        "R9.1",
        "The firewall lacks the common rules",
        _HARDENING,
        f"{_RULES}/4",
    ),
    Row(
        "no-known-bad-inputs",
        "R9.1",
        "The firewall lacks the rules for known bad inputs",
        _HARDENING,
        f"{_RULES}/3",
    ),
    Row(
        "rules-only-count",
        "R9.1",
        "The firewall's common rules count only, and block nothing",
        _HARDENING,
        f"{_RULES}/4/override_action",
        {"count": {}},
    ),
    Row("no-rate-limit", "R9.1", "The firewall has no rate limit", _HARDENING, f"{_RULES}/2"),
    Row(
        "firewall-of-nothing",
        "R9.1",
        "The firewall isn't associated with the load balancer",
        _HARDENING,
        "resource/aws_wafv2_web_acl_association",
        seen="aws_lb.load_balancer",
    ),
    Row(
        "firewall-without-log",
        "R9.1",
        "The firewall writes no log",
        _HARDENING,
        "resource/aws_wafv2_web_acl_logging_configuration",
    ),
    Row(
        "answers-for-every-site",
        "R9.2",
        "CORS allows every site",
        _EDGE,
        f"{_HEADER}_access_control_allow_origin_header_value",
        "*",
    ),
    Row(
        "backend-answers-every-site",
        "R9.2",
        "The backend allows every origin",
        "prod-services",
        "resource/aws_ecs_task_definition/backend_task/container_definitions/0/environment/1/value",
        "*",
    ),
    Row(
        "no-hsts",
        "R9.2",
        "Responses have no HSTS header",
        _EDGE,
        f"{_HEADER}_strict_transport_security_header_value",
    ),
    Row(
        "hsts-for-a-minute",
        "R9.2",
        "HSTS lasts one minute",
        _EDGE,
        f"{_HEADER}_strict_transport_security_header_value",
        "max-age=60",
    ),
    Row(
        "framed",
        "R9.2",
        "The application may be framed by other sites",
        _EDGE,
        f"{_HEADER}_x_frame_options_header_value",
    ),
)
