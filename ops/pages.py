"""Pages and workflows that are generated from the code, whole or between two marks. A test compares them with it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import get_args, get_type_hints

from environments.schema import account, environment, infrastructure, organization, principals, usage, workload
from environments.schema.types import Checked
from modules.phases import PHASES
from ops import files
from ops.ci import engines, workflows
from rehearsal.emulator import additions, first_calls

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "docs" / "settings.md"
README = ROOT / "README.md"
EMULATOR = ROOT / "docs" / "maintainers" / "emulator.md"


def pages() -> dict[Path, str]:
    """Every generated page with its text."""
    emulator = _between(EMULATOR.read_text(encoding="utf-8"), "additions", additions.table())
    return {
        SETTINGS: settings(),
        README: _between(README.read_text(encoding="utf-8"), "phases", picture()),
        EMULATOR: _between(emulator, "first-calls", first_calls.table()),
        **workflows.workflows(),
        **engines.examples(),
    }


def _between(page: str, mark: str, text: str) -> str:
    """A page with a text between the marks `<!-- mark -->` and `<!-- /mark -->`."""
    marked = re.compile(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", re.DOTALL)
    return marked.sub(lambda _: text, page)


def write() -> list[Path]:
    """Write the pages that differ; return their paths."""
    stale = {
        path: text for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text)
    return list(stale)


def picture() -> str:
    """The phases as a Mermaid graph: which phase reads which. Arrows that a longer path implies are left out."""
    lines = ["```mermaid", "flowchart LR"]
    lines += [f'  {phase.name}["<b>{phase.name}</b><br/>{phase.summary}"]' for phase in PHASES]
    reads = {phase.name: set(phase.reads) for phase in PHASES}

    def reached(name: str) -> set[str]:
        return reads[name] | {far for near in reads[name] for far in reached(near)}

    for phase in PHASES:
        implied = {far for near in phase.reads for far in reached(near)}
        lines += [f"  {near} --> {phase.name}" for near in phase.reads if near not in implied]
    lines += ["  classDef deployer stroke-width:3px"]
    lines += [f"  class {','.join(phase.name for phase in PHASES if phase.applied_by == 'deployer')} deployer"]
    return "\n".join([*lines, "```", ""])


def settings() -> str:
    """Every field of an environment: type, default and meaning, from the schema's own docstrings."""
    parts = [
        "# Settings",
        "The values of an environment (`environments/<name>.py`), of a product (`environments/<product>.py`) and of "
        "the organization (`environments/organization.py`). Generated from `environments/schema/` by `make docs`.",
    ]
    for module in (environment, account, principals, infrastructure, workload, usage, organization):
        for cls in _classes(module):
            hints = get_type_hints(cls, include_extras=True)
            rows = [
                f"| `{field.name}` | `{_kind(field)}` | {_allowed(hints[field.name])} | {_default(field)} | {meaning} |"
                for field, meaning in _fields(cls)
            ]
            head = ["| field | type | allowed | default | meaning |", "|---|---|---|---|---|"]
            parts.append("\n".join([f"## {cls.__name__}", "", inspect.getdoc(cls) or "", "", *head, *rows]))
    return "\n\n".join(parts) + "\n"


def _classes(module: ModuleType) -> Iterator[type]:
    for value in vars(module).values():
        if isinstance(value, type) and is_dataclass(value) and value.__module__ == module.__name__:
            yield value


def _fields(cls: type) -> Iterator[tuple[Field[object], str]]:
    """Fields, each with the string that follows it in the source; for a section, the section's own docstring."""
    (definition,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101  (getsource of a class)
    meanings: dict[str, str] = {}
    for node, following in zip(definition.body, [*definition.body[1:], None], strict=True):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            meanings[ast.unparse(node.target)] = inspect.cleandoc(str(following.value.value)).replace("\n", " ")
    for field in fields(cls):
        section = f"See [{field.type}](#{str(field.type).lower()})."
        yield field, meanings.get(field.name, section).replace("|", "\\|")


def _kind(field: Field[object]) -> str:
    kind = str(field.type)
    while match := re.search(r"Annotated\[((?:[^\[\],]|\[[^\]]*\])+),", kind):
        depth, end = 1, match.end()
        while depth:
            depth += {"[": 1, "]": -1}.get(kind[end], 0)
            end += 1
        kind = kind[: match.start()] + match[1] + kind[end:]
    return kind.replace("|", "\\|")


def _allowed(hint: object) -> str:
    """The values that an annotation's constraints allow, in words; for a collection, the constraints of its parts."""
    limits = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "length ≥", "max_length": "length ≤"}
    allowed: list[str] = []
    for constraint in getattr(hint, "__metadata__", ()):
        if isinstance(constraint, Checked):
            allowed.append(constraint.meaning)
        for bound in getattr(constraint, "metadata", ()):
            allowed += [f"{sign} {getattr(bound, name):,}" for name, sign in limits.items() if hasattr(bound, name)]
    allowed += [part for part in map(_allowed, get_args(hint)) if part]
    return ", ".join(dict.fromkeys(allowed))


def _default(field: Field[object]) -> str:
    if field.default is not MISSING:
        return f"`{field.default!r}`"
    return "required" if field.default_factory is MISSING else "its own defaults"
