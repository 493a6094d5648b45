"""JSON as text in an argument of a resource."""

from __future__ import annotations

import json
import re


def json_text(value: object) -> str:
    r"""JSON text of a value that may hold `${…}` expressions.

    Terraform reads the expressions before AWS reads the JSON, and it doesn't know `\"` inside them: a published map's
    key, as in `${….outputs.service_names["backend"]}`, has to keep its plain quotes.
    """
    text = json.dumps(value, separators=(",", ":"))
    return re.sub(r"\$\{[^}]*\}", lambda expression: expression[0].replace('\\"', '"'), text)
