"""Certificate, load balancer, listeners and targets, as AWS has them."""

from __future__ import annotations

from environments.flows import HTTP_PORT, HTTPS_PORT
from ops.aws import only
from ops.verify.calls import AwsObject
from ops.verify.context import Context
from ops.verify.model import NotMetError, met


def certificate_is_issued(context: Context) -> str:
    """The certificate that the load balancer serves is issued and has all names."""
    # DescribeListeners lists the default certificate only.
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Listener.html
    certificates = _listener(context, HTTPS_PORT)["Certificates"]
    arn = only(certificates, f"default certificates on port {HTTPS_PORT}")["CertificateArn"]
    certificate = context.ask("acm", "describe_certificate", CertificateArn=arn)["Certificate"]
    names = {certificate["DomainName"], *certificate.get("SubjectAlternativeNames", ())}
    problems = [f"{arn} is {certificate['Status']}"] if certificate["Status"] != "ISSUED" else []
    problems += [f"{arn} lacks {name}" for name in context.environment.edge.certificate_names if name not in names]
    until = f" until {certificate['NotAfter']:%Y-%m-%d}" if "NotAfter" in certificate else ""
    return met(problems, f"issued for {', '.join(sorted(names))}{until}")


def load_balancer_is_public_and_logs(context: Context) -> str:
    """The load balancer faces the internet from public subnets, drops invalid headers and logs."""
    balancer = context.load_balancer
    arn, subnets = balancer["LoadBalancerArn"], [zone["SubnetId"] for zone in balancer["AvailabilityZones"]]
    answer = context.ask("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=arn)["Attributes"]
    attributes = {each["Key"]: each["Value"] for each in answer}
    wanted = {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": context.names.bucket("access-logs"),
        "deletion_protection.enabled": str(context.environment.protected).lower(),
    }
    problems = [
        f"{key} is {attributes.get(key)}, not {value}" for key, value in wanted.items() if attributes.get(key) != value
    ]
    problems += [f"it is {balancer['State']['Code']}"] if balancer["State"]["Code"] != "active" else []
    problems += ["it is internal"] if balancer.get("Scheme") == "internal" else []
    problems += [
        f"{each} is no public subnet" for each in subnets if "igw-" not in context.default_routes.get(each, "")
    ]
    return met(
        problems, f"{balancer['DNSName']}, {len(subnets)} public subnets, logs to {attributes['access_logs.s3.bucket']}"
    )


def listeners_use_the_tls_policy(context: Context) -> str:
    """Port 443 ends TLS with the policy of the values, and port 80 redirects to it."""
    https, plain = _listener(context, HTTPS_PORT), _listener(context, HTTP_PORT)
    wanted = context.environment.edge.tls_policy
    actions = {each["Type"]: each for each in plain["DefaultActions"]}
    redirect = actions.get("redirect", {}).get("RedirectConfig", {})
    problems = [f"TLS policy is {https.get('SslPolicy')}, not {wanted}"] if https.get("SslPolicy") != wanted else []
    if (redirect.get("Protocol"), redirect.get("Port")) != ("HTTPS", str(HTTPS_PORT)):
        problems.append("port 80 doesn't redirect to HTTPS")
    return met(problems, f"443: {wanted}; 80: {redirect.get('StatusCode')} to HTTPS")


def rules_route_paths_to_services(context: Context) -> str:
    """Each service's paths lead to its target group, and everything else to the default one."""
    problems = []
    for service in context.environment.product.load_balanced:
        groups = {context.names.target_group(service.name, colour) for colour in ("", "green")}
        leads = {path: context.routes.get(path, "nowhere") for path in service.paths}
        problems += [f"{path} leads to {to}, not to {service.name}" for path, to in leads.items() if to not in groups]
    return met(problems, ", ".join(f"{path} → {group}" for path, group in sorted(context.routes.items())))


def targets_are_healthy(context: Context) -> str:
    """Every target group that requests are sent to has healthy targets, and no unhealthy ones."""
    problems, counts = [], []
    arns = {name: arn for arn, name in context.target_groups.items()}
    for name in sorted(set(context.routes.values()) & set(arns)):
        answer = context.ask("elbv2", "describe_target_health", TargetGroupArn=arns[name])["TargetHealthDescriptions"]
        states = [each["TargetHealth"]["State"] for each in answer]
        if "healthy" not in states or set(states) - {"healthy", "draining"}:
            problems.append(f"{name}: {', '.join(sorted(states)) or 'no targets'}")
        counts.append(f"{name}: {states.count('healthy')} healthy")
    return met([*problems, *([] if counts else ["no rule leads to a target group"])], ", ".join(counts))


def _listener(context: Context, port: int) -> AwsObject:
    if port not in context.listeners:
        raise NotMetError(f"{context.names.prefix} has no listener on port {port}")
    return context.listeners[port]
