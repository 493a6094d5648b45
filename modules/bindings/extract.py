"""Writes the table of the bindings' classes that the engine in Python reads: `make bindings-table`.

Names, types and which arguments are required come from the Python bindings, Terraform's names from their JavaScript.
What isn't as expected stops the extraction. What the engine can't do is marked as unknown, and node does it.
"""

from __future__ import annotations

import gzip
import importlib
import inspect
import re
import sys
import tarfile
import typing
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from modules.bindings import PACKAGE
from modules.bindings.table import (
    ANY,
    BLOCK,
    BOOLEAN,
    FILE,
    FLAT,
    LIST,
    MAP,
    NUMBER,
    PACKAGES,
    STRUCT,
    TEXT,
    UNKNOWN,
    Attribute,
    Class,
    line,
)

_MODULES = re.compile(rf"^\s*from ({PACKAGE}\.\w+) import \*$", re.MULTILINE)
_CDKTF = {
    "S3BackendConfig": Class("S3Backend", "backend", "s3", {}),
    "DataTerraformRemoteStateS3Config": Class("DataTerraformRemoteStateS3", "remote_state", "s3", {}),
    "TerraformOutputConfig": Class("TerraformOutput", "output", "", {}),
    "TerraformVariableConfig": Class("TerraformVariable", "variable", "", {}),
    "TerraformResourceLifecycle": Class("TerraformResourceLifecycle", "struct", "", {}),
    "Precondition": Class("Precondition", "struct", "", {}),
    "Postcondition": Class("Postcondition", "struct", "", {}),
}
"""Classes of cdktf that hold arguments, and what the table has of them. cdktf writes their names in snake case."""
_NEEDS_NODE = {
    ("TerraformOutput", "depends_on"),  # is written with braces
    ("TerraformOutput", "static_id"),  # sets the id
    ("TerraformOutput", "precondition"),  # isn't written at all
    ("DataTerraformRemoteStateS3", "workspace"),  # these are written beside the configuration
    ("DataTerraformRemoteStateS3", "defaults"),
}
_META = {"resource": "TerraformMetaArguments", "data": "TerraformMetaArguments"}
_ROLES = {"Resource": "resource", "DataSource": "data", "Provider": "provider"}
_PROVIDER = ("terraformProviderSource", "providerVersion")
_SCALARS = {str: TEXT, bool: BOOLEAN, int: NUMBER, float: NUMBER, Any: ANY}
_UNIONS = {frozenset({TEXT, f"{LIST}{TEXT}"}): FLAT, frozenset({TEXT, BLOCK}): TEXT}
"""What the engine takes where several kinds are allowed."""
_SOURCE = re.compile(r"package/lib/[\w-]+/[\w-]+\.js")
_FUNCTION = re.compile(r"^function (\w+)ToTerraform\(struct\) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_CLASS = re.compile(
    r"^class (\w+) extends cdktf\.Terraform(Resource|DataSource|Provider) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE
)
_RETURNED = re.compile(r"^ +return \{(.*?)\};", re.DOTALL | re.MULTILINE)
_MAPPER = r"(?:cdktf\.)?\w+ToTerraform"
_WRITTEN = re.compile(
    r"\s*(?P<terraform>\w+): (?P<null>struct\.\w+ === undefined \? null : )?"
    rf"(?:{_MAPPER}|cdktf\.(?:list|hash)Mapper\((?:{_MAPPER}|cdktf\.hashMapper\({_MAPPER}\))(?:, (?:true|false))?\))"
    r"\((?:struct\.|this\._)(?P<name>\w+?)(?:\.internalValue)?\)"
)


class UnexpectedBindingsError(Exception):
    """The bindings don't look as expected."""


class _Written(NamedTuple):
    """How the JavaScript writes an attribute."""

    terraform: str
    null: bool


class _Source(NamedTuple):
    """What the JavaScript of the bindings says."""

    types: Mapping[str, tuple[str, str]]
    """Role and Terraform's type of each class of resources."""
    written: Mapping[str, Mapping[str, _Written]]
    """Attributes by the name of a class of resources, or of a function that writes arguments, in small letters."""
    provider: str
    """Source and version of Terraform's provider."""


def main() -> int:
    """Write the table."""
    import cdktf  # noqa: PLC0415  (starts node)

    modules = [importlib.import_module(name) for name in _MODULES.findall(_imports())]
    source = _javascript(modules)
    classes = [*_cdktf(cdktf), *(found for module in modules for found in _aws(module, source))]
    known = {each.name for each in classes}
    kinds = {attribute.kind.lstrip(LIST + MAP) for of in classes for attribute in of.attributes.values()}
    if missing := {kind for kind in kinds if kind.startswith(STRUCT) and kind.removeprefix(STRUCT) not in known}:
        raise UnexpectedBindingsError(f"these classes aren't in the table: {sorted(missing)}")
    head = [*(f"{package} {version(package)}" for package in PACKAGES), source.provider]
    text = "\n".join([*head, *sorted(map(line, classes)), ""])
    FILE.write_bytes(gzip.compress(text.encode(), mtime=0))
    return 0


def _imports() -> str:
    return Path(__file__).with_name("aws.py").read_text(encoding="utf-8")


def _javascript(modules: Sequence[ModuleType]) -> _Source:
    """Read the JavaScript that is packed beside the Python modules."""
    wanted = {module.__name__.rpartition(".")[2].replace("_", "") for module in modules}
    types, written, provider = {}, {}, ""
    folder = Path(str(importlib.import_module(f"{PACKAGE}._jsii").__file__)).parent
    with tarfile.open(_only(folder.glob("*.tgz"))) as package:
        for member in package:
            if not _SOURCE.fullmatch(member.name) or member.name.split("/")[2].replace("-", "") not in wanted:
                continue
            file = package.extractfile(member)
            text = file.read().decode() if file else ""
            for name, base, body in _CLASS.findall(text):
                types[name] = (_ROLES[base], _found(r"^ +terraformResourceType: '(\w+)'", body))
                written[name.lower()] = _attributes(name, body.partition(" synthesizeAttributes() {")[2])
                if base == "Provider":
                    provider = " ".join(_found(rf"^ +{each}: '([\w./-]+)'", body) for each in _PROVIDER)
            for name, body in _FUNCTION.findall(text):
                written[name.lower()] = _attributes(name, body)
    return _Source(types, written, provider)


def _attributes(name: str, body: str) -> dict[str, _Written]:
    """The attributes that a function writes, by their names in JavaScript."""
    returned = _found(_RETURNED.pattern, body)
    lines = [each for each in returned.splitlines() if each.strip()]
    found = {}
    for text in lines:
        if not (match := _WRITTEN.fullmatch(text.rstrip(","))):
            raise UnexpectedBindingsError(f"{name} writes {text.strip()!r}")
        found[match["name"]] = _Written(match["terraform"], bool(match["null"]))
    return found


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.DOTALL | re.MULTILINE)
    if not match:
        raise UnexpectedBindingsError(f"no {pattern!r} in {text[:200]!r}")
    return match[1]


def _only(files: Iterator[Path]) -> Path:
    (file,) = files
    return file


def _aws(module: ModuleType, source: _Source) -> Iterator[Class]:
    """The classes of a module of the AWS provider."""
    for name, class_ in _of(module):
        if name in source.types:
            role, type_ = source.types[name]
            yield Class(name, role, type_, _arguments(class_, source.written[name.lower()], meta=role != "provider"))
        elif _is_struct(class_) and name.lower() in source.written:
            yield Class(name, "struct", "", _arguments(class_, source.written[name.lower()]))


def _cdktf(module: ModuleType) -> Iterator[Class]:
    for name, of in _CDKTF.items():
        class_ = getattr(module, name)
        names = class_.__jsii_name_mapping__.values()
        written = {each: _Written(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", each).lower(), null=False) for each in names}
        attributes = {
            each.name: each._replace(kind=_without_maps(of.name, each)) for each in _arguments(class_, written).values()
        }
        yield of._replace(attributes=attributes)


def _without_maps(class_: str, attribute: Attribute) -> str:
    """The kind of an argument of a class of cdktf, which changes the keys of maps to snake case, except an output's."""
    struct = attribute.kind.partition(STRUCT)[2]
    if (class_, attribute.name) in _NEEDS_NODE or MAP in attribute.kind or (struct and struct not in _CDKTF):
        return UNKNOWN
    return FLAT if attribute.kind == ANY and class_ != "TerraformOutput" else attribute.kind


def _of(module: ModuleType) -> Iterator[tuple[str, type[Any]]]:
    """The classes that jsii generated in a module."""
    for name in module.__all__:
        class_ = getattr(module, name)
        if isinstance(class_, type) and hasattr(class_, "__jsii_type__"):
            yield name, class_


def _is_struct(class_: type[Any]) -> bool:
    return hasattr(class_, "__jsii_name_mapping__")


def _arguments(class_: type[Any], written: Mapping[str, _Written], *, meta: bool = False) -> dict[str, Attribute]:
    """The arguments of a class."""
    hints = typing.get_type_hints(class_.__init__)
    names = _names(class_)
    found = {}
    for name, parameter in inspect.signature(class_.__init__).parameters.items():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        how = written.get(names[name]) or (_Written(name, null=False) if meta else None)
        if how is None:
            raise UnexpectedBindingsError(f"{class_.__name__} doesn't write {name}")
        found[name] = Attribute(
            name, how.terraform, _kind(hints[name]), required=parameter.default is parameter.empty, null=how.null
        )
    return found


def _names(class_: type[Any]) -> Mapping[str, str]:
    """The names of a class's arguments in JavaScript; a resource's are those of its configuration."""
    if not _is_struct(class_):
        module = vars(sys.modules[class_.__module__])
        alone = [each for each in module.values() if getattr(each, "__jsii_struct_bases__", ())]
        class_ = alone[0] if len(alone) == 1 else module[f"{class_.__name__}Config"]
    mapping: Mapping[str, str] = class_.__jsii_name_mapping__
    return mapping


def _kind(hint: Any) -> str:  # noqa: ANN401  (a type)
    """The kind of arguments of a type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        kinds = {_kind(each) for each in arguments if not _is_alternative(each)}
        return kinds.pop() if len(kinds) == 1 else _UNIONS.get(frozenset(kinds), UNKNOWN)
    if origin is not None and issubclass(origin, Sequence):
        return _of_elements(LIST, arguments[0])
    if origin is not None and issubclass(origin, Mapping):
        return _of_elements(MAP, arguments[1])
    if hint in _SCALARS:
        return _SCALARS[hint]
    if _is_struct(hint):
        return f"{STRUCT}{hint.__name__}"
    return BLOCK if hint.__name__ in {"ITerraformDependable", "TerraformProvider"} else UNKNOWN


def _is_alternative(hint: Any) -> bool:  # noqa: ANN401  (a type)
    """Whether it is another form of what the union's other type gives: a token, or a class's arguments as a dict."""
    name = getattr(hint, "__name__", "")
    return hint is type(None) or name in {"IResolvable", "TerraformCount"} or typing.get_origin(hint) is dict


def _of_elements(letter: str, hint: Any) -> str:  # noqa: ANN401  (a type)
    kind = _kind(hint)
    return UNKNOWN if kind == UNKNOWN else f"{letter}{kind}"


if __name__ == "__main__":
    sys.exit(main())
