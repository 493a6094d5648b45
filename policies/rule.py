"""Our checks in checkov's own form, each written as one function.

    @rule("CKV_ROLLOUT_20", source="https://…", on="aws_db_instance")
    def keeps_backups(database: Resource) -> Iterator[str]:
        '''A database keeps backups for a week or longer.'''
        if database.number("backup_retention_period") < 7:
            yield "backup_retention_period is less than 7 days"

The docstring is the check's sentence: what holds where it passes. The function yields what is wrong,
in words that say what is allowed; nothing yielded means that the check passes. It must never quote a
value that could be a secret. The decorator makes and registers a checkov check, so that stock checkov
can load the same files: `PYTHONPATH=. checkov --external-checks-dir policies/checks …`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.data.base_check import BaseDataCheck
from checkov.terraform.checks.provider.base_check import BaseProviderCheck
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

Settings = Mapping[str, Any]


class Resource(Mapping[str, Any]):
    """A block's settings as they stand in the JSON, without checkov's wrapping in lists.

    An attribute is a plain value; a nested block, or a map, is a list of mappings.
    """

    def __init__(self, wrapped: Settings, kind: str, graph: Any = None) -> None:  # noqa: ANN401 - checkov's graph
        """Unwrap what checkov hands to a check."""
        self.kind = kind
        self._settings = _unwrapped(wrapped)
        self._graph = graph

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        return self._settings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

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
        """The nested blocks of that name, or the map as the only one."""
        return blocks(self._settings, name)

    def follow(self, reference: object) -> Resource | None:
        """The resource or data source that an expression refers to, where the scanned stacks have it."""
        parts = str(reference).removeprefix("${").removesuffix("}").split(".")
        section = parts.pop(0) if parts[0] == "data" else "resource"
        if self._graph is None or len(parts) < 2:
            return None
        kind, name = parts[:2]
        for _, vertex in self._graph.nodes():
            if vertex.get("block_type_") == section and vertex.get("id_") in {f"{kind}.{name}", f"data.{kind}.{name}"}:
                return Resource(vertex["config_"][kind][name], kind, self._graph)
        return None


def blocks(settings: Settings, name: str) -> list[Settings]:
    """The nested blocks of that name, or the map as the only one."""
    value = settings.get(name) or []
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Mapping)]


def is_true(value: object) -> bool:
    """Whether a value is true in Terraform, which takes the text "true" too."""
    return value is True or value == "true"


def texts(value: object) -> list[str]:
    """A value that is one text or a list of them, as a list."""
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


Judge = Callable[[Resource], Iterable[str]]


def rule(
    id_: str,
    *,
    source: str,
    on: str | Iterable[str] = (),
    data: str | Iterable[str] = (),
    provider: str | Iterable[str] = (),
) -> Callable[[Judge], Judge]:
    """Make a function a check.

    Args:
        id_: `CKV_ROLLOUT_<number>`; never used for another check again.
        source: Link to why.
        on: Types of resources that it judges; `*` stands for any characters.
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


def _judged(check: _ResourceRule | _DataRule | _ProviderRule, conf: Settings) -> CheckResult:
    check.details = list(dict.fromkeys(check.judge(Resource(conf, check.entity_type, check.graph))))
    return CheckResult.FAILED if check.details else CheckResult.PASSED


def _names(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _unwrapped(settings: Settings) -> dict[str, Any]:
    return {name: _value(value) for name, value in settings.items() if not name.startswith("__")}


def _value(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Checkov wraps an attribute in a list once; blocks and maps are lists of mappings already."""
    if isinstance(value, list):
        if len(value) == 1 and not isinstance(value[0], Mapping):
            return value[0]
        return [_unwrapped(each) if isinstance(each, Mapping) else each for each in value]
    return _unwrapped(value) if isinstance(value, Mapping) else value
