"""`make setup` works behind a company's mirror and proxy, installs what each command needs, and on any system."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import packages_distributions
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.cases import every_case

ROOT = Path(__file__).parents[2]
WRAPPER = ROOT / "bin" / "with_pip_configuration.py"
PROGRAMS = [ROOT / "main.py", *(ROOT / folder for folder in ("environments", "modules", "ops", "policies"))]
"""What `make` and the operators' commands run."""
BINDINGS = ROOT / "modules" / "bindings"
"""What imports cdktf, unless the engine in Python stands for it."""
CACHED_SCHEMA = ROOT / "ops" / "terraform" / "provider"
"""What imports gRPC, which is optional."""
REHEARSED = [ROOT / folder for folder in ("rehearsal", "tests", "benchmarks")]
SHELL = [ROOT / "Makefile", ROOT / "bin" / "ops"]


@pytest.fixture(scope="module")
def wrapper() -> ModuleType:
    spec = spec_from_file_location("with_pip_configuration", WRAPPER)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_uv_gets_what_pip_is_configured_with(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://user:word@mirror.example.com/simple\ncert = /etc/company.pem\ntimeout = 5\n"
        "[install]\nextra-index-url =\n  https://one.example.com/simple\n  https://two.example.com/simple\n"
        "find-links = /wheels /more wheels\n",
        encoding="utf-8",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "SSL_"))}
    given = {
        "PIP_CONFIG_FILE": str(file),
        "PIP_PROXY": "http://proxy.example.com:3128",
        "PIP_TRUSTED_HOST": "one.example.com two.example.com",
        "PIP_TIMEOUT": "60",
        "UV_FIND_LINKS": "/uv",
    }
    done = subprocess.run(
        [sys.executable, WRAPPER, sys.executable, "-c", "import os; print(dict(os.environ))"],
        env={**kept, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = ast.literal_eval(done.stdout)
    assert seen["UV_DEFAULT_INDEX"] == "https://user:word@mirror.example.com/simple"
    assert seen["UV_INDEX"] == "https://one.example.com/simple https://two.example.com/simple"
    assert seen["UV_INSECURE_HOST"] == "one.example.com two.example.com"
    assert seen["SSL_CERT_FILE"] == "/etc/company.pem"
    assert seen["HTTPS_PROXY"] == seen["HTTP_PROXY"] == "http://proxy.example.com:3128"
    assert seen["UV_HTTP_TIMEOUT"] == "60", "the environment is stronger than a file"
    assert seen["UV_FIND_LINKS"] == "/uv", "what is set for uv itself is strongest"


@pytest.mark.slow
def test_a_configuration_that_pip_cannot_read_is_one_error(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("index-url = https://mirror.example.com\n", encoding="utf-8")
    given = {**os.environ, "PIP_CONFIG_FILE": str(file)}
    done = subprocess.run([sys.executable, WRAPPER, "true"], env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: pip can't read its configuration: ")
    assert str(file) in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_packages_come_from_pips_mirror(tmp_path: Path) -> None:
    """A mirror with one package, which is nowhere else."""
    folder = tmp_path / "simple" / "only-in-the-mirror"
    folder.mkdir(parents=True)
    wheel = folder / "only_in_the_mirror-1.0-py3-none-any.whl"
    about = "only_in_the_mirror-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("only_in_the_mirror.py", "")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: only-in-the-mirror\nVersion: 1.0\n")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "index.html").write_text(f'<a href="{wheel.name}#sha256={digest}">{wheel.name}</a>', encoding="utf-8")
    wanted = tmp_path / "requirements.txt"
    wanted.write_text(f"only-in-the-mirror==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configuration = tmp_path / "pip.conf"
        configuration.write_text(
            f"[global]\nindex-url = http://127.0.0.1:{server.server_port}/simple\n", encoding="utf-8"
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
        uv = Path(sys.executable).with_name("uv")
        command = [sys.executable, str(WRAPPER), str(uv), "pip", "install", "--require-hashes"]
        done = subprocess.run(
            [*command, "--target", str(tmp_path / "site"), "-r", str(wanted)],
            env={**kept, "PIP_CONFIG_FILE": str(configuration), "UV_CACHE_DIR": str(tmp_path / "cache")},
            capture_output=True,
            text=True,
            check=False,
        )
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "only_in_the_mirror.py").is_file()


def test_several_links_are_separated_as_uv_reads_them(wrapper: ModuleType) -> None:
    assert wrapper.translated("global.find-links='/one\\n/two'\n") == {"UV_FIND_LINKS": "/one,/two"}
    assert wrapper.translated("global.no-index='true'\nglobal.user='true'\n") == {"UV_NO_INDEX": "true"}


def test_setup_installs_all_packages_through_it() -> None:
    printed = subprocess.run(
        ("make", "--dry-run", "--always-make", "setup-dev", "setup-cdktn"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    installs = [each for each in re.split(r"\n| && ", printed) if re.search(r"pip install .* -r ", each)]
    files = [each.split()[-1] for each in installs]
    assert files == ["requirements-uv.txt", "requirements.txt", "requirements-dev.txt", "requirements-cdktn.txt"]
    assert all("--require-hashes" in line for line in installs)
    assert all(("with_pip_configuration.py" in line) != (".venv/bin/pip install" in line) for line in installs)


PYTHON = """#!/usr/bin/env bash
# A Python that needs a moment to create .venv, and whose .venv installs nothing.
case "$1 $2" in
  "-m venv") echo begun >> venv; rm -rf .venv; sleep 0.5; mkdir -p .venv/bin
    cp "$0" .venv/bin/python; printf '#!/bin/sh\ntest -e .venv/bin/python' > .venv/bin/pip; chmod +x .venv/bin/pip ;;
  "bin/with_pip_configuration.py "*) echo "${@: -1}" >> installed; sleep 0.2; test -e .venv/bin/pip ;;
  *) exec python3 "$@" ;;
esac
"""


@pytest.mark.slow
def test_two_make_at_once_create_one_venv(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "requirements-uv.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    python = tmp_path / "python"
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    command = ("make", "setup-dev", f"PYTHON={python}")
    running = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = [each.communicate()[0] for each in running]
    assert [each.returncode for each in running] == [0, 0, 0]
    assert (tmp_path / "venv").read_text() == "begun\n"
    assert (tmp_path / "installed").read_text() == "requirements.txt\nrequirements-dev.txt\n"
    assert sorted("".join(printed).splitlines()) == [
        "Adding the packages of tests and rehearsals to .venv",
        "Setting up .venv",
    ]


def pinned(file: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))


def imported(places: list[Path]) -> Iterator[tuple[Path, str]]:
    """Each file with the top-level name of each module that it imports."""
    for place in places:
        for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
            if any(each in file.parents and place != each for each in (BINDINGS, CACHED_SCHEMA)):
                continue
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((file, alias.name.partition(".")[0]) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield file, node.module.partition(".")[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("places", "file"),
    [(PROGRAMS, "requirements.txt"), ([*REHEARSED, BINDINGS, CACHED_SCHEMA], "requirements-dev.txt")],
    ids=["base", "dev"],
)
def test_every_import_is_in_the_file_that_its_command_installs(places: list[Path], file: str) -> None:
    distributions = packages_distributions()
    own = {path.stem for path in ROOT.iterdir()}
    known = pinned(file)
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for path, module in imported(places)
        if module not in own | sys.stdlib_module_names
        and not module.startswith("types_")  # for mypy only
        and not {re.sub(r"[-_.]+", "-", name).lower() for name in distributions.get(module, ())} & known
    }
    assert not missing


def test_all_files_have_the_same_versions() -> None:
    def versions(file: str) -> set[str]:
        return set(re.findall(r"^\S+==[^\\]+", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))

    assert versions("requirements.txt") < versions("requirements-dev.txt")
    own = {"cdktn", "cdktn-provider-aws", "constructs"}
    forks = {line for line in versions("requirements-cdktn.txt") if line.partition("==")[0] not in own}
    assert forks < versions("requirements-dev.txt")


# What GNU's tools and newer versions of make and bash have, and macOS's don't: it has make 3.81, bash 3.2, BSD's tools.
# https://www.gnu.org/software/make/manual/html_node/Features.html, https://man.freebsd.org/cgi/man.cgi?query=sed
NOT_EVERYWHERE = {
    "a long option of a small tool": (
        r"(?<![\w/.-])(cat|cp|mv|rm|mkdir|ls|sort|uniq|head|tail|cut|tr|wc|date|find|grep|sed|awk|xargs|touch|tee|diff)"
        r"(\s+-\w+)*\s+--\w",
        "sort --unique file",
    ),
    "sed -i without a suffix": (r"\bsed\s+(-\w+\s+)*-i(?!\s*'')\b", "sed -i s/a/b/ file"),
    "sed -r": (r"\bsed\s+-\w*r", "sed -r s/a+/b/ file"),
    "a newline or tab in sed's replacement": (r"\bsed\b.*/[^/]*\\[nt][^/]*/[gp]*'", "sed 's/a/\\n/'"),
    "grep -P": (r"\bgrep\s+-\w*P", "grep -oP x file"),
    "readlink -f": (r"\breadlink\s+-[fem]", "readlink -f file"),
    "realpath of the shell": (r"(?<!\()\brealpath\s", "realpath file"),
    "date -d": (r"\bdate\s+.*-d\b", "date -u -d yesterday"),
    "xargs -r or -d": (r"\bxargs\s+(-\w+\s+)*-[rd]\b", "xargs -0 -r rm"),
    "stat -c": (r"\bstat\s+-c\b", "stat -c %s file"),
    "find -printf, -quit or -regextype": (r"\bfind\b.*-(printf|quit|regextype)\b", "find . -print -quit"),
    "cp or mv with the folder first": (r"\b(cp|mv)\s+-\w*t\b", "cp -t folder file"),
    "a tool of GNU only": (r"(?<![\w.-])(tac|nproc|timeout|sha256sum|md5sum|numfmt|shuf)\s", "nproc "),
    "base64 -w": (r"\bbase64\s+-w", "base64 -w0 file"),
    "head -n with a negative number": (r"\bhead\s+-n\s*-", "head -n -1 file"),
    "sort -V": (r"\bsort\s+-\w*V", "sort -V file"),
    "a feature of make 3.82 or newer": (
        r"^\.(ONESHELL|SHELLFLAGS|RECIPEPREFIX)\b|^undefine |^define [\w-]+ *[:+?]?=|^[\w-]+ *(!=|::=|:::=)|&:"
        r"|\$\((file|let|intcmp) |--output-sync",
        "NAME != date",
    ),
    "a feature of bash 4 or newer": (
        r"\$\{\w+(,,|\^\^|@[A-Z])|\b(mapfile|readarray)\b|declare -A|&>>|\|&|\bwait -n\b",
        'echo "${NAME,,}"',
    ),
}


@every_case("what", NOT_EVERYWHERE)
def test_make_and_the_scripts_use_what_every_system_has(what: str) -> None:
    pattern, example = NOT_EVERYWHERE[what]
    assert re.search(pattern, example, re.MULTILINE), "the pattern finds its example"
    for file in SHELL:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            assert not re.search(pattern, line), f"{file.name}:{number}: {what}: {line}"
