"""Our checks in checkov's own form, each written as one function.

    @rule("CKV_ROLLOUT_20", source="https://…", on="aws_db_instance")
    def keeps_backups(database: Resource) -> Iterator[str]:
        '''A database keeps backups for a week or longer.'''
        if database.number("backup_retention_period") < 7:
            yield "backup_retention_period is less than 7 days"

The docstring is the check's sentence: what holds if it passes. The function yields each problem with what is allowed;
without problems, the check passes. It must never quote a value that could be a secret. The decorator creates and
registers a checkov check, so that stock checkov can load the same files: `PYTHONPATH=. checkov --external-checks-dir
policies/checks …`. Checks that use other blocks need the gate's view of all stacks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import PurePath
from typing import Any, TypeVar, cast

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck
from checkov.terraform.checks.provider.base_check import BaseProviderCheck
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from ops.iam.policy import listed, nested

T = TypeVar("T")
Settings = Mapping[str, Any]


class Resource(Mapping[str, Any]):
    """A block's settings as in the JSON, without checkov's wrapping in lists.

    An attribute is a plain value; a nested block, or a map, is a list of mappings.
    """

    def __init__(
        self,
        wrapped: Settings,
        kind: str,
        graph: Any = None,  # noqa: ANN401 - checkov's graph
        *,
        name: str = "",
        stack: str = "",
    ) -> None:
        """Take the settings that checkov passes to a check; an attribute is unwrapped when it is read."""
        self.kind = kind
        self.name = name
        """Unique in the environment; empty where the block has none."""
        self.stack = stack
        """Its stack, as in `prod-network`."""
        self._wrapped = wrapped
        self._graph = graph
        self._known: dict[object, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        if name.startswith("__"):
            raise KeyError(name)
        return _value(self._wrapped[name])

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._wrapped if not name.startswith("__"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def text(self, name: str) -> str:
        """An attribute as text; empty when it isn't set."""
        return str(self.get(name, ""))

    def number(self, name: str, default: int = 0) -> int:
        """An attribute as a number; the default when it isn't set or isn't known before apply."""
        try:
            return int(self.get(name, default))
        except (TypeError, ValueError):
            return default

    def true(self, name: str) -> bool:
        """Whether an attribute is set to true."""
        return is_true(self.get(name))

    def blocks(self, name: str) -> list[Settings]:
        """The nested blocks of that name, or the map as a list of one."""
        return nested(self, name)

    def json(self, name: str) -> Settings:
        """The object of a JSON attribute, which checkov may have parsed; empty if it isn't set.

        Raises:
            ValueError: The text isn't JSON.
        """
        value = self.get(name)
        return json.loads(value) if isinstance(value, str) else next(iter(self.blocks(name)), {})

    def resolve(self, reference: object) -> str:
        """An expression, or the local value that it refers to."""
        text = str(reference).removeprefix("${").removesuffix("}")
        _, local = _blocks(self._graph).get(text, (0, None)) if text.startswith("local.") else (0, None)
        return str(next(iter(listed(local["config_"][text.removeprefix("local.")])), "")) if local else text

    def follow(self, reference: object) -> Resource | None:
        """The resource or data source that an expression refers to, if the scanned stacks have it."""
        parts = self.resolve(reference).removeprefix("${").split(".")
        found = _blocks(self._graph).get(".".join(parts[: 3 if parts[0] == "data" else 2]))
        return self._resource(found[1]) if found else None

    def everywhere(self, *kinds: str) -> Iterator[Resource]:
        """All resources of some types in the environment's stacks."""
        return (self._resource(vertex) for _, vertex in _blocks(self._graph).values() if _kind(vertex) in kinds)

    def beside(self, *kinds: str) -> Iterator[Resource]:
        """Resources of some types in the same stack."""
        return (each for each in self.everywhere(*kinds) if each.stack == self.stack)

    def users(self, *kinds: str) -> Iterator[Resource]:
        """Resources of some types that refer to this one, in any stack."""
        index, _ = _blocks(self._graph).get(f"{self.kind}.{self.name}", (None, None))
        if index is not None:
            for user in sorted(set(self._graph.predecessor_indices(index))):
                _, vertex = self._graph.get_node_data(user)
                if _kind(vertex) in kinds:
                    yield self._resource(vertex)

    def once(self, read: Callable[[Resource], T]) -> T:
        """What a function reads in this block, which is the same for every check."""
        if read not in self._known:
            self._known[read] = read(self)
        return cast("T", self._known[read])

    def is_of(self, wrapped: Settings, graph: object) -> bool:
        """Whether it is the block with these settings, in this graph."""
        return self._wrapped is wrapped and self._graph is graph

    def _resource(self, vertex: Settings) -> Resource:
        kind, name = vertex["id_"].removeprefix("data.").split(".")
        settings = vertex["config_"][kind][name]
        return Resource(settings, kind, self._graph, name=name, stack=_stack(vertex["file_path_"]))


@lru_cache(maxsize=1)
def _blocks(graph: Any) -> dict[str, tuple[int, Settings]]:  # noqa: ANN401 - checkov's graph
    """Blocks by reference, each with its index in the graph."""
    return {
        reference: (index, vertex)
        for index, vertex in (graph.nodes() if graph is not None else ())
        if (reference := _reference(vertex))
    }


def _reference(vertex: Settings) -> str:
    """The reference to a block, for blocks that checks follow."""
    address = str(vertex.get("config_", {}).get("__address__", ""))
    section = vertex.get("block_type_")
    if section == "locals":
        return f"local.{address}"
    name = str(vertex.get("id_", "")).removeprefix("data.")
    return {"resource": name, "data": f"data.{name}"}.get(str(section), "")


def _kind(vertex: Settings) -> str:
    return str(vertex["id_"]).split(".")[0] if vertex.get("block_type_") == "resource" else ""


@lru_cache(1024)
def _stack(path: str) -> str:
    """The stack of a file: in the gate's merged view, or on disk for stock checkov."""
    file = PurePath(path.partition(":")[0])
    name = file.name.removesuffix(".tf.json")
    return file.parent.name if name == "cdk" else name


def is_true(value: object) -> bool:
    """Whether a value is true in Terraform, which accepts the text "true" too."""
    return value is True or value == "true"


Judge = Callable[[Resource], Iterable[str]]


def rule(
    id_: str,
    *,
    source: str,
    on: str | Iterable[str] = (),
    data: str | Iterable[str] = (),
    provider: str | Iterable[str] = (),
) -> Callable[[Judge], Judge]:
    """Register a function as a check.

    Args:
        id_: `CKV_ROLLOUT_<number>`; never reused for another check.
        source: Link to the reason.
        on: Types of resources that it judges; `*` matches any characters.
        data: Types of data sources.
        provider: Names of providers.
    """

    def decorate(judge: Judge) -> Judge:
        sentence = (judge.__doc__ or id_).splitlines()[0].rstrip(".")
        about = {"name": sentence, "id": id_, "categories": [CheckCategories.GENERAL_SECURITY], "guideline": source}
        if kinds := _names(on):
            _ResourceRule(judge, supported_resources=kinds, **about)
        if kinds := _names(data):
            _DataRule(judge, supported_data=kinds, **about)
        if kinds := _names(provider):
            _ProviderRule(judge, supported_provider=kinds, **about)
        return judge

    return decorate


class _ResourceRule(BaseResourceCheck):
    def __init__(self, judge: Judge, **about: Any) -> None:  # noqa: ANN401 - checkov's arguments
        super().__init__(**about)
        self.judge = judge

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        return _judged(self, conf)


class _DataRule(BaseDataCheck):
    def __init__(self, judge: Judge, **about: Any) -> None:  # noqa: ANN401 - checkov's arguments
        super().__init__(**about)
        self.judge = judge

    def scan_data_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        return _judged(self, conf)


class _ProviderRule(BaseProviderCheck):
    def __init__(self, judge: Judge, **about: Any) -> None:  # noqa: ANN401 - checkov's arguments
        super().__init__(**about)
        self.judge = judge

    def scan_provider_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        return _judged(self, conf)


_JUDGED: list[Resource] = []
"""The block that was judged last: its checks follow each other."""


def _judged(check: _ResourceRule | _DataRule | _ProviderRule, conf: Settings) -> CheckResult:
    if not (_JUDGED and _JUDGED[-1].is_of(conf, check.graph)):
        path, _, name = check.entity_path.rsplit(":", 2)
        _JUDGED[:] = [Resource(conf, check.entity_type, check.graph, name=name, stack=_stack(path))]
    resource = _JUDGED[-1]
    check.details = list(dict.fromkeys(check.judge(resource)))
    return CheckResult.FAILED if check.details else CheckResult.PASSED


def _names(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _unwrapped(settings: Settings) -> dict[str, Any]:
    return {name: _value(value) for name, value in settings.items() if not name.startswith("__")}


def _value(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Checkov wraps an attribute in a list once; blocks and maps are lists of mappings already."""
    if isinstance(value, list):
        if len(value) == 1 and not isinstance(value[0], dict):
            return value[0]
        return [_unwrapped(each) if isinstance(each, dict) else each for each in value]
    return _unwrapped(value) if isinstance(value, dict) else value
