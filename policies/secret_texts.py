"""Patterns of secrets. Doesn't import checkov, so that both gates and other code can use it."""

from __future__ import annotations

import re

CREDENTIAL = re.compile(
    r"(?=[AS:srgxhen-])(?:"  # How they begin: it takes a quarter of the time to look at this first.
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----"
    r"|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/\w+"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\."
    r"|\b[sr]k_live_[A-Za-z0-9]{16,}|\bnpm_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20,}|\bAIza[\w-]{35}"
    r"|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    r"|://[^/\s:@${}]*:[^/\s:@${}]+@"
    r")"
)
"""Texts that are credentials anywhere."""
ASSIGNED = re.compile(
    r"(?:passw(?:or)?d|passphrase|\bpwd)['\"]?\s*(?:=|:(?=\s*\S*\d))\s*['\"]?"
    r"(?!true\b|false\b|none\b|null\b|required\b)[^\s;,'\"${}<>*]{4,}"
    r"|(?:secret|token|api_?key|access_?key)\s*=\s*['\"]?(?=\S*\d)[^\s;,'\"${}<>*]{8,}"
    r"|\b(?:bearer|basic)\s+(?=\S*[\d=])[\w+/.~-]{8,}=*",
    re.IGNORECASE,
)
"""Texts in which a secret is given a value, as in a connection string, a header or a command's option."""
SECRET_KEY = re.compile(r"(?<![\w/+=-])(?=\S*[a-z])(?=\S*[A-Z])(?=\S*\d)(?!\S*[a-z]{7})[A-Za-z\d/+]{40}(?![\w/+=-])")
"""The secret of an access key of AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""
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
