"""Public addresses: only the load balancer and NAT have one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from policies.rule import Resource, is_true, rule

_SWITCHES = frozenset(
    {"assign_public_ip", "associate_public_ip_address", "map_public_ip_on_launch", "publicly_accessible"}
)


@rule("CKV_ROLLOUT_19", source="https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html", on="aws_*")
def no_public_address(resource: Resource) -> Iterator[str]:
    """No resource gets its own public address."""
    for path in _switched_on(dict(resource), ""):
        yield f"{path} gives it a public address; set it to false"


def _switched_on(value: object, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            here = f"{path}.{name}" if path else str(name)
            if name in _SWITCHES and (is_true(each) or each == "ENABLED"):
                yield here
            else:
                yield from _switched_on(each, here)
    elif isinstance(value, list):
        for each in value:
            yield from _switched_on(each, path)
