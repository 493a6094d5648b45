"""Find blocks of the merged view by type and by reference, for checks that need more than one block."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from operator import is_
from typing import Any, TypeVar, cast

from ops.gate.model import ErrorKind, ScanError, ScanFailedError, ScannedBlock
from ops.gate.templates import plain, references, spans
from ops.iam.policy import listed, nested

T = TypeVar("T")
_REPEATED = ("count", "for_each", "dynamic")
NAMED_BY = {
    "aws_chatbot_slack_channel_configuration": "configuration_name",
    "aws_cloudwatch_composite_alarm": "alarm_name",
    "aws_cloudwatch_dashboard": "dashboard_name",
    "aws_cloudwatch_metric_alarm": "alarm_name",
    "aws_db_instance": "identifier",
    "aws_ecs_task_definition": "family",
    "aws_elasticache_replication_group": "replication_group_id",
    "aws_elasticache_user": "user_id",
    "aws_elasticache_user_group": "user_group_id",
    "aws_lb_listener": "protocol",
    "aws_s3_bucket": "bucket",
    "aws_subnet": "cidr_block",
}
"""The attribute that identifies a resource among those of its type, if it isn't `name`."""
_DEFAULTS = {"aws_default_security_group": "vpc_id", "aws_default_route_table": "default_route_table_id"}
"""Resources that every VPC has once: their key is the VPC's, however they are referred to."""


class Index:
    """The blocks of one environment."""

    def __init__(self, view: Iterable[ScannedBlock]) -> None:
        """Take the merged view."""
        self._view = tuple(view)
        self._known: dict[Hashable, Any] = {}
        self._blocks: dict[tuple[str, str, str], ScannedBlock] = {}
        self._locals: dict[str, Any] = {}
        self._resources: dict[str, list[ScannedBlock]] = {}
        self._referred: dict[tuple[str, str, str], list[ScannedBlock]] = {}
        for each in self._view:
            if each.section == "locals":
                self._locals |= each.settings
            elif each.section in {"resource", "data"} and not each.synthetic:
                self._blocks[each.section, each.kind, each.name] = each
                if each.section == "resource":
                    self._resources.setdefault(each.kind, []).append(each)

    @classmethod
    def of(cls, view: Sequence[ScannedBlock]) -> Index:
        """The index of a view: the previous one if it is of the same blocks, so that checks share what they read."""
        if not (_PREVIOUS and len(view) == len(_PREVIOUS[0]._view) and all(map(is_, view, _PREVIOUS[0]._view))):
            _PREVIOUS[:] = [cls(view)]
        return _PREVIOUS[0]

    def once(self, what: Hashable, read: Callable[[], T]) -> T:
        """What a function reads in these blocks, which is read once."""
        if what not in self._known:
            self._known[what] = read()
        return cast("T", self._known[what])

    def resources(self) -> Iterator[ScannedBlock]:
        """All resources."""
        return (block for blocks in self._resources.values() for block in blocks)

    def resource(self, kind: str, name: str) -> ScannedBlock | None:
        """The resource of that type and unique name."""
        return self._blocks.get(("resource", kind, name))

    def data(self, kind: str) -> Iterator[ScannedBlock]:
        """All data sources of a kind."""
        return (block for block in self._blocks.values() if block.section == "data" and block.kind == kind)

    def all(self, *kinds: str) -> Iterator[ScannedBlock]:
        """All resources of some kinds.

        Raises:
            ScanFailedError: A resource has count, for_each or dynamic, so the number of instances is unknown.
        """
        for block in (block for kind in kinds for block in self._resources.get(kind, ())):
            if repeated := [name for name in _REPEATED if name in block.settings]:
                raise not_understood(block, f"is repeated by {repeated[0]!r}, which the gate can't count")
            yield block

    def follow(self, value: object) -> ScannedBlock | None:
        """The block of this environment that a value refers to; none if it isn't a plain reference."""
        found = plain(value)
        if found is None:
            return None
        if found["kind"] == "local":
            return self.follow(self._locals.get(found["name"]))
        return self._blocks.get(("data" if found["data"] else "resource", found["kind"], found["name"]))

    def referred(self, block: ScannedBlock) -> list[ScannedBlock]:
        """The blocks that the expressions of a resource refer to, but for its `depends_on` and comment; found once."""
        key = (block.section, block.kind, block.name)
        if key not in self._referred:
            settings = {name: value for name, value in block.settings.items() if name not in {"//", "depends_on"}}
            found = (self.follow(f"${{{kind}.{name}}}") for kind, name in sorted({*references(settings)}))
            self._referred[key] = [each for each in found if each is not None]
        return self._referred[key]

    def local(self, value: object) -> object:
        """What a value stands for if it is one local, else the value itself."""
        found = plain(value)
        return self.local(self._locals.get(found["name"])) if found and found["kind"] == "local" else value

    def evaluated(self, value: object) -> object:
        """A value with the texts that its references stand for: what the referred block sets there, else its name."""
        if not isinstance(value, str):
            return value
        for start, end in reversed([*spans(value)]):
            block, found = self.follow(value[start:end]), plain(value[start:end])
            if block is None or found is None:
                continue
            attribute = found["attribute"].removeprefix(".")
            own = block.settings.get(attribute)
            value = f"{value[:start]}{self.evaluated(own) if own else self.named(block)}{value[end:]}"
        return value

    def named(self, block: ScannedBlock) -> str:
        """A resource's name in AWS: of a key, its alias; else the tag `Name`, or the address of one without a name."""
        if block.kind == "aws_kms_key":
            aliases = (
                each for each in self.all("aws_kms_alias") if self.follow(each.settings.get("target_key_id")) is block
            )
            return str(next((each.settings.get("name") for each in aliases), block.block.address))
        tags = block.settings.get("tags")
        tagged = tags.get("Name") if isinstance(tags, Mapping) else None
        name = block.settings.get(NAMED_BY.get(block.kind, "name"), tagged)
        return str(self.evaluated(name)) if name else block.block.address

    def key(self, value: object, of: ScannedBlock) -> str:
        """A key for a value: the unique name of the block that it refers to, or the literal itself.

        Raises:
            ScanFailedError: Only Terraform can evaluate the expression.
        """
        block = self.follow(value)
        if block is not None:
            return self.name(block)
        text = str(value)
        if "${" in text and not plain(text):
            raise not_understood(of, f"has {text!r} where the gate needs a plain value or reference")
        return text

    def name(self, block: ScannedBlock) -> str:
        """The key of a block."""
        if block.kind in _DEFAULTS and block.section == "resource":
            return self.key(block.settings.get(_DEFAULTS[block.kind]), block)
        return block.name if block.section == "resource" else f"data.{block.name}"

    def keys(self, values: object, of: ScannedBlock) -> frozenset[str]:
        """The keys of several values."""
        return frozenset(self.key(value, of) for value in listed(values))


_PREVIOUS: list[Index] = []


def not_understood(block: ScannedBlock, what: str) -> ScanFailedError:
    """A scan error: the gate doesn't understand the block."""
    where = f"{block.block.file}:{block.block.line} {block.block.address}"
    return ScanFailedError(ScanError(ErrorKind.NOT_UNDERSTOOD, where, what, "write it as plain values and references"))


def at(settings: Mapping[str, Any], path: str) -> Iterator[object]:
    """The values at a path of nested blocks."""
    name, _, rest = path.partition(".")
    if rest:
        yield from (value for block in nested(settings, name) for value in at(block, rest))
    elif name in settings:
        yield settings[name]


def values_at(settings: Mapping[str, Any], path: str) -> Iterator[Any]:
    """The values at a path of nested blocks, and each member of a list by itself."""
    return (each for value in at(settings, path) for each in listed(value))


def is_true(value: object) -> bool:
    """Whether a value is true in Terraform, which accepts texts too."""
    return str(value).lower() in {"true", "enabled"}


def shown(block: ScannedBlock) -> str:
    """A block's stack and address, for messages."""
    return f"{block.block.stack} {block.block.address}"
