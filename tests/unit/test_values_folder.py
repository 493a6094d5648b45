"""The variable ENVIRONMENTS names another folder of values than environments/, for every command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import environments
from environments.schema.validation import InvalidEnvironmentError
from modules.output import output
from tests.products import values

ROOT = Path(__file__).parents[2]
SHOW = """
import environments

pytestmark = pytest.mark.slow
prod = environments.load("prod")
print(environments.known(), prod.product.name, prod.region, prod.releases["navralabs/aep-backend"])
"""


def run(*command: str, folder: Path | str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ENVIRONMENTS": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """AEP's values without staging, with another name of the product and another digest."""
    copy = tmp_path / "values"
    copy.mkdir()
    for name in ("aep", "prod", "profiles", "organization"):
        shutil.copy(environments.file_of(name), copy)
    shutil.copytree(environments.RELEASES, copy / "releases")
    product = copy / "aep.py"
    product.write_text(product.read_text(encoding="utf-8").replace('name="aep"', 'name="other"'), encoding="utf-8")
    release = (copy / "releases" / "aep-prod.json").rename(copy / "releases" / "other-prod.json")
    digest = environments.load("prod").releases["navralabs/aep-backend"]
    release.write_text(release.read_text(encoding="utf-8").replace(digest, "sha256:" + "7" * 64), encoding="utf-8")
    return copy


def test_products_environments_and_releases_are_of_the_folder(folder: Path) -> None:
    done = run(sys.executable, "-c", SHOW, folder=folder)
    assert done.stdout.split() == ["('prod',)", "other", "us-east-1", "sha256:" + "7" * 64], done.stderr


def test_a_folder_in_the_project_is_named_from_there(folder: Path) -> None:
    inside = os.path.relpath(folder, ROOT)
    done = run(sys.executable, "-c", SHOW, folder=inside)
    assert done.stdout.startswith("('prod',) other "), done.stderr


@pytest.mark.parametrize(
    ("given", "right", "wrong", "said"),
    [
        ("prod", 'region="us-east-1"', 'region="us-east-9"', "fix it in {folder}/prod.py or a file it imports"),
        ("prod", 'region="us-east-1"', "region=us_east_1", "prod.py:"),
        ("prod", 'region="us-east-1",', 'region="us-east-1"', "prod.py:"),
        ("aep", "AEP = Product(", "AEP = Produkt(", "aep.py:"),
    ],
    ids=["rule", "name", "syntax", "product"],
)
def test_problems_name_the_folders_files(folder: Path, given: str, right: str, wrong: str, said: str) -> None:
    file = folder / f"{given}.py"
    text = file.read_text(encoding="utf-8")
    assert right in text
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    done = run(sys.executable, "main.py", "prod", folder=folder)
    assert done.returncode == 2
    assert said.format(folder=folder) in done.stderr
    assert "environments/" not in done.stderr.replace("environments/schema/", "").replace("environments/regions", "")


def test_an_unknown_folder_is_one_clear_error(folder: Path) -> None:
    for command in (("main.py",), ("-m", "ops", "status", "prod"), ("-m", "ops", "gate")):
        done = run(sys.executable, *command, folder=folder.with_name("valuse"))
        assert done.returncode == 2
        assert f"no folder {folder.with_name('valuse')}; did you mean {folder}?" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_an_empty_folder_is_one_clear_error(tmp_path: Path) -> None:
    for command in (("main.py",), ("-m", "ops", "status", "prod")):
        done = run(sys.executable, *command, folder=tmp_path)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: no environments in {tmp_path}/; each is a file with")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("", "cdktf.out"),
        ("environments", "cdktf.out"),
        ("./environments/", "cdktf.out"),
        ("tests/products/aep", "cdktf.out/tests/products/aep"),
        (str(ROOT / "tests" / "products" / "aep"), "cdktf.out/tests/products/aep"),
        ("/srv/values", "cdktf.out/srv/values"),
        (f"{ROOT}-values", f"cdktf.out{ROOT}-values"),
    ],
)
def test_each_folder_has_an_output_of_its_own(given: str, wanted: str) -> None:
    assert output(given) == Path(wanted)
    recipe = run("make", "--dry-run", "--always-make", "synth", folder=given).stdout
    assert f"mkdir -p {wanted}/stacks/.stamps\n" in recipe


def test_make_synthesizes_again_when_the_folder_changes(folder: Path, tmp_path: Path) -> None:
    stamps = tmp_path / "stamps"
    stamps.mkdir()
    (stamps / "synth-all").touch()
    command = ("make", "--dry-run", "synth", f"STAMP={stamps}")
    newest = time.time() + 1000
    os.utime(stamps / "synth-all", (newest, newest))
    synthesizes = "-O main.py"
    assert synthesizes not in run(*command, folder=folder).stdout
    for changed in (folder / "aep.py", folder / "releases" / "other-prod.json", folder):
        os.utime(changed, (newest + 10, newest + 10))
        assert synthesizes in run(*command, folder=folder).stdout
        os.utime(changed, (newest - 10, newest - 10))


def test_make_looks_again_at_stacks_that_were_changed_by_hand(folder: Path, tmp_path: Path) -> None:
    """A cached result would call a stack clean that isn't as it was gated."""
    stack = tmp_path / "stacks" / "prod-data"
    stamps = tmp_path / "stacks" / ".stamps"
    for made in (stack, stamps):
        made.mkdir(parents=True)
    gated = time.time() + 1000
    for stamp, age in (("synth-all", 10), (f"gate-all-{datetime.now(UTC).date()}", 0)):
        (stamps / stamp).touch()
        os.utime(stamps / stamp, (gated - age, gated - age))
    command = ("make", "--dry-run", "gate", f"OUT={tmp_path}", f"TODAY={datetime.now(UTC).date()}")
    assert "-m ops gate" not in run(*command, folder=folder).stdout
    for name, synthesizes in (("cdk.tf.json", True), ("extra.tf", False), ("a.auto.tfvars", False)):
        (stack / name).touch()
        os.utime(stack / name, (gated + 10, gated + 10))
        said = run(*command, folder=folder).stdout
        assert "-m ops gate" in said
        assert ("-O main.py" in said) is synthesizes
        (stack / name).unlink()
    (stack / "gated.json").touch()
    assert "-m ops gate" not in run(*command, folder=folder).stdout


def test_an_environment_is_checked_once_until_its_values_or_releases_change(folder: Path) -> None:
    with values(folder):
        first = environments.load("prod")
        assert environments.load("prod") is first
        release = environments.release_file(first)
        release.write_text(release.read_text(encoding="utf-8").replace("7" * 64, "8" * 64), encoding="utf-8")
        assert environments.load("prod").releases["navralabs/aep-backend"] == "sha256:" + "8" * 64
        release.write_text("{}", encoding="utf-8")
        with pytest.raises(InvalidEnvironmentError, match="navralabs/aep-backend"):
            environments.load("prod")
    file = folder / "prod.py"
    file.write_text(
        file.read_text(encoding="utf-8").replace('region="us-east-1"', 'region="nowhere"'), encoding="utf-8"
    )
    with values(folder), pytest.raises(InvalidEnvironmentError, match="nowhere"):
        environments.load("prod")


def test_an_edit_of_the_same_size_in_the_same_second_is_read(folder: Path) -> None:
    """Python's cached bytecode of a module would count as current."""
    file = folder / "prod.py"
    read = ("-c", "import environments; print(environments.load('prod').region)")
    assert run(sys.executable, *read, folder=folder).stdout == "us-east-1\n"
    before = file.stat()
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('region="us-east-1"', 'region="us-east-2"'), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert run(sys.executable, *read, folder=folder).stdout == "us-east-2\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('A = ("/a" "/b")', 1),
        ('A = ("/a" "/b", "/c")', 1),
        ('A = (\n    "/a",\n    "/b"\n    "/c",\n)', 3),
        ('A = (\n    "/a"  # first\n    "/b",\n)', 2),
        ('A = (\n    "one long text "\n    "over two lines"\n)', None),
        ('A = (\n    "/a",\n    (\n        "one long text "\n        "over two lines"\n    ),\n)', None),
        ('"""A page."""\n\nA = {"a": "b"}', None),
    ],
)
def test_texts_without_a_comma_between_them_are_found(tmp_path: Path, text: str, line: int | None) -> None:
    (tmp_path / "values.py").write_text(text, encoding="utf-8")
    done = run(sys.executable, "-c", "import environments.values", folder=tmp_path)
    if line is None:
        assert done.returncode == 0, done.stderr
    else:
        assert f'values.py", line {line}\n' in done.stderr
        assert "SyntaxError: a comma may be missing between " in done.stderr


def test_a_file_that_isnt_utf8_hides_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.py").write_bytes(b"# caf\xe9\n")
    (tmp_path / "one.py").write_text('"""One."""\n\nENVIRONMENT = 1\n', encoding="utf-8")
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    assert environments.known() == ("one",)
