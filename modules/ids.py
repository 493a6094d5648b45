"""Ids of resources, and expressions that refer to resources. No other module writes `${aws_…}`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modules.bindings.engine import TerraformResource


def identifier(name: str) -> str:
    """A name as a resource's id or a part of it: `mail-worker` becomes `mail_worker`."""
    return re.sub(r"\W", "_", name)


def slug(text: str) -> str:
    """A text as part of a name: lower-case letters, digits and single hyphens."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def address(kind: str, id_: str) -> str:
    """Address of a resource in its stack, as `depends_on` takes it."""
    return f"{kind}.{id_}"


def reference(kind: str, id_: str, attribute: str) -> str:
    """Expression of a resource's attribute. A test checks that the provider's type has the attribute.

    Args:
        kind: Type of the resource, `aws_sns_topic`, or of the data source, `data.aws_…`.
        id_: Its id in the stack.
        attribute: Name of the attribute.
    """
    return f"${{{address(kind, id_)}.{attribute}}}"


def bare(expression: str) -> str:
    """The expression without `${` and `}`, as part of another expression."""
    return expression.removeprefix("${").removesuffix("}")


def depend(resource: TerraformResource, addresses: Iterable[str]) -> None:
    """Make a resource depend on others that it doesn't refer to."""
    resource.add_override("depends_on", list(addresses))


def json_text(value: object) -> str:
    r"""JSON text of a value that may hold `${…}` expressions.

    Terraform evaluates the expressions before AWS parses the JSON, and rejects `\"` inside them. So the key of a
    published map, as in `${….outputs.service_names["backend"]}`, keeps its plain quotes.
    """
    text = json.dumps(value, separators=(",", ":"))
    return re.sub(r"\$\{[^}]*\}", lambda expression: expression[0].replace('\\"', '"'), text)
