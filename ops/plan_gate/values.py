"""Values of a resource by their path, where some aren't known until apply."""

from __future__ import annotations

from collections.abc import Iterator

from ops.plan_gate.model import Values

UNKNOWN = "(known after apply)"


def leaves(values: Values, unknown: Values, path: str) -> Iterator[str]:
    """The values at a path such as `rule.object_ownership`, through any lists, as texts.

    What isn't known is `UNKNOWN`; what isn't set is left out.
    """
    return _leaves(values, unknown, path.split("."))


def _leaves(value: object, unknown: object, path: list[str]) -> Iterator[str]:
    if unknown is True:
        yield UNKNOWN
    elif isinstance(value, list) or isinstance(unknown, list):
        items = value if isinstance(value, list) else []
        masks = unknown if isinstance(unknown, list) else []
        for index in range(max(len(items), len(masks))):
            item = items[index] if index < len(items) else None
            yield from _leaves(item, masks[index] if index < len(masks) else None, path)
    elif path:
        deeper = value.get(path[0]) if isinstance(value, dict) else None
        mask = unknown.get(path[0]) if isinstance(unknown, dict) else None
        yield from _leaves(deeper, mask, path[1:])
    elif value is not None:
        yield str(value).lower() if isinstance(value, bool) else str(value)
