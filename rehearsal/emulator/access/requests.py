"""What a call asks IAM for: actions, the ARNs of resources, and the condition keys that AWS sends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product

from moto.core.utils import utcnow
from moto.utilities.utils import get_partition

from ops.errors import OpsError
from ops.iam.evaluation import Request
from ops.iam.globs import overlap, pattern
from ops.iam.reference import Action, ActionResource, reference
from rehearsal.emulator.access import lookups
from rehearsal.emulator.access.calls import Call
from rehearsal.emulator.access.lookups import Lookups
from rehearsal.emulator.access.table import Needed, table
from rehearsal.emulator.access.templates import Templates, has, record_name, tags, under
from rehearsal.emulator.callers import Caller, context

Context = dict[str, tuple[str, ...]]
_PART = re.compile(r"\$\{(\w+)\}")
_READING = frozenset({"Read", "List"})
_MAKING = ("Create", "Run", "Allocate", "Request", "Register", "Copy", "Restore")
"""First words of operations that create a resource: AWS checks an ARN with `*` for what isn't known yet."""


class UnmappedError(OpsError):
    """An operation whose actions or resources are unknown: a gap of the emulator."""


def requests(call: Call, caller: Caller) -> list[Request]:
    """The questions of authorization that AWS decides for a call.

    Raises:
        UnmappedError: The operation has no known action, or its resource isn't known.
    """
    return list(_Mapping(call, caller).requests())


def fallback(call: Call, caller: Caller) -> Request:
    """The question for an operation without a mapping: the action of its name, on `*`."""
    return Request(
        principal=caller.arn,
        account=caller.account_id,
        action=f"{call.prefix}:{call.operation}",
        context=context(caller, call.region).known,
    )


class _Mapping:
    """One call."""

    def __init__(self, call: Call, caller: Caller) -> None:
        self._call, self._caller = call, _showing_mfa(call, caller)
        partition = get_partition(call.region)
        self._scope = {
            "Partition": partition,
            "Region": call.region,
            "Account": caller.account_id,
            "Operation": call.operation,
        }
        self._templates = Templates(self._scope, call.parameters, Lookups(call, caller.account_id, partition).find)
        self._tags, self._tag_keys = tags(call.parameters)
        self._arns = tuple(_arns(call.parameters.values()))
        self._base: Context = dict(context(self._caller, call.region).known)

    def requests(self) -> Iterator[Request]:
        action = self._action()
        if action is None:
            return
        resources = self._resources(action)
        for resource in resources:
            yield self._request(action.name, resource, self._keys(action))
        for needed in table().needed(self._call.name):
            yield from self._needed(needed, resources)

    def _action(self) -> Action | None:
        """The operation's own action; none if AWS authorizes every caller."""
        rows = table().actions(self._call.name)
        row = next((each for each in rows if not each.having or self._has(each.having)), None)
        if row is not None and not row.action:
            return None
        name = row.action if row else f"{self._call.prefix}:{self._call.operation}"
        found = reference().find(name)
        if not found:
            raise UnmappedError(f"{self._call.name}: {name} isn't an action of AWS")
        return found[0]

    def _has(self, having: str) -> bool:
        return has(self._call.parameters, having)

    def _needed(self, row: Needed, resources: tuple[str, ...]) -> Iterator[Request]:
        if (row.tagged and not self._tags) or (row.having and not self._has(row.having)):
            return
        keys = {name.lower(): self._templates.fill(template) for name, template in row.keys.items()}
        filled = (self._templates.fill(template) for template in row.resources if template != "@resources")
        found = [*(resources if "@resources" in row.resources else ()), *(arn for each in filled for arn in each)]
        for resource in dict.fromkeys(found):
            yield self._request(row.action, resource, {name: values for name, values in keys.items() if values})

    def _request(self, action: str, resource: str, keys: Mapping[str, tuple[str, ...]]) -> Request:
        found = dict(self._base)
        found |= {f"aws:requesttag/{name.lower()}": (value,) for name, value in self._tags.items()}
        found |= {
            f"aws:resourcetag/{name.lower()}": (value,) for name, value in lookups.resource_tags(resource).items()
        }
        if self._tag_keys:
            found["aws:tagkeys"] = self._tag_keys
        owner = lookups.owner(resource) or self._caller.account_id
        found["aws:resourceaccount"] = (owner,)
        if action.startswith("kms:"):
            found["kms:calleraccount"] = (self._caller.account_id,)
            if ":key/" in resource and (aliases := lookups.aliases(resource)):
                found["kms:resourcealiases"] = aliases
        if "kms:viaservice" in keys:
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
            found["aws:viaawsservice"] = ("true",)
        return Request(
            principal=self._caller.arn,
            account=self._caller.account_id,
            action=action,
            resource=resource,
            owner=owner,
            context={**found, **keys},
        )

    def _keys(self, action: Action) -> Context:
        """The service's own condition keys."""
        found: Context = {}
        for row in table().keys(action.name):
            if row.name.endswith("*"):
                pairs = next(filter(None, (under(self._call.parameters, each.strip("{}")) for each in row.values)), {})
                found |= {f"{row.name[:-1]}{name}".lower(): (str(value),) for name, value in pairs.items()}
                continue
            values = self._templates.first(row.values)
            if row.arn:
                around = self._templates.fill(row.arn.replace("{}", "\0"))[0]
                values = tuple(each if each.startswith("arn:") else around.replace("\0", each) for each in values)
            if row.dns:
                values = tuple(map(record_name, values))
            if values:
                found[row.name.lower()] = values
        return found

    def _resources(self, action: Action) -> tuple[str, ...]:
        """ARNs of the resources that an action is authorized on; `*` if it has none.

        Raises:
            UnmappedError: It has some, and the call doesn't name them.
        """
        if rows := table().resources(self._call.name):
            filled = (self._templates.fill(template) for row in rows for template in row.arns)
            found = [arn for each in filled for arn in each]
        else:
            kinds = list(zip(action.resources, action.arns, strict=True))
            found = [arn for arn in self._arns if any(overlap(pattern(arn), kind) for _, kind in kinds)]
            named = {kind.type for kind, shape in kinds if any(overlap(pattern(arn), shape) for arn in found)}
            found += [arn for kind, _ in kinds if kind.type not in named for arn in self._named(kind, known=True)]
        if not found and (action.level in _READING or self._call.operation.startswith(_MAKING)):
            only = action.resources if len(action.resources) == 1 else ()
            required = [kind for kind in action.resources if kind.required] or only
            found = [arn for kind in required for arn in self._named(kind, known=False)] or ["*"]
        if not found and action.resources:
            raise UnmappedError(f"{self._call.name}: nothing says which {action.name} is asked for")
        return tuple(dict.fromkeys(found)) or ("*",)

    def _named(self, kind: ActionResource, *, known: bool) -> list[str]:
        """ARNs of a type, of the names among the parameters; `*` for what is missing.

        Args:
            kind: The type.
            known: Whether the call must name a part of it, or all parts if the type is optional.
        """
        names = [name for name in _PART.findall(kind.arn) if name not in ("Partition", "Region")]
        parts = {name: self._part(kind, name) for name in names}
        own = [name for name in names if name != "Account"]
        present = [name for name in own if parts[name]]
        if known and (not present if kind.required else len(present) < len(own)):
            return []
        choices = [[(name, value) for value in parts[name] or ("*",)] for name in names]
        return [self._filled(kind.arn, dict(chosen)) for chosen in product(*choices)]

    def _filled(self, arn: str, parts: Mapping[str, str]) -> str:
        return _PART.sub(lambda found: {**self._scope, **parts}[found[1]], arn)

    def _part(self, kind: ActionResource, name: str) -> tuple[str, ...]:
        row = table().part(kind.type, name)
        if row is not None:
            found = self._templates.first(row.values)
            if found or name != "Account":
                return tuple(each.rpartition("/")[2] if each.startswith("arn:") else each for each in found)
        if name == "Account":
            return (self._scope[name],)
        wanted = name.lower()
        for parameter, value in self._call.parameters.items():
            if parameter.lower() in (wanted, f"{wanted}s"):
                return tuple(str(each) for each in (value if isinstance(value, list) else [value]))
        return ()


def _showing_mfa(call: Call, caller: Caller) -> Caller:
    """An IAM user shows its device's code with the call itself; STS checks it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    shown = caller.user and call.name == "sts:AssumeRole" and call.parameters.get("TokenCode")
    return replace(caller, mfa_at=utcnow()) if shown else caller


def _arns(values: Iterable[object]) -> Iterator[str]:
    """All ARNs among parameters."""
    for value in values:
        if isinstance(value, str):
            if value.startswith("arn:"):
                yield value
        elif isinstance(value, Mapping):
            yield from _arns(value.values())
        elif isinstance(value, list):
            yield from _arns(value)
