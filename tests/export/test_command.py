"""`ops export`: the folders that it writes, differences, and errors."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.output import LOCK_FILE, PROJECT_LOCK
from modules.phases import ORGANIZATION, PHASES
from ops import versions
from ops.export import difference
from ops.export.constructs import Constructs
from ops.export.folder import export, write
from tests.ops.cli import run
from tests.products import AEP, values

FILES = {"main.tf", "README.md", LOCK_FILE}


@pytest.fixture(autouse=True)
def aep() -> Iterator[None]:
    """The environments are AEP's."""
    with values(AEP):
        yield


def test_a_folder_for_each_phase(output: Path, tmp_path: Path) -> None:
    result = run("export", "prod", "--stacks", str(output), "--out", str(tmp_path / "plain"))
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'plain'}\n"
    folders = {path.name: {each.name for each in path.iterdir()} for path in (tmp_path / "plain").iterdir()}
    assert folders == {phase.name: FILES for phase in PHASES}
    page = (tmp_path / "plain" / "edge" / "README.md").read_text(encoding="utf-8")
    assert "`s3://aep-prod-tfstate-111122223333/prod/edge.tfstate`, the same as before the export" in page
    assert "| reads the outputs of | `account`, `network` |" in page
    assert "| applied by | the deployer |" in page


def test_the_organization(output: Path, tmp_path: Path) -> None:
    result = run("export", ORGANIZATION, "--stacks", str(output), "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == {ORGANIZATION}


def test_the_default_folder_is_beside_the_stacks(own_output: Path) -> None:
    assert run("export", "staging", "--stacks", str(own_output)).exit_code == 0
    assert (own_output / "export" / "staging" / "network" / "main.tf").is_file()


def test_the_lock_file_is_the_projects(output: Path, tmp_path: Path) -> None:
    assert run("export", "staging", "--stacks", str(output), "--out", str(tmp_path / "plain")).exit_code == 0
    for phase in PHASES:
        assert (tmp_path / "plain" / phase.name / LOCK_FILE).read_bytes() == PROJECT_LOCK.read_bytes()


def edited(output: Path, folder: Path, stack: str, old: str, new: str) -> Path:
    """A copy of production's stacks, of which one is edited."""
    for path in output.glob("stacks/prod-*"):
        shutil.copytree(path, folder / "stacks" / path.name)
    file = folder / "stacks" / stack / "cdk.tf.json"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def test_after_an_error_nothing_is_written_and_what_exists_stays(output: Path, tmp_path: Path) -> None:
    target = tmp_path / "plain"
    run("export", "prod", "--stacks", str(output), "--out", str(target))
    (target / "network" / "main.tf").write_text("mine", encoding="utf-8")
    out = edited(output, tmp_path / "out", "prod-cutover", '"aws_route53_record": {', '"aws_route53_recordx": {')
    result = run("export", "prod", "--stacks", str(out), "--out", str(target))
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: prod-cutover: aws_route53_recordx.application_")
    assert (target / "network" / "main.tf").read_text(encoding="utf-8") == "mine"
    assert {path.name for path in target.iterdir()} == {phase.name for phase in PHASES}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("network/main.tf", "isn't what the export would write"),
        ("network/mine.tf", "isn't what the export would write"),
        ("network/mine.tf.json", "isn't what the export would write"),
        ("network", "is a file; name a folder"),
        ("", "is a file; name a folder"),
    ],
)
def test_what_someone_wrote_is_never_replaced_or_mixed_with_the_export(
    name: str, says: str, output: Path, tmp_path: Path
) -> None:
    target = tmp_path / "mine"
    file = target / name if name else target
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("mine", encoding="utf-8")
    result = run("export", "prod", "--stacks", str(output), "--out", str(target))
    assert result.exit_code == 2 and str(file) in result.stderr and says in result.stderr, result.output
    assert file.read_text(encoding="utf-8") == "mine"
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [file]


def test_the_same_export_can_be_written_again(output: Path, tmp_path: Path) -> None:
    line = ("export", "prod", "--stacks", str(output), "--out", str(tmp_path))
    assert [run(*line).exit_code, run(*line).exit_code] == [0, 0]


def test_files_of_terraform_stay(output: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "terraform.tfvars").write_text("x", encoding="utf-8")
    write(export("prod", output, Constructs()), tmp_path)
    assert {path.name for path in (tmp_path / "data").iterdir()} == FILES | {"terraform.tfvars"}


def test_a_disk_that_fails_leaves_nothing_half_written(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrote = Path.write_text

    def fail(path: Path, *given: str, **named: str) -> int:
        if "services" in path.parts:
            raise OSError(28, "No space left on device")
        return wrote(path, *given, **named)

    monkeypatch.setattr(Path, "write_text", fail)
    result = run("export", "prod", "--stacks", str(output), "--out", str(tmp_path / "plain"))
    assert (result.exit_code, result.stderr) == (2, "error: No space left on device\n")
    assert [*(tmp_path / "plain").iterdir()] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nope",), "error: unknown environment 'nope'"),
        (("prod", "--out", "x", "--diff", "main"), "error: --diff and --out exclude each other"),
        (("prod", "--stacks", "/nonexistent"), "error: prod-state isn't synthesized in /nonexistent; run make synth"),
    ],
)
def test_errors(words: tuple[str, ...], message: str) -> None:
    result = run("export", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)


def test_a_stack_that_is_not_json(output: Path, tmp_path: Path) -> None:
    out = edited(output, tmp_path, "prod-state", "{", "")
    result = run("export", "prod", "--stacks", str(out))
    assert result.exit_code == 2
    assert "prod-state/cdk.tf.json isn't readable as JSON" in result.stderr


def test_a_difference_has_the_lines_and_their_resource(output: Path, tmp_path: Path) -> None:
    old = '"backup_retention_period": 30'
    base = edited(output, tmp_path, "prod-data", old, '"backup_retention_period": 20')
    version = versions.Version("main", "c0ffee", versions.ROOT, base, versions.ROOT / "environments")
    found = difference.compared("prod", version, output)
    assert [*found] == ["data"]
    lines = found["data"].splitlines()
    assert lines[:2] == ["--- a/prod/data/main.tf", "+++ b/prod/data/main.tf"]
    assert lines[2].endswith(' @@ resource "aws_db_instance" "database"')
    assert [" ".join(line.split()) for line in lines if line[0] in "+-"][2:] == [
        "- backup_retention_period = 20",
        "+ backup_retention_period = 30",
    ]


def test_an_environment_that_the_other_version_lacks_is_new(output: Path, tmp_path: Path) -> None:
    version = versions.Version("main", "c0ffee", tmp_path, tmp_path, tmp_path / "environments")
    found = difference.compared("prod", version, output)
    assert [*found] == [phase.name for phase in PHASES]
    assert found["state"].count("\n-") == 0


def test_no_difference_is_one_line(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "compared", lambda *_: {})
    monkeypatch.setattr(versions, "version", lambda _: memoryview(b""))
    result = run("export", "prod", "--stacks", str(output), "--diff", "main")
    assert (result.exit_code, result.stdout) == (0, "prod: the HCL is the same as that of main\n")
