"""Patterns of secrets. Doesn't import checkov, so that both gates and other code can use it."""

from __future__ import annotations

import re

CREDENTIAL = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/\w+"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
    r"|://[^/\s:@${}]*:[^/\s:@${}]+@"
)
"""Texts that are credentials anywhere."""
SECRET_SOURCE = re.compile(
    r"random_password\.|\.secret_(?:string|binary)\b|\.(?:master_)?password\b|\.auth_token\b|aws_iam_access_key\.\S+\.secret"
)
"""References to attributes that are secrets."""
_SECRET_NAME = re.compile(
    r"PASSW(?:OR)?D|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY|ENCRYPTION_?KEY"
    r"|DATABASE_URL|REDIS_URL|CONNECTION_?STRING|_DSN$",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"_(?:ARNS?|IDS?|NAMES?|ALIAS|PATH|FILE|TTL|LIMIT|COUNT)$|(?:^|_)(?:MAX|MIN|NUM)_", re.IGNORECASE
)


def is_secret_name(name: str) -> bool:
    """Whether a value of this name is a secret."""
    return bool(_SECRET_NAME.search(name)) and not _NOT_SECRET.search(name)
