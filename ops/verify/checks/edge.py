"""Certificate, load balancer, listeners, targets and public DNS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.flows import HTTP_PORT, HTTPS_PORT
from ops.aws import load_balancing
from ops.aws.dns import ALL
from ops.aws.errors import only
from ops.conditions import FailedError, holds
from ops.verify.context import AwsObject, Context

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import ListenerTypeDef


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
    return holds(problems, f"issued for {', '.join(sorted(names))}{until}")


def load_balancer_is_public_and_logs(context: Context) -> str:
    """The load balancer is internet-facing in public subnets, drops invalid headers and writes logs."""
    balancer = context.load_balancer
    response = context.ask("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=balancer.arn)["Attributes"]
    attributes = {each["Key"]: each["Value"] for each in response}
    wanted = {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": context.names.bucket("access-logs"),
        "deletion_protection.enabled": str(context.environment.protected).lower(),
    }
    problems = [
        f"{key} is {attributes.get(key)}, not {value}" for key, value in wanted.items() if attributes.get(key) != value
    ]
    problems += [f"it is {balancer.state}"] if balancer.state != "active" else []
    problems += ["it is internal"] if balancer.internal else []
    problems += [
        f"{subnet} isn't a public subnet"
        for subnet in balancer.subnets
        if "igw-" not in context.default_routes.get(subnet, "")
    ]
    subnets, bucket = len(balancer.subnets), attributes.get("access_logs.s3.bucket")
    return holds(problems, f"{balancer.dns_name}, {subnets} public subnets, logs to {bucket}")


def listeners_use_the_tls_policy(context: Context) -> str:
    """Port 443 has the TLS policy of the values, and port 80 redirects to it."""
    https, plain = _listener(context, HTTPS_PORT), _listener(context, HTTP_PORT)
    wanted = context.environment.edge.tls_policy
    actions: AwsObject = {each["Type"]: each for each in plain["DefaultActions"]}
    redirect = actions.get("redirect", {}).get("RedirectConfig", {})
    problems = [f"TLS policy is {https.get('SslPolicy')}, not {wanted}"] if https.get("SslPolicy") != wanted else []
    if (redirect.get("Protocol"), redirect.get("Port")) != ("HTTPS", str(HTTPS_PORT)):
        problems.append("port 80 doesn't redirect to HTTPS")
    return holds(problems, f"443: {wanted}; 80: {redirect.get('StatusCode')} to HTTPS")


def rules_route_paths_to_services(context: Context) -> str:
    """Hosts and paths lead to their services' target groups, redirects to the host, and all else to the default."""
    environment, problems = context.environment, []
    for service in environment.product.load_balanced:
        groups = {context.names.target_group(service.name, colour) for colour in ("", "green")}
        leads = {path: context.routes.get(path, "nowhere") for path in environment.routes(service)}
        problems += [f"{path} leads to {to}, not to {service.name}" for path, to in leads.items() if to not in groups]
    for name in environment.edge.redirects:
        if (to := context.routes.get(f"{name}/*", "nowhere")) != environment.edge.origin:
            problems.append(f"{name} leads to {to}, not to {environment.edge.origin}")
    return holds(problems, ", ".join(f"{path} → {group}" for path, group in sorted(context.routes.items())))


def targets_are_healthy(context: Context) -> str:
    """Every target group that requests are sent to has healthy targets, and no unhealthy ones."""
    problems, counts = [], []
    for name in sorted(set(context.routes.values()) & set(context.target_groups)):
        states = load_balancing.health(context.aws.client("elbv2"), context.target_groups[name])
        if not states["healthy"] or set(states) - {"healthy", "draining"}:
            problems.append(f"{name}: {', '.join(states.elements()) or 'no targets'}")
        counts.append(f"{name}: {states['healthy']} healthy")
    return holds([*problems, *([] if counts else ["no rule leads to a target group"])], ", ".join(counts))


def _listener(context: Context, port: int) -> ListenerTypeDef:
    if port not in context.listeners:
        raise FailedError(f"{context.names.prefix} has no listener on port {port}")
    return context.listeners[port]


def public_dns_is_as_the_values_say(context: Context) -> str:
    """The public names send this environment the share of traffic that its values say; none before the cutover."""
    wanted, host = context.environment.cutover.weight, ", ".join(context.environment.edge.names)
    problems = [f"{problem}, cutover.weight is {wanted}" for problem in other_shares(context, wanted)]
    return holds(problems, f"{wanted} % of {host}, as cutover.weight says")


def other_shares(context: Context, wanted: int) -> list[str]:
    """Problems of the record types, A or AAAA, that send another share of traffic here."""
    environment = context.environment
    moved = environment.moved_hosts
    return [
        f"DNS sends {share} % of {host} here{f' by {kind} records' if len(shares) > 1 else ''}"
        for host, shares in context.public_shares.items()
        for kind, share in sorted(shares.items())
        if share != (wanted if host in moved else ALL)
    ]
