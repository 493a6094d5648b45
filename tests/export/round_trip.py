"""Compares a configuration with the JSON that it comes from, by a parser of HCL that isn't ours.

It is the one that checkov installs, `bc-python-hcl2`; `python-hcl2` would replace its module. It wraps each argument
and block in a list, keeps escape sequences, and doesn't tell a block from an object: `terraform validate` does.

A plan shows no `lifecycle`, and no difference between 1 and "1"; so plans alone don't prove that an export is equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import hcl2

_ADDRESSES = frozenset({"depends_on", "ignore_changes", "replace_triggered_by", "provider"})
"""Arguments whose texts in JSON are addresses, without `${}`."""
_INSIDE = re.compile(r'\$?\$\{(?:[^{}"]|"(?:[^"\\]|\\.)*"|\{[^{}]*\})*\}')
_HEREDOC = re.compile(r"= <<-?(\w+)$", re.MULTILINE)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "provider": 1, "output": 1, "variable": 1}


def differences(text: str, content: Mapping[str, Any]) -> list[str]:
    """Where a configuration and a stack's JSON differ: addresses and arguments.

    Args:
        text: The configuration.
        content: The stack's JSON.
    """
    parsed: dict[str, list[dict[str, Any]]] = hcl2.loads(text)  # type: ignore[attr-defined]
    # The parser drops the line break at the end of a heredoc, and Terraform doesn't. The export writes none.
    found = [f"heredoc {each}" for each in _HEREDOC.findall(text)]
    for section in sorted(parsed.keys() | content.keys() - {"//"}):
        if section == "import":
            found += [*_imports(parsed.get(section, []), content.get(section, []))]
            continue
        labels = _LABELS.get(section, 0)
        blocks = [*_blocks(parsed.get(section, []), labels)]
        expected = [*_expected(content.get(section, {}), section)]
        ours = dict(blocks)
        if len(ours) < len(blocks):
            found.append(f"{section}: a block twice")
        theirs = dict(expected)
        found += [f"{section} {'.'.join(address)}" for address in ours.keys() ^ theirs.keys()]
        for address in ours.keys() & theirs.keys():
            if section == "variable":
                theirs[address] = {**_literal(theirs[address]), "type": f"${{{theirs[address]['type']}}}"}
            if section == "terraform":
                found += [*_terraform(ours[address], theirs[address])]
            else:
                found += [f"{section} {'.'.join(address)}: {path}" for path in _body(ours[address], theirs[address])]
    return sorted(found)


def _blocks(listed: Sequence[Mapping[str, Any]], labels: int) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for each in listed:
        address: tuple[str, ...] = ()
        for _ in range(labels):
            ((label, each),) = each.items()  # noqa: PLW2901
            address = (*address, label)
        if labels == 1 and "alias" in each and address == ("aws",):
            address = (*address, each["alias"][0])
        yield address, {key: value for key, value in each.items() if not key.startswith("__")}


def _expected(content: Any, section: str) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    labels = _LABELS.get(section, 0)
    if labels == 0:
        yield (), content
    for name, its in content.items() if labels else ():
        if section == "provider":
            for settings in its if isinstance(its, list) else [its]:
                yield (name, *([settings["alias"]] if "alias" in settings else [])), settings
        elif labels == 1:
            yield (name,), its
        else:
            yield from (((name, inner), settings) for inner, settings in its.items())


def _imports(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield "import: another number"
    for one, other in zip(ours, theirs, strict=False):
        expected = {"to": f"${{{other['to']}}}", "id": other["id"]}
        if {"to": one["to"][0], "id": restored(one["id"][0])} != expected:
            yield f"import {other['to']}"


def _terraform(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    (providers,) = ours["required_providers"]
    for name, settings in theirs["required_providers"].items():
        if providers.get(name) != [settings] and providers.get(name) != settings:
            yield f"terraform: required_providers.{name}"
    ((kind, settings),) = ours["backend"][0].items()
    if [kind] != [*theirs["backend"]]:
        yield "terraform: backend"
    yield from (f"terraform: backend.{path}" for path in _body(settings, theirs["backend"][kind]))


def _literal(value: Any) -> Any:
    """A value that Terraform doesn't evaluate in JSON, as a template."""
    if isinstance(value, dict):
        return {key: _literal(each) for key, each in value.items()}
    return value.replace("${", "$${") if isinstance(value, str) else value


def _body(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    """Paths at which the arguments and blocks of a block differ."""
    wanted = {key: value for key, value in theirs.items() if key != "//"}
    yield from sorted(ours.keys() ^ wanted.keys())
    for key in sorted(ours.keys() & wanted.keys()):
        if not _argument(ours[key], wanted[key], key):
            yield key


def _argument(ours: Sequence[Any], theirs: Any, key: str) -> bool:
    if len(ours) == 1 and _value(ours[0], theirs, key in _ADDRESSES):
        return True
    blocks = theirs if isinstance(theirs, list) else [theirs]
    return len(ours) == len(blocks) and all(
        isinstance(one, dict) and isinstance(other, dict) and not [*_body(one, other)]
        for one, other in zip(ours, blocks, strict=True)
    )


def _value(ours: Any, theirs: Any, address: bool = False) -> bool:
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return False
        named = {restored(key): value for key, value in ours.items()}
        return named.keys() == theirs.keys() and all(_value(named[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list):
        same = isinstance(ours, list) and len(ours) == len(theirs)
        return same and all(_value(one, other, address) for one, other in zip(ours, theirs, strict=True))
    if isinstance(theirs, str) and isinstance(ours, str):
        return ours == f"${{{theirs}}}" if address else restored(ours) == spaced(theirs)
    return type(ours) is type(theirs) and bool(ours == theirs)


def spaced(text: str) -> str:
    """A template whose expressions have no spaces at their ends."""
    return _INSIDE.sub(lambda found: re.sub(r"^(\$+\{)\s+|\s+(\})$", r"\1\2", found[0]), text)


def restored(text: str) -> str:
    """The template of a text that the parser returns: without escape sequences outside of `${…}`."""
    if text.startswith('${"') and text.endswith('"}') and "${" in text[2:]:
        text = text[3:-2]  # It writes a template inside an object as an expression.
    parts, at = [], 0
    for found in _INSIDE.finditer(text):
        if not found[0].startswith("$$"):
            parts += [_unescaped(text[at : found.start()]), found[0]]
            at = found.end()
    return "".join([*parts, _unescaped(text[at:])])


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1]) or chr(int(found[1][1:], 16)), text)
