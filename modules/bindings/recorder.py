"""The engine in Python: it records what constructs give to cdktf's classes, and writes what cdktf would write.

docs/adr/0032-an-engine-in-python.md says what it is, and what it isn't. Whatever it isn't sure of is an
`UnknownToEngineError`, never another result: node then synthesizes, or refuses. A comment names the file of cdktf that
decides a detail: https://github.com/hashicorp/terraform-cdk/tree/v0.21.0/packages/cdktf/lib
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from json.encoder import encode_basestring
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

from modules.bindings.table import ANY, BLOCK, BOOLEAN, FLAT, LIST, MAP, NUMBER, STRUCT, TEXT, Class, table
from modules.engines import UnknownToEngineError

Document = dict[str, Any]
"""A stack as Terraform JSON."""
_ID = re.compile(r"(?!\d+$)[\w-]{1,255}", re.ASCII)
"""Ids that cdktf uses as they are (private/unique.ts), and whose order JavaScript keeps."""
_HIDDEN = "Default"
"""An id that cdktf leaves out (private/unique.ts)."""
_INHERITED = frozenset(
    [
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
        "__proto__",
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
    ]
)
"""What every object of JavaScript has: for cdktf, such an id is taken (constructs, Node.addChild)."""
_PROTOTYPE, _WIRE = "__proto__", "$jsii."
"""A key that JavaScript takes for an object's class, and what begins the keys of jsii's own values."""
_LONE = re.compile("[\ud800-\udfff]")
"""Half of a character in UTF-16, which UTF-8 can't write."""
_TOKENS = re.compile(r"TfToken\[|(?:String|Any) Map Token Value")
"""What cdktf would resolve (tokens/private/encoding.ts, tokens/token.ts)."""
_NUMBER_TOKEN = -123456789
_EXACT = 2**53
"""From here on, JavaScript's numbers aren't exact."""


class App:
    """All stacks. Stands for cdktf's App."""

    def __init__(self, *, outdir: str = "", context: Mapping[str, str] | None = None) -> None:
        del context  # cdktf 0.21 reads none of the flags that it can have.
        self.outdir: Final = outdir
        self.stacks: Final[dict[str, TerraformStack]] = {}
        self.documents: Final[dict[str, Document]] = {}
        """What was written, by the stack's id."""

    def synth(self) -> None:
        """Write all stacks, and the manifest."""
        entries = {stack.id: _entry(stack) for stack in self.stacks.values()}
        for stack in self.stacks.values():
            self.documents[stack.id] = stack.document()
            file = Path(self.outdir, entries[stack.id]["synthesizedStackPath"])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json_text(self.documents[stack.id]), encoding="utf-8")
        manifest = {"stacks": entries, "version": table().packages["cdktf"]}
        Path(self.outdir, "manifest.json").write_text(json_text(manifest), encoding="utf-8")


def _entry(stack: TerraformStack) -> Document:
    """A stack in the manifest (manifest.ts)."""
    folder = f"stacks/{stack.id}"
    return {
        "annotations": [],
        "constructPath": stack.id,
        "dependencies": [dependency.id for dependency in stack.dependencies],
        "name": stack.id,
        "stackMetadataPath": f"{folder}/metadata.json",
        "synthesizedStackPath": f"{folder}/cdk.tf.json",
        "workingDirectory": folder,
    }


class _Overridable:
    """What takes overrides."""

    def __init__(self, id_: str) -> None:
        if not _ID.fullmatch(id_) or id_ == _HIDDEN or id_ in _INHERITED:
            raise UnknownToEngineError(f"the id {id_!r}")
        self.id: Final = id_
        self.overrides: Final[Document] = {}

    def add_override(self, path: str, value: object) -> None:
        """Set a value in what is written (terraform-element.ts)."""
        *parents, last = keys = path.split(".")
        # The stack's metadata lists first keys in JavaScript's order, in which numbers come first.
        if _PROTOTYPE in keys or keys[0].isdecimal():
            raise UnknownToEngineError(f"the override {path} of {self.id}")
        place = self.overrides
        for key in parents:
            if not isinstance(place.get(key), dict):
                place[key] = {}
            place = place[key]
        try:
            place[last] = None if value is None else _any(value)
        except _NotConvertibleError as error:
            raise UnknownToEngineError(f"{error} as the override {path} of {self.id}") from None


class TerraformStack(_Overridable):
    """A stack. Stands for cdktf's TerraformStack."""

    def __init__(self, scope: App, id_: str) -> None:
        super().__init__(id_)
        self.dependencies: Final[list[TerraformStack]] = []
        self.elements: Final[dict[str, Element]] = {}
        _add(scope.stacks, self, "the app")

    @staticmethod
    def of(scope: TerraformStack) -> TerraformStack:
        """The stack of a scope, which is itself: addresses are flat (docs/adr/0003-flat-addresses.md)."""
        return scope

    def add_dependency(self, dependency: TerraformStack) -> None:
        """Depend on another stack.

        Raises:
            ValueError: The other one depends on this one.
        """
        if dependency.needs(self):
            raise ValueError(f"stack {self.id!r} can't depend on {dependency.id!r}, which depends on it")
        if dependency not in self.dependencies:
            self.dependencies.append(dependency)

    def needs(self, stack: TerraformStack) -> bool:
        """Whether this stack depends on another one, directly or through others."""
        return stack in self.dependencies or any(each.needs(stack) for each in self.dependencies)

    def document(self) -> Document:
        """The stack, as cdktf writes it (terraform-stack.ts).

        Raises:
            ValueError: The stack has resources, but no provider.
            UnknownToEngineError: The engine doesn't know how to write it.
        """
        roles = {element.role for element in self.elements.values()}
        if "provider" not in roles and not roles.isdisjoint({"resource", "data"}):
            raise ValueError(f"stack {self.id!r} has resources, but no provider; add aws.AwsProvider")
        if "backend" not in roles:
            raise UnknownToEngineError(f"a stack without a backend, {self.id!r}")
        document: Document = {"//": self._metadata()}
        if "provider" in roles:
            required = {"source": table().provider, "version": table().provider_version}
            document["terraform"] = {"required_providers": {"aws": required}}
        for element in self.elements.values():
            place = document
            *parents, last = element.path
            for key in parents:
                place = place.setdefault(key, {})
            if element.role == "provider":
                place.setdefault(last, []).append(element.written())
            else:
                place[last] = element.written()
        return _merged(document, self.overrides)

    def _metadata(self) -> Document:
        overrides: dict[str, list[str]] = {"stack": list(self.overrides)} if self.overrides else {}
        for element in self.elements.values():
            if element.overrides and element.overridden:
                overrides.setdefault(element.overridden, []).extend(element.overrides)
        outputs = {element.id: element.id for element in self.elements.values() if element.role == "output"}
        metadata = {"version": table().packages["cdktf"], "stackName": self.id, "backend": "s3"}
        return {
            "metadata": metadata | ({"overrides": overrides} if overrides else {}),
            "outputs": {self.id: outputs} if outputs else {},
        }


_PLACES = {
    "resource": ("resource/{type}/{id}", "{type}"),
    "data": ("data/{type}/{id}", "{type}"),
    "provider": ("provider/{type}", "{type}"),
    "backend": ("terraform/backend/{type}", "backend"),
    "remote_state": ("data/terraform_remote_state/{id}", "terraform_remote_state"),
    "output": ("output/{id}", "output"),
    "variable": ("variable/{id}", ""),
    "local": ("locals/{id}", "local"),
}
"""Where the document has an element, and what the stack's metadata calls its overrides (toTerraform, toMetadata)."""


class Element(_Overridable):
    """A part of a stack. Stands for an object of a class of cdktf or of the AWS provider."""

    def __init__(self, class_: Class, scope: TerraformStack, id_: str, settings: object) -> None:
        super().__init__(id_)
        self.role: Final = class_.role
        self._class = class_
        self.stack: Final = scope.id
        self._settings = settings
        _add(scope.elements, self, f"stack {scope.id!r}")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (whatever cdktf's class has)
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnknownToEngineError(f"{self._class.name}.{name}")

    @property
    def address(self) -> str:
        """Terraform's address, as `depends_on` and `provider` take it."""
        if self.role == "provider":
            alias = self._settings.get("alias") if isinstance(self._settings, dict) else None
            if alias == "":
                raise UnknownToEngineError(f"a reference to {self.id}, whose alias is empty")
            return f"{self._class.type}.{alias}" if alias else self._class.type
        if self.role not in {"resource", "data"}:
            raise UnknownToEngineError(f"a reference to a {self._class.name}")
        return f"{'data.' if self.role == 'data' else ''}{self._class.type}.{self.id}"

    @property
    def path(self) -> list[str]:
        """Where it is in the document."""
        return [part.format(type=self._class.type, id=self.id) for part in _PLACES[self.role][0].split("/")]

    @property
    def overridden(self) -> str:
        """Under what the stack's metadata lists its overrides; empty if it doesn't."""
        return _PLACES[self.role][1].format(type=self._class.type)

    def written(self) -> object:
        """What the document has of it."""
        if self.role == "local" or not isinstance(self._settings, dict):
            return self._settings
        settings = self._settings
        if self.role == "remote_state":
            settings = {"backend": self._class.type, "config": settings}
        if self.role == "provider" and "alias" in self.overrides:
            # cdktf writes the alias again after the overrides (terraform-provider.ts).
            raise UnknownToEngineError(f"the override alias of {self.id}")
        written = _merged(settings, self.overrides)
        if self.role in {"resource", "data"}:
            metadata = {"path": f"{self.stack}/{self.id}", "uniqueId": self.id}
            # cdktf loses a comment on a data source (terraform-data-source.ts).
            comment = written.get("//", {}) if self.role == "resource" else {}
            if not isinstance(comment, dict):
                raise UnknownToEngineError(f"the override // of {self.id}")
            written["//"] = {**comment, "metadata": metadata}
        return written


class Argument:
    """An argument that is a block. Stands for an object of a class that is only used as an argument."""

    def __init__(self, class_: Class, settings: Document) -> None:
        self.class_name: Final = class_.name
        self.settings: Final = settings


def create(class_: Class, /, *given: Any, **arguments: object) -> Element | Argument:  # noqa: ANN401
    """Create an object of a class of the table.

    Args:
        class_: The class.
        given: The stack and the id of a part of a stack; a backend has no id.
        arguments: What the class takes.

    Raises:
        UnknownToEngineError: An argument is unknown, missing, or of a type that the engine doesn't convert.
    """
    settings = _settings(class_, arguments)
    match given:
        case () if class_.role == "struct":
            return Argument(class_, settings)
        case (TerraformStack() as stack,) if class_.role == "backend":
            return Element(class_, stack, "backend", settings)
        case (TerraformStack() as stack, str() as id_) if class_.role not in {"struct", "backend"}:
            _check_references(stack, arguments)
            return Element(class_, stack, id_, settings)
    raise UnknownToEngineError(f"a call of {class_.name} with {len(given)} arguments without a name")


def _check_references(stack: TerraformStack, arguments: Mapping[str, object]) -> None:
    """Leave other references to node: it refuses some, and gives a resource of another stack an output and a reader."""
    provider, dependencies = arguments.get("provider"), arguments.get("depends_on")
    if isinstance(provider, Element) and provider.role != "provider":
        raise UnknownToEngineError(f"{provider.address} as a provider")
    for each in dependencies if isinstance(dependencies, list) else ():
        if each.stack != stack.id:
            raise UnknownToEngineError(f"a dependency of stack {stack.id} on {each.address} of stack {each.stack}")


def local(scope: TerraformStack, id_: str, expression: object) -> Element:
    """Create a local value. Stands for cdktf's TerraformLocal."""
    try:
        return Element(_LOCAL, scope, id_, _any(expression))
    except _NotConvertibleError as error:
        raise UnknownToEngineError(f"{error} as the local value {id_}") from None


_LOCAL = Class("TerraformLocal", "local", "", {})


class _Aws(ModuleType):
    """Stands for modules.bindings.aws."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (what stands for a class)
        if name.startswith("__"):
            raise AttributeError(name)
        found = named(name)
        setattr(self, name, found)
        return found


class _Engine(ModuleType):
    """Stands for modules.bindings.engine."""

    App = App
    Construct = TerraformStack
    TerraformResource = Element
    TerraformStack = TerraformStack
    TerraformLocal = staticmethod(local)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (what stands for a class)
        if name.startswith("__"):
            raise AttributeError(name)
        return named(name)


def modules() -> Iterator[ModuleType]:
    """The modules that stand for those that import cdktf and the bindings."""
    yield _Aws("modules.bindings.aws")
    yield _Engine("modules.bindings.engine")


def named(name: str) -> Any:  # noqa: ANN401  (what stands for a class)
    """What stands for a class of the table.

    Raises:
        UnknownToEngineError: The table doesn't have it.
    """
    if name not in table():
        raise UnknownToEngineError(f"the class {name}")
    return _Named(create, table()[name])


class _Named(partial[Any]):
    """What stands for a class, also in an annotation such as `AwsProvider | None`."""

    def __or__(self, other: object) -> Any:  # noqa: ANN401  (an annotation)
        return Element | other


def _add(to: dict[str, Any], added: TerraformStack | Element, owner: str) -> None:
    """Add a stack or an element under its id, which only one has (constructs, Node.addChild)."""
    if added.id in to:
        raise ValueError(f"{owner} has {added.id!r} already; ids must be unique across all kinds of resources")
    to[added.id] = added


def _settings(class_: Class, arguments: Mapping[str, object]) -> Document:
    """Arguments under Terraform's names, as cdktf writes them."""
    settings = {}
    for name, value in arguments.items():
        attribute = class_.attributes.get(name)
        if attribute is None:
            raise UnknownToEngineError(f"the argument {name} of {class_.name}")
        if value is None:
            continue
        try:
            settings[attribute.terraform] = _converter(attribute.kind)(value)
        except _NotConvertibleError as error:
            raise UnknownToEngineError(f"{error} as the argument {name} of {class_.name}") from None
    for attribute in class_.attributes.values():
        if attribute.null:
            settings.setdefault(attribute.terraform, None)
        elif attribute.required and attribute.terraform not in settings:
            raise UnknownToEngineError(f"{class_.name} without the argument {attribute.name}")
    return settings


class _NotConvertibleError(Exception):
    """A value isn't of the type that an argument takes."""

    def __init__(self, value: object) -> None:
        super().__init__(f"{type(value).__name__} {value!r:.60}")


@cache
def _converter(kind: str) -> Callable[[Any], object]:
    """What converts the values of a kind of arguments into JSON."""
    letter, inner = kind[0], kind[1:]
    if letter == LIST:
        return partial(_list, _converter(inner))
    if letter == MAP:
        return partial(_map, _converter(inner))
    if letter == STRUCT:
        return partial(_struct, inner)
    return {TEXT: _text, NUMBER: _number, BOOLEAN: _boolean, ANY: _any, FLAT: _flat, BLOCK: _block}.get(letter, _refuse)


def _refuse(value: object) -> NoReturn:
    raise _NotConvertibleError(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        _refuse(value)
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        _refuse(value)
    return value


def _number(value: object) -> float:
    # jsii refuses the numbers of enumerations.
    if not isinstance(value, int | float) or type(value) not in {int, float} or not abs(value) < _EXACT:
        _refuse(value)
    if value == _NUMBER_TOKEN:
        _refuse(value)
    return int(value) if value == int(value) else value


def _list(element: Callable[[Any], object], value: object) -> list[object]:
    if not isinstance(value, list):
        _refuse(value)
    return [element(each) for each in value]


def _map(element: Callable[[Any], object], value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        _refuse(value)
    return {_key(key): element(each) for key, each in value.items()}


def _key(value: object) -> str:
    """The key of a map."""
    key = _text(value)
    if key == _PROTOTYPE or key.startswith(_WIRE):
        _refuse(key)
    return key


def _struct(name: str, value: object) -> Document:
    if not isinstance(value, Argument) or value.class_name != name:
        _refuse(value)
    return value.settings


def _block(value: object) -> str:
    if not isinstance(value, Element):
        _refuse(value)
    return value.address


def _any(value: object) -> object:
    """Any value without objects; JavaScript leaves out what is undefined in a map."""
    if isinstance(value, dict):
        return {_key(key): _any(each) for key, each in value.items() if each is not None}
    return _flat(value, _any)


def _flat(value: object, element: Callable[[object], object] | None = None) -> object:
    """A value without maps: cdktf changes the keys of some (util.ts, keysToSnakeCase)."""
    if isinstance(value, list):
        return _list(element or _flat, value)
    return value if isinstance(value, str | bool) else _number(value)


def _merged(target: Document, source: Document) -> Document:
    """A value with overrides (util.ts, deepMerge): lists are added to each other, and None deletes."""
    result = dict(target)
    for key, value in source.items():
        old = result.get(key)
        if isinstance(value, dict):
            if isinstance(old, list) or (old is None and key in result):
                raise UnknownToEngineError(f"an override of {old!r} by a map")
            result[key] = _merged(old if isinstance(old, dict) else {}, value)
        elif isinstance(value, list) and isinstance(old, list):
            result[key] = old + value
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def json_text(value: object) -> str:
    """JSON as cdktf writes it: sorted, and an empty list or map has two lines (json-stable-stringify).

    Raises:
        UnknownToEngineError: It has something that cdktf resolves, or a number that JavaScript writes in another way.
    """
    text = _json(value, "\n")
    if _LONE.search(text):
        raise UnknownToEngineError("half of a character in UTF-16")
    if found := _TOKENS.search(text):
        raise UnknownToEngineError(f"the token {found[0]}")
    return text


def _json(value: object, line: str) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        inner = f"{line}  "
        parts = [f"{inner}{encode_basestring(key)}: {_json(value[key], inner)}" for key in _sorted(value)]
        return f"{{{','.join(parts)}{line}}}"
    if isinstance(value, list):
        inner = f"{line}  "
        return f"[{','.join([inner + _json(each, inner) for each in value])}{line}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _javascript_number(value)


def _sorted(keys: Mapping[str, object]) -> list[str]:
    """Keys in JavaScript's order, by the units of UTF-16."""
    if all(map(str.isascii, keys)):
        return sorted(keys)
    return sorted(keys, key=lambda key: key.encode("utf-16-be", "surrogatepass"))


def _javascript_number(value: object) -> str:
    """A number as JavaScript writes it; with an exponent, it writes it differently."""
    text = repr(value)
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        raise UnknownToEngineError(f"the number {text}")
    return text
