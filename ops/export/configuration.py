"""Writes a stack's JSON as a configuration: settings, data of other phases, resources by construct, outputs.

What is a template, an address or a plain text in Terraform's JSON depends on the place:
https://developer.hashicorp.com/terraform/language/syntax/json#block-type-specific-exceptions.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from modules.forgotten import BLOCK as REMOVED
from modules.imports import BLOCK as IMPORTS
from ops.errors import OpsError
from ops.export.blocks import Block, of_type
from ops.export.constructs import Element, Group
from ops.export.expressions import (
    WIDTH,
    InexpressibleError,
    aligned,
    expression,
    indented,
    is_identifier,
    literal,
    sequence,
)

Settings = Mapping[str, Any]
Lines = list[str]
COMMENT = "//"
_TYPED = {"resource": "", "data": "data.", "ephemeral": "ephemeral."}
"""The start of a type's name in the tables of blocks, by its section of a stack."""
_SECTIONS = frozenset({COMMENT, "terraform", "provider", "variable", "locals", "output", REMOVED, IMPORTS, *_TYPED})
_ADDRESSES = frozenset({"depends_on", "ignore_changes", "replace_triggered_by"})
"""Settings whose texts are addresses, not templates; `ignore_changes` may also be the word `all`."""
_CONDITIONS = frozenset({"precondition", "postcondition"})
_NO_BLOCK = Block()
_RULE = f"# {'-' * (WIDTH - 2)}"


def configuration(
    stack: str, title: str, content: Settings, arrange: Callable[[Sequence[Element]], list[Group]]
) -> str:
    """The text of a stack's configuration, as `terraform fmt` writes it.

    Args:
        stack: The stack's name, for errors.
        title: What the first lines say of it.
        content: Its JSON.
        arrange: Divides its resources and data sources into groups.

    Raises:
        OpsError: A part can't be exported; the message has its address.
    """
    parts = [comment(title)]
    unknown = sorted(content.keys() - _SECTIONS)
    if unknown:
        raise _error(stack, unknown[0], "is a block that isn't exported")
    with _addressed(stack, "terraform"):
        parts.append(_terraform(content["terraform"]))
    for name, configurations in content.get("provider", {}).items():
        shape = of_type(f"provider.{name}")
        for settings in configurations if isinstance(configurations, list) else [configurations]:
            with _addressed(stack, f"provider.{name}"):
                alias, own = settings.get("alias"), {key: value for key, value in settings.items() if key != "alias"}
                head = aligned([("alias", literal(alias))]) if alias is not None else []
                parts.append(_block(["provider", name], _joined(head, _typed_body(own, shape))))
    for name, settings in content.get("variable", {}).items():
        with _addressed(stack, f"var.{name}"):
            parts.append(_block(["variable", name], _variable(settings)))
    if content.get("locals"):
        with _addressed(stack, "locals"):
            pairs = [(_name(name), expression(value)) for name, value in content["locals"].items()]
            parts.append(["locals {", *indented(aligned(pairs)), "}"])
    parts += [_removed(stack, settings) for settings in content.get(REMOVED, [])]
    for group in arrange([*_elements(stack, content)]):
        parts.append([_RULE, *comment(group.title)])
        for part in group.parts:
            if part.title:
                parts.append(comment(part.title))
            for element in part.elements:
                settings = content[element.section][element.kind][element.name]
                parts.append([block(stack, element, settings)])
    if content.get("output"):
        parts.append([_RULE, *comment("Outputs: what this phase publishes.")])
    for name, settings in content.get("output", {}).items():
        with _addressed(stack, f"output.{name}"):
            parts.append(_block(["output", name], _output(settings)))
    with _addressed(stack, IMPORTS):
        imports = [_block([IMPORTS], _import(settings)) for settings in _listed(content.get(IMPORTS))]
    if imports:
        title = "Existing resources that the next apply takes over; remove these blocks after it."
        parts += [[_RULE, *comment(title)], *imports]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def block(stack: str, element: Element, settings: Settings) -> str:
    """The text of one resource or data source.

    Args:
        stack: The stack's name, for errors.
        element: What it is.
        settings: Its JSON.

    Raises:
        OpsError: It can't be exported.
    """
    with _addressed(stack, element.address):
        return "\n".join(_resource(element, settings))


def comment(text: str) -> Lines:
    """A comment of as many lines as the text needs."""
    lines = [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, WIDTH - 2)]
    return [f"# {line}" for line in lines]


@contextmanager
def _addressed(stack: str, address: str) -> Iterator[None]:
    """Add stack and address to an error."""
    try:
        yield
    except InexpressibleError as error:
        raise _error(stack, address, str(error)) from None
    except (AttributeError, TypeError, KeyError):
        raise _error(stack, address, "doesn't have the form of Terraform's JSON") from None


def _error(stack: str, address: str, what: str) -> OpsError:
    return OpsError(f"{stack}: {address} {what}; nothing was exported (docs/export.md)")


def _elements(stack: str, content: Settings) -> Iterator[Element]:
    for section in _TYPED:
        with _addressed(stack, section):
            kinds = content.get(section, {}).items()
        for kind, named in kinds:
            with _addressed(stack, f"{section} {kind}"):
                names = [*named.keys()]
            yield from (Element(section, kind, name) for name in names)


def _name(name: str) -> str:
    if not is_identifier(name):
        raise InexpressibleError(f"has the name {name!r}, which HCL doesn't allow")
    return name


def _block(labels: Sequence[str], body: Lines) -> Lines:
    """A block: its type and labels, and what is in it."""
    first, *rest = labels
    head = " ".join([first, *(f'"{_name(label)}"' for label in rest)])
    return [f"{head} {{", *indented(body), "}"] if body else [f"{head} {{}}"]


def _joined(*parts: Lines) -> Lines:
    """Parts of a body, with an empty line between them."""
    lines: Lines = []
    for part in parts:
        if part:
            lines += ["", *part] if lines else part
    return lines


def _attributes(pairs: Sequence[tuple[str, Lines]]) -> Lines:
    """Attributes: first those of one line, then the others."""
    short, long = ([pair for pair in pairs if (len(pair[1]) > 1) is wide] for wide in (False, True))
    return _joined(aligned(short), aligned(long))


def _resource(element: Element, settings: Settings) -> Lines:
    shape = of_type(f"{_TYPED[element.section]}{element.kind}")
    if shape is None:
        raise InexpressibleError(f"is of the type {element.kind}, which the AWS provider's schema doesn't have")
    reasons = (settings.get(COMMENT) or {}).get("because") or {}
    return _block([element.section, element.kind, element.name], _typed_body(settings, shape, reasons))


def _typed_body(settings: Settings, shape: Block | None, reasons: Mapping[str, str] | None = None) -> Lines:
    """The body of a resource, a data source or a provider.

    Args:
        settings: Its settings.
        shape: Which of them are blocks.
        reasons: Why statements in it need a wildcard, by the statement's `sid`.
    """
    if shape is None:
        raise InexpressibleError("is of another provider than AWS's")
    plain = {name: value for name, value in settings.items() if name not in {"provider", "lifecycle", "depends_on"}}
    provider, waits = settings.get("provider"), settings.get("depends_on")
    return _joined(
        [f"provider = {provider}"] if provider is not None else [],
        _body(plain, shape, reasons or {}),
        *(_block(["lifecycle"], _lifecycle(each)) for each in _listed(settings.get("lifecycle"))),
        _attributes([("depends_on", _addresses(waits))]) if waits is not None else [],
    )


def _body(settings: Settings, shape: Block, reasons: Mapping[str, str]) -> Lines:
    """Attributes and nested blocks."""
    attributes: dict[str, Any] = {}
    blocks: list[Lines] = []
    for name, value in settings.items():
        if name == COMMENT:
            continue
        if name in shape.blocks or (name in shape.as_blocks and _is_blocks(value)):
            nested = shape.blocks.get(name, _NO_BLOCK)
            attribute = name in shape.as_blocks
            for each in _listed(value):
                blocks.append(_block([name], _attributes_of(each) if attribute else _body(each, nested, reasons)))
        elif name in shape.attributes:
            attributes[name] = value
        else:
            raise InexpressibleError(f"has {name!r}, which the provider's schema doesn't have, or which isn't exported")
    return _joined(_commented(attributes, reasons.get(str(settings.get("sid")), "")), *blocks)


def _commented(attributes: Settings, reason: str) -> Lines:
    """Attributes, with the reason before each one that has a wildcard."""
    wide = [name for name, value in attributes.items() if reason and isinstance(value, list) and "*" in value]
    others = _attributes([(name, expression(value)) for name, value in attributes.items() if name not in wide])
    if not wide:
        return [*(comment(reason) if reason else []), *others]
    return _joined(others, *([*comment(reason), *_attributes([(name, expression(attributes[name]))])] for name in wide))


def _attributes_of(settings: Settings) -> Lines:
    return _attributes([(_name(name), expression(value)) for name, value in settings.items()])


def _is_blocks(value: object) -> bool:
    """Whether the value of an attribute is a list of objects; an empty list stays one: it removes what exists."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _listed(value: Any) -> Sequence[Settings]:  # noqa: ANN401 - any JSON value
    """The blocks of one type: JSON has an object, a list of objects, or null for none."""
    blocks = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(each, Mapping) for each in blocks):
        raise InexpressibleError("has a nested block that isn't an object")
    return blocks


def _addresses(value: object) -> Lines:
    match value:
        case "all":
            return ["all"]
        case list() if all(isinstance(each, str) and each for each in value):
            return sequence(value)
        case _:
            raise InexpressibleError("has a list of addresses that isn't one")


def _lifecycle(settings: Settings) -> Lines:
    """https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle."""
    pairs, blocks = [], []
    for name, value in settings.items():
        if name in _CONDITIONS:
            blocks += [_block([name], _attributes_of(each)) for each in _listed(value)]
        elif name != COMMENT:
            pairs.append((_name(name), _addresses(value) if name in _ADDRESSES else literal(value)))
    return _joined(_attributes(pairs), *blocks)


def _terraform(settings: Settings) -> Lines:
    known = {"required_providers", "required_version", "backend", COMMENT}
    if unknown := sorted(settings.keys() - known):
        raise InexpressibleError(f"has {unknown[0]!r}, which isn't exported")
    version = settings.get("required_version")
    required = [(_name(name), literal(value)) for name, value in settings.get("required_providers", {}).items()]
    backends = [
        _block(["backend", kind], _attributes([(_name(name), literal(value)) for name, value in its.items()]))
        for kind, its in settings.get("backend", {}).items()
    ]
    parts = (
        aligned([("required_version", literal(version))]) if version is not None else [],
        _block(["required_providers"], aligned(required)) if required else [],
        *backends,
    )
    return _block(["terraform"], _joined(*parts))


def _variable(settings: Settings) -> Lines:
    """A type is an expression of its own language; a default is what it is."""
    pairs = []
    for name, value in settings.items():
        if name == "type":
            pairs.append((name, [str(value)]))
        elif name in {"default", "description", "sensitive", "nullable", "ephemeral"}:
            pairs.append((name, literal(value)))
        elif name != COMMENT:
            raise InexpressibleError(f"has {name!r}, which isn't exported")
    return _attributes(pairs)


def _removed(stack: str, settings: Settings) -> Lines:
    with _addressed(stack, f"{REMOVED}.{settings['from']}"):
        destroyed = aligned([("destroy", literal(settings["lifecycle"]["destroy"]))])
        return _block([REMOVED], [f"from = {settings['from']}", "", *_block(["lifecycle"], destroyed)])


def _import(settings: Settings) -> Lines:
    """https://developer.hashicorp.com/terraform/language/import."""
    if unknown := sorted(settings.keys() - {"id", "to", COMMENT}):
        raise InexpressibleError(f"has {unknown[0]!r}, which isn't exported")
    to = settings["to"]
    if not all(is_identifier(part) for part in to.split(".")):
        raise InexpressibleError(f"has the address {to!r}, which isn't one of this stack")
    return _attributes([("to", [to]), ("id", expression(settings["id"]))])


def _output(settings: Settings) -> Lines:
    pairs = []
    for name, value in settings.items():
        if name == "depends_on":
            pairs.append((name, _addresses(value)))
        elif name == "value":
            pairs.append((name, expression(value)))
        elif name in {"description", "sensitive", "ephemeral"}:
            pairs.append((name, literal(value)))
        elif name != COMMENT:
            raise InexpressibleError(f"has {name!r}, which isn't exported")
    return _attributes(pairs)
