"""Plans of a stack as it is synthesized and as it is exported, without the stacks that it reads."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modules.output import LOCK_FILE
from ops.export.configuration import configuration
from ops.export.constructs import Constructs
from ops.export.folder import MAIN
from ops.gate.folder import STACK_FILE
from rehearsal.equal import settled
from tests.terraform.run import terraform
from tests.terraform.warm import cached

Document = dict[str, Any]
_READ = re.compile(r'data\.terraform_remote_state\.(\w+)\.outputs\.(\w+)(?:\[\\*"([^"\\]+)\\*"\]|\.(\w+))?')
_ACCOUNT = "111122223333"
_VALUES = (
    (r"key_arn|_key$", "arn:aws:kms:us-east-1:{a}:key/11111111-1111-1111-1111-111111111111"),
    (r"topic", "arn:aws:sns:us-east-1:{a}:alerts"),
    (r"role", "arn:aws:iam::{a}:role/x"),
    (r"boundary|policy", "arn:aws:iam::{a}:policy/x"),
    (r"secret", "arn:aws:secretsmanager:us-east-1:{a}:secret:x-abcdef"),
    (r"target_group(?!.*(suffix|name))", "arn:aws:elasticloadbalancing:us-east-1:{a}:targetgroup/x/0123456789abcdef"),
    (r"load_balancer_arn", "arn:aws:elasticloadbalancing:us-east-1:{a}:loadbalancer/app/x/0123456789abcdef"),
    (r"listener", "arn:aws:elasticloadbalancing:us-east-1:{a}:listener/app/x/0123456789abcdef/0123456789abcdef"),
    (r"bucket.*arn", "arn:aws:s3:::x-bucket"),
    (r"arn", "arn:aws:ecs:us-east-1:{a}:cluster/x"),
    (r"subnet", "subnet-0123456789abcdef0"),
    (r"vpc", "vpc-0123456789abcdef0"),
    (r"security_group", "sg-0123456789abcdef0"),
    (r"", "x-value"),
)
"""Values that the provider accepts, by the names of outputs."""


def planned(folder: Path, variables: dict[str, str], *flags: str) -> Document:
    """The JSON of a folder's plan.

    Args:
        folder: It is initialized first.
        variables: The environment of Terraform.
        flags: More arguments of `terraform plan`.
    """
    initialized = terraform(folder, "init", "-input=false", environment=variables)
    assert initialized.returncode == 0, f"{folder.name}: {initialized.stderr}"
    done = cached(folder, "plan", "-out=plan", "-input=false", *flags, environment=variables)
    assert done.returncode == 0, f"{folder.name}: {done.stderr}"
    shown = cached(folder, "show", "-json", "plan", environment=variables)
    assert shown.returncode == 0, shown.stderr
    found: Document = json.loads(shown.stdout)
    return found


def differences(one: Document, other: Document) -> list[str]:
    """The parts of two plans that differ, but for what Terraform itself writes in two ways.

    For a text with a reference, `configuration` has both its references and a constant value if it comes from HCL, and
    the order of `relevant_attributes` isn't defined.
    """
    plans = [_plain(settled(plan)) for plan in (one, other)]
    return [part for part in sorted(plans[0].keys() | plans[1].keys()) if plans[0].get(part) != plans[1].get(part)]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        both = "references" in value
        return {key: _plain(each) for key, each in value.items() if not (both and key == "constant_value")}
    return value


def standalone(document: Mapping[str, Any], folder: Path) -> Document:
    """A stack with a state of its own, that reads made-up outputs from files instead of other stacks' states.

    Args:
        document: The stack's JSON.
        folder: Where the files are written.
    """
    found: Document = json.loads(json.dumps(document))
    found["terraform"]["backend"] = {"local": {}}
    outputs: dict[str, Any] = {phase: {} for phase in found.get("data", {}).get("terraform_remote_state", {})}
    for phase, name, quoted, plain in _READ.findall(json.dumps(document)):
        key = quoted or plain
        if key:
            outputs[phase].setdefault(name, {})[key] = _value(f"{name}_{key}")
        else:
            outputs[phase].setdefault(name, _value(name))
    for phase, values in outputs.items():
        path = folder / f"{phase}.tfstate"
        written = {name: {"value": value, "type": _type(value)} for name, value in values.items()}
        state = {"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": phase, "outputs": written}
        path.write_text(json.dumps({**state, "resources": []}), encoding="utf-8")
        found["data"]["terraform_remote_state"][phase].update(backend="local", config={"path": str(path)})
    return found


def _value(name: str) -> str:
    return next(value for pattern, value in _VALUES if re.search(pattern, name)).format(a=_ACCOUNT)


def _type(value: object) -> object:
    return ["map", "string"] if isinstance(value, dict) else "string"


def written(document: Document, stack_class: str, folder: Path, lock: Path) -> Iterator[Path]:
    """The folders of a stack as JSON and as HCL.

    Args:
        document: The stack's JSON.
        stack_class: Its class, as the table of phases names it.
        folder: Where they are created.
        lock: A lock file.
    """

    def arrange(elements: Any) -> Any:
        return Constructs().arrange(stack_class, elements)

    texts = {STACK_FILE: json.dumps(document), MAIN: configuration(folder.name, "A stack.", document, arrange)}
    for name, text in texts.items():
        target = folder / name.partition(".")[0]
        target.mkdir(parents=True)
        (target / name).write_text(text, encoding="utf-8")
        shutil.copy(lock, target / LOCK_FILE)
        yield target
