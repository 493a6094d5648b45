"""What a user meets first: make, its help, and the errors after a typing mistake."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import environments
from modules.engines import ENGINES
from ops.__main__ import COMMANDS, app
from ops.scaffold.answers import Answers
from ops.scaffold.write import new_product
from tests import products

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False
    )


def test_cdktf_runs_the_command_that_make_runs() -> None:
    settings = json.loads((ROOT / "cdktf.json").read_text(encoding="utf-8"))
    recipe = run("make", "--dry-run", "--always-make", "synth").stdout
    assert any(line.startswith(f"{settings['app']} ") for line in recipe.splitlines()), recipe
    assert settings["output"] == "cdktf.out"
    assert settings["language"] == "python"


def test_an_unknown_target_gets_a_suggestion() -> None:
    done = run("make", "plam")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: no target 'plam'; did you mean plan? make help lists all"
    assert run("make", "xyzzy").stderr.splitlines()[0] == "error: no target 'xyzzy'; make help lists all"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("adopt", "ENV=staging"), "no target 'adopt', but a command: bin/ops adopt staging"),
        (("restore", "ENV=staging"), "no target 'restore', but a command: bin/ops restore staging"),
        (("roles",), "which environment? For example ENV="),
        (("exec",), "no target 'exec', but a command: bin/ops exec --help"),
        (("release-set", "ENV=prod", "SERVICE=backend"), "which image? For example IMAGE=sha256:…"),
        (("affected", "AGAINST=nosuch"), "git knows no commit 'nosuch'; name a commit, branch or tag"),
        (("cost", "AGAINST=nosuch"), "git knows no commit 'nosuch'; name a commit, branch or tag"),
        (("export", "DIFF=nosuch"), "git knows no commit 'nosuch'; name a commit, branch or tag"),
    ],
)
def test_what_is_missing_or_unknown_is_an_error_before_anything_starts(words: tuple[str, ...], message: str) -> None:
    done = run("make", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {message}")


@pytest.mark.parametrize("target", ["plan", "apply", "verify", "outputs", "drift"])
def test_a_mistyped_phase_is_an_error_before_anything_starts(target: str) -> None:
    done = run("make", target, "ENV=prod", "PHASE=network regstry")
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown phase 'regstry'; did you mean registry? known: state, ")
    assert not done.stdout


def typed(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make as in a terminal, also if make runs this test."""
    kept = {name: value for name, value in os.environ.items() if name not in {"MAKELEVEL", "MAKEFLAGS", "MFLAGS"}}
    return subprocess.run(
        ("make", *words),
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("target", "given", "message"),
    [
        ("gate", "EVN=prod", "no variable EVN (you gave EVN=prod); did you mean ENV? known: PYTHON ENV PHASE YES "),
        ("rehearse", "env=prod", "no variable env (you gave env=prod); did you mean ENV? known: "),
        ("help", "XYZZY=", "no variable XYZZY (you gave XYZZY=); known: "),
        ("gate", "YES=no", "YES=no: must be 1, or be left out"),
        ("gate", "GATE_CHECKS=al", "GATE_CHECKS=al, from the command line: must be all, or be left out"),
        ("plan", "CACHED_SCHEMA=plam", "CACHED_SCHEMA=plam, from the command line: must be no, show or plan, or"),
        ("rehearse", "KEEP_GOING=0", "KEEP_GOING=0: must be 1, or be left out"),
    ],
)
def test_a_mistyped_variable_is_an_error_before_anything_starts(target: str, given: str, message: str) -> None:
    done = typed(target, given)
    assert done.returncode == 2
    assert re.fullmatch(rf"Makefile:\d+: \*\*\* error: {re.escape(message)}.*\n", done.stderr)
    assert not done.stdout


@pytest.mark.parametrize("words", [("apply", "ENV=prod"), ("release-set", "apply"), ()], ids=str)
def test_a_target_without_a_dry_run_does_not_start_with_one(words: tuple[str, ...]) -> None:
    done = typed(*words, "DRY_RUN=1")
    assert done.returncode == 2
    name = words[-1] if words[1:] == ("apply",) else words[0] if words else "all"
    known = "these have it: rollout deploy promote release-set"
    assert f"error: {name} has no DRY_RUN, and would make its changes; {known}" in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("ENV=prod staging", "ENV='prod staging': must be one value of these characters: abc"),
        ("ENV=prod ", "ENV='prod ': must be one value of these characters: abc"),
        ("ENV=../x", "ENV='../x': must be one value of these characters: abc"),
        ("ENV=all", "ENV=all: leave ENV out for all environments"),
        ("NAME=a`id`b", "NAME='a`id`b': must be one value of these characters: abc"),
        ('NAME=a"b', "NAME='a\"b': must be one value of these characters: abc"),
        ("ENVIRONMENTS=a b", "ENVIRONMENTS='a b': must be one value of these characters: abc"),
        ("IMAGE=$(shell id)", "IMAGE='"),
    ],
)
def test_a_value_that_a_shell_would_read_otherwise_is_an_error(given: str, message: str) -> None:
    done = typed("gate", given)
    assert done.returncode == 2
    assert f"error: {message}" in done.stderr
    assert not done.stdout


def test_variables_of_the_environment_and_of_another_make_are_no_error(tmp_path: Path) -> None:
    for environment in ({"EVN": "prod"}, {"MAKEFLAGS": "-k"}, {"MAKELEVEL": "1", "MAKEFLAGS": "-- V=1"}):
        assert typed("help", **environment).returncode == 0, environment
    outer = tmp_path / "Makefile"
    outer.write_text(f"all:\n\t@$(MAKE) -C {ROOT} help\n", encoding="utf-8")
    done = typed("-f", str(outer), "V=1")
    assert done.returncode == 0, done.stderr


def test_each_variable_that_pages_and_recipes_have_is_known() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([A-Z][A-Z_]*) [:?]?=", text, re.MULTILINE))
    used = set(re.findall(r"\$\(([A-Z][A-Z_]*)\)", text)) - {
        "MAKE",
        "MAKELEVEL",
        "MAKEFILE_LIST",
        "MAKECMDGOALS",
        "CURDIR",
    }
    assert used <= known
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for words in re.findall(r"\bmake [a-z][a-z-]+((?: [A-Z_]+=[^ `\n]+)+)", page.read_text(encoding="utf-8")):
            assert {word.partition("=")[0] for word in words.split()} <= known, (page, words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rehearse", "ENV=prod", "TO=prd"), "unknown environment 'prd'; did you mean prod?"),
        (("rehearse", "ENV=prod", "TO=staging"), "prod can't change to staging"),
        (
            ("rehearse", "ENV=prod", "TO=prod"),
            "prod can't change to prod: it is the same one; name another environment",
        ),
        (("rehearse", "ENV=prod", "GO_LIVE=1", "KEEP_GOING=1"), "--keep-going can't be used with --go-live"),
        (("destroy", "ENV=staging", "CONFIRM=stagin"), "CONFIRM=stagin must be the environment's name, staging"),
        (("logs", "ENV=prod"), "which service? For example SERVICE=backend; known: backend, frontend"),
    ],
)
def test_a_mistyped_second_variable_is_an_error_before_the_gate(words: tuple[str, ...], message: str) -> None:
    before = ("BIN=.venv/bin", "READY=", "DEV=", "STAMP=/never", "SOURCES=/never", "POLICIES=/never")
    done = typed(*words, *before)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert message in done.stderr.splitlines()[0]


def test_a_rehearsal_changes_to_no_other_product_s_stage_of_that_name(tmp_path: Path) -> None:
    folder = tmp_path / "values"
    shutil.copytree(products.AEP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    with products.values(folder):
        new_product(Answers(name="shop"))
        done = CliRunner().invoke(app, ["rehearse", "prod", "--to", "shop-prod", "--check"])
    assert (done.exit_code, "prod is of product and stage aep-prod, shop-prod of shop-prod" in done.output) == (2, True)


def test_examples_name_an_environment_that_exists(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "products" / "mini" / "mini_demo.py", tmp_path)
    done = typed("env", f"ENVIRONMENTS={tmp_path}")
    assert done.stderr.splitlines()[0] == "error: which environment? For example ENV=mini-demo"
    shown = typed("help", f"ENVIRONMENTS={tmp_path}").stdout
    assert "ENV=mini-demo PHASE=network" in shown
    assert "prod" not in re.findall(r"ENV=([\w-]+)", shown)
    (tmp_path / "mini_demo.py").unlink()
    none = typed("env", f"ENVIRONMENTS={tmp_path}").stderr.splitlines()[0]
    assert none == "error: which environment? There is none; make new-product NAME=shop creates three"


def test_the_engine_is_one_that_exists_and_is_installed() -> None:
    wrong = run("make", "synth", "ENGINE=cdk").stderr
    assert f"error: ENGINE=cdk: must be {', '.join([*ENGINES][:-1])} or {[*ENGINES][-1]}." in wrong
    assert "error: ENGINE=node python: must be" in run("make", "synth", "ENGINE=node python").stderr
    missing = run("make", "synth", "ENGINE=cdktn", "FORKED=/never", "STAMP=/tmp/never")
    assert missing.returncode == 2
    assert missing.stderr.startswith("error: ENGINE=cdktn isn't installed as requirements-cdktn.txt says; make setup-c")


def test_the_forks_stacks_are_only_synthesized() -> None:
    assert "error: gate reads what cdktf synthesizes; ENGINE=cdktn is for" in run("make", "gate", "ENGINE=cdktn").stderr
    planned = run("make", "--dry-run", "--always-make", "synth", "ENGINE=cdktn", "ENVIRONMENTS=environments").stdout
    assert ".venv-cdktn/bin/python -O main.py  > cdktn.out/stacks/.stamps/synth-all.new" in planned


def test_what_another_engine_synthesized_is_not_taken_for_cdktfs() -> None:
    planned = run("make", "--dry-run", "--always-make", "synth", "ENGINE=node", "ENVIRONMENTS=environments").stdout
    assert "main.py  > cdktf.out/stacks/.stamps/node/synth-all.new" in planned


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("cdk", "error: ENGINE='cdk': must be one of node, python, cdktn; change it on make's command line or in the "),
        ("cdktn", "error: ENGINE=cdktn is for make synth only; bin/ops gate reads what cdktf synthesizes: leave"),
    ],
)
def test_a_command_with_another_engine_is_one_line(engine: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE", engine)
    done = run("bin/ops", "gate", "prod")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith(message)


def test_help_lists_every_target_with_a_line() -> None:
    rules = re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    listed = run("make", "help").stdout
    for target in set(rules) - {"terraform", "env", "phase", "service", "known", "confirmed", "rehearsable", "forked"}:
        assert re.search(rf"^  {target} +\w", listed, re.MULTILINE), target


def test_make_help_has_the_sections_of_ops_help() -> None:
    sections: dict[str, list[str]] = {}
    for line in run("make", "help").stdout.splitlines():
        if line and not line.startswith(" "):
            sections[line] = []
        elif line:
            sections[list(sections)[-1]].append(line.split()[0])
    assert list(sections) == list(dict.fromkeys(entry.section for entry in COMMANDS))
    placed = {target: section for section, targets in sections.items() for target in targets}
    groups = ("cutover", "release", "rollback")
    for entry in COMMANDS:
        targets = [
            name
            for name in placed
            if name == entry.name or (entry.name in groups and name.startswith(f"{entry.name}-"))
        ]
        assert {placed[target] for target in targets} <= {entry.section}, entry.name


def test_hooks_before_a_commit_call_targets_of_make() -> None:
    rules = re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    hooks = re.findall(r"^ +entry: make ([a-z-]+)$", (ROOT / ".pre-commit-config.yaml").read_text(), re.MULTILINE)
    assert hooks == ["lint", "lock-check", "secrets-check"]
    assert set(hooks) <= set(rules)


@pytest.mark.parametrize(
    ("text", "found"),
    [("AWS's example is AKIAIOSFODNN7EXAMPLE", ""), (f"k = '{'AKIA'}J2YEXQ7VHT3PLANT'", "AWS Access Key")],
)
def test_a_secret_in_a_tracked_file_is_found(tmp_path: Path, text: str, found: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "page.py").write_text(text, encoding="utf-8")
    for arguments in (("init", "--quiet"), ("add", "page.py")):
        subprocess.run(("git", *arguments), cwd=tmp_path, check=True)
    command = ("make", "secrets-check", f"BIN={ROOT}/.venv/bin", "READY=", "SOURCES=", "POLICIES=")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert bool(done.returncode) == bool(found)
    assert found in done.stdout + done.stderr


def test_a_mistyped_environment_gets_one_clear_line(tmp_path: Path) -> None:
    done = run(sys.executable, "main.py", "prdo", CDKTF_OUTDIR=str(tmp_path / "out"))
    assert done.returncode == 2
    assert re.fullmatch(
        r"error: unknown environment 'prdo'; did you mean prod\? known: prod, prod-starter, staging .*\n", done.stderr
    )
    assert not (tmp_path / "out").exists()


PROD, AEP = "prod.py", "aep.py"
SETTINGS = "docs/settings.md has every setting"


@pytest.mark.parametrize(
    ("file", "right", "wrong", "message"),
    [
        (
            PROD,
            "cidr=",
            "zonez=(), cidr=",
            "'zonez': Network has no setting of that name; did you mean zones?",
        ),
        (PROD, 'region="us-east-1",', "", f"'Environment(…)': needs 'region'; {SETTINGS}"),
        (PROD, "network=Network(", "network=Netwrk(", "'Netwrk': isn't defined; did you mean Network? import it from"),
        (PROD, "    Zone,", "    Zoned,", "'Zoned': environments.schema has no such name; did you mean Zone?"),
        (PROD, "profiles import", "profile import", "'environments.profile': there is no such module; did you mean"),
        (PROD, "registry=Registry(),", "registry=Registry()", "'registry=Registry()': invalid syntax"),
        (PROD, 'cidr="10.30.0.0/16"', "cidr=10.3", "network.cidr: 10.3: must be text in quotes"),
        (PROD, "0.0/16", "0.0/30", "network.cidr: '10.30.0.0/30': must be a private IPv4 range from /16 to /19"),
        (PROD, '"other_account"', '"existin"', "edge.zone.kind: 'existin': must be 'created', 'existing' or "),
        (PROD, "registry=Registry()", "registry=None", "registry: None: must be a Registry"),
        (PROD, "storage=50", "storage='x'", "database.storage: 'x': must be a whole number"),
        (
            AEP,
            'paths=("/*",)',
            'paths=("/*")',
            "product.services.1.paths: '/*': must be a tuple, with a comma after each value, also after a single one: "
            '("/*",)',
        ),
        (
            AEP,
            'paths=("/*",)',
            'paths=["/*"]',
            "product.services.1.paths: ['/*']: must be a tuple, with a comma after each value, also after a single "
            'one: ("/*",)',
        ),
        (AEP, '("/api/*", ', '("/api/*" ', '\'paths=("/api/*" "/health'),
        (
            AEP,
            'reaches=("database"',
            'reaches=("databse"',
            "product.services.0.reaches.0: 'databse': must be ",
        ),
        (
            AEP,
            '"OPENAI_API_KEY", "ANTH',
            '"OPENAI_KEY", "ANTH',
            "product.services.0.secrets: 'OPENAI_KEY': ",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_what_is_allowed(
    tmp_path: Path, file: str, right: str, wrong: str, message: str
) -> None:
    folder, out = tmp_path / "values", tmp_path / "cdktf.out"
    shutil.copytree(environments.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    values = folder / file
    before, found, after = values.read_text(encoding="utf-8").partition(right)
    assert found, right
    values.write_text(before + wrong + after, encoding="utf-8")
    done = run(sys.executable, "main.py", "prod", ENVIRONMENTS=str(folder), CDKTF_OUTDIR=str(out))
    assert done.returncode == 2
    head, place, *more = done.stderr.splitlines()
    assert head == f"error: 1 problem in environment 'prod'; fix it in {folder}/{PROD} or a file it imports:"
    written = re.match(rf"  {values}:(\d+): (.*)", place)
    assert written and written[2].startswith(message) and not more, done.stderr
    # Without its setting, an Environment is named; an import of several lines, where it begins.
    assert wrong.strip() in "\n".join(values.read_text(encoding="utf-8").splitlines()[int(written[1]) - 1 :])
    assert not out.exists()


def test_a_missing_python_gets_one_clear_line(tmp_path: Path) -> None:
    done = run("make", "setup", "READY=.venv/.never", "PYTHON=python-that-is-missing")
    assert done.returncode == 2
    assert "no python-that-is-missing here; install Python 3.11 or newer" in done.stderr.splitlines()[0]


@pytest.mark.parametrize("name", ["", "Not-Allowed"])
def test_a_new_environment_needs_a_name(name: str) -> None:
    done = run("make", "new-environment", f"NAME={name}")
    assert done.returncode == 2
    assert f"NAME={name!r}: a name is lower-case words joined by hyphens" in done.stderr
