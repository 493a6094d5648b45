"""Replacements for functions of checkov and its libraries that repeat work. They give the same results in less time.

Most take the function that they replace, and call it for whatever they don't know themselves; others repeat all of it.
Those that repeat a part of checkov's code are only used with the version that they were compared with (CHECKOV); tests
compare the rest.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Container, Mapping
from copy import copy, deepcopy
from functools import lru_cache
from typing import Any

CHECKOV = "3.3.30"
"""The version of checkov that these replacements were compared with."""
_TEXTS = 4096
"""More than the expressions of one environment; a limit, so that memory doesn't grow with environments."""
_ACTIONS = 32_768
"""More than AWS has."""
_WILD = frozenset("*?[")
"""What may match another character in a pattern of file names."""
_LITERAL = ('"', "{", "[")
"""How texts begin that may be literals."""


class _OtherError(Exception):
    """An expression isn't a literal."""


def evaluating_once(evaluate: Callable[[str], Any], known: Container[str]) -> Callable[[str], Any]:
    """Checkov's evaluation of an expression, once for each text: most texts are evaluated several times.

    Args:
        evaluate: Checkov's evaluation.
        known: The names that it knows.
    """

    @lru_cache(maxsize=_TEXTS, typed=True)
    def outcome(text: str) -> tuple[Any, str | None]:
        try:
            try:
                return _evaluated(text, known), None
            except _OtherError:
                return evaluate(text), None
        except Exception as error:
            return None, str(error)

    def remembered(text: str) -> Any:  # noqa: ANN401 - whatever the expression results in
        value, error = outcome(text)
        if error is not None:
            raise ValueError(error)
        return _copied(value, lambda: evaluate(text))

    return remembered


def rendering_once(render: Callable[..., Any]) -> Callable[..., Any]:
    """Checkov's rendering of a text with expressions, once for each text: it goes over the references several times."""
    rendered = lru_cache(maxsize=_TEXTS)(render)

    def remembered(text: Any, keep_interpolations: bool = True) -> Any:  # noqa: ANN401 - checkov's
        if type(text) is not str:  # Checkov changes lists, and its own texts know their lines.
            return render(text, keep_interpolations)
        return _copied(rendered(text, keep_interpolations), lambda: render(text, keep_interpolations))

    return remembered


def finding_brackets(find: Callable[[str, str, str], list[Any]]) -> Callable[[str, str, str], list[Any]]:
    """Checkov's search for pairs of brackets, which looks at each character: most texts have none."""
    return lambda text, opening, closing: find(text, opening, closing) if opening in text else []


def _copied(value: Any, compute: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the expression results in
    """A copy, which checkov may change; a value that can't be copied is computed again."""
    try:
        return deepcopy(value)
    except TypeError:  # A function, such as `print`.
        return compute()


def _evaluated(text: object, known: Container[str]) -> Any:  # noqa: ANN401 - whatever the expression results in
    """The value of a literal. Most texts are one, aren't Python, or begin with a name that checkov doesn't know.

    Checkov creates an interpreter of Python for each.

    Raises:
        _OtherError: It is something else; checkov knows.
        SyntaxError: It isn't Python.
        NameError: It begins with an unknown name.
    """
    if not isinstance(text, str) or not text or text in {"...", "continue"} or text.startswith("try"):
        raise _OtherError  # Checkov evaluates these specially.
    try:
        body = ast.parse(text).body
    except (ValueError, MemoryError, RecursionError) as error:
        raise _OtherError from error
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        raise _OtherError
    if text.startswith(_LITERAL):
        value = _value(body[0].value)
        return value.replace("\0", "\\0") if isinstance(value, str) else value
    first = body[0].value
    while isinstance(first, ast.BinOp | ast.Attribute):
        first = first.left if isinstance(first, ast.BinOp) else first.value
    if isinstance(first, ast.Name) and first.id != "print" and first.id not in known:
        raise NameError(first.id)
    raise _OtherError


def _value(node: ast.expr | None) -> Any:  # noqa: ANN401 - any literal
    match node:
        case ast.Constant():
            return node.value
        case ast.List():
            return [_value(each) for each in node.elts]
        case ast.Dict():
            return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True)}
    raise _OtherError


def building_once(build: Callable[..., Any]) -> Callable[..., Any]:
    """Ply's parsers, once for each grammar: the library of JSON paths builds one for each path."""
    parsers: dict[tuple[type, object], Any] = {}

    def remembered(**settings: Any) -> Any:  # noqa: ANN401 - ply's
        grammar = (type(settings["module"]), settings.get("start"))
        if grammar not in parsers:
            parsers[grammar] = build(**settings)
        return parsers[grammar]

    return remembered


def lexing_once(build: Callable[..., Any]) -> Callable[..., Any]:
    """Copies of ply's lexers, built once for each kind: the library of JSON paths builds one for each path."""
    lexers: dict[type, Any] = {}

    def remembered(**settings: Any) -> Any:  # noqa: ANN401 - ply's
        kind = type(settings["module"])
        if kind not in lexers:
            lexers[kind] = build(**settings)
        lexer = copy(lexers[kind])
        lexer.lexstatestack = []  # The only part of its state that a copy would share.
        return lexer

    return remembered


def looking_up_once(
    restrictable: Callable[[Any], list[str]], services: Mapping[str, Any]
) -> Callable[[Any], list[str]]:
    """Cloudsplaining's search for actions that can be restricted to resources, once for each action of AWS.

    Args:
        restrictable: Its search, which copies all of AWS's data about each action.
        services: That data, by service.
    """

    @lru_cache(maxsize=_TEXTS)
    def of_service(service: str) -> dict[str, tuple[str, ...]]:
        """By name in lower case, the action if it can be restricted."""
        data = services.get(service)
        if not isinstance(data, dict):  # No service, or the version of the data.
            return {}
        named = {kind for kind, each in data["resources"].items() if (each or {}).get("arn", "*") != "*"}
        known: dict[str, tuple[str, ...]] = {}
        for lower, action in data["privileges_lower_name"].items():
            kinds = data["privileges"][action]["resource_types"]
            restricted = len(kinds) > 1 or not named.isdisjoint(kinds)
            known[lower] = (f"{data['prefix']}:{action}",) if restricted else ()
        return known

    @lru_cache(maxsize=_ACTIONS)
    def found(text: str) -> tuple[str, ...]:
        service, _, name = text.partition(":")
        known = of_service(service).get(name.lower())
        return tuple(restrictable([text])) if known is None else known

    def remembered(actions: Any) -> list[str]:  # noqa: ANN401 - a list, or None
        if not isinstance(actions, list):
            return restrictable(actions)
        return [name for action in set(actions) for name in found(action)]

    return remembered


def expanding_once(expand: Callable[[Any], list[str]], services: Mapping[str, Any]) -> Callable[[Any], list[str]]:
    """Policy Sentry's search for the actions of a pattern, once for each pattern.

    Args:
        expand: Its search, which compiles an expression for each pattern.
        services: All of AWS's actions, by service.
    """

    @lru_cache(maxsize=_TEXTS)
    def found(pattern: str) -> tuple[str, ...]:
        service, colon, start = pattern.removesuffix("*").partition(":")
        data = services.get(service)
        if not (isinstance(data, dict) and colon and pattern.endswith("*") and _WILD.isdisjoint(start)):
            return tuple(expand(pattern))
        named = data["privileges_lower_name"].items()
        return tuple(f"{service}:{name}" for lower, name in named if lower.startswith(start.lower())) or (pattern,)

    return lambda action: list(found(action)) if isinstance(action, str) else expand(action)


def nested(pattern: Any) -> Callable[..., bool]:  # noqa: ANN401 - a compiled expression
    """Checkov's `attribute_has_nested_attributes`, which looks for attributes that only matter to a list.

    Args:
        pattern: Its pattern of an index in an attribute's name.
    """

    def has_nested(key: str, attributes: Mapping[str, Any], leaves: Mapping[str, bool] | None = None) -> bool:
        value = attributes[key]
        if not isinstance(value, list):
            return isinstance(value, dict)
        if leaves and leaves.get(key):
            return False
        return any(pattern.search(other) for other in attributes if other.startswith(key) and other != key)

    return has_nested


def inner_attributes(attribute_key: str, attribute_value: Any, strip_list: bool = True) -> dict[str, Any]:  # noqa: ANN401
    """Checkov's `get_inner_attributes`, which copies what it found once for each level of nested values."""
    inner: dict[str, Any] = {}
    _add_inner(inner, attribute_key, attribute_value, strip=strip_list)
    return inner


def _add_inner(inner: dict[str, Any], key: str, value: Any, *, strip: bool = True) -> Any:  # noqa: ANN401
    """Add a value, and all in it, by their paths. Returns the value, of which lists and objects are new."""
    if strip and isinstance(value, list) and len(value) == 1:
        value = value[0]
    own: Any
    if isinstance(value, list):
        inner[key] = own = [None] * len(value)
        for index, each in enumerate(value):
            own[index] = _add_inner(inner, f"{key}.{index}", each)
    elif isinstance(value, dict):
        inner[key] = own = {}
        value.pop("", None)
        for name, each in value.items():
            own[name] = _add_inner(inner, f"{key}.{name}", each)
    else:
        inner[key] = own = value
    return own


def running_unlogged(
    check: Any,  # noqa: ANN401 - checkov's check
    scanned_file: str,
    entity_configuration: dict[str, Any],
    entity_name: str,
    entity_type: str,
    _skip_info: object,
) -> dict[str, Any]:
    """Checkov's `run` of a Python check, which also writes each result as text, for a log that isn't kept."""
    check.details, check.evaluated_keys = [], []
    check.entity_path = f"{scanned_file}:{entity_type}:{entity_name}"
    result = check.scan_entity_conf(entity_configuration, entity_type)
    return {"result": result, "evaluated_keys": check.get_evaluated_keys()}


def handling_once(handle: Callable[..., bool]) -> Callable[[dict[str, Any]], None]:
    """Checkov's search for dynamic blocks, once for each block without any: each check of a block repeats it."""
    without: list[dict[str, Any]] = []

    def remembered(conf: dict[str, Any]) -> None:
        if not (without and without[-1] is conf):
            without[:] = [] if handle(conf) else [conf]

    return remembered


def graph_of(graph: Any) -> Any:  # noqa: ANN401 - checkov's class
    """Checkov's graph, which remembers a block's attributes until they change, and which names no block has."""

    class Graph(graph):  # type: ignore[misc]
        def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - checkov's
            super().__init__(*arguments)
            self._known: dict[int, dict[str, Any]] = {}
            self.changes: Counter[int] = Counter()
            """How often each block changed."""
            self._indexed = False
            """Whether any name has the index of `count` or `for_each`."""

        def _add_block_data_to_graph(self, idx: int, block: Any) -> None:  # noqa: ANN401 - checkov's
            self._indexed = self._indexed or "[" in block.name
            super()._add_block_data_to_graph(idx, block)

        def _find_vertex_index_relative_to_path(self, block_type: str, name: str, *more: Any, **named: Any) -> int:  # noqa: ANN401
            if not self._indexed and "[" not in name and name not in self.vertices_block_name_map.get(block_type, ()):
                return -1  # Checkov looks for an index in each name, and resolves the file's path.
            return int(super()._find_vertex_index_relative_to_path(block_type, name, *more, **named))

        def get_vertex_attributes_by_index(self, index: int, add_hash: bool = True) -> Any:  # noqa: ANN401
            if add_hash:
                return super().get_vertex_attributes_by_index(index)
            if index not in self._known:  # The renderer asks for each reference to the block.
                self._known[index] = super().get_vertex_attributes_by_index(index, add_hash=False)
            return self._known[index]

        def update_vertex_attribute(self, vertex_index: int, *more: Any, **named: Any) -> None:  # noqa: ANN401
            self._known.pop(vertex_index, None)
            self.changes[vertex_index] += 1
            super().update_vertex_attribute(vertex_index, *more, **named)

    return Graph


def renderer_of(renderer: Any) -> Any:  # noqa: ANN401 - checkov's class
    """Checkov's renderer, which doesn't repeat what changed nothing: it goes over the references several times."""

    class Renderer(renderer):  # type: ignore[misc]
        def __init__(self, local_graph: Any) -> None:  # noqa: ANN401 - a graph_of
            super().__init__(local_graph)
            self._unchanged: dict[tuple[object, ...], list[int]] = {}

        def evaluate_vertex_attribute_from_edge(self, edge_list: list[Any]) -> None:
            edge = edge_list[0]
            place = (edge.origin, edge.label, *(each.dest for each in edge_list))
            before = self._changes(edge_list)
            if self._unchanged.get(place) != before:
                super().evaluate_vertex_attribute_from_edge(edge_list)
                if self._changes(edge_list) == before and self.local_graph.vertices[edge.origin].block_type != "output":
                    self._unchanged[place] = before

        def _changes(self, edges: list[Any]) -> list[int]:
            """How often the blocks changed that the result depends on."""
            changes = self.local_graph.changes
            return [changes[edges[0].origin], *(changes[edge.dest] for edge in edges)]

    return Renderer
