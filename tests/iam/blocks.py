"""Decisions by the statement blocks of synthesized stacks."""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ops.iam.evaluation import Document, Policies, Request, evaluate
from ops.iam.policy import IamStatement
from tests.conftest import Body

Context = Mapping[str, str | Sequence[str] | None]
KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"
_CALLER, _ACCOUNT = "arn:aws:iam::111122223333:role/any", "111122223333"
_RESOURCE = Document("the resource's own", (IamStatement(actions=("*",), principals=(("AWS", _ACCOUNT),)),))
"""Lets the caller's account decide: roles and keys need it."""


def allowed(statements: Iterable[Body], action: str, resource: str = "*", context: Context | None = None) -> bool:
    """Whether one policy (or several, as one list) allows a call to a caller that it is about.

    References to keys are KEY_ARN. A key of the context without a value is missing in the request.
    """
    document = Document("tested", tuple(_statement(marshal.dumps(each)) for each in statements))
    request = Request(
        principal=_CALLER,
        account=_ACCOUNT,
        action=action,
        resource=resource,
        context={
            key.lower(): (value,) if isinstance(value, str) else tuple(value)
            for key, value in (context or {}).items()
            if value is not None
        },
    )
    return evaluate(request, Policies(identity=(document,), resource=(_RESOURCE,))).allowed


@lru_cache(maxsize=4096)
def _statement(block: bytes) -> IamStatement:
    """A statement block, read once: tests ask the same policies thousands of times."""
    return IamStatement.of_block(marshal.loads(block), render=_rendered)


def _rendered(value: Any, allows: bool) -> str:
    """A value as AWS gets it: `$${` begins a policy variable, and a reference of Terraform stays as it is."""
    text = re.sub(r"\$\{[^}]*key_arn\}", KEY_ARN, str(value))
    return re.sub(r"(\$?)\$\{", lambda found: "${" if found[1] else "${$}{", text)
