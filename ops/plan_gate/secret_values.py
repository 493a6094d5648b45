"""Values that look like secrets, anywhere in a plan's JSON. No report quotes a value that was found."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from ops.plan_gate.model import FindingKind, PlanFinding, Values
from policies.secret_texts import ASSIGNED, CREDENTIAL, SECRET_KEY, is_secret_name

_WHAT = {
    "credential": "holds what looks like a credential; move it to Secrets Manager and rotate it, as it is exposed",
    "sensitive": "holds a value that Terraform marks as sensitive; the plan and the state keep it as plain text",
    "password": "holds what looks like a password; move it to Secrets Manager and change it, as it is exposed",
    "name": "holds a value under a secret's name; write it by a write-only argument, or set it by command",
}
_TRANSPARENT = frozenset({"constant_value", "value", "default", "before", "after"})
"""Keys of the plan's own format: their values belong to the name one level above."""
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*")
_OTHER = re.compile(r"secrets_?manager|^http_tokens$|^auth_token_update_strategy$", re.IGNORECASE)
"""Names that AWS uses and that look like a secret's: a service, a setting of instances, and a setting of caches."""
_HARMLESS = re.compile(
    r"arn:\S*|\$\{.*\}|[a-z+]+://[^:/@\s]*:\$\{[^{}]*\}@[^@]*|true|false|"
    r"|string|number|bool|dynamic|list|set|map|object|tuple",
    re.DOTALL,
)
"""Harmless values under a secret's name: an ARN, a URL whose password is an expression, or the type of an output."""
_PASSWORD = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[!#$%^&~;])[\w!#$%^&~;.,@+=-]{8,64}", re.ASCII)
"""A text in which small and capital letters, digits and such signs are mixed."""
_PASSWORD_NAME = re.compile(r"(?:^|_|PG|DB|SQL|REDIS|USER)(?:PASS|PWD|PW)$", re.IGNORECASE)
_OPTION = re.compile(r"--?([A-Za-z][\w-]*)")
"""An option of a command, whose value is the next element of the list."""
_BASE64 = re.compile(r"(?:[A-Za-z\d+/]{4}){5,}(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?")
_TEXTS = 4096
"""A plan has most of its texts several times: before and after a change, and in the configuration."""
_SHORTEST = 4
"""Shorter values occur in too many words to be removed from them."""
_TAKEN_OUT = "[secret]"


class _Hit(NamedTuple):
    path: str
    why: str
    text: str


class _Place(NamedTuple):
    """The position in a walk."""

    path: str = ""
    name: str = ""
    """The name that the value has."""
    sensitive: object = False
    """Terraform's mark: true, or in the form of the value."""
    environment: bool = False
    """Whether it is a list of a container's variables."""


@dataclass(frozen=True)
class Secrets:
    """The secrets that were found."""

    findings: tuple[PlanFinding, ...]
    texts: tuple[str, ...]
    """The secrets themselves, longest first."""

    def out_of(self, text: str) -> str:
        """A text with all secrets replaced."""
        for secret in self.texts:
            text = re.sub(re.escape(secret), _TAKEN_OUT, text, flags=re.IGNORECASE)
        return CREDENTIAL.sub(_TAKEN_OUT, text)


def find(document: Values) -> Secrets:
    """Find all values in a plan that look like secrets."""
    hits = dict.fromkeys(_walk(_with_marks(document), _Place()))
    texts = {hit.text for hit in hits if len(hit.text) >= _SHORTEST}
    secrets = Secrets((), tuple(sorted(texts, key=len, reverse=True)))
    found = sorted({PlanFinding(FindingKind.SECRET, secrets.out_of(hit.path), _WHAT[hit.why]) for hit in hits})
    return Secrets(tuple(found), secrets.texts)


def _with_marks(document: Values) -> Values:
    """The plan with its variables marked as sensitive where their configuration is."""
    variables = document.get("variables")
    declared: object = document.get("configuration")
    for key in ("root_module", "variables"):
        declared = declared.get(key) if isinstance(declared, Mapping) else None
    if not isinstance(variables, Mapping) or not isinstance(declared, Mapping):
        return document
    marked = {
        name: {**value, "sensitive": True} if _is_marked(declared.get(name)) and isinstance(value, Mapping) else value
        for name, value in variables.items()
    }
    return {**document, "variables": marked}


def _is_marked(declaration: object) -> bool:
    return isinstance(declaration, Mapping) and declaration.get("sensitive") is True


def _walk(value: object, at: _Place) -> Iterator[_Hit]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _key(key, at)
            yield from _walk(each, _below(value, key, at))
    elif isinstance(value, list):
        marks = at.sensitive if isinstance(at.sensitive, list) else []
        for index, each in enumerate(value):
            mark = at.sensitive is True or (marks[index] if index < len(marks) else False)
            address = each.get("address") if isinstance(each, Mapping) else None
            step = address if isinstance(address, str) else index
            name = at.name
            if at.environment and isinstance(each, Mapping):
                name = str(each.get("name", ""))
            elif index and isinstance(each, str) and (option := _OPTION.fullmatch(str(value[index - 1]))):
                name = option[1].replace("-", "_")
            yield from _walk(each, _Place(f"{at.path}[{step}]", name, mark))
    elif isinstance(value, str):
        yield from _text(value, at)
    elif value is not None and not isinstance(value, bool) and at.sensitive is True:
        yield _Hit(at.path, "sensitive", str(value))


def _below(value: Mapping[str, object], key: str, at: _Place) -> _Place:
    path = f"{at.path}.{key}" if at.path else key
    mark: object = at.sensitive is True
    if isinstance(at.sensitive, Mapping):
        mark = at.sensitive.get(key, False)
    elif key == "values" and "sensitive_values" in value:
        mark = value["sensitive_values"]
    elif f"{key}_sensitive" in value:
        mark = value[f"{key}_sensitive"]
    elif key in _TRANSPARENT and value.get("sensitive") is True:
        mark = True
    return _Place(path, at.name if key in _TRANSPARENT else key, mark, key == "environment")


def _key(key: str, at: _Place) -> Iterator[_Hit]:
    if _holds_credential(key):
        yield _Hit(f"{at.path} (a key)", "credential", key)


@lru_cache(_TEXTS)
def _holds_credential(key: str) -> bool:
    return bool(CREDENTIAL.search(key))


def _text(text: str, at: _Place) -> Iterator[_Hit]:
    if at.sensitive is True and text:
        yield _Hit(at.path, "sensitive", text)
        return
    inner = _json(text)
    if inner is not None:
        hits = list(_walk(inner, at))
        yield from hits
        if hits:
            return
    if _is_credential(text):
        yield _Hit(at.path, "credential", text)
    elif inner is None and _PASSWORD.fullmatch(text):
        yield _Hit(at.path, "password", text)
    elif inner is None and _names_a_secret(at.name) and not _HARMLESS.fullmatch(text):
        yield _Hit(at.path, "name", text)


@lru_cache(_TEXTS)
def _is_credential(text: str) -> bool:
    inner = _decoded(text)
    if any(pattern.search(each) for pattern in (CREDENTIAL, ASSIGNED) for each in (text, inner)):
        return True
    return not inner and bool(SECRET_KEY.search(text))


def _decoded(text: str) -> str:
    """The text that another one encodes in Base64, as in user data; empty if it encodes none."""
    if not _BASE64.fullmatch(text):
        return ""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:
        return ""


@lru_cache(_TEXTS)
def _names_a_secret(name: str) -> bool:
    """Keys of policies' conditions, such as `token.actions.githubusercontent.com:sub`, aren't names of values."""
    return bool(_PLAIN_NAME.fullmatch(name)) and (
        is_secret_name(_OTHER.sub("", name)) or bool(_PASSWORD_NAME.search(name))
    )


def _json(text: str) -> Mapping[str, object] | list[object] | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, Mapping | list) else None


def without(secrets: Secrets, findings: Iterable[PlanFinding]) -> Iterator[PlanFinding]:
    """The findings with all secrets in their texts replaced."""
    for each in findings:
        yield replace(each, where=secrets.out_of(each.where), what=secrets.out_of(each.what))
