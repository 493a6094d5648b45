"""The form of a plan's JSON: which keys each part has, and which kind of value each key.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ops.plan_gate.model import PlanError
from policies.secret_texts import CREDENTIAL

DEPTH = 100
"""More levels than Terraform's own format and AWS's provider have together."""
Form = Any
"""A type or several; `[form]`, a list; `{"*": form}`, an object with any keys; `{key: form}`, one with these, of which
those that end in `!` are required, and `...` is for others."""
_TEXT, _ANY = str, object
MASK = "mask"
"""The form of a resource's values, with true or false in place of each."""
_RESOURCE: Form = {
    "address!": _TEXT,
    "mode!": _TEXT,
    "type!": _TEXT,
    "name": _TEXT,
    "provider_config_key": _TEXT,
    "provisioners": [{"type!": _TEXT, "expressions": {"*": _ANY}}],
    "expressions": {"*": _ANY},
    "schema_version": int,
    "count_expression": _ANY,
    "for_each_expression": _ANY,
    "depends_on": [_TEXT],
}
_MODULE: dict[str, Form] = {
    "outputs": {"*": {"*": _ANY}},
    "resources": [_RESOURCE],
    "variables": {"*": {"*": _ANY}},
}
_MODULE["module_calls"] = {
    "*": {
        "source!": _TEXT,
        "expressions": {"*": _ANY},
        "count_expression": _ANY,
        "for_each_expression": _ANY,
        "module!": _MODULE,
        "version_constraint": _TEXT,
        "depends_on": [_TEXT],
    }
}
CONFIGURATION: Form = {
    "root_module!": _MODULE,
    "provider_config": {
        "*": {
            "name": _TEXT,
            "full_name!": _TEXT,
            "alias": _TEXT,
            "version_constraint": _TEXT,
            "module_address": _TEXT,
            "expressions": {"*": _ANY},
        }
    },
}
CHANGE: Form = {
    "actions!": [_TEXT],
    "before": (dict, type(None)),
    "after": (dict, type(None)),
    "after_unknown!": MASK,
    "before_sensitive": MASK,
    "after_sensitive": MASK,
    "replace_paths": [list],
    "importing": (dict, type(None)),
    "generated_config": _TEXT,
    "before_identity": _ANY,
    "after_identity": _ANY,
}
RESOURCE_CHANGE: Form = {
    "address!": _TEXT,
    "previous_address": _TEXT,
    "module_address": _TEXT,
    "mode!": _TEXT,
    "type!": _TEXT,
    "name": _TEXT,
    "index": (str, int),
    "provider_name!": _TEXT,
    "deposed": _TEXT,
    "change!": CHANGE,
    "action_reason": _TEXT,
}
_STATE: dict[str, Form] = {
    "resources": [{"address!": _TEXT, "mode!": _TEXT, "type": _TEXT, "values": (dict, type(None)), "...": _ANY}],
    "...": _ANY,
}
_STATE["child_modules"] = [_STATE]
PLANNED: Form = {"root_module": _STATE, "outputs": {"*": {"*": _ANY}}}
PRIOR: Form = {"values": PLANNED, "...": _ANY}
_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
_PLAIN = re.compile(r"[\w.\[\]\"/:-]{1,120}")


def expect(value: object, form: Form, path: str) -> None:
    """Refuse a part of another form.

    Args:
        value: The part.
        form: What it must be.
        path: Where it is in the plan.

    Raises:
        PlanError: It is of another form; the message has the path, and no value.
    """
    if isinstance(form, list):
        _of(value, (list,), path)
        for index, each in enumerate(value if isinstance(value, list) else ()):
            address = each.get("address") if isinstance(each, Mapping) else None
            expect(each, form[0], f"{path}[{address if isinstance(address, str) else index}]")
    elif isinstance(form, dict):
        _of(value, (dict,), path)
        _expect_keys(value if isinstance(value, dict) else {}, form, path)
    elif form == MASK:
        _of(value, (dict, list, bool, type(None)), path)
        inner = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
        for key, each in inner:
            expect(each, MASK, f"{path}.{key}")
    elif form is not object:
        _of(value, form if isinstance(form, tuple) else (form,), path)


def _expect_keys(value: Mapping[str, object], form: Mapping[str, Form], path: str) -> None:
    if "*" in form:
        for key, each in value.items():
            expect(each, form["*"], f"{path}.{key}")
        return
    forms = {key.removesuffix("!"): each for key, each in form.items()}
    for key, each in value.items():
        if key not in forms and "..." not in forms:
            raise PlanError(
                f"has {named(f'{path}.{key}')}, a part that this gate doesn't know; it must be of the Terraform in "
                ".tool-versions"
            )
        expect(each, forms.get(key, object), f"{path}.{key}")
    for key in form:
        if key.endswith("!") and key.removesuffix("!") not in value:
            raise PlanError(f"has {named(path)} without {key.removesuffix('!')}; show the whole plan again")


def _of(value: object, types: tuple[type, ...], path: str) -> None:
    # true isn't a number, although it is one to Python.
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        allowed = " or ".join(dict.fromkeys(_NAMES[each] for each in types))
        raise PlanError(
            f"has {named(path)} in a form that this gate doesn't know: it is {_NAMES.get(type(value), 'a number')}, "
            f"must be {allowed}"
        )


def expect_values(values: Mapping[str, object], attributes: Mapping[str, object], path: str) -> None:
    """Refuse a resource's value that is one where the provider's schema has several, or the other way round.

    Raises:
        PlanError: There is one.
    """
    for name, value in values.items():
        known = attributes.get(name)
        if isinstance(known, dict | list) or known == "block":
            _of(value, (list, dict, type(None)), f"{path}.{name}")
        elif known in {"bool", "number"}:
            _of(value, (str, int, float, bool, type(None)), f"{path}.{name}")
        if isinstance(known, dict):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict):
                    expect_values(each, known, f"{path}.{name}")


def named(path: str) -> str:
    """A path or an address for a message: on one line, without a credential, and cut off where it isn't plain."""
    plain = CREDENTIAL.split(path)[0]
    found = _PLAIN.match(plain)
    plain = found[0] if found else ""
    return plain if plain == path else f"{plain}…"


def refuse_depth(document: object) -> None:
    """Refuse a document that is nested too deeply to be judged.

    Raises:
        PlanError: It has more than `DEPTH` levels.
    """
    level = [document]
    for _ in range(DEPTH):
        level = [
            each
            for value in level
            for each in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
        ]
        if not level:
            return
    raise PlanError(f"is nested too deeply: more than {DEPTH} levels")


@contextmanager
def judging(address: str) -> Iterator[None]:
    """Name the resource whose values are in a form that the gate doesn't know.

    Raises:
        PlanError: They are.
    """
    try:
        yield
    except PlanError as error:
        raise PlanError(f"{error} ({named(address)})") from None
    except (AttributeError, TypeError, ValueError, LookupError, RecursionError) as error:
        raise PlanError(
            f"has {named(address)} with values in a form that this gate doesn't know ({type(error).__name__}); "
            "compare them with the provider's documentation"
        ) from None
